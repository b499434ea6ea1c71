import type { Connection } from '@annex/database'
import { sql, type SelectQueryBuilder } from 'kysely'
import type { AuditRow, AuditTables } from './audit-tables.ts'

export interface TrailFilter {
  /** UTC microseconds, inclusive. */
  readonly since?: number | undefined
  /** UTC microseconds, exclusive. */
  readonly until?: number | undefined
  readonly client?: string | undefined
  /** Who did it, or whom it is about. */
  readonly user?: string | undefined
  readonly event?: string | undefined
  readonly incident?: string | undefined
  /** Refusals alone. */
  readonly refused?: boolean | undefined
}

export type TrailRow = AuditRow & { readonly user: string | null; readonly about_user: string | null }

export interface Place {
  readonly at: number
  readonly id: string
}

type Selected = SelectQueryBuilder<AuditTables, 'audit', AuditRow & { user: string | null; about_user: string | null }>

const nameOf = (column: 'person' | 'about') =>
  // Primary key.
  sql<string | null>`(select "user" from audit_person where audit_person.person = audit.${sql.id(column)})`

function select(connection: Connection, filter: TrailFilter): Selected {
  const { since, until, client, user, event, incident, refused } = filter
  let query: Selected = connection
    .withTables<AuditTables>()
    .selectFrom('audit')
    .selectAll('audit')
    .select([nameOf('person').as('user'), nameOf('about').as('about_user')])
  // Index (at), (client, at), (person, at) or (incident), by what is asked.
  if (since !== undefined) query = query.where('at', '>=', since)
  if (until !== undefined) query = query.where('at', '<', until)
  if (client !== undefined) query = query.where('client', '=', client)
  if (event !== undefined) query = query.where('event', '=', event)
  if (incident !== undefined) query = query.where('incident', '=', incident)
  if (refused === true) query = query.where('incident', 'is not', null)
  if (user !== undefined) {
    const person = sql<string>`(select person from audit_person where "user" = ${user})`
    query = query.where((row) => row.or([row('person', '=', person), row('about', '=', person)]))
  }
  return query
}

/** Rows in the order of time, after a place. */
export function listTrailRows(connection: Connection, filter: TrailFilter, after: Place | undefined, limit: number): Promise<TrailRow[]> {
  let query = select(connection, filter).orderBy('at').orderBy('id').limit(limit)
  if (after) query = query.where('at', '>=', after.at).where((row) => row.or([row('at', '>', after.at), row('id', '>', after.id)]))
  return query.execute()
}

/** The latest rows, newest first. */
export const listLatestRows = (connection: Connection, filter: TrailFilter, limit: number): Promise<TrailRow[]> =>
  select(connection, filter).orderBy('at', 'desc').orderBy('id').limit(limit).execute()
