import { cells, percent, table, type Figures, type Wanted } from '../figures.ts'
import { COUNTERS } from './costs.ts'
import type { ManyTokens } from './many-tokens.ts'
import type { Sweep } from './sweeping.ts'
import { middleOf, type Cost } from './variants.ts'

const MOST_FOR_COUNTERS = 1.05
const MOST_FOR_TOKENS = 1.3
const MOST_P99 = 30

/** What was promised of many live tokens and of a sweep. */
export const wantedOfTokens = ({ kinds, sweep, few, many }: ManyTokens): Wanted[] => [
  ...kinds.flatMap(({ what: name, times, ...cost }) => [
    atMost(`${name} with ${many} live tokens by ${few}, processor time`, times, MOST_FOR_TOKENS),
    atMost(`${name} with ${many} live tokens by ${few}, p50`, cost.with.p50 / cost.without.p50, MOST_FOR_TOKENS),
  ]),
  ...sweep.beside.map(({ name, with: { p99 } }) => ({
    what: `${name} p99 while ${sweep.expired} tokens are removed`,
    limit: `under ${MOST_P99} ms`,
    measured: `${p99.toFixed(1)} ms`,
    met: p99 < MOST_P99,
  })),
]

/** What was promised of the counters. */
export const wantedOfCosts = (costs: readonly Cost[]): Wanted[] =>
  costs
    .filter(({ what }) => what.startsWith(COUNTERS))
    .map(({ what, times, range }) => {
      const wanted = atMost(`${what}, processor time with by without`, times, MOST_FOR_COUNTERS)
      return { ...wanted, measured: `${wanted.measured} (${rangeText(range)})` }
    })

const rangeText = ([low, high]: Cost['range']): string => `${low.toFixed(2)} to ${high.toFixed(2)}`

const atMost = (what: string, times: number, most: number): Wanted => ({
  what,
  limit: `at most ${most} times`,
  measured: `${times.toFixed(2)} times`,
  met: times <= most,
})

const HEAD = ['', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs', 'times by CPU', 'between', 'times by p50']

export const costLines = (costs: readonly Cost[]): string[] => variantLines('without', 'with', costs)

export function tokensLines({ few, many, kinds, sweep }: ManyTokens): string[] {
  return [`${few} live tokens and ${many}:`, ...variantLines(String(few), String(many), kinds), '', ...sweepLines(sweep)]
}

function variantLines(without: string, withIt: string, costs: readonly Cost[]): string[] {
  const rows = costs.flatMap(({ what, times, range, ...cost }) => [
    [`${what}: ${without}`, ...cells(cost.without)],
    [`${what}: ${withIt}`, ...cells(cost.with), times.toFixed(2), rangeText(range), (cost.with.p50 / cost.without.p50).toFixed(2)],
  ])
  return table([HEAD, ...rows])
}

/** Two kinds are answered at once: the processor time is not of either. */
const latencies = (figures: Figures): string[] => cells(figures).slice(0, 3)

function sweepLines({ expired, seconds, holds, beside }: Sweep): string[] {
  const removing = holds.filter(({ rows }) => rows > 0)
  const rows = Math.max(0, ...removing.map((hold) => hold.rows))
  const kept = removing.map(({ milliseconds }) => milliseconds)
  return [
    `${expired} ended tokens removed in ${seconds.toFixed(1)} s by ${removing.length} statements of at most ${rows} rows;`,
    `each kept the writer for ${(kept.length === 0 ? 0 : middleOf(kept)).toFixed(2)} ms (the middle), ${Math.max(0, ...kept).toFixed(2)} ms at most`,
    ...table([
      ['', 'requests/s', 'p50 ms', 'p99 ms', 'p99 by without'],
      ...beside.flatMap(({ name, without, with: during }) => [
        [`${name}: without`, ...latencies(without)],
        [`${name}: while removing`, ...latencies(during), percent(during.p99 / without.p99)],
      ]),
    ]),
  ]
}
