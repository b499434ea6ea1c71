import { tokenSpans } from '../usage/token-spans.ts'
import type { DayRow, RefusedOutcome, SpanRow, TokenDayRow } from '../usage/usage-store.ts'
import type { Sums } from '../usage/usage.ts'

/** Calls and refusals of one day. */
export interface ReportedDay {
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string
  readonly calls: number
  readonly refused: number
}

export interface ReportedRight {
  /** A DocType, or `method:` and a name; empty for a DocType of another site. */
  readonly what: string
  readonly right: string
  readonly count: number
}

export interface ReportedRefusal {
  /** What said no: a scope that was not granted, the user's own permissions, a budget, the app's address ranges, or API access that was off. */
  readonly reason: RefusedOutcome
  /** What was tried. */
  readonly act: string
  /** The scope that was lacking. */
  readonly scope: string
  readonly count: number
}

/** What an app did over some days. */
export interface UseReport {
  /** Microseconds; absent when it was never used since counting began. */
  readonly firstUsed: number | undefined
  readonly lastUsed: number | undefined
  readonly calls: number
  /** One for each day of the window, the earliest first. */
  readonly days: readonly ReportedDay[]
  readonly rights: readonly ReportedRight[]
  readonly refusals: readonly ReportedRefusal[]
  /** Each day's numbers by right and by reason, the newest day first, as far as a page can show them. */
  readonly details: readonly ReportedDetail[]
}

export interface ReportedDetail {
  readonly day: string
  readonly outcome: DayRow['outcome']
  readonly what: string
  readonly right: string
  readonly count: number
}

const DAY = 86_400_000
const SHOWN = 50
const MOST_DETAILS = 200
const isRefusal = (outcome: DayRow['outcome']): boolean => outcome !== 'call' && outcome !== 'used'

/** The day of a number of days since 1970. */
const dayText = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10)

export interface ReportFacts {
  /** Sums of each day. */
  readonly sumsByDay: readonly Pick<DayRow, 'day' | 'outcome' | 'count'>[]
  /** By right and by reason, the newest day first. */
  readonly rows: readonly DayRow[]
  readonly sums: Sums
  readonly spans: readonly SpanRow[]
  /** The last day of the window, in days since 1970, and how many there are. */
  readonly today: number
  readonly days: number
}

/** Puts what was counted into the order in which a person reads it. */
export function useReport({ sumsByDay, rows, sums, spans, today, days }: ReportFacts): UseReport {
  const of = (outcome: DayRow['outcome']): Sums => sums.filter((row) => row.outcome === outcome)
  return {
    firstUsed: spans.length === 0 ? undefined : Math.min(...spans.map((span) => span.first_used)),
    lastUsed: spans.length === 0 ? undefined : Math.max(...spans.map((span) => span.last_used)),
    calls: of('call').reduce((sum, { count }) => sum + count, 0),
    days: daysOf(sumsByDay, today, days),
    rights: of('used')
      .toSorted(byCount)
      .slice(0, SHOWN)
      .map(({ what, right, count }) => ({ what, right, count })),
    refusals: sums
      .filter((row) => isRefusal(row.outcome))
      .toSorted(byCount)
      .slice(0, SHOWN)
      .map(({ outcome, what, right, count }) => ({ reason: outcome as ReportedRefusal['reason'], act: what, scope: right, count })),
    details: rows.map(({ day, outcome, what, right, count }) => ({ day: dayText(day), outcome, what, right, count })),
  }
}

/** As `useReport`, of the numbers of one token. */
export function tokenReport(rows: readonly TokenDayRow[], today: number, days: number): UseReport {
  const ofDays = rows.map(({ token, day, outcome, what, right, count }): DayRow => ({ subject: token, day, outcome, what, right, count }))
  const details = ofDays.filter(({ outcome }) => outcome !== 'call').toSorted(newestFirst)
  const spans = [...tokenSpans(rows).values()]
  return useReport({ sumsByDay: ofDays, rows: details.slice(0, MOST_DETAILS), sums: sumsOf(ofDays), spans, today, days })
}

/** In one order by kind; those of one kind are added up. */
function sumsOf(rows: readonly DayRow[]): Sums {
  const byKind = Map.groupBy(rows, ({ outcome, what, right }) => JSON.stringify([outcome, what, right]))
  return [...byKind]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, [first, ...others]]) => {
      const { outcome, what, right, count } = first!
      return { outcome, what, right, count: others.reduce((sum, other) => sum + other.count, count) }
    })
}

function newestFirst(a: DayRow, b: DayRow): number {
  if (a.day !== b.day) return b.day - a.day
  const [one, other] = [a, b].map(({ outcome, what, right }) => JSON.stringify([outcome, what, right])) as [string, string]
  return one < other ? -1 : 1
}

const byCount = (a: { count: number }, b: { count: number }): number => b.count - a.count

function daysOf(rows: ReportFacts['sumsByDay'], today: number, days: number): ReportedDay[] {
  const byDay = Map.groupBy(rows, ({ day }) => day)
  return Array.from({ length: days }, (_, index) => {
    const day = today - days + 1 + index
    const sum = (counts: (outcome: DayRow['outcome']) => boolean): number =>
      (byDay.get(day) ?? []).filter(({ outcome }) => counts(outcome)).reduce((total, { count }) => total + count, 0)
    return { day: dayText(day), calls: sum((outcome) => outcome === 'call'), refused: sum(isRefusal) }
  })
}
