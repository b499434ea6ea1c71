import type { Connection, Engine } from '@annex/database'
import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import { currentEpoch, hasNotLapsed } from '../../grants/grants-store.ts'
import { DAY } from '../../storage/durations.ts'
import type { GrantRow, OAuthTables } from '../../storage/oauth-tables.ts'
import type { ClosingScope, Reached } from './closings-store.ts'

/** Grants that a change itself ends, of as many as there may be. */
export const AT_ONCE = 40
/** Grants that are ended at a time afterwards. A batch holds SQLite's one writer, and on PostgreSQL its own rows alone. */
export const BATCH: Readonly<Record<Engine, number>> = { sqlite: 64, postgres: 256 }
/** Grants that are looked at for them: most may have ended before, and a statement should not take long all the same. */
const LOOKED_AT = 1000

/** Whose turn it is, and where those after them begin; undefined when there are none. */
export interface Turns {
  readonly grants: readonly Pick<GrantRow, 'id' | 'user' | 'created'>[]
  readonly next: Reached | undefined
}

/** Where those begin that are asked for, and how many at most. */
export interface Span {
  readonly after: Reached
  readonly most: number
}

type Due = (where: ExpressionBuilder<OAuthTables, 'oauth_grant'>) => Expression<SqlBool>

/** The next living consents of an app: not what it may do for itself. */
export const nextConsents = (connection: Connection, client: string, span: Span, now: number): Promise<Turns> =>
  nextTurns(connection, { client }, span, (where) =>
    where.and([
      where.or([where('kind', 'is', null), where('kind', '<>', 'service')]),
      where('revoked_at', 'is', null),
      where('expires', '>', now),
      where('epoch', '=', currentEpoch),
      hasNotLapsed(now)(where),
    ]),
  )

/**
 * The next grants that came about until then and were alive; a day is allowed for, by which clocks and the work itself may be late.
 *
 * @param time - `now` decides of what has run out: a clock that was years ahead once may have moved the end of a closing as far
 */
export const nextClosed = (connection: Connection, scope: ClosingScope, span: Span, time: ClosingTime): Promise<Turns> =>
  nextTurns(connection, scope, span, isDue(scope, time))

/**
 * Whether there may be more to end than was found among the first: of a user with one app it is looked up, so that nobody leaves a closing
 * behind for each name of an app that they make up.
 */
export async function mayBeMore(connection: Connection, scope: ClosingScope, time: ClosingTime, { grants, next }: Turns): Promise<boolean> {
  const { client, user } = scope
  if (!next || client === undefined || user === undefined) return next !== undefined
  // Index oauth_grant_user_client.
  const query = connection.withTables<OAuthTables>().selectFrom('oauth_grant').select('id').where('user', '=', user)
  const found = await query
    .where(isDue(scope, time))
    .limit(grants.length + 1)
    .execute()
  return found.length > grants.length
}

interface ClosingTime {
  readonly closedAt: number
  readonly now: number
}

const isDue =
  ({ client, user }: ClosingScope, { closedAt, now }: ClosingTime): Due =>
  (where) =>
    where.and([
      where('created', '<=', closedAt),
      where('revoked_at', 'is', null),
      where('expires', '>', Math.min(closedAt, now) - DAY),
      where('epoch', '=', currentEpoch),
      ...(user !== undefined && client !== undefined ? [where('client', '=', client)] : []),
    ])

/** When the last grant of all these came about; 0 when there is none. */
export async function readLastMade(connection: Connection, { client, user }: ClosingScope): Promise<number> {
  // Index oauth_grant_user_created or oauth_grant_client_created.
  const query = connection.withTables<OAuthTables>().selectFrom('oauth_grant').select('created')
  const of = user === undefined ? query.where('client', '=', client ?? '') : query.where('user', '=', user)
  return (await of.orderBy('created', 'desc').limit(1).executeTakeFirst())?.created ?? 0
}

async function nextTurns(connection: Connection, scope: ClosingScope, { after, most }: Span, due: Due): Promise<Turns> {
  const looked = lookedAt(connection, scope, after)
  const grants = await connection
    .withTables<OAuthTables>()
    .selectFrom(looked.selectAll().as('oauth_grant'))
    .select(['id', 'user', 'created'])
    .where(due)
    .orderBy('created')
    .orderBy('id')
    .limit(most)
    .execute()
  if (grants.length === most) return { grants, next: grants.at(-1) }
  const last = await looked
    .select(['created', 'id'])
    .offset(LOOKED_AT - 1)
    .executeTakeFirst()
  return { grants, next: last }
}

/** Index oauth_grant_user_created or oauth_grant_client_created. */
function lookedAt(connection: Connection, { client, user }: ClosingScope, after: Reached) {
  const query = connection.withTables<OAuthTables>().selectFrom('oauth_grant')
  const of = user === undefined ? query.where('client', '=', client ?? '') : query.where('user', '=', user)
  return of
    .where('created', '>=', after.created)
    .where((where) => where.or([where('created', '>', after.created), where('id', '>', after.id)]))
    .orderBy('created')
    .orderBy('id')
    .limit(LOOKED_AT)
}
