import type { Connection } from '@annex/database'
import { sql } from 'kysely'

export interface OpenToDo {
  readonly name: string
  readonly allocated_to: string
  readonly description: string | null
  readonly status: string
}

/** The assignments of a document that are not done, newest first. */
export async function listOpen(connection: Connection, doctype: string, name: string): Promise<OpenToDo[]> {
  // Index (reference_name, name).
  const { rows } = await sql<OpenToDo>`
    select name, allocated_to, description, status from ${sql.table('tabToDo')}
    where reference_name = ${name} and reference_type = ${doctype} and status not in ('Closed', 'Cancelled') and allocated_to <> ''
    order by creation desc, name`.execute(connection)
  return rows
}

/** Removes the tasks about a document, whoever they are for; gives their names. */
export async function removeToDos(connection: Connection, doctype: string, name: string): Promise<string[]> {
  // Index (reference_name, name).
  const { rows } = await sql<{
    name: string
  }>`delete from ${sql.table('tabToDo')} where reference_name = ${name} and reference_type = ${doctype} returning name`.execute(connection)
  return rows.map((row) => row.name)
}
