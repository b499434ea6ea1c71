import type { Connection } from '@annex/database'
import type { OAuthTables } from './oauth-tables.ts'

const DAY = 86_400_000_000

/**
 * Removes what ended some time ago and can decide nothing any more. A used refresh token stays until it would have
 * expired, so that its reuse is still noticed; a code stays a month, so that its replay is, and a client's leaving
 * PKCE out; a grant's row stays for the record.
 */
export async function sweep(connection: Connection, now: number): Promise<void> {
  const db = connection.withTables<OAuthTables>()
  // Index oauth_token_expires.
  await db
    .deleteFrom('oauth_token')
    .where('expires', '<', now - DAY)
    .execute()
  // A scan, once an hour.
  await db
    .deleteFrom('oauth_code')
    .where('expires', '<', now - 30 * DAY)
    .execute()
  // A scan of a small table: each row lives ten minutes.
  await db
    .deleteFrom('pending_request')
    .where('expires', '<', now - DAY)
    .execute()
}
