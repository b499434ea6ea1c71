import { cpus } from 'node:os'
import type { BenchOptions } from './options.ts'
import { cells, figuresOf, percent, table, type Figures, type Wanted } from './figures.ts'
import type { Round } from './load.ts'
import type { ManyTokens } from './provider/many-tokens.ts'
import { costLines, tokensLines, wantedOfCosts, wantedOfTokens } from './provider/provider-report.ts'
import type { Cost } from './provider/variants.ts'
import { wantedOfProvider } from './provider/provider-wanted.ts'

export interface Comparison {
  readonly name: string
  readonly about: string
  readonly site: Figures
  readonly bare: Figures
  /** Another provider, where it answers such requests too. */
  readonly peer?: Figures
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

/** What was measured with one number of documents. */
export interface SizeReport {
  readonly documents: number
  readonly comparisons: readonly Comparison[]
  readonly tokenCheck: TokenCheck
  readonly memory: { readonly site: Memory; readonly bare: Memory }
}

/** One kind of request on PostgreSQL, answered by one process of the site and by two, and by as many bare handlers. */
export interface Processes {
  readonly name: string
  readonly one: Figures
  readonly two: Figures
  readonly bareOne: Figures
  readonly bareTwo: Figures
}

export interface Report {
  readonly node: string
  readonly machine: string
  readonly options: Pick<BenchOptions, 'seconds' | 'documents'> & { readonly connections: number }
  readonly sizes: readonly SizeReport[]
  readonly processes: readonly Processes[]
  /** Absent when it was not asked for. */
  readonly tokens?: ManyTokens
  readonly costs: readonly Cost[]
  readonly wanted: readonly Wanted[]
}

const rateOf = (round: Round): number => round.latencies.length / round.seconds

/** What each server did, round by round; the rounds of one number were taken one right after the other. */
export interface Rounds {
  readonly site: readonly Round[]
  readonly bare: readonly Round[]
  readonly peer?: readonly Round[]
}

export function comparisonOf(kind: Pick<Comparison, 'name' | 'about'>, { site, bare, peer }: Rounds): Comparison {
  const [ours, theirs] = [figuresOf(site), figuresOf(bare)]
  const ratios = site.flatMap((round, index) => (bare[index] ? [rateOf(round) / rateOf(bare[index])] : []))
  return {
    ...kind,
    site: ours,
    bare: theirs,
    ...(peer ? { peer: figuresOf(peer) } : {}),
    ratio: ours.requestsPerSecond / theirs.requestsPerSecond,
    swing: [Math.min(...ratios), Math.max(...ratios)],
    cpuRatio: theirs.cpuPerRequest / ours.cpuPerRequest,
  }
}

/** What was promised of a site, beside what was measured. */
export function wantedOf({ sizes, processes, tokens, costs }: Pick<Report, 'sizes' | 'processes' | 'tokens' | 'costs'>): Wanted[] {
  return [
    ...sizes.flatMap(wantedOfSize),
    ...sizes.flatMap(wantedOfProvider),
    ...wantedOfGrowth(sizes),
    ...processes.flatMap(wantedOfProcesses),
    ...(tokens ? wantedOfTokens(tokens) : []),
    ...wantedOfCosts(costs),
  ]
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

function wantedOfProcesses({ name, one, two, bareOne, bareTwo }: Processes): Wanted[] {
  const times = two.cpuPerRequest / one.cpuPerRequest
  const beside = times / (bareTwo.cpuPerRequest / bareOne.cpuPerRequest)
  const what = `${name} on PostgreSQL, two processes by one, processor time`
  return [[what, times] as const, [`${what}, beside what a second bare handler costs`, beside] as const].map(([subject, measured]) => ({
    what: subject,
    limit: `at most ${MOST_FOR_TWO} times`,
    measured: `${measured.toFixed(2)} times`,
    met: measured <= MOST_FOR_TWO,
  }))
}

export const machineName = (): string => `${cpus().length} × ${cpus()[0]?.model ?? process.arch}`

const HEAD = ['', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs', 'of bare', 'swing', 'of bare by CPU', 'of peer', 'of peer by CPU']

/** The report as a person reads it. */
export function textOf({ node, machine, options, sizes, processes, tokens, costs, wanted }: Report): string {
  return [
    `Node ${node}, ${machine}; ${options.connections} connections, ${options.seconds} s for each kind and server`,
    ...sizes.flatMap(sizeLines),
    ...(processes.length === 0 ? [] : ['', 'PostgreSQL:', ...table([HEAD, ...processes.flatMap(processLines)])]),
    ...(tokens ? ['', ...tokensLines(tokens)] : []),
    ...(costs.length === 0 ? [] : ['', 'What single promises cost a call:', ...costLines(costs)]),
    '',
    ...wanted.map(({ what, limit, measured, met }) => `${met ? 'met   ' : 'MISSED'}  ${what}: ${measured}, wanted ${limit}`),
  ].join('\n')
}

function sizeLines({ documents, comparisons, tokenCheck, memory }: SizeReport): string[] {
  const lines = comparisons.flatMap(comparisonLines)
  return [
    '',
    `${documents} documents:`,
    ...table([HEAD, ...lines]),
    `token check inside the process: ${tokenCheck.site.toFixed(1)} µs (hash and statement alone: ${tokenCheck.bare.toFixed(1)} µs)`,
    memoryLine('site', memory.site),
    memoryLine('bare handler', memory.bare),
  ]
}

function comparisonLines({ name, site, bare, peer, ratio, swing, cpuRatio }: Comparison): string[][] {
  const ofBare = [percent(ratio), swing.map(percent).join(' to '), percent(cpuRatio)]
  const ofPeer = peer ? [percent(site.requestsPerSecond / peer.requestsPerSecond), percent(peer.cpuPerRequest / site.cpuPerRequest)] : []
  return [
    [`${name}, site`, ...cells(site), ...ofBare, ...ofPeer],
    [`${name}, bare`, ...cells(bare)],
    ...(peer ? [[`${name}, peer`, ...cells(peer)]] : []),
  ]
}

const beside = (site: Figures, bare: Figures): string[] => [
  percent(site.requestsPerSecond / bare.requestsPerSecond),
  '',
  percent(bare.cpuPerRequest / site.cpuPerRequest),
]

function processLines({ name, one, two, bareOne, bareTwo }: Processes): string[][] {
  return [
    [`${name}, one process`, ...cells(one), ...beside(one, bareOne)],
    [`${name}, two processes`, ...cells(two), ...beside(two, bareTwo)],
    [`${name}, one bare handler`, ...cells(bareOne), '', '', ''],
    [`${name}, two bare handlers`, ...cells(bareTwo), '', '', ''],
  ]
}

const memoryLine = (name: string, { atRest, most }: Memory): string =>
  `memory of the ${name}: ${atRest.toFixed(0)} MB at rest, ${most.toFixed(0)} MB at most`
