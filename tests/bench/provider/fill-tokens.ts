import { createHash, randomUUIDv7 } from 'node:crypto'
import { openDatabase, type Connection } from '@annex/database'
import { sql } from 'kysely'
import { insertGrant } from '../../../packages/site/src/oauth/grants/grants-store.ts'
import { insertTokens } from '../../../packages/site/src/oauth/grants/tokens-store.ts'
import type { TokenRow } from '../../../packages/site/src/oauth/storage/oauth-tables.ts'
import { timedToken, timeDigits, tokenKey } from '../../../packages/site/src/oauth/token-text.ts'
import { readTemplate, type NewGrantRow } from './grants-store.ts'

export interface Fill {
  readonly user: string
  /** An app that the user has let in. */
  readonly client: string
  /** An app that acts for itself, as the same user. */
  readonly service: string
  /** Tokens are numbered; those of a number that is there already must not be written again. */
  readonly from: number
  readonly to: number
  /** Microseconds from now; below 0 they have ended. */
  readonly life: number
}

/** Of five tokens two pairs are of grants of their own, and one is an app's own. */
export const GROUP = 5
const GROUPS_AT_ONCE = 100
/** What is found by grant lies all over its index: the fewer transactions, the fewer times each page of it is written. */
const GROUPS_A_TRANSACTION = 40_000
/** Kibibytes of pages that are kept meanwhile. */
const KEPT_PAGES = 1_000_000

/** When the first was issued by its text, and how much later each next one; microseconds. A million are of the same week. */
const FIRST_ISSUE = Date.UTC(2026, 0, 1) * 1000
const PACE = 500_000

/** The text of a token that was filled in: whoever shows it need not keep them all. */
export const filledText = (kind: 'access' | 'refresh', index: number): string =>
  timedToken(kind, '1', timeDigits(FIRST_ISSUE + index * PACE), createHash('sha256').update(`token ${index}`).digest('base64url'))

/**
 * Writes tokens and their grants into a site's database by the site's own stores, many at once: a million of them
 * over HTTP would take longer than the measurement. The site must not be running.
 */
export async function fillTokens(databaseUrl: string, fill: Fill): Promise<void> {
  const database = await openDatabase(databaseUrl)
  try {
    const templates = {
      person: await readTemplate(database.connection, fill.user, fill.client),
      service: await readTemplate(database.connection, fill.user, fill.service),
    }
    for (let from = fill.from; from < fill.to; from += GROUP * GROUPS_A_TRANSACTION) {
      // A signal is heard: SQLite's answers by themselves leave no turn to others.
      await new Promise((resolve) => setImmediate(resolve))
      await database.transaction(async (connection) => {
        await sql`pragma cache_size = ${sql.lit(-KEPT_PAGES)}`.execute(connection)
        const end = Math.min(from + GROUP * GROUPS_A_TRANSACTION, fill.to)
        for (let at = from; at < end; at += GROUP * GROUPS_AT_ONCE)
          await fillPart(connection, templates, { ...fill, from: at, to: Math.min(at + GROUP * GROUPS_AT_ONCE, end) })
      })
    }
  } finally {
    await database.close()
  }
}

interface Templates {
  readonly person: NewGrantRow
  readonly service: NewGrantRow
}

async function fillPart(connection: Connection, { person, service }: Templates, { from, to, life }: Fill): Promise<void> {
  const issued = Date.now() * 1000
  const row = (index: number, kind: 'access' | 'refresh', grant: NewGrantRow): TokenRow => ({
    hash: tokenKey(filledText(kind, index)),
    kind,
    grant_id: grant.id,
    client: grant.client,
    scope: grant.granted,
    issued: Math.min(issued, issued + life),
    expires: issued + life,
    used_at: null,
    successor: null,
    resource: null,
  })
  const rows: TokenRow[] = []
  for (let index = from; index < to; index += GROUP) {
    const grants = [await insertCopy(connection, person), await insertCopy(connection, person)] as const
    for (const [pair, grant] of grants.entries())
      rows.push(row(index + 2 * pair, 'access', grant), row(index + 2 * pair + 1, 'refresh', grant))
    rows.push(row(index + 4, 'access', service))
  }
  await insertTokens(connection, rows)
}

async function insertCopy(connection: Connection, template: NewGrantRow): Promise<NewGrantRow> {
  const grant = { ...template, id: randomUUIDv7() }
  await insertGrant(connection, grant)
  return grant
}
