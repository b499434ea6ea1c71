import { inTurn, openLanes } from '../comparing.ts'
import type { Round } from '../load.ts'
import { figuresOf, type Figures } from '../figures.ts'
import type { Scenario } from '../scenarios.ts'
import type { ServerProcess } from '../server-process.ts'

/** More and shorter rounds than elsewhere: what is looked for is small. */
const PAIRS = 8

/** One of two ways to have the same request answered. */
export interface Variant {
  readonly server: ServerProcess
  readonly sequence: Scenario['sequence']
}

/** What one thing more costs a kind of request. */
export interface Cost {
  readonly what: string
  readonly without: Figures
  readonly with: Figures
  /** With it by without, of the processor time for one request: the middle of all pairs of rounds. */
  readonly times: number
}

export interface Variants {
  readonly without: Variant
  readonly with: Variant
}

/** Measures both in turn. */
export async function costOf(what: string, variants: Variants, seconds: number): Promise<Cost> {
  const turns = [
    await openLanes(variants.without.server, variants.without.sequence),
    await openLanes(variants.with.server, variants.with.sequence),
  ]
  try {
    const [without = [], withIt = []] = await inTurn(turns, seconds, PAIRS)
    const ratios = withIt.map((round, index) => cpuOf(round) / cpuOf(without[index]!))
    return { what, without: figuresOf(without), with: figuresOf(withIt), times: middleOf(ratios) }
  } finally {
    for (const lanes of turns) lanes.close()
  }
}

const cpuOf = ({ cpu, latencies }: Round): number => cpu / latencies.length

export function middleOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
