import type { Connection } from '@annex/database'
import type { OAuthTables, SigningKeyRow } from '../storage/oauth-tables.ts'
import type { KeyRing } from './key-ring.ts'

/**
 * Makes the table say which keys this site uses, without their private parts.
 *
 * @throws {Error} one sentence, when the site uses a key that this process was not given
 */
export async function recordKeys(connection: Connection, ring: KeyRing, now: number): Promise<void> {
  const rows = ringRows(ring, now)
  const db = connection.withTables<OAuthTables>()
  // Every row, a handful.
  const known = await db.selectFrom('signing_key').select(['kid', 'state']).execute()
  const missing = known.find((row) => row.state !== 'retired' && !rows.some((key) => key.kid === row.kid))
  if (missing)
    throw new Error(
      `ANNEX_KEYS: this site uses the key ${missing.kid}, which this process lacks; give every process of the site the same key ring`,
    )
  for (const row of rows) {
    // Primary key.
    await db
      .insertInto('signing_key')
      .values(row)
      .onConflict((conflict) => conflict.column('kid').doUpdateSet({ state: row.state }))
      .execute()
  }
}

function ringRows(ring: KeyRing, created: number): SigningKeyRow[] {
  const signing = ring.signing.map((key): SigningKeyRow => ({
    kid: key.kid,
    use: 'signing',
    state: key.state,
    public_jwk: JSON.stringify(key.publicJwk),
    created,
  }))
  const rotation = ring.rotation.map((key, index): SigningKeyRow => ({
    kid: key.kid,
    use: 'rotation',
    state: index === 0 ? 'current' : 'retired',
    public_jwk: null,
    created,
  }))
  return [...signing, ...rotation]
}
