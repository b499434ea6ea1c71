import { keptInsert, type Connection } from '@annex/database'
import { isRecord } from '@annex/protocol'
import type { AuditTables, PersonRow } from '../audit-tables.ts'
import { parseDetail } from '../detail.ts'

export async function readPerson(connection: Connection, user: string): Promise<PersonRow | undefined> {
  // Index (user).
  return connection.withTables<AuditTables>().selectFrom('audit_person').selectAll().where('user', '=', user).executeTakeFirst()
}

/** The rows of those users who have one. */
export async function readPeople(connection: Connection, users: readonly string[]): Promise<PersonRow[]> {
  if (users.length === 0) return []
  // Index (user).
  return connection.withTables<AuditTables>().selectFrom('audit_person').selectAll().where('user', 'in', users).execute()
}

/** Of two that name the same user at once, one is kept: read it afterwards. */
export const insertPeople = keptInsert<PersonRow>('audit_person', ['person', 'user', 'salt'], (insertion) =>
  insertion.onConflict((conflict) => conflict.column('user').doNothing()),
)

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

/** The event of an erasure; its detail names the person as the chain does. */
export const ERASED = 'person erased'

/** Whom the erasures name, up to a batch or all of them, as the chain names people. */
export async function listErasures(connection: Connection, upTo?: number): Promise<string[]> {
  let query = connection.withTables<AuditTables>().selectFrom('audit').select('detail').where('event', '=', ERASED)
  // Index (batch); without one, a walk through the trail.
  if (upTo !== undefined) query = query.where('batch', '<=', upTo)
  return (await query.execute()).flatMap(({ detail }) => {
    const named = parseDetail(detail)
    return isRecord(named) && typeof named['person'] === 'string' ? [named['person']] : []
  })
}

/** People whom rows name, and of whom the trail does not know who they are. A walk through the trail. */
export async function listMissingPeople(connection: Connection): Promise<string[]> {
  const missing = async (column: 'person' | 'about'): Promise<string[]> => {
    const db = connection.withTables<AuditTables>()
    const known = db.selectFrom('audit_person').select('person')
    const query = db.selectFrom('audit').select(column).distinct().where(column, 'is not', null).where(column, 'not in', known)
    return (await query.execute()).flatMap((row) => row[column] ?? [])
  }
  return [...new Set([...(await missing('person')), ...(await missing('about'))])]
}

/** Rows that came from an address which is gone, by who did it. A walk through the trail. */
export function countLostAddresses(connection: Connection): Promise<{ person: string | null; rows: number }[]> {
  const query = connection.withTables<AuditTables>().selectFrom('audit').where('address', 'is not', null).where('ip', 'is', null)
  return query
    .select((row) => ['person' as const, row.fn.countAll<number>().as('rows')])
    .groupBy('person')
    .execute()
}

/** Those of them whom rows after a batch name. */
export async function listNamedAfter(connection: Connection, people: readonly string[], batch: number): Promise<string[]> {
  const named = async (column: 'person' | 'about'): Promise<string[]> => {
    // Index (person, at); a walk through the trail for `about`.
    const query = connection
      .withTables<AuditTables>()
      .selectFrom('audit')
      .select(column)
      .distinct()
      .where(column, 'in', [...people])
    const rows = await query.where((row) => row.or([row('batch', '>', batch), row('batch', 'is', null)])).execute()
    return rows.flatMap((row) => row[column] ?? [])
  }
  return people.length === 0 ? [] : [...new Set([...(await named('person')), ...(await named('about'))])]
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
