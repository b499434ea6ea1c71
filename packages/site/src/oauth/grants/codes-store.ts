import { keptQuery, type Connection } from '@annex/database'
import type { CodeRow, OAuthTables } from '../storage/oauth-tables.ts'

/** After so many failed exchanges a code is dead. */
const MAX_FAILURES = 5

export async function insertCode(connection: Connection, code: CodeRow): Promise<void> {
  await connection.withTables<OAuthTables>().insertInto('oauth_code').values(code).execute()
}

export async function readCode(connection: Connection, hash: string): Promise<CodeRow | undefined> {
  const [row] = await codeByHash(connection, { hash })
  return row
}

// Primary key.
const codeByHash = keptQuery<{ hash: string }, CodeRow>((connection, { hash }) =>
  connection.withTables<OAuthTables>().selectFrom('oauth_code').selectAll().where('hash', '=', hash),
)

/** Whether the client has used PKCE of late. */
export async function hasUsedPkce(connection: Connection, client: string): Promise<boolean> {
  // Index oauth_code_client.
  const query = connection.withTables<OAuthTables>().selectFrom('oauth_code').select('hash').where('client', '=', client)
  return (await query.where('challenge', 'is not', null).limit(1).executeTakeFirst()) !== undefined
}

/** Uses a code up. Of any number of callers one gets true. */
export async function consumeCode(connection: Connection, hash: string, now: number): Promise<boolean> {
  const rows = await consume(connection, { hash, now })
  return rows.length > 0
}

// Primary key.
const consume = keptQuery<{ hash: string; now: number }, { hash: string }>((connection, { hash, now }) =>
  connection
    .withTables<OAuthTables>()
    .updateTable('oauth_code')
    .set({ used_at: now })
    .where('hash', '=', hash)
    .where('used_at', 'is', null)
    .where('expires', '>', now)
    .where('failures', '<', MAX_FAILURES)
    .returning('hash'),
)

/** Counts an exchange that named the code and failed: a guesser of verifiers has five tries. */
export async function countCodeFailure(connection: Connection, hash: string): Promise<void> {
  const query = connection.withTables<OAuthTables>().updateTable('oauth_code')
  // Primary key.
  await query
    .set((column) => ({ failures: column('failures', '+', 1) }))
    .where('hash', '=', hash)
    .execute()
}
