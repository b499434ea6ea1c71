import type { DayRow, NetworkRow, Outcome, SpanRow, TokenDayRow } from './usage-store.ts'

/** What a token is, as far as counting goes. */
export interface Counted {
  readonly client: string
  readonly grant: string
  /** What the token is stored by. */
  readonly hash: string
}

/** First and last use, and how often, since the last flush. */
interface Span {
  first: number
  last: number
  calls: number
}

/** A number that is raised where it stands. */
interface Count {
  readonly outcome: Outcome
  readonly what: string
  readonly right: string
  count: number
}

/** What a token did, and where its use is noted that others have a part in. */
interface TokenUse extends Span {
  readonly client: string
  readonly grant: string
  /** The network that it was last used from, and the grant's use from there. */
  network: string
  from: Span | undefined
  /** The right that it used last. */
  latest: Count | undefined
  /** DocType (or `method:` and a name) to right to count; absent as long as there is none. */
  used: Map<string, Map<string, Count>> | undefined
  /** What was tried, outcome and missing scope, to count; absent as long as there is none. */
  refused: Map<string, Count> | undefined
}

/** Of one token between two flushes; what goes beyond is counted together, so that no caller can fill the memory. */
const MOST_KINDS = 200
const OTHER = 'other'

/** What became of calls on one day, as it is kept in memory: to note one is to raise numbers where the last one like it did. */
export class UseCounts {
  readonly day: number
  /** By hash; what became of their grants and clients is the sum. */
  readonly #tokens = new Map<string, TokenUse>()
  readonly #networks = new Map<string, Map<string, Span>>()

  constructor(day: number) {
    this.day = day
  }

  /** How many subjects are in memory. */
  get size(): number {
    return this.#tokens.size + this.#networks.size
  }

  call(counted: Counted, network: string, now: number): void {
    const token = this.#of(counted)
    if (token.calls === 0) token.first = now
    extend(token, now)
    if (token.network !== network) {
      token.network = network
      token.from = this.#spanOf(token.grant, network, now)
    }
    if (token.from) extend(token.from, now)
  }

  network(subject: string, network: string, now: number): void {
    const span = this.#spanOf(subject, network, now)
    if (span) extend(span, now)
  }

  #spanOf(subject: string, network: string, now: number): Span | undefined {
    if (network === '') return undefined
    let networks = this.#networks.get(subject)
    if (!networks) this.#networks.set(subject, (networks = new Map()))
    let span = networks.get(network)
    if (!span && networks.size < MOST_KINDS) networks.set(network, (span = { first: now, last: now, calls: 0 }))
    return span
  }

  used(counted: Counted, what: string, right: string): void {
    const token = this.#of(counted)
    // An app that goes through a list asks for the same again and again.
    if (token.latest?.what !== what || token.latest.right !== right) token.latest = countOf((token.used ??= new Map()), what, right)
    token.latest.count += 1
  }

  refused(counted: Counted, outcome: Outcome, what = '', right = ''): void {
    const refused = (this.#of(counted).refused ??= new Map())
    const key = keyOf({ outcome, what, right })
    const isOther = refused.size >= MOST_KINDS && !refused.has(key)
    // No row twice, should a method have that very name.
    const at = isOther ? keyOf({ outcome, what: OTHER, right: '' }) : key
    const known = refused.get(at)
    if (known) known.count += 1
    else refused.set(at, { outcome, what: isOther ? OTHER : what, right: isOther ? '' : right, count: 1 })
  }

  #of({ client, grant, hash }: Counted): TokenUse {
    let token = this.#tokens.get(hash)
    if (!token) this.#tokens.set(hash, (token = { client, grant, ...UNUSED }))
    return token
  }

  /** The rows that these numbers are added to: of each token, of its grant, and of its client. */
  rows(): UsageRows {
    const tokens: TokenDayRow[] = []
    const sums = new DaySums(this.day)
    const spans = new Map<string, Span>()
    for (const [token, use] of this.#tokens) {
      const { client, grant, first, last, calls } = use
      if (calls > 0) {
        tokens.push({ token, day: this.day, ...CALL, count: calls, first_used: first, last_used: last })
        for (const subject of [grant, client]) join(spans, subject, use)
        sums.add(grant, client, { ...CALL, count: calls })
      }
      for (const count of countsOf(use)) {
        tokens.push({ token, day: this.day, ...count, first_used: null, last_used: null })
        sums.add(grant, client, count)
      }
    }
    return {
      tokens,
      days: sums.rows,
      spans: [...spans].map(([subject, span]) => ({ subject, ...spanRow(span) })),
      networks: this.#rowsOfNetworks(),
    }
  }

  #rowsOfNetworks(): NetworkRow[] {
    return [...this.#networks].flatMap(([subject, each]) => [...each].map(([network, span]) => ({ subject, network, ...spanRow(span) })))
  }
}

/** What a flush adds. No row twice. */
export interface UsageRows {
  readonly tokens: readonly TokenDayRow[]
  readonly days: readonly DayRow[]
  readonly spans: readonly SpanRow[]
  readonly networks: readonly NetworkRow[]
}

const CALL = { outcome: 'call', what: '', right: '' } as const
const UNUSED = { first: 0, last: 0, calls: 0, network: '', from: undefined, latest: undefined, used: undefined, refused: undefined }

/** Sums of one day, by subject and kind. */
class DaySums {
  readonly rows: DayRow[] = []
  readonly #day: number
  readonly #bySubject = new Map<string, Map<string, DayRow>>()

  constructor(day: number) {
    this.#day = day
  }

  add(grant: string, client: string, count: Count): void {
    const key = keyOf(count)
    this.#addTo(grant, key, count)
    this.#addTo(client, key, count)
  }

  #addTo(subject: string, key: string, { outcome, what, right, count }: Count): void {
    let kinds = this.#bySubject.get(subject)
    if (!kinds) this.#bySubject.set(subject, (kinds = new Map()))
    const known = kinds.get(key)
    if (known) return void (known.count += count)
    const row: DayRow = { subject, day: this.#day, outcome, what, right, count }
    kinds.set(key, row)
    this.rows.push(row)
  }
}

/** Neither an outcome nor a right or scope has a space in it. */
const keyOf = ({ outcome, what, right }: Pick<Count, 'outcome' | 'what' | 'right'>): string => `${outcome} ${right} ${what}`

function countOf(used: Map<string, Map<string, Count>>, what: string, right: string): Count {
  const named = used.size < MOST_KINDS || used.has(what) ? what : OTHER
  let rights = used.get(named)
  if (!rights) used.set(named, (rights = new Map()))
  let count = rights.get(right)
  if (!count) rights.set(right, (count = { outcome: 'used', what: named, right, count: 0 }))
  return count
}

function countsOf({ used, refused }: TokenUse): Count[] {
  return [...[...(used?.values() ?? [])].flatMap((rights) => [...rights.values()]), ...(refused?.values() ?? [])]
}

function extend(span: Span, now: number): void {
  span.last = now
  span.calls += 1
}

function join(spans: Map<string, Span>, subject: string, { first, last, calls }: Span): void {
  const span = spans.get(subject)
  if (!span) return void spans.set(subject, { first, last, calls })
  span.first = Math.min(span.first, first)
  span.last = Math.max(span.last, last)
  span.calls += calls
}

const spanRow = ({ first, last, calls }: Span): Omit<SpanRow, 'subject'> => ({ first_used: first, last_used: last, calls })
