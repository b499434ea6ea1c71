import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compare, CONNECTIONS, MemoryWatch, requireSameGist, type Servers } from './comparing.ts'
import { fillItems } from './data/fill-items.ts'
import { makeData, PERSON, providerOf, REDIRECT, type Access } from './data/site-data.ts'
import type { BenchOptions } from './options.ts'
import { measureProcesses } from './processes.ts'
import { startPeer, type Peer } from './provider/peer/peer.ts'
import { measureCosts } from './provider/costs.ts'
import { measureTokens } from './provider/many-tokens.ts'
import { prepareCodes } from './provider/prepared-codes.ts'
import { PROVIDER_KINDS, providerScenarios } from './provider/provider-scenarios.ts'
import { machineName, wantedOf, type Comparison, type Report, type SizeReport } from './report.ts'
import { scenariosFor, type Scenario } from './scenarios.ts'
import { ServerProcess } from './server-process.ts'
import { ADMIN_PASSWORD, databaseIn, startSite, withFolder, withServers } from './site-process.ts'
import { measureTokenCheck } from './token-check.ts'

/** More than any server here exchanges: when they are used up, the next one is refused and the bench stops. */
const CODES_PER_SECOND = 8000
/** Items that come into the database through the site's own doors; the others are written as its verbs write them. */
const MADE_BY_THE_SITE = 10_000
const bareServerFile = new URL('./bare/bare-server.ts', import.meta.url)

/**
 * Measures a real site beside a bare handler and another provider, all on SQLite, and takes away all it made.
 *
 * @param say - is told what it is doing
 */
export async function runBench(options: BenchOptions, say: (line: string) => void): Promise<Report> {
  const { seconds, documents } = options
  const sizes: SizeReport[] = []
  for (const count of documents) sizes.push(await withFolder((folder) => measureSize(folder, count, options, say)))
  const measured = {
    sizes,
    processes: options.postgres ? await measureProcesses(seconds, say) : [],
    ...(options.tokens > 0 ? { tokens: await measureTokens(options.tokens, seconds, say) } : {}),
    costs: options.costs ? await measureCosts(seconds, say) : [],
  }
  return {
    node: process.version,
    machine: machineName(),
    options: { seconds, documents, connections: CONNECTIONS },
    ...measured,
    wanted: wantedOf(measured),
  }
}

async function measureSize(folder: string, documents: number, options: BenchOptions, say: (line: string) => void): Promise<SizeReport> {
  say(`making ${documents} documents`)
  const codes = asksProvider(options) ? Math.ceil(CODES_PER_SECOND * options.seconds) : 0
  const access = await prepare(folder, documents, codes)
  const bareFile = join(folder, 'bare.db')
  await copyFile(databaseIn(folder), bareFile)
  say('token check')
  const tokenCheck = await measureTokenCheck(bareFile, access.tokens[0]?.access_token ?? '', options.seconds)
  const measured = await withServers(async (start) => {
    const { profile } = options
    const nodeArgs = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
    const site = await start(startSite(folder, { nodeArgs }))
    const bare = await start(ServerProcess.start({ file: bareServerFile, args: [bareFile] }))
    const peer = codes > 0 ? await startPeer(start, folder, { pairs: CONNECTIONS, codes }) : undefined
    const servers: Servers = { site, bare, ...(peer ? { peer: peer.server } : {}) }
    return measure(servers, kindsOf(access, documents, peer, options), options.seconds, say)
  })
  return { documents, tokenCheck, ...measured }
}

const asksProvider = ({ only }: BenchOptions): boolean => !only || PROVIDER_KINDS.some((kind) => only.includes(kind))

/** The site that makes the data is not the one that is measured, so that what it needed for that does not count. */
async function prepare(folder: string, documents: number, codes: number): Promise<Access> {
  const own = Math.min(documents, MADE_BY_THE_SITE)
  const access = await withServers(async (start) => makeData((await start(startSite(folder))).origin, ADMIN_PASSWORD, own, CONNECTIONS))
  const databaseUrl = `sqlite:${databaseIn(folder)}`
  await fillItems(databaseUrl, own, documents)
  await prepareCodes(databaseUrl, { user: PERSON, client: access.clientId, redirectUri: REDIRECT }, codes)
  return access
}

function kindsOf(access: Access, documents: number, peer: Peer | undefined, { only }: BenchOptions): Scenario[] {
  const all = [...scenariosFor(access, documents), ...providerScenarios(providerOf(access), peer?.provider)]
  return all.filter(({ name }) => !only || only.includes(name))
}

async function measure(
  servers: Servers,
  scenarios: readonly Scenario[],
  seconds: number,
  say: (line: string) => void,
): Promise<Pick<SizeReport, 'comparisons' | 'memory'>> {
  const [site, bare] = [new MemoryWatch(servers.site), new MemoryWatch(servers.bare)]
  await Promise.all([site.look(), bare.look()])
  const comparisons: Comparison[] = []
  for (const scenario of scenarios) {
    say(`${scenario.name}: ${scenario.about}`)
    await requireSameGist(scenario, servers)
    comparisons.push(await compare(scenario, servers, seconds))
    await Promise.all([site.look(), bare.look()])
  }
  return { comparisons, memory: { site: site.memory, bare: bare.memory } }
}
