import { openDatabase } from '@annex/database'
import { sql } from 'kysely'
import { expect } from 'vitest'
import { tokenKey } from '../../../packages/site/src/oauth/token-text.ts'
import { Api, type Reply } from '../../support/callers/api.ts'
import { renew, tokensOf } from '../../support/callers/connected-app.ts'
import { checkChain, type StoredToken } from '../../support/token-chain.ts'
import type { TokenSite } from './token-site.ts'
import type { Act, Pair } from './token-flows.ts'

/** What is stored of one grant. */
interface Held {
  readonly revoked: boolean
  /** Hashes of the refresh tokens that may still be exchanged, and of the access tokens that open something. */
  readonly live: readonly string[]
}

/** @throws {AssertionError} when its tokens are no single chain */
export async function readHeld(databaseUrl: string, mark: string): Promise<Held> {
  const database = await openDatabase(databaseUrl, { maxConnections: 1 })
  try {
    const hash = tokenKey(mark)
    const { rows: grants } = await sql<{ id: string; revoked_at: number | null }>`select id, revoked_at from oauth_grant
      where id in (select grant_id from oauth_token where hash = ${hash} union select grant_id from oauth_code where hash = ${hash})`.execute(
      database.connection,
    )
    expect(grants).toHaveLength(1)
    const [{ id, revoked_at: revokedAt }] = grants as [(typeof grants)[number]]
    const { rows: tokens } = await sql<
      StoredToken & { expires: number }
    >`select kind, hash, successor, used_at, expires from oauth_token where grant_id = ${id}`.execute(database.connection)
    checkChain(tokens)
    const now = Date.now() * 1000
    const unused = tokens.filter(({ used_at: used, expires }) => used === null && expires > now)
    return { revoked: revokedAt !== null, live: revokedAt === null ? unused.map((token) => token.hash) : [] }
  } finally {
    await database.close()
  }
}

const openedBy = async (url: string, access: string): Promise<number> =>
  (await Api.byToken(url, access).get('frappe.integrations.oauth2.openid_profile')).status

/** The site that is asked, and its database. */
type Asked = Pick<TokenSite, 'url' | 'databaseUrl'>

/** The pair that a client was given opens something, and is the end of its chain. */
export async function expectAlive({ url, databaseUrl }: Asked, pair: Pair): Promise<void> {
  const { revoked, live } = await readHeld(databaseUrl, pair.refresh)
  expect(revoked).toBe(false)
  // A chain has one refresh token that nobody used: this is it.
  expect(live).toEqual(expect.arrayContaining([tokenKey(pair.access), tokenKey(pair.refresh)]))
  expect(await openedBy(url, pair.access)).toBe(200)
}

/** Nothing that anybody was given opens anything, and nothing is stored that could. */
export async function expectDead(
  { url, databaseUrl }: Asked,
  { mark, app }: Pick<Act, 'mark' | 'app'>,
  known: readonly Pair[],
): Promise<void> {
  expect(await readHeld(databaseUrl, mark)).toEqual({ revoked: true, live: [] })
  for (const { access, refresh } of known) {
    expect(await openedBy(url, access)).toBe(401)
    expect(refusalOf(await renew(url, app, refresh))).toBe('400 invalid_grant')
  }
}

export const refusalOf = ({ status, body }: Reply): string => `${status} ${String(body['error'])}`

export const pairOf = (reply: Reply): Pair => tokensOf(reply)
