import type { Connection } from '@annex/database'
import { sql } from 'kysely'
import type { OAuthTables, SigningKeyRow } from '../storage/oauth-tables.ts'
import type { KeyRing } from './key-ring.ts'

/** Every key that this site has or had: a handful of rows. */
export async function readKeyRows(connection: Connection): Promise<SigningKeyRow[]> {
  return connection.withTables<OAuthTables>().selectFrom('signing_key').selectAll().orderBy('created').orderBy('kid').execute()
}

/** Until the transaction ends no other process records or rotates keys. */
export async function lockKeys(connection: Connection): Promise<void> {
  // Primary key. An update locks the row on PostgreSQL; on SQLite a writer is alone anyway.
  await connection
    .withTables<OAuthTables>()
    .updateTable('oauth_state')
    .set((row) => ({ epoch: row.ref('epoch') }))
    .where('id', '=', 1)
    .execute()
}

/**
 * Makes the table say which keys this site uses, without their private parts.
 *
 * @throws {Error} one sentence, when the site uses a key that this process was not given
 */
export async function recordKeys(connection: Connection, ring: KeyRing, now: number): Promise<void> {
  const rows = ringRows(ring, now)
  const missing = (await readKeyRows(connection)).find((row) => row.state !== 'retired' && !rows.some((key) => key.kid === row.kid))
  if (missing) throw lacking(missing.kid)
  const db = connection.withTables<OAuthTables>()
  for (const row of rows) {
    const changed = sql<number>`case when signing_key.state = ${row.state} then signing_key.changed else ${row.changed} end`
    // Primary key.
    await db
      .insertInto('signing_key')
      .values(row)
      .onConflict((conflict) => conflict.column('kid').doUpdateSet({ state: row.state, changed }))
      .execute()
  }
}

/**
 * After a restore: the keys that sign are those of the ring as it is, for nobody's tokens of another time are good any more. The
 * secret ones stay, as values hang on them: a process that lacks one says so.
 */
export async function forgetSigningKeys(connection: Connection): Promise<void> {
  // A handful of rows.
  await connection.withTables<OAuthTables>().deleteFrom('signing_key').where('use', '=', 'signing').execute()
}

/** What a process says that was not given a key of its site. */
export const lacking = (kid: string): Error =>
  new Error(`ANNEX_KEYS: this site uses the key ${kid}, which this process lacks; give every process of the site the same key ring`)

function ringRows(ring: KeyRing, now: number): SigningKeyRow[] {
  const signing = ring.signing.map((key): SigningKeyRow => ({
    kid: key.kid,
    use: 'signing',
    state: key.state,
    public_jwk: JSON.stringify(key.publicJwk),
    created: now,
    changed: now,
  }))
  const secrets = ring.secrets.map((key): SigningKeyRow => ({
    kid: key.kid,
    use: 'rotation',
    state: key.state,
    public_jwk: null,
    created: now,
    changed: now,
  }))
  return [...signing, ...secrets]
}
