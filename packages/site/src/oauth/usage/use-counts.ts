import type { DayRow, NetworkRow, Outcome, SpanRow } from './usage-store.ts'

/** First and last use, and how often, since the last flush. */
interface Span {
  first: number
  last: number
  calls: number
}

/** A number that is raised where it stands. */
interface Count {
  count: number
}

/** What a token was used for, and where its use is noted that others have a part in. */
interface TokenUse extends Span {
  readonly client: string
  readonly grant: string
  /** The network that it was last used from, and the grant's use from there. */
  network: string
  from: Span | undefined
}

interface GrantUse {
  readonly client: string
  /** DocType (or `method:` and a name) to right to count. */
  readonly used: Map<string, Map<string, Count>>
  /** What was tried, outcome and missing scope, to count. */
  readonly refused: Map<string, { outcome: Outcome; what: string; right: string; count: number }>
}

/** Of one grant between two flushes; what goes beyond is counted together, so that no caller can fill the memory. */
const MOST_KINDS = 200
const OTHER = 'other'

/** What became of calls on one day, as it is kept in memory: to note one is to raise numbers where the last one like it did. */
export class UseCounts {
  readonly day: number
  readonly #grants = new Map<string, GrantUse>()
  /** By hash; what became of their grants and clients is the sum. */
  readonly #tokens = new Map<string, TokenUse>()
  readonly #networks = new Map<string, Map<string, Span>>()

  constructor(day: number) {
    this.day = day
  }

  /** How many subjects are in memory. */
  get size(): number {
    return this.#grants.size + this.#tokens.size + this.#networks.size
  }

  call({ client, grant, hash }: { client: string; grant: string; hash: string }, network: string, now: number): void {
    let token = this.#tokens.get(hash)
    if (!token) this.#tokens.set(hash, (token = { client, grant, first: now, last: now, calls: 0, network: '', from: undefined }))
    extend(token, now)
    if (token.network !== network) {
      token.network = network
      token.from = this.#spanOf(grant, network, now)
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

  used(client: string, grant: string, what: string, right: string): void {
    const { used } = this.#grant(client, grant)
    const named = used.size < MOST_KINDS || used.has(what) ? what : OTHER
    let rights = used.get(named)
    if (!rights) used.set(named, (rights = new Map()))
    const known = rights.get(right)
    if (known) known.count += 1
    else rights.set(right, { count: 1 })
  }

  refused(client: string, grant: string, outcome: Outcome, what = '', right = ''): void {
    const { refused } = this.#grant(client, grant)
    const key = `${outcome} ${right} ${what}`
    const isNew = !refused.has(key)
    const named = isNew && refused.size >= MOST_KINDS ? { what: OTHER, right: '' } : { what, right }
    const at = named.what === OTHER ? `${outcome} ${OTHER}` : key
    const known = refused.get(at)
    if (known) known.count += 1
    else refused.set(at, { outcome, ...named, count: 1 })
  }

  #grant(client: string, grant: string): GrantUse {
    let use = this.#grants.get(grant)
    if (!use) this.#grants.set(grant, (use = { client, used: new Map(), refused: new Map() }))
    return use
  }

  /** The rows that these numbers are added to: of each grant, and of its client. */
  rows(): UsageRows {
    const days = new Map<string, DayRow>()
    const add = (subjects: readonly string[], row: Omit<DayRow, 'subject'>): void => {
      for (const subject of subjects) {
        const key = JSON.stringify([subject, row.outcome, row.what, row.right])
        const known = days.get(key)
        if (known) known.count += row.count
        else days.set(key, { subject, ...row })
      }
    }
    for (const { client, grant, calls } of this.#tokens.values())
      add([grant, client], { day: this.day, outcome: 'call', what: '', right: '', count: calls })
    for (const [grant, use] of this.#grants) for (const row of rowsOf(use, this.day)) add([grant, use.client], row)
    const networks = [...this.#networks].flatMap(([subject, each]) =>
      [...each].map(([network, span]) => ({ subject, network, ...spanRow(span) })),
    )
    return { days: [...days.values()], spans: this.#spanRows(), networks }
  }

  #spanRows(): SpanRow[] {
    const spans = new Map<string, Span>()
    for (const [hash, token] of this.#tokens) for (const subject of [hash, token.grant, token.client]) join(spans, subject, token)
    return [...spans].map(([subject, span]) => ({ subject, ...spanRow(span) }))
  }
}

/** What a flush adds. No row twice. */
export interface UsageRows {
  readonly days: readonly DayRow[]
  readonly spans: readonly SpanRow[]
  readonly networks: readonly NetworkRow[]
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

function rowsOf(use: GrantUse, day: number): Omit<DayRow, 'subject'>[] {
  const used = [...use.used].flatMap(([what, rights]) =>
    [...rights].map(([right, { count }]): Omit<DayRow, 'subject'> => ({ day, outcome: 'used', what, right, count })),
  )
  return [...used, ...[...use.refused.values()].map((refusal) => ({ day, ...refusal }))]
}
