import { createHash, randomUUIDv7 } from 'node:crypto'
import { openDatabase, type Connection } from '@annex/database'
import { insertCode } from '../../../packages/site/src/oauth/grants/codes-store.ts'
import { insertGrant } from '../../../packages/site/src/oauth/grants/grants-store.ts'
import { timedToken, timeDigits, tokenKey } from '../../../packages/site/src/oauth/token-text.ts'
import { readTemplate, type NewGrantRow } from './grants-store.ts'
import { VERIFIER } from './provider-scenarios.ts'

const BATCH = 5000
const HOUR = 3_600_000_000

/** When the first was issued by its text, and how much later each next one; microseconds. */
const FIRST_ISSUE = Date.UTC(2026, 0, 1) * 1000
const PACE = 500

export interface CodesFor {
  readonly user: string
  readonly client: string
  readonly redirectUri: string
}

/** The text of a prepared code: whoever asks for it need not keep them all. */
export const codeText = (index: number): string =>
  timedToken('code', '1', timeDigits(FIRST_ISSUE + index * PACE), createHash('sha256').update(`code ${index}`).digest('base64url'))

/**
 * Writes unused codes into a site's database, each with a grant of its own, as the site's stores write them: consent asked
 * for each would take longer than the measurement. They live an hour and not a minute. The site must not be running.
 */
export async function prepareCodes(databaseUrl: string, wanted: CodesFor, count: number): Promise<void> {
  const database = await openDatabase(databaseUrl)
  try {
    const now = Date.now() * 1000
    const grant = await readTemplate(database.connection, wanted.user, wanted.client)
    for (let from = 0; from < count; from += BATCH)
      await database.transaction((connection) => insertCodes(connection, grant, wanted, { from, to: Math.min(from + BATCH, count), now }))
  } finally {
    await database.close()
  }
}

interface Part {
  readonly from: number
  readonly to: number
  readonly now: number
}

async function insertCodes(
  connection: Connection,
  consented: NewGrantRow,
  { client, redirectUri }: CodesFor,
  { from, to, now }: Part,
): Promise<void> {
  const challenge = createHash('sha256').update(VERIFIER).digest('base64url')
  for (let index = from; index < to; index += 1) {
    const grant = { ...consented, id: randomUUIDv7() }
    await insertGrant(connection, grant)
    const lifetime = { issued: now, expires: now + HOUR, used_at: null, failures: 0 }
    const asked = { client, redirect_uri: redirectUri, redirect_named: 1, challenge, nonce: null }
    await insertCode(connection, { hash: tokenKey(codeText(index)), grant_id: grant.id, ...asked, ...lifetime })
  }
}
