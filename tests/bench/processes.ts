import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { temporaryDatabase } from '../support/databases.ts'
import * as postgres from '../support/postgres.ts'
import { Lanes, type Round } from './load.ts'
import { figuresOf, type Figures, type Processes } from './report.ts'
import { scenariosFor, type Scenario } from './scenarios.ts'
import { ServerProcess } from './server-process.ts'
import { makeData } from './data/site-data.ts'

const CONNECTIONS = 16
const ROUNDS = 4
const DOCUMENTS = 1000
const KINDS = ['document', 'list', 'insert']

type StartSite = (folder: string, environment: Readonly<Record<string, string>>) => Promise<ServerProcess>

/**
 * Measures one process of the site and then two on one PostgreSQL, each with sixteen connections of its own: what a second
 * process costs shows in the processor time of a request. With fewer connections a process takes fewer requests out of
 * the kernel at once, and each costs more of it whoever else is there.
 */
export async function measureProcesses(
  start: StartSite,
  password: string,
  seconds: number,
  say: (line: string) => void,
): Promise<Processes[]> {
  await postgres.setup()
  const folder = await mkdtemp(join(tmpdir(), 'annex-bench-'))
  const database = await temporaryDatabase('postgres')
  const servers: ServerProcess[] = []
  try {
    const begin = async (): Promise<void> => void servers.push(await start(folder, { DATABASE_URL: database.url }))
    await begin()
    const access = await makeData(servers[0]!.origin, password, DOCUMENTS, CONNECTIONS)
    await begin()
    const kinds = scenariosFor(access, DOCUMENTS).filter(({ name }) => KINDS.includes(name))
    const measured: Processes[] = []
    for (const scenario of kinds) {
      say(`PostgreSQL, ${scenario.name}: one process, then two`)
      measured.push(await compare(scenario, servers, seconds))
    }
    return measured
  } finally {
    for (const server of servers) await server.stop()
    await database.remove()
    await rm(folder, { recursive: true, force: true })
    await postgres.teardown()
  }
}

/** One, two, one, two: what slows the machine down for a while meets both. */
async function compare(scenario: Scenario, servers: readonly ServerProcess[], seconds: number): Promise<Processes> {
  const [one, two]: [Round[], Round[]] = [[], []]
  // Two inserts of one name would be refused: every lane has a number of its own, in every round.
  let lane = 0
  const opened = async (server: ServerProcess, count: number): Promise<Lanes> =>
    Lanes.open(
      server,
      Array.from({ length: count }, () => scenario.sequence((lane += 1))),
    )
  const [alone, halves] = [await opened(servers[0]!, CONNECTIONS), await Promise.all(servers.map((server) => opened(server, CONNECTIONS)))]
  const each = seconds / ROUNDS
  const both = async (): Promise<Round> => together(await Promise.all(halves.map((half) => half.run(each))))
  try {
    await alone.run(each)
    await both()
    for (let round = 0; round < ROUNDS; round += 1) {
      one.push(await alone.run(each))
      two.push(await both())
    }
  } finally {
    for (const lanes of [alone, ...halves]) lanes.close()
  }
  const figures: readonly Figures[] = [figuresOf(one), figuresOf(two)]
  return { name: scenario.name, one: figures[0]!, two: figures[1]! }
}

const together = (rounds: readonly Round[]): Round => ({
  seconds: Math.max(...rounds.map((round) => round.seconds)),
  cpu: rounds.reduce((sum, round) => sum + round.cpu, 0),
  latencies: rounds.flatMap((round) => round.latencies),
})
