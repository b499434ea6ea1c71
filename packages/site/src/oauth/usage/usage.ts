import type { Connection, Database } from '@annex/database'
import { networkOf } from '../../audit/refusals/network-of.ts'
import {
  addDays,
  addNetworks,
  addSpans,
  addTokenDays,
  keepLatestNetworks,
  listDays,
  listNetworks,
  listTokenDays,
  readSpans,
  removeOld,
  sumByDay,
  sumDays,
  type DayRow,
  type NetworkRow,
  type RefusedOutcome,
  type SpanRow,
  type TokenDayRow,
} from './usage-store.ts'
import { tokenSpans } from './token-spans.ts'
import { UseCounts, type Counted, type UsageRows } from './use-counts.ts'
import { DAY } from '../storage/durations.ts'

export interface UsageParts {
  readonly database: Database
  /** UTC microseconds. */
  readonly now: () => number
  /** Told what went wrong when numbers are written beside any request. */
  readonly onFault: (error: unknown) => void
}

export type { Counted } from './use-counts.ts'

const FLUSH_AFTER = 5000
/** Subjects in memory at which numbers are written at once. */
const MANY = 5000
const MOST = 20_000
const NETWORKS_KEPT = 20
const MOST_ADDRESSES = 1000
const MOST_DETAILS = 200
/** Days that numbers are kept. */
const KEPT_DAYS = 400
/** Days before today that those of single tokens are kept: an access token lives for one at most, and its row is removed one after its end. */
const KEPT_TOKEN_DAYS = 2
/** Rows of each table that one transaction writes. */
const PART = 128
/** Parts that wait for a database that takes none. */
const MOST_PARTS = 1000
/** Rows that a sweep removes at once… */
const BATCH = 500
/** …and the milliseconds that it then leaves to others. */
const BREATH = 20

/** Of a window of days, what an app or a grant did. */
export type Sums = readonly Omit<DayRow, 'subject' | 'day'>[]

/**
 * Counts what apps do, by day, DocType and right, and what was refused to them.
 *
 * A call notes it in memory and never waits; every five seconds, and at the close, the numbers are added to the
 * database. What a process that dies had counted since is lost.
 */
export class Usage {
  readonly #parts: UsageParts
  #counts: UseCounts
  /** Of days that are over, and what could not be written. */
  #waiting: UsageRows[] = []
  readonly #networks = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined
  /** Whether the timer is for at once. */
  #isSoon = false
  #writing: Promise<void> = Promise.resolve()
  #closed = false

  constructor(parts: UsageParts) {
    this.#parts = parts
    this.#counts = new UseCounts(Math.floor(parts.now() / DAY))
  }

  /** A call with a good token. */
  call(token: Counted, ip: string, now: number): void {
    this.#today(now)?.call(token, this.#networkOf(ip), now)
  }

  /** A right that a token opened, and was asked for. `doctype` is one of this site, or `method:` and the name of one. */
  used(token: Counted, doctype: string, right: string): void {
    this.#today()?.used(token, doctype, right)
  }

  /** A refusal: which scope was lacking, that the user has no permission…; `act` is what was tried (`list Item`). */
  refused(token: Counted, outcome: RefusedOutcome, act?: string, scope?: string): void {
    this.#today()?.refused(token, outcome, act?.slice(0, 140), scope?.slice(0, 140))
  }

  /** An app proved itself with its secret. */
  secretUsed(client: string, ip: string): void {
    const now = this.#parts.now()
    this.#today(now)?.network(client, this.#networkOf(ip), now)
  }

  /** Read from an address once, as long as the same few come again and again. */
  #networkOf(ip: string): string {
    let network = this.#networks.get(ip)
    if (network === undefined) {
      if (this.#networks.size >= MOST_ADDRESSES) this.#networks.clear()
      this.#networks.set(ip, (network = networkOf(ip)))
    }
    return network
  }

  /** Undefined while far more waits than can be written: rather no numbers than no site. */
  #today(now?: number): UseCounts | undefined {
    if (now !== undefined) this.#turnTo(Math.floor(now / DAY))
    const isMany = this.#counts.size >= MANY
    if (this.#timer === undefined || (isMany && !this.#isSoon)) this.#wake(isMany)
    return this.#counts.size < MOST ? this.#counts : undefined
  }

  #wake(isMany: boolean): void {
    clearTimeout(this.#timer)
    this.#isSoon = isMany
    this.#timer = setTimeout(() => void this.flush().catch(this.#parts.onFault), isMany ? 0 : FLUSH_AFTER).unref()
  }

  #turnTo(day: number): void {
    if (day === this.#counts.day) return
    this.#waiting.push(...partsOf(this.#counts.rows()))
    this.#counts = new UseCounts(day)
  }

  /** What clients or grants did on each of so many days, by right and by reason: the newest first, two hundred at most. */
  async details(subjects: readonly string[], days: number): Promise<DayRow[]> {
    await this.flush()
    return listDays(this.#parts.database.connection, subjects, this.#from(days), MOST_DETAILS)
  }

  /** Sums of each of so many days, by outcome. */
  async days(subjects: readonly string[], days: number): Promise<readonly Pick<DayRow, 'day' | 'outcome' | 'count'>[]> {
    await this.flush()
    return sumByDay(this.#parts.database.connection, subjects, this.#from(days))
  }

  /** Sums of clients or grants over so many days. */
  async sums(subjects: readonly string[], days: number): Promise<Sums> {
    await this.flush()
    return sumDays(this.#parts.database.connection, subjects, this.#from(days))
  }

  /** First and last use of clients and grants, as far as they were used. */
  async spans(subjects: readonly string[]): Promise<ReadonlyMap<string, SpanRow>> {
    await this.flush()
    return readSpans(this.#parts.database.connection, subjects)
  }

  /** First and last use of tokens (by hash), as far as they were used. */
  async tokenSpans(tokens: readonly string[]): Promise<ReadonlyMap<string, SpanRow>> {
    await this.flush()
    return tokenSpans(await listTokenDays(this.#parts.database.connection, tokens, this.#tokenDays(), 'call'))
  }

  /** What one token did, by day, right and reason. Numbers of tokens are there for as long as the token is. */
  async ofToken(token: string): Promise<TokenDayRow[]> {
    await this.flush()
    return listTokenDays(this.#parts.database.connection, [token], this.#tokenDays())
  }

  /** The networks that grants were used from, twenty each at most; of a client's id, those that its secret was used from. */
  async networks(subjects: readonly string[]): Promise<NetworkRow[]> {
    await this.flush()
    return listNetworks(this.#parts.database.connection, subjects)
  }

  /** The first of so many days that end today. */
  #from(days: number): number {
    return Math.floor(this.#parts.now() / DAY) - days + 1
  }

  #tokenDays(): number[] {
    const from = this.#from(KEPT_TOKEN_DAYS + 1)
    return Array.from({ length: KEPT_TOKEN_DAYS + 1 }, (_, index) => from + index)
  }

  /** Writes what was counted, and ends a sweep. To be called before the database is closed. */
  close(): Promise<void> {
    this.#closed = true
    return this.flush()
  }

  /** Writes what was counted. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write())
    return this.#writing
  }

  async #write(): Promise<void> {
    if (this.#counts.size > 0) this.#waiting.push(...partsOf(this.#counts.rows()))
    this.#counts = new UseCounts(this.#counts.day)
    for (let [part] = this.#waiting; part; [part] = this.#waiting) {
      await this.#parts.database.transaction((connection) => add(connection, part)).catch((error: unknown) => this.#keep(error))
      this.#waiting.shift()
      // Between two transactions whoever waits comes first.
      if (this.#waiting.length > 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** What could not be written is tried again with the next numbers, as long as there is not too much of it. */
  #keep(error: unknown): never {
    if (this.#waiting.length > MOST_PARTS) this.#waiting = []
    throw error
  }

  /** Removes numbers older than the policy, in batches that hold nobody up. */
  async sweep(): Promise<void> {
    const now = this.#parts.now()
    const today = Math.floor(now / DAY)
    const before = { day: today - KEPT_DAYS, tokenDay: today - KEPT_TOKEN_DAYS, micros: now - KEPT_DAYS * DAY }
    while (!this.#closed && (await removeOld(this.#parts.database, before, BATCH)))
      await new Promise((resolve) => setTimeout(resolve, BREATH).unref())
  }
}

async function add(connection: Connection, { tokens, days, spans, networks }: UsageRows): Promise<void> {
  await addTokenDays(connection, tokens)
  await addDays(connection, days)
  await addSpans(connection, spans)
  for (const subject of await addNetworks(connection, networks)) await keepLatestNetworks(connection, subject, NETWORKS_KEPT)
}

/** Rows in parts that one small transaction takes. Two processes that write the same rows wait for each other in the same order. */
function partsOf({ tokens, days, spans, networks }: UsageRows): UsageRows[] {
  const sorted = {
    tokens: tokens.toSorted((a, b) => order(a.token, b.token) || byKind(a, b)),
    days: days.toSorted((a, b) => order(a.subject, b.subject) || byKind(a, b)),
    spans: spans.toSorted((a, b) => order(a.subject, b.subject)),
    networks: networks.toSorted((a, b) => order(a.subject, b.subject) || order(a.network, b.network)),
  }
  const count = Math.ceil(Math.max(tokens.length, days.length, spans.length, networks.length) / PART)
  return Array.from({ length: count }, (_, index) => {
    const part = <T>(rows: readonly T[]): T[] => rows.slice(index * PART, (index + 1) * PART)
    return { tokens: part(sorted.tokens), days: part(sorted.days), spans: part(sorted.spans), networks: part(sorted.networks) }
  })
}

type Kind = Pick<DayRow, 'outcome' | 'what' | 'right'>
const byKind = (a: Kind, b: Kind): number => order(a.outcome, b.outcome) || order(a.what, b.what) || order(a.right, b.right)

function order(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
