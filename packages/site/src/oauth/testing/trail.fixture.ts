import { sql } from 'kysely'
import type { Provider } from './provider.fixture.ts'

export interface Trace {
  readonly event: string
  readonly user: string | null
  readonly grant: string | null
  readonly ip: string | null
  readonly detail: Readonly<Record<string, unknown>>
}

/** What the trail says of a client (null: of none), in order; of one kind of event, or of all. */
export async function traces(
  { audit, database }: Pick<Provider, 'audit' | 'database'>,
  client: string | null,
  event = '%',
): Promise<Trace[]> {
  await audit.flush(true)
  const { rows } = await sql<Omit<Trace, 'detail'> & { detail: string | null }>`
    select event, p."user" as "user", grant_id as "grant", ip, detail from audit a left join audit_person p on p.person = a.person
    where coalesce(client, '') = ${client ?? ''} and event like ${event} order by at, id`.execute(database.connection)
  return rows.map((row) => ({ ...row, detail: JSON.parse(row.detail ?? '{}') as Record<string, unknown> }))
}
