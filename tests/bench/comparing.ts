import { HttpConnection } from './http-connection.ts'
import { Lanes, requireGood, type Round } from './load.ts'
import { comparisonOf, type Comparison, type Memory } from './report.ts'
import type { Scenario } from './scenarios.ts'
import type { ServerProcess } from './server-process.ts'

export const CONNECTIONS = 16
export const ROUNDS = 4
const MEGABYTE = 1024 * 1024

export interface Servers {
  readonly site: ServerProcess
  readonly bare: ServerProcess
  /** Another provider, for the kinds that it can answer too. */
  readonly peer?: ServerProcess
}

/** Site, bare, peer, peer, bare, site: what slows the machine down for a while meets all of them. */
export async function compare(scenario: Scenario, { site, bare, peer }: Servers, seconds: number): Promise<Comparison> {
  const { name, about, sequence } = scenario
  const turns = [await openLanes(site, sequence), await openLanes(bare, sequence)]
  if (peer && scenario.peer) turns.push(await openLanes(peer, scenario.peer))
  try {
    const [ours, bares, peers] = await inTurn(turns, seconds)
    return comparisonOf({ name, about }, { site: ours ?? [], bare: bares ?? [], ...(peers ? { peer: peers } : {}) })
  } finally {
    for (const lanes of turns) lanes.close()
  }
}

export const openLanes = (server: ServerProcess, sequence: Scenario['sequence']): Promise<Lanes> =>
  Lanes.open(
    server,
    Array.from({ length: CONNECTIONS }, (_, connection) => sequence(connection)),
  )

/** Of each, its rounds; every second time in the other order, so that none always comes after the same other. */
export async function inTurn(turns: readonly Pick<Lanes, 'run'>[], seconds: number, count = ROUNDS): Promise<Round[][]> {
  const rounds: Round[][] = turns.map(() => [])
  const each = seconds / count
  // Unmeasured: code that is met for the first time is slow.
  for (const lanes of turns) await lanes.run(each)
  for (let round = 0; round < count; round += 1) {
    const order = [...turns.entries()]
    for (const [turn, lanes] of round % 2 === 0 ? order : order.toReversed()) rounds[turn]?.push(await lanes.run(each))
  }
  return rounds
}

/** @throws {Error} when the two servers do not answer alike: they would not be doing the same work */
export async function requireSameGist({ name, sequence, gist }: Scenario, { site, bare }: Servers): Promise<void> {
  if (!gist) return
  const request = sequence(0).next()
  const [ours, theirs] = [await answerOf(site, request), await answerOf(bare, request)].map((answer) => JSON.stringify(gist(answer)))
  if (ours !== theirs) throw new Error(`The site and the bare handler answer ${name} differently: ${ours} and ${theirs}`)
}

async function answerOf({ origin }: ServerProcess, request: Buffer): Promise<unknown> {
  const connection = await HttpConnection.open(origin)
  try {
    const reply = await connection.send(request)
    requireGood(reply)
    return JSON.parse(reply.body.toString())
  } finally {
    connection.close()
  }
}

export class MemoryWatch {
  readonly #server: ServerProcess
  readonly #seen: number[] = []

  constructor(server: ServerProcess) {
    this.#server = server
  }

  async look(): Promise<void> {
    this.#seen.push((await this.#server.usage()).memory / MEGABYTE)
  }

  get memory(): Memory {
    return { atRest: this.#seen[0] ?? 0, most: Math.max(...this.#seen) }
  }
}
