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

/** What was measured with one number of documents. */
export interface SizeReport {
  readonly documents: number
  readonly comparisons: readonly Comparison[]
  readonly tokenCheck: TokenCheck
  readonly memory: { readonly site: Memory; readonly bare: Memory }
}

/** One kind of request on PostgreSQL, answered by one process of the site and by two. */
export interface Processes {
  readonly name: string
  readonly one: Figures
  readonly two: Figures
}

export interface Report {
  readonly node: string
  readonly machine: string
  readonly options: Pick<BenchOptions, 'seconds' | 'documents'> & { readonly connections: number }
  readonly sizes: readonly SizeReport[]
  readonly processes: readonly Processes[]
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

/** What was promised of a site, beside what was measured. */
export function wantedOf(sizes: readonly SizeReport[], processes: readonly Processes[]): Wanted[] {
  return [...sizes.flatMap(wantedOfSize), ...wantedOfGrowth(sizes), ...processes.map(wantedOfProcesses)]
}

const LEAST_RATIOS: Readonly<Record<string, number>> = { list: 0.4, filtered: 0.4, document: 0.4, insert: 0.5 }
const SEARCH_LIMIT = 50
const MEMORY_LIMITS = { usual: 150, million: 300 }

function wantedOfSize({ documents, comparisons, tokenCheck, memory }: SizeReport): Wanted[] {
  const at = `with ${documents} documents`
  const ratios = comparisons.flatMap(({ name, ratio }) => {
    const least = LEAST_RATIOS[name]
    if (least === undefined) return []
    return [
      { what: `${name} beside the bare handler ${at}`, limit: `at least ${percent(least)}`, measured: percent(ratio), met: ratio >= least },
    ]
  })
  const search = comparisons
    .filter(({ name }) => name === 'search')
    .map(({ site: { p99 } }) => ({
      what: `link search p99 ${at}`,
      limit: `under ${SEARCH_LIMIT} ms`,
      measured: `${p99.toFixed(1)} ms`,
      met: p99 < SEARCH_LIMIT,
    }))
  const check = {
    what: `token check ${at}`,
    limit: 'at most 25 µs',
    measured: `${tokenCheck.site.toFixed(1)} µs`,
    met: tokenCheck.site <= 25,
  }
  const most = documents > 10_000 ? MEMORY_LIMITS.million : MEMORY_LIMITS.usual
  const resident = {
    what: `memory of the site ${at}`,
    limit: `under ${most} MB`,
    measured: `${memory.site.most.toFixed(0)} MB`,
    met: memory.site.most < most,
  }
  return [...ratios, ...search, check, resident]
}

const KEYED = ['document', 'insert', 'token']
const MOST_GROWTH = 1.5

/** Processor time of a call that finds its document by key, with the most documents and with the fewest. */
function wantedOfGrowth(sizes: readonly SizeReport[]): Wanted[] {
  const [fewest, most] = [sizes[0], sizes.at(-1)]
  if (!fewest || !most || fewest === most) return []
  return most.comparisons
    .filter(({ name }) => KEYED.includes(name))
    .flatMap(({ name, site }) => {
      const before = fewest.comparisons.find((comparison) => comparison.name === name)?.site
      if (!before) return []
      const times = site.cpuPerRequest / before.cpuPerRequest
      const what = `${name} with ${most.documents} documents by ${fewest.documents}, processor time`
      return [{ what, limit: `at most ${MOST_GROWTH} times`, measured: `${times.toFixed(2)} times`, met: times <= MOST_GROWTH }]
    })
}

const MOST_FOR_TWO = 1.15

function wantedOfProcesses({ name, one, two }: Processes): Wanted {
  const times = two.cpuPerRequest / one.cpuPerRequest
  const what = `${name} on PostgreSQL, two processes by one, processor time`
  return { what, limit: `at most ${MOST_FOR_TWO} times`, measured: `${times.toFixed(2)} times`, met: times <= MOST_FOR_TWO }
}

export const machineName = (): string => `${cpus().length} × ${cpus()[0]?.model ?? process.arch}`

const percent = (ratio: number): string => `${(ratio * 100).toFixed(0)} %`

const HEAD = ['', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs', 'of bare', 'swing', 'of bare by CPU']

/** The report as a person reads it. */
export function textOf({ node, machine, options, sizes, processes, wanted }: Report): string {
  return [
    `Node ${node}, ${machine}; ${options.connections} connections, ${options.seconds} s for each kind and server`,
    ...sizes.flatMap(sizeLines),
    ...(processes.length === 0 ? [] : ['', 'PostgreSQL:', ...table([HEAD, ...processes.flatMap(processLines)])]),
    '',
    ...wanted.map(({ what, limit, measured, met }) => `${met ? 'met   ' : 'MISSED'}  ${what}: ${measured}, wanted ${limit}`),
  ].join('\n')
}

function sizeLines({ documents, comparisons, tokenCheck, memory }: SizeReport): string[] {
  const lines = comparisons.flatMap((comparison) => {
    const [low, high] = comparison.swing.map(percent)
    return [
      [`${comparison.name}, site`, ...cells(comparison.site), percent(comparison.ratio), `${low} to ${high}`, percent(comparison.cpuRatio)],
      [`${comparison.name}, bare`, ...cells(comparison.bare), '', '', ''],
    ]
  })
  return [
    '',
    `${documents} documents:`,
    ...table([HEAD, ...lines]),
    `token check inside the process: ${tokenCheck.site.toFixed(1)} µs (hash and statement alone: ${tokenCheck.bare.toFixed(1)} µs)`,
    memoryLine('site', memory.site),
    memoryLine('bare handler', memory.bare),
  ]
}

const processLines = ({ name, one, two }: Processes): string[][] => [
  [`${name}, one process`, ...cells(one), '', '', ''],
  [`${name}, two processes`, ...cells(two), '', '', ''],
]

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
