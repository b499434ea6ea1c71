import type { Connection } from '@annex/database'
import type { AuditTables, PersonRow } from '../audit-tables.ts'

export async function readPerson(connection: Connection, user: string): Promise<PersonRow | undefined> {
  // Index (user).
  return connection.withTables<AuditTables>().selectFrom('audit_person').selectAll().where('user', '=', user).executeTakeFirst()
}

/** Of two that name the same user at once, one is kept: read it afterwards. */
export async function insertPerson(connection: Connection, row: PersonRow): Promise<void> {
  await connection
    .withTables<AuditTables>()
    .insertInto('audit_person')
    .values(row)
    .onConflict((conflict) => conflict.column('user').doNothing())
    .execute()
}

/** Those of them that have not been erased. */
export async function listPeople(connection: Connection, people: readonly string[]): Promise<PersonRow[]> {
  if (people.length === 0) return []
  // Primary key.
  return connection
    .withTables<AuditTables>()
    .selectFrom('audit_person')
    .selectAll()
    .where('person', 'in', [...people])
    .execute()
}

/** In the order of their names in the chain, after the one given. */
export async function listPeopleAfter(connection: Connection, person: string, limit: number): Promise<PersonRow[]> {
  // Primary key.
  return connection
    .withTables<AuditTables>()
    .selectFrom('audit_person')
    .selectAll()
    .where('person', '>', person)
    .orderBy('person')
    .limit(limit)
    .execute()
}

export async function removePerson(connection: Connection, person: string): Promise<void> {
  // Primary key.
  await connection.withTables<AuditTables>().deleteFrom('audit_person').where('person', '=', person).execute()
}

/** Takes the addresses out of what someone did. */
export async function removeAddressesOf(connection: Connection, person: string): Promise<void> {
  // Index (person, at).
  await connection
    .withTables<AuditTables>()
    .updateTable('audit')
    .set({ ip: null, salt: null })
    .where('person', '=', person)
    .where('ip', 'is not', null)
    .execute()
}
