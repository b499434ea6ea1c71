import { Lanes, type Sequence } from '../load.ts'
import { figuresOf, type Figures } from '../figures.ts'
import type { Scenario } from '../scenarios.ts'
import type { ServerProcess } from '../server-process.ts'

/** What the site says of one sweep. */
export interface Swept {
  readonly seconds: number
  /** Of each statement that removed tokens: how many, and how long the writer was kept for them. */
  readonly holds: readonly { readonly rows: number; readonly milliseconds: number }[]
}

/** Calls of one kind while ended rows are removed, and while none are. */
export interface Beside {
  readonly name: string
  readonly without: Figures
  readonly with: Figures
}

export interface Sweep extends Swept {
  readonly expired: number
  readonly beside: readonly Beside[]
}

const CONNECTIONS_OF_EACH = 8
const PATIENCE = 600_000

/** Measures two kinds of calls at once, during a sweep and after it; the time after is as long as the sweep takes, a second at least. */
export async function measureSweep(site: ServerProcess, kinds: readonly Scenario[], expired: number): Promise<Sweep> {
  const lanes = await Promise.all(kinds.map(({ sequence }) => Lanes.open(site, sequencesOf(sequence))))
  try {
    // Unmeasured: code that is met for the first time is slow.
    await Promise.all(lanes.map((each) => each.run(1)))
    let goesOn = true
    const calls = lanes.map((each) => each.runWhile(() => goesOn))
    const swept = (await site.ask('sweep', PATIENCE).finally(() => (goesOn = false))) as Swept
    const during = await Promise.all(calls)
    const apart = await Promise.all(lanes.map((each) => each.run(Math.max(swept.seconds, 1))))
    const beside = kinds.map(({ name }, kind) => ({ name, without: figuresOf([apart[kind]!]), with: figuresOf([during[kind]!]) }))
    return { ...swept, expired, beside }
  } finally {
    for (const each of lanes) each.close()
  }
}

const sequencesOf = (sequence: Scenario['sequence']): Sequence[] =>
  Array.from({ length: CONNECTIONS_OF_EACH }, (_, connection) => sequence(connection))
