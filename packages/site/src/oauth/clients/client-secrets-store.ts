import { randomUUID } from 'node:crypto'
import type { Connection } from '@annex/database'
import type { ClientSecretRow, OAuthTables } from '../storage/oauth-tables.ts'
import { hashOf, randomText, tokenText } from '../token-text.ts'

/** Makes a secret; the text comes back once and is stored as a hash. */
export async function issueSecret(connection: Connection, client: string, now: number): Promise<string> {
  const secret = tokenText('secret', '1', randomText())
  const row: ClientSecretRow = { id: randomUUID(), client, hash: hashOf(secret), created: now, expires: null, last_used: null }
  await connection.withTables<OAuthTables>().insertInto('client_secret').values(row).execute()
  return secret
}

/** Secrets that hold now, newest first: two at most. */
export async function listSecrets(connection: Connection, client: string, now: number): Promise<ClientSecretRow[]> {
  const db = connection.withTables<OAuthTables>()
  // Index client_secret_client.
  const query = db.selectFrom('client_secret').selectAll().where('client', '=', client)
  return query
    .where((where) => where.or([where('expires', 'is', null), where('expires', '>', now)]))
    .orderBy('created', 'desc')
    .orderBy('id')
    .execute()
}

/** Ends the newest secret at the given time, and every older one now, so that with its successor two are live at most. */
export async function retireSecrets(connection: Connection, client: string, now: number, end: number): Promise<void> {
  const db = connection.withTables<OAuthTables>()
  const [newest, ...older] = await listSecrets(connection, client, now)
  // Primary key.
  if (newest)
    await db
      .updateTable('client_secret')
      .set({ expires: Math.min(newest.expires ?? end, end) })
      .where('id', '=', newest.id)
      .execute()
  for (const secret of older) await db.deleteFrom('client_secret').where('id', '=', secret.id).execute()
}

export async function removeSecrets(connection: Connection, client: string): Promise<void> {
  // Index client_secret_client.
  await connection.withTables<OAuthTables>().deleteFrom('client_secret').where('client', '=', client).execute()
}

/** Notes the use of a secret, at most once a minute. */
export async function noteSecretUse(connection: Connection, secret: ClientSecretRow, now: number): Promise<void> {
  if (secret.last_used !== null && now - secret.last_used < 60_000_000) return
  // Primary key.
  await connection.withTables<OAuthTables>().updateTable('client_secret').set({ last_used: now }).where('id', '=', secret.id).execute()
}
