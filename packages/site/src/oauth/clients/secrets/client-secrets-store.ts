import { randomUUID } from 'node:crypto'
import { keptQuery, type Connection } from '@annex/database'
import { MINUTE } from '../../storage/durations.ts'
import type { ClientSecretRow, OAuthTables } from '../../storage/oauth-tables.ts'
import { hashOf, randomText } from '../../token-text.ts'

/** What scanners of leaked secrets look for: `annex_cs_` and 43 url-safe characters. */
const PREFIX = 'annex_cs_'

/** Makes a secret; the text comes back once and is stored as a hash. */
export async function issueSecret(connection: Connection, client: string, now: number): Promise<string> {
  const secret = PREFIX + randomText()
  const row: ClientSecretRow = { id: randomUUID(), client, hash: hashOf(secret), created: now, expires: null, last_used: null }
  await connection.withTables<OAuthTables>().insertInto('client_secret').values(row).execute()
  return secret
}

/** Secrets that hold now, newest first: two at most. */
export const listSecrets = (connection: Connection, client: string, now: number): Promise<ClientSecretRow[]> =>
  liveSecrets(connection, { client, now })

// Index client_secret_client.
const liveSecrets = keptQuery<{ client: string; now: number }, ClientSecretRow>((connection, { client, now }) =>
  connection
    .withTables<OAuthTables>()
    .selectFrom('client_secret')
    .selectAll()
    .where('client', '=', client)
    .where((where) => where.or([where('expires', 'is', null), where('expires', '>', now)]))
    .orderBy('created', 'desc')
    .orderBy('id'),
)

/** Ends the newest secret at the given time, and every older one now, so that with its successor two are live at most. */
export async function retireSecrets(connection: Connection, client: string, now: number, end: number): Promise<void> {
  const db = connection.withTables<OAuthTables>()
  const [newest] = await listSecrets(connection, client, now)
  // Index client_secret_client.
  await db
    .deleteFrom('client_secret')
    .where('client', '=', client)
    .where('id', '!=', newest?.id ?? '')
    .execute()
  if (!newest) return
  // Primary key.
  await db
    .updateTable('client_secret')
    .set({ expires: Math.min(newest.expires ?? end, end) })
    .where('id', '=', newest.id)
    .execute()
}

/** Ends one secret of a client. Whether there was such a one. */
export async function removeSecret(connection: Connection, client: string, id: string): Promise<boolean> {
  // Primary key.
  const query = connection.withTables<OAuthTables>().deleteFrom('client_secret').where('id', '=', id).where('client', '=', client)
  return (await query.returning('id').executeTakeFirst()) !== undefined
}

export async function removeSecrets(connection: Connection, client: string): Promise<void> {
  // Index client_secret_client.
  await connection.withTables<OAuthTables>().deleteFrom('client_secret').where('client', '=', client).execute()
}

/**
 * Notes the use of a secret, at most once a minute; in the row that was given as well, which may be kept in memory. Undefined where there
 * is nothing to note.
 *
 * There it stands before the statement has run, so that of requests that come together, which share the row, one writes. When that
 * fails it is taken back: the next request tries again, and not after a minute.
 */
export function noteSecretUse(connection: Connection, secret: ClientSecretRow, now: number): Promise<void> | undefined {
  const before = secret.last_used
  if (before !== null && now - before < MINUTE) return undefined
  secret.last_used = now
  return writeSecretUse(connection, secret, now).catch((error: unknown) => {
    secret.last_used = before
    throw error
  })
}

async function writeSecretUse(connection: Connection, { id }: ClientSecretRow, now: number): Promise<void> {
  // Primary key.
  await connection.withTables<OAuthTables>().updateTable('client_secret').set({ last_used: now }).where('id', '=', id).execute()
}
