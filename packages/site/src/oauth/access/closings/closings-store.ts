import { keptQuery, type Connection } from '@annex/database'
import { sql, type RawBuilder, type SqlBool } from 'kysely'
import type { ClosingRow, GrantRow, OAuthTables } from '../../storage/oauth-tables.ts'

/** A grant's place in the order of their making. */
export interface Reached {
  readonly created: number
  readonly id: string
}

/** Whose grants are ended: those of an app, of a user, or of a user with one app. */
export interface ClosingScope {
  readonly client?: string | undefined
  readonly user?: string | undefined
}

/** Grants that are good for nothing any more and are being ended, batch by batch, and how far the work has come. */
export interface Closing extends ClosingScope {
  readonly id: string
  /** Whom an app stayed open to; undefined where everybody is left out. */
  readonly roles: readonly string[] | undefined
  /** Where everybody is left out: grants that came about later are none of its business. UTC microseconds. */
  readonly closedAt: number | undefined
  readonly reason: string
  readonly reached: Reached
  /** Who decided it, for the trail; undefined when nobody was known. */
  readonly by: string | undefined
}

/** A grant, as far as it decides which closings it falls under. */
type Closable = Pick<GrantRow, 'client' | 'user' | 'created'>

type Named = 'grant' | 'oauth_grant'

/** That a closing leaves out everybody and ends a grant, of a statement that knows both by these names. Without parameters. */
const closes = (grant: Named): RawBuilder<SqlBool> => sql<SqlBool>`(
  closing.closed_at >= ${sql.ref(`${grant}.created`)}
  and closing.client in (${sql.ref(`${grant}.client`)}, '')
  and closing."user" in (${sql.ref(`${grant}.user`)}, '')
)`

/**
 * That a grant falls under no closing: whoever asks whether a grant is good asks this too, so that all of them are dead from the commit of
 * the closing on. The table is scanned, which holds a row for a minute or two after something with many grants was ended, and else none.
 */
export const isNotClosed = (grant: Named): RawBuilder<SqlBool> =>
  sql<SqlBool>`not exists (select 1 from oauth_closing as closing where ${closes(grant)})`

/** When a grant was ended, be it by a closing that has not come to it yet; null for one that was not. */
export const endOf = (grant: Named): RawBuilder<number | null> =>
  sql<number | null>`coalesce(
    ${sql.ref(`${grant}.revoked_at`)},
    (select min(closing.closed_at) from oauth_closing as closing where ${closes(grant)})
  )`

/** Of what may be gone when a grant's turn comes: what is needed to tell of its end. */
export interface Left {
  readonly sub: string | undefined
  readonly eventUri: string | undefined
  readonly backchannelLogoutUri: string | undefined
}

export async function insertClosing(connection: Connection, closing: Closing): Promise<void> {
  const { id, client = '', user = '', roles, closedAt, reason, reached, by } = closing
  const row = {
    id,
    client,
    user,
    roles: JSON.stringify(roles ?? []),
    closed_at: closedAt ?? null,
    reason,
    reached: reached.created,
    reached_id: reached.id,
    closed_by: by ?? '',
    ...leftOf(client, user),
  }
  await connection.withTables<OAuthTables>().insertInto('oauth_closing').values(row).execute()
}

/** What is kept of a user and an app. Primary keys. */
const leftOf = (client: string, user: string) => ({
  sub: sql<string | null>`(select sub from account where account."user" = ${user})`,
  event_uri: sql<string | null>`(select event_uri from "tabOAuth Client" where name = ${client})`,
  logout_uri: sql<string | null>`(select backchannel_logout_uri from "tabOAuth Client" where name = ${client})`,
})

/** Moves the end of a closing that is under way and is the same in all else. Whether there was one. */
export async function extendClosing(connection: Connection, closing: Closing): Promise<boolean> {
  const { client = '', user = '', closedAt = 0, reason, by = '' } = closing
  const { sub, event_uri: eventUri, logout_uri: logoutUri } = leftOf(client, user)
  const isSame = sql<SqlBool>`coalesce(sub, '') = coalesce(${sub}, '')
    and coalesce(event_uri, '') = coalesce(${eventUri}, '')
    and coalesce(logout_uri, '') = coalesce(${logoutUri}, '')`
  // A scan: see `isNotClosed`.
  const query = connection.withTables<OAuthTables>().updateTable('oauth_closing').set({ closed_at: closedAt })
  const { numUpdatedRows } = await query
    .where('client', '=', client)
    .where('user', '=', user)
    .where('closed_at', '<=', closedAt)
    .where('reason', '=', reason)
    .where('closed_by', '=', by)
    .where(isSame)
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0
}

/** Those that are not done. */
export async function listClosings(connection: Connection): Promise<Closing[]> {
  // A scan: see `isNotClosed`.
  const rows = await connection.withTables<OAuthTables>().selectFrom('oauth_closing').selectAll().orderBy('id').execute()
  return rows.map(closingOf)
}

/** Until when grants that one comes under are dead, by closings that are not done; undefined when there is none. */
export async function readClosedUntil(
  connection: Connection,
  { client, user }: Pick<Closable, 'client' | 'user'>,
): Promise<number | undefined> {
  const db = connection.withTables<OAuthTables>()
  // A scan: see `isNotClosed`.
  const query = db.selectFrom('oauth_closing').select((row) => row.fn.max('closed_at').as('until'))
  const row = await query.where('client', 'in', [client, '']).where('user', 'in', [user, '']).executeTakeFirst()
  return row?.until ?? undefined
}

/** Whether a closing of the very same scope ends all that came about until then. */
export async function isClosedUntil(connection: Connection, { client = '', user = '' }: ClosingScope, until: number): Promise<boolean> {
  const db = connection.withTables<OAuthTables>()
  // A scan: see `isNotClosed`.
  const query = db.selectFrom('oauth_closing').select('id').where('client', '=', client).where('user', '=', user)
  return (await query.where('closed_at', '>=', until).limit(1).executeTakeFirst()) !== undefined
}

/** When and why a grant was ended by a closing that has not come to it yet. */
export async function readClosed(connection: Connection, grant: Closable): Promise<{ closedAt: number; reason: string } | undefined> {
  const [first] = (await closingsSince(connection, grant)).filter(isOver(grant))
  return first && { closedAt: first.closed_at ?? 0, reason: first.reason }
}

/**
 * What the closings that grants fall under kept of their users and their apps: tells it of one that came about at `since` or later;
 * undefined when it falls under none.
 */
export async function readLeft(connection: Connection, since: number): Promise<(grant: Closable) => Left | undefined> {
  const closings = await closingsSince(connection, { created: since })
  return (grant) => {
    const rows = closings.filter(isOver(grant))
    if (rows.length === 0) return undefined
    const first = (column: 'sub' | 'event_uri' | 'logout_uri'): string | undefined => rows.map((row) => row[column]?.trim()).find(Boolean)
    return { sub: first('sub'), eventUri: first('event_uri'), backchannelLogoutUri: first('logout_uri') }
  }
}

/** Whether a closing ends that grant. */
const isOver =
  ({ client, user, created }: Closable) =>
  (closing: ClosingRow): boolean =>
    closing.closed_at !== null &&
    closing.closed_at >= created &&
    (closing.client === client || closing.client === '') &&
    (closing.user === user || closing.user === '')

/** Those that end anything which came about then or later. A scan: see `isNotClosed`. */
const closingsSince = keptQuery<Pick<Closable, 'created'>, ClosingRow>((connection, { created }) =>
  connection
    .withTables<OAuthTables>()
    .selectFrom('oauth_closing')
    .selectAll()
    .where('closed_at', '>=', created)
    .orderBy('closed_at')
    .orderBy('id'),
)

/**
 * Notes how far a closing has come. Whether nobody else has gone on with it, or moved its end, meanwhile: until the transaction ends nobody
 * else does.
 */
export async function moveClosing(connection: Connection, { id, reached, closedAt }: Closing, next: Reached): Promise<boolean> {
  const db = connection.withTables<OAuthTables>()
  // Primary key.
  let query = db.updateTable('oauth_closing').set({ reached: next.created, reached_id: next.id }).where('id', '=', id)
  if (closedAt !== undefined) query = query.where('closed_at', '=', closedAt)
  const moved = await query.where('reached', '=', reached.created).where('reached_id', '=', reached.id).executeTakeFirstOrThrow()
  return moved.numUpdatedRows > 0
}

/** It is done. */
export async function removeClosing(connection: Connection, id: string): Promise<void> {
  // Primary key.
  await connection.withTables<OAuthTables>().deleteFrom('oauth_closing').where('id', '=', id).execute()
}

const closingOf = (row: ClosingRow): Closing => ({
  id: row.id,
  client: row.client || undefined,
  user: row.user || undefined,
  roles: row.closed_at === null ? (JSON.parse(row.roles) as string[]) : undefined,
  closedAt: row.closed_at ?? undefined,
  reason: row.reason,
  reached: { created: row.reached, id: row.reached_id },
  by: row.closed_by || undefined,
})
