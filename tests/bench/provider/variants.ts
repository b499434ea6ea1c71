import { inTurn, openLanes } from '../comparing.ts'
import type { Lanes, Round } from '../load.ts'
import { figuresOf, type Figures } from '../figures.ts'
import type { Scenario } from '../scenarios.ts'
import type { ServerProcess } from '../server-process.ts'

/** More and shorter rounds than elsewhere: what is looked for is small. */
const PAIRS = 8

/** One of two ways to have the same request answered. */
export interface Variant {
  readonly server: ServerProcess
  readonly sequence: Scenario['sequence']
  /** What the server is told before a round, and at its end; the time that it takes over the latter is the round's. */
  readonly words?: { readonly before: string; readonly after: string }
}

/** What one thing more costs a kind of request. */
export interface Cost {
  readonly what: string
  readonly without: Figures
  readonly with: Figures
  /** With it by without, of the processor time for one request: the middle of all pairs of rounds. */
  readonly times: number
  /** Where that middle lies, with ninety-five chances in a hundred. */
  readonly range: readonly [low: number, high: number]
}

export interface Variants {
  readonly without: Variant
  readonly with: Variant
}

/** Measures both in turn, in so many pairs of rounds. */
export async function costOf(what: string, variants: Variants, seconds: number, pairs = PAIRS): Promise<Cost> {
  const lanes = [
    await openLanes(variants.without.server, variants.without.sequence),
    await openLanes(variants.with.server, variants.with.sequence),
  ] as const
  try {
    const turns = [told(lanes[0], variants.without), told(lanes[1], variants.with)]
    const [without = [], withIt = []] = await inTurn(turns, seconds, pairs)
    const ratios = withIt.map((round, index) => cpuOf(round) / cpuOf(without[index]!))
    return { what, without: figuresOf(without), with: figuresOf(withIt), times: middleOf(ratios), range: rangeOf(ratios) }
  } finally {
    for (const each of lanes) each.close()
  }
}

const WORD_PATIENCE = 10_000

function told(lanes: Lanes, { server, words }: Variant): Pick<Lanes, 'run'> {
  if (!words) return lanes
  return {
    run: async (seconds) => {
      await server.ask(words.before, WORD_PATIENCE)
      const begin = await server.usage()
      const round = await lanes.run(seconds)
      await server.ask(words.after, WORD_PATIENCE)
      return { ...round, cpu: (await server.usage()).cpu - begin.cpu }
    },
  }
}

const cpuOf = ({ cpu, latencies }: Round): number => cpu / latencies.length

export function middleOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

/** Between which two of the values the middle of all that might have been measured lies, with ninety-five chances in a hundred. */
export function rangeOf(values: readonly number[]): [low: number, high: number] {
  const sorted = values.toSorted((a, b) => a - b)
  const beyond = Math.max(0, Math.floor((sorted.length - 1.96 * Math.sqrt(sorted.length)) / 2))
  return [sorted[beyond]!, sorted[sorted.length - 1 - beyond]!]
}
