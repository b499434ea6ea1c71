import type { Database, Generation } from '@annex/database'
import { FrappeError } from '@annex/protocol'
import type { Audit } from '../../../audit/audit.ts'
import { listEndKeys } from '../../../audit/chain/chain-store.ts'
import {
  countByKey,
  exchangeSealed,
  listOutdated,
  type KeyCount,
  type SealedRow,
  type SealedTable,
} from '../../../doctypes/tables/sealed-table-store.ts'
import type { Sealer } from '../../../documents/secrets/sealer.ts'
import type { KeyState } from '../key-ring.ts'
import type { KeyRotation, ListedSecretKey } from '../rotation/key-rotation.ts'
import { BOUND } from './value-sealer.ts'
import { SEALED_TABLES } from './sealed-tables.ts'
import { HOUR } from '../../storage/durations.ts'

export interface SealedValuesParts {
  readonly database: Database
  readonly generation: Generation
  readonly sealer: Sealer
  readonly keys: KeyRotation
  readonly audit: Audit
  /** UTC microseconds. */
  readonly now: () => number
  /** What an operator should know, in a sentence. */
  readonly onNotice: (sentence: string) => void
}

/** A secret key, and what would be lost with it. */
export interface KeyUse {
  readonly kid: string
  /** `lacking`: something hangs on it, and it is not in the ring. */
  readonly state: KeyState | 'lacking'
  readonly since?: number
  /** In the words of an operator: `Password fields: 12`. */
  readonly uses: readonly string[]
}

export interface Uses {
  readonly keys: readonly KeyUse[]
  /** Values of an earlier release, which are bound to no site. */
  readonly unbound: number
}

export interface Resealed {
  /** Of the key that sealed them. */
  readonly keyId: string
  /** How many values of each kind were sealed anew. */
  readonly kinds: readonly { readonly kind: string; readonly values: number }[]
  /** A sentence for each value that could not be opened; it is as it was. */
  readonly unopened: readonly string[]
}

const BATCH = 100
/** Longer than a renewal may be repeated, or a device's code be typed. */
const REMEMBERED = HOUR

/** All values of the site that are sealed, for operators. */
export class SealedValues {
  readonly #parts: SealedValuesParts
  #areBound = false

  constructor(parts: SealedValuesParts) {
    this.#parts = parts
  }

  /** What hangs on each key. Reads every table of sealed values. */
  async uses(): Promise<Uses> {
    const { keys, database } = this.#parts
    const ends = await listEndKeys(database.connection)
    const counts: (KeyCount & { readonly kind: string })[] = []
    for (const table of SEALED_TABLES)
      for (const count of await countByKey(database.connection, table, BOUND)) counts.push({ ...count, kind: table.kind })
    const usesOf = (kid: string): string[] => [
      ...counts.filter(({ keyId }) => keyId === kid).map(({ values, kind }) => `${kind}: ${values}`),
      ...(ends.includes(kid) ? ['the end of the audit trail'] : []),
    ]
    const listed = keys.listSecret().map((key) => ({ ...key, uses: [...usesOf(key.kid), ...this.#remembered(key)] }))
    const needed = new Set([...counts.map(({ keyId }) => keyId), ...ends])
    const lacking = [...needed].filter((kid) => !listed.some((key) => key.kid === kid))
    return {
      keys: [...listed, ...lacking.map((kid) => ({ kid, state: 'lacking' as const, uses: usesOf(kid) }))],
      unbound: counts.reduce((sum, { outdated }) => sum + outdated, 0),
    }
  }

  /**
   * Seals every value anew that another key than the current one has sealed, or an earlier release. The site may run meanwhile: what
   * is written at the same time stays. Can be interrupted and repeated; all of it is on the disk when this returns.
   */
  async reseal(user?: string): Promise<Resealed> {
    const keyId = await this.#currentKey()
    const resealed = { keyId, ...(await this.#resealTables({ keyId, start: BOUND })) }
    await this.#note(resealed, user)
    return resealed
  }

  /**
   * Binds to this site what an earlier release has sealed for none. To be called again and again while the site runs: what it has done
   * once to the end it does not do again. Of values that cannot be opened it tells, and leaves them.
   */
  async bindOlder(isOver: () => boolean): Promise<void> {
    if (this.#areBound) return
    const keyId = await this.#currentKey()
    const { kinds, unopened } = await this.#resealTables({ start: BOUND }, isOver)
    if (kinds.some(({ values }) => values > 0)) await this.#note({ keyId, kinds, unopened })
    if (isOver()) return
    this.#areBound = true
    const { length } = unopened
    if (length > 0)
      this.#parts.onNotice(
        `${length} sealed ${length === 1 ? 'value' : 'values'} of an earlier release cannot be opened; annex keys reseal tells which`,
      )
  }

  async #currentKey(): Promise<string> {
    const { generation, keys } = this.#parts
    await generation.observe(await generation.read())
    const [{ kid }] = keys.listSecret() as [ListedSecretKey]
    return kid
  }

  async #resealTables(wanted: Outdated, isOver?: () => boolean): Promise<Omit<Resealed, 'keyId'>> {
    const kinds: Resealed['kinds'][number][] = []
    const unopened: string[] = []
    for (const table of SEALED_TABLES) {
      const walked = await this.#resealTable(table, wanted, isOver)
      kinds.push({ kind: table.kind, values: walked.values })
      unopened.push(...walked.unopened)
    }
    return { kinds, unopened }
  }

  async #note({ keyId, kinds, unopened }: Resealed, user?: string): Promise<void> {
    const { database, audit } = this.#parts
    const detail = { key: keyId, kinds, unopened: unopened.length }
    await database.transaction((connection) => audit.write(connection, { event: 'oauth.keys.resealed', user, detail }), { durable: true })
  }

  /**
   * Takes a retired key out of the ring that nothing hangs on.
   *
   * @throws {Error} one sentence that says what hangs on it, or why it cannot be taken out
   */
  async removeKey(kid: string, user?: string): Promise<void> {
    const key = (await this.uses()).keys.find((one) => one.kid === kid)
    if (key?.state === 'retired' && key.uses.length > 0)
      throw new Error(`The key ${kid} is still needed: ${key.uses.join(', ')}; annex keys reseal seals values with the current key`)
    await this.#parts.keys.removeSecret(kid, user)
  }

  /** Again, until nobody has written in between. */
  async #resealTable(
    table: SealedTable,
    wanted: Outdated,
    isOver?: () => boolean,
  ): Promise<{ values: number; unopened: readonly string[] }> {
    let values = 0
    for (;;) {
      const outcomes = await this.#walk(table, wanted, isOver)
      values += outcomes.filter((outcome) => outcome === 'resealed').length
      if (outcomes.includes('written meanwhile')) continue
      return { values, unopened: outcomes.flatMap((outcome) => (typeof outcome === 'object' ? outcome.fault : [])) }
    }
  }

  async #walk(table: SealedTable, wanted: Outdated, isOver: () => boolean = () => false): Promise<Outcome[]> {
    const { connection } = this.#parts.database
    const outcomes: Outcome[] = []
    for (let after: readonly string[] | undefined; ;) {
      const rows = isOver() ? [] : await listOutdated(connection, table, wanted, after, BATCH)
      after = rows.at(-1)?.key
      if (after === undefined) return outcomes
      const exchanges = rows.map((row) => this.#exchange(table, row))
      // Where one fails, the others come to their end before that is told.
      await Promise.allSettled(exchanges)
      outcomes.push(...(await Promise.all(exchanges)))
    }
  }

  /** One value, one transaction: it waits for nobody who waits for it, and the site that it is bound to is the one that it stays in. */
  #exchange(table: SealedTable, row: SealedRow): Promise<Outcome> {
    const { database, sealer } = this.#parts
    return database.transaction(async (connection) => {
      const secret = await sealer.open(connection, row, row.place).catch(faultOf)
      if (typeof secret === 'object') return secret
      const next = await sealer.seal(connection, secret, row.place)
      return (await exchangeSealed(connection, table, row, next)) ? 'resealed' : 'written meanwhile'
    })
  }

  /** What was made with a key a moment ago is asked for once more. */
  #remembered({ state, since }: ListedSecretKey): string[] {
    const isRecent = state === 'retired' && (since ?? this.#parts.now()) > this.#parts.now() - REMEMBERED
    return isRecent ? ['what was answered within the last hour'] : []
  }
}

type Outdated = Parameters<typeof listOutdated>[2]
type Outcome = 'resealed' | 'written meanwhile' | { readonly fault: string }

function faultOf(error: unknown): { readonly fault: string } {
  if (error instanceof FrappeError) return { fault: error.message }
  throw error
}
