import type { DayRow, NetworkRow, Outcome, SpanRow } from './usage-store.ts'

/** First and last use, and how often, since the last flush. */
interface Span {
  first: number
  last: number
  calls: number
}

interface GrantUse {
  readonly client: string
  calls: number
  /** DocType (or `method:` and a name) to right to count. */
  readonly used: Map<string, Map<string, number>>
  /** What was tried, outcome and missing scope, to count. */
  readonly refused: Map<string, { outcome: Outcome; what: string; right: string; count: number }>
}

/** Of one grant between two flushes; what goes beyond is counted together, so that no caller can fill the memory. */
const MOST_KINDS = 200
const OTHER = 'other'

/** What became of calls on one day, as it is kept in memory: to note one is to raise numbers in maps. */
export class UseCounts {
  readonly day: number
  readonly #grants = new Map<string, GrantUse>()
  readonly #spans = new Map<string, Span>()
  readonly #networks = new Map<string, Map<string, Span>>()

  constructor(day: number) {
    this.day = day
  }

  /** How many subjects are in memory. */
  get size(): number {
    return this.#grants.size + this.#spans.size + this.#networks.size
  }

  call({ client, grant, hash }: { client: string; grant: string; hash: string }, network: string, now: number): void {
    this.#grant(client, grant).calls += 1
    extend(this.#spans, grant, now)
    extend(this.#spans, hash, now)
    extend(this.#spans, client, now)
    this.network(grant, network, now)
  }

  network(subject: string, network: string, now: number): void {
    if (network === '') return
    let networks = this.#networks.get(subject)
    if (!networks) this.#networks.set(subject, (networks = new Map()))
    if (networks.size < MOST_KINDS || networks.has(network)) extend(networks, network, now)
  }

  used(client: string, grant: string, what: string, right: string): void {
    const { used } = this.#grant(client, grant)
    const named = used.size < MOST_KINDS || used.has(what) ? what : OTHER
    let rights = used.get(named)
    if (!rights) used.set(named, (rights = new Map()))
    rights.set(right, (rights.get(right) ?? 0) + 1)
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
    if (!use) this.#grants.set(grant, (use = { client, calls: 0, used: new Map(), refused: new Map() }))
    return use
  }

  /** The rows that these numbers are added to: of each grant, and of its client. */
  rows(): UsageRows {
    const days = new Map<string, DayRow>()
    for (const [grant, use] of this.#grants)
      for (const row of rowsOf(use, this.day))
        for (const subject of [grant, use.client]) {
          const key = JSON.stringify([subject, row.outcome, row.what, row.right])
          const known = days.get(key)
          if (known) known.count += row.count
          else days.set(key, { subject, ...row })
        }
    const spans = [...this.#spans].map(([subject, span]) => ({ subject, ...spanRow(span) }))
    const networks = [...this.#networks].flatMap(([subject, each]) =>
      [...each].map(([network, span]) => ({ subject, network, ...spanRow(span) })),
    )
    return { days: [...days.values()], spans, networks }
  }
}

/** What a flush adds. No row twice. */
export interface UsageRows {
  readonly days: readonly DayRow[]
  readonly spans: readonly SpanRow[]
  readonly networks: readonly NetworkRow[]
}

function extend(spans: Map<string, Span>, subject: string, now: number): void {
  const span = spans.get(subject)
  if (!span) return void spans.set(subject, { first: now, last: now, calls: 1 })
  span.last = now
  span.calls += 1
}

const spanRow = ({ first, last, calls }: Span): Omit<SpanRow, 'subject'> => ({ first_used: first, last_used: last, calls })

function rowsOf(use: GrantUse, day: number): Omit<DayRow, 'subject'>[] {
  const calls: Omit<DayRow, 'subject'>[] = use.calls === 0 ? [] : [{ day, outcome: 'call', what: '', right: '', count: use.calls }]
  const used = [...use.used].flatMap(([what, rights]) =>
    [...rights].map(([right, count]): Omit<DayRow, 'subject'> => ({ day, outcome: 'used', what, right, count })),
  )
  return [...calls, ...used, ...[...use.refused.values()].map((refusal) => ({ day, ...refusal }))]
}
