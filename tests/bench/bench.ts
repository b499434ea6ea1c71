import { rmSync } from 'node:fs'
import { copyFile, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HttpConnection } from './http-connection.ts'
import { Lanes, requireGood, type Round } from './load.ts'
import type { BenchOptions } from './options.ts'
import { fillItems } from './data/fill-items.ts'
import { measureProcesses } from './processes.ts'
import { comparisonOf, machineName, wantedOf, type Comparison, type Memory, type Report, type SizeReport } from './report.ts'
import { scenariosFor, type Scenario } from './scenarios.ts'
import { ServerProcess } from './server-process.ts'
import { makeData, type Access } from './data/site-data.ts'
import { measureTokenCheck } from './token-check.ts'

const CONNECTIONS = 16
const ROUNDS = 4
/** Items that come into the database through the site's own doors; the others are written as its verbs write them. */
const MADE_BY_THE_SITE = 10_000
const ADMIN_PASSWORD = 'a-password-for-the-bench-alone'
const siteFile = new URL('../../packages/site/src/main.ts', import.meta.url)
const bareServerFile = new URL('./bare/bare-server.ts', import.meta.url)
const MEGABYTE = 1024 * 1024

interface Servers {
  readonly site: ServerProcess
  readonly bare: ServerProcess
}

/**
 * Measures a real site beside a bare handler, both on SQLite with the same data, and takes away all it made.
 *
 * @param say is told what it is doing
 */
export async function runBench(options: BenchOptions, say: (line: string) => void): Promise<Report> {
  const { seconds, documents } = options
  const sizes: SizeReport[] = []
  for (const count of documents) sizes.push(await measureSize(count, options, say))
  const processes = options.postgres
    ? await measureProcesses((folder, more) => startSite(folder, [], more), ADMIN_PASSWORD, seconds, say)
    : []
  return {
    node: process.version,
    machine: machineName(),
    options: { seconds, documents, connections: CONNECTIONS },
    sizes,
    processes,
    wanted: wantedOf(sizes, processes),
  }
}

async function measureSize(documents: number, options: BenchOptions, say: (line: string) => void): Promise<SizeReport> {
  const folder = await mkdtemp(join(tmpdir(), 'annex-bench-'))
  const tidy = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', tidy)
  try {
    say(`making ${documents} documents`)
    const access = await prepare(folder, documents)
    const bareFile = join(folder, 'bare.db')
    await copyFile(join(folder, 'site.db'), bareFile)
    say('token check')
    const tokenCheck = await measureTokenCheck(bareFile, access.tokens[0]?.access_token ?? '', options.seconds)
    const measured = await withServers(folder, bareFile, options, (servers) => measure(servers, access, documents, options, say))
    return { documents, tokenCheck, ...measured }
  } finally {
    process.off('exit', tidy)
    tidy()
  }
}

/** The site that makes the data is not the one that is measured, so that what it needed for that does not count. */
async function prepare(folder: string, documents: number): Promise<Access> {
  const own = Math.min(documents, MADE_BY_THE_SITE)
  const access = await withSite(folder, (site) => makeData(site.origin, ADMIN_PASSWORD, own, CONNECTIONS))
  await fillItems(`sqlite:${join(folder, 'site.db')}`, own, documents)
  return access
}

async function withSite<T>(folder: string, work: (site: ServerProcess) => Promise<T>): Promise<T> {
  const site = await startSite(folder, [])
  try {
    return await work(site)
  } finally {
    await site.stop()
  }
}

function startSite(folder: string, nodeArgs: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  const environment = { PORT: '0', ANNEX_DATA: folder, ANNEX_ADMIN_PASSWORD: ADMIN_PASSWORD, ...more }
  // As `npm run site` starts it.
  return ServerProcess.start({ file: siteFile, environment, nodeArgs: ['--max-semi-space-size=2', ...nodeArgs] })
}

async function withServers<T>(
  folder: string,
  bareFile: string,
  { profile }: BenchOptions,
  work: (servers: Servers) => Promise<T>,
): Promise<T> {
  const site = await startSite(folder, profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`])
  try {
    const bare = await ServerProcess.start({ file: bareServerFile, args: [bareFile] })
    try {
      return await work({ site, bare })
    } finally {
      await bare.stop()
    }
  } finally {
    await site.stop()
  }
}

async function measure(
  servers: Servers,
  access: Access,
  documents: number,
  { seconds, only }: BenchOptions,
  say: (line: string) => void,
): Promise<Pick<SizeReport, 'comparisons' | 'memory'>> {
  const [site, bare] = [new MemoryWatch(servers.site), new MemoryWatch(servers.bare)]
  await Promise.all([site.look(), bare.look()])
  const comparisons: Comparison[] = []
  for (const scenario of scenariosFor(access, documents)) {
    if (only && !only.includes(scenario.name)) continue
    say(`${scenario.name}: ${scenario.about}`)
    await requireSameGist(scenario, servers)
    comparisons.push(await compare(scenario, servers, seconds))
    await Promise.all([site.look(), bare.look()])
  }
  return { comparisons, memory: { site: site.memory, bare: bare.memory } }
}

/** Site, bare, site, bare: what slows the machine down for a while meets both. */
async function compare({ name, about, sequence }: Scenario, servers: Servers, seconds: number): Promise<Comparison> {
  const sequences = () => Array.from({ length: CONNECTIONS }, (_, connection) => sequence(connection))
  const [site, bare] = [await Lanes.open(servers.site, sequences()), await Lanes.open(servers.bare, sequences())]
  const [ours, theirs]: [Round[], Round[]] = [[], []]
  const each = seconds / ROUNDS
  try {
    // Unmeasured: code that is met for the first time is slow.
    await site.run(each)
    await bare.run(each)
    for (let round = 0; round < ROUNDS; round += 1) {
      ours.push(await site.run(each))
      theirs.push(await bare.run(each))
    }
  } finally {
    site.close()
    bare.close()
  }
  return comparisonOf(name, about, ours, theirs)
}

/** @throws {Error} when the two servers do not answer alike: they would not be doing the same work */
async function requireSameGist({ name, sequence, gist }: Scenario, { site, bare }: Servers): Promise<void> {
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

class MemoryWatch {
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
