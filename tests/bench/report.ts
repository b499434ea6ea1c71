import { cpus } from 'node:os'
import type { BenchOptions } from './options.ts'
import type { Round } from './load.ts'

/** What one server did with one kind of request, over all its rounds. */
export interface Figures {
  readonly requestsPerSecond: number
  /** Milliseconds, with all connections at work at once. */
  readonly p50: number
  readonly p99: number
  /** Microseconds of processor time of the server process. */
  readonly cpuPerRequest: number
}

export interface Comparison {
  readonly name: string
  readonly about: string
  readonly site: Figures
  readonly bare: Figures
  /** The site's requests per second by those of the bare handler. */
  readonly ratio: number
  /** The lowest and the highest ratio of one pair of rounds: how far the machine let the figures swing. */
  readonly swing: readonly [number, number]
  /** The bare handler's processor time per request by the site's. */
  readonly cpuRatio: number
}

export interface TokenCheck {
  /** Microseconds for one check inside the process. */
  readonly site: number
  /** The hash and the one statement alone. */
  readonly bare: number
}

export interface Memory {
  /** Resident, in megabytes, when it had just begun to listen. */
  readonly atRest: number
  /** The most that any round left behind. */
  readonly most: number
}

export interface Wanted {
  readonly what: string
  readonly limit: string
  readonly measured: string
  readonly met: boolean
}

export interface Report {
  readonly node: string
  readonly machine: string
  readonly options: Pick<BenchOptions, 'seconds' | 'documents'> & { readonly connections: number }
  readonly comparisons: readonly Comparison[]
  readonly tokenCheck: TokenCheck
  readonly memory: { readonly site: Memory; readonly bare: Memory }
  readonly wanted: readonly Wanted[]
}

export function figuresOf(rounds: readonly Round[]): Figures {
  const latencies = Float64Array.from(rounds.flatMap((round) => round.latencies)).toSorted()
  const sum = (pick: (round: Round) => number): number => rounds.reduce((total, round) => total + pick(round), 0)
  return {
    requestsPerSecond: latencies.length / sum((round) => round.seconds),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cpuPerRequest: sum((round) => round.cpu) / latencies.length,
  }
}

const quantile = (sorted: Float64Array, part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0

const rateOf = (round: Round): number => round.latencies.length / round.seconds

/** Rounds come in pairs, one of each server, taken one right after the other. */
export function comparisonOf(name: string, about: string, site: readonly Round[], bare: readonly Round[]): Comparison {
  const [ours, theirs] = [figuresOf(site), figuresOf(bare)]
  const ratios = site.flatMap((round, index) => (bare[index] ? [rateOf(round) / rateOf(bare[index])] : []))
  return {
    name,
    about,
    site: ours,
    bare: theirs,
    ratio: ours.requestsPerSecond / theirs.requestsPerSecond,
    swing: [Math.min(...ratios), Math.max(...ratios)],
    cpuRatio: theirs.cpuPerRequest / ours.cpuPerRequest,
  }
}

/** What was promised of a site on SQLite, beside what was measured. */
export function wantedOf({ comparisons, tokenCheck, memory }: Pick<Report, 'comparisons' | 'tokenCheck' | 'memory'>): Wanted[] {
  const ratios = comparisons
    .filter(({ name }) => name === 'list' || name === 'document')
    .map(({ name, ratio }) => ({
      what: `${name} beside the bare handler`,
      limit: 'at least 30 %',
      measured: percent(ratio),
      met: ratio >= 0.3,
    }))
  const check = { what: 'token check', limit: 'at most 25 µs', measured: `${tokenCheck.site.toFixed(1)} µs`, met: tokenCheck.site <= 25 }
  const resident = {
    what: 'memory of the site',
    limit: 'under 150 MB',
    measured: `${memory.site.most.toFixed(0)} MB`,
    met: memory.site.most < 150,
  }
  return [...ratios, check, resident]
}

export const machineName = (): string => `${cpus().length} × ${cpus()[0]?.model ?? process.arch}`

const percent = (ratio: number): string => `${(ratio * 100).toFixed(0)} %`

const HEAD = ['', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs', 'of bare', 'swing', 'of bare by CPU']

/** The report as a person reads it. */
export function textOf({ node, machine, options, comparisons, tokenCheck, memory, wanted }: Report): string {
  const lines = comparisons.flatMap((comparison) => {
    const [low, high] = comparison.swing.map(percent)
    return [
      [`${comparison.name}, site`, ...cells(comparison.site), percent(comparison.ratio), `${low} to ${high}`, percent(comparison.cpuRatio)],
      [`${comparison.name}, bare`, ...cells(comparison.bare), '', '', ''],
    ]
  })
  return [
    `Node ${node}, ${machine}; ${options.documents} documents, ${options.connections} connections, ${options.seconds} s for each kind and server`,
    '',
    ...table([HEAD, ...lines]),
    '',
    `token check inside the process: ${tokenCheck.site.toFixed(1)} µs (hash and statement alone: ${tokenCheck.bare.toFixed(1)} µs)`,
    memoryLine('site', memory.site),
    memoryLine('bare handler', memory.bare),
    '',
    ...wanted.map(({ what, limit, measured, met }) => `${met ? 'met   ' : 'MISSED'}  ${what}: ${measured}, wanted ${limit}`),
  ].join('\n')
}

const memoryLine = (name: string, { atRest, most }: Memory): string =>
  `memory of the ${name}: ${atRest.toFixed(0)} MB at rest, ${most.toFixed(0)} MB at most`

const cells = ({ requestsPerSecond, p50, p99, cpuPerRequest }: Figures): string[] => [
  requestsPerSecond.toFixed(0),
  p50.toFixed(2),
  p99.toFixed(2),
  cpuPerRequest.toFixed(0),
]

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}
