import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { temporaryDatabase } from '../support/databases.ts'
import * as postgres from '../support/postgres.ts'
import { CONNECTIONS, ROUNDS } from './comparing.ts'
import { Lanes, type Round } from './load.ts'
import { figuresOf } from './figures.ts'
import type { Processes } from './report.ts'
import { scenariosFor, type Scenario } from './scenarios.ts'
import { ServerProcess } from './server-process.ts'
import { makeData } from './data/site-data.ts'
import { ADMIN_PASSWORD, startSite } from './site-process.ts'

const DOCUMENTS = 1000
const KINDS = ['document', 'list', 'insert']

const bareServerFile = new URL('./bare/bare-postgres-server.ts', import.meta.url)

/**
 * Measures one process of the site and then two on one PostgreSQL, each with sixteen connections of its own: what a second
 * process costs shows in the processor time of a request. With fewer connections a process takes fewer requests out of
 * the kernel at once, and each costs more of it whoever else is there. One and two bare handlers on the same database
 * are measured between them: what a second process costs those is the machine's part.
 */
export async function measureProcesses(seconds: number, say: (line: string) => void): Promise<Processes[]> {
  await postgres.setup()
  const folder = await mkdtemp(join(tmpdir(), 'annex-bench-'))
  const database = await temporaryDatabase('postgres')
  const sites: ServerProcess[] = []
  const bares: ServerProcess[] = []
  try {
    const begin = async (): Promise<void> => void sites.push(await startSite(folder, { environment: { DATABASE_URL: database.url } }))
    await begin()
    const access = await makeData(sites[0]!.origin, ADMIN_PASSWORD, DOCUMENTS, CONNECTIONS)
    await begin()
    for (let count = 0; count < 2; count += 1) bares.push(await ServerProcess.start({ file: bareServerFile, args: [database.url] }))
    const kinds = scenariosFor(access, DOCUMENTS).filter(({ name }) => KINDS.includes(name))
    const measured: Processes[] = []
    for (const scenario of kinds) {
      say(`PostgreSQL, ${scenario.name}: one process, then two`)
      measured.push(await compare(scenario, sites, bares, seconds))
    }
    return measured
  } finally {
    for (const server of [...sites, ...bares]) await server.stop()
    await database.remove()
    await rm(folder, { recursive: true, force: true })
    await postgres.teardown()
  }
}

/** One, two, one, two, and the bare ones in turn with them: what slows the machine down for a while meets all. */
async function compare(
  scenario: Scenario,
  sites: readonly ServerProcess[],
  bares: readonly ServerProcess[],
  seconds: number,
): Promise<Processes> {
  // Two inserts of one name would be refused: every lane has a number of its own, in every round.
  let lane = 0
  const open = async (server: ServerProcess): Promise<Lanes> =>
    Lanes.open(
      server,
      Array.from({ length: CONNECTIONS }, () => scenario.sequence((lane += 1))),
    )
  const [site, bare] = [await Promise.all(sites.map(open)), await Promise.all(bares.map(open))]
  const turns = [site.slice(0, 1), site, bare.slice(0, 1), bare]
  const rounds: Round[][] = turns.map(() => [])
  const run = async (lanes: readonly Lanes[]): Promise<Round> =>
    together(await Promise.all(lanes.map((each) => each.run(seconds / ROUNDS))))
  try {
    for (const lanes of turns) await run(lanes)
    for (let round = 0; round < ROUNDS; round += 1) for (const [turn, lanes] of turns.entries()) rounds[turn]!.push(await run(lanes))
  } finally {
    for (const lanes of [...site, ...bare]) lanes.close()
  }
  const [one, two, bareOne, bareTwo] = rounds.map(figuresOf)
  return { name: scenario.name, one: one!, two: two!, bareOne: bareOne!, bareTwo: bareTwo! }
}

const together = (rounds: readonly Round[]): Round => ({
  seconds: Math.max(...rounds.map((round) => round.seconds)),
  cpu: rounds.reduce((sum, round) => sum + round.cpu, 0),
  latencies: rounds.flatMap((round) => round.latencies),
})
