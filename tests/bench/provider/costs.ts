import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { CONNECTIONS } from '../comparing.ts'
import { GROUPS } from '../data/item-doctype.ts'
import { letFilteredAppIn, makeData, PERSON, providerOf, REDIRECT, type Access } from '../data/site-data.ts'
import { scenariosFor, type Scenario } from '../scenarios.ts'
import type { ServerProcess } from '../server-process.ts'
import { ADMIN_PASSWORD, databaseIn, startSite, withFolder, withServers } from '../site-process.ts'
import { prepareCodes } from './prepared-codes.ts'
import { providerScenarios } from './provider-scenarios.ts'
import { costOf, type Cost } from './variants.ts'

const DOCUMENTS = 1000
const CODES_PER_SECOND = 8000
/** Every Item meets it, so that both tokens reach the same documents. */
const ROW_FILTERS = { Item: [['item_group', 'in', GROUPS]] }
const switchedUsage = new URL('./compositions/switched-usage.ts', import.meta.url)
const withoutSealing = new URL('./compositions/without-sealing.ts', import.meta.url)

/** Measures what single promises of the site cost a call: counted use, row filters, a sealed trail. */
export async function measureCosts(seconds: number, say: (line: string) => void): Promise<Cost[]> {
  return withFolder(async (root) => {
    const folders = { whole: join(root, 'whole'), less: join(root, 'less') }
    const [access, filtered] = await withServers(async (start) => {
      const { origin } = await start(startSite(folders.whole))
      const made = await makeData(origin, ADMIN_PASSWORD, DOCUMENTS, CONNECTIONS)
      return [made, { ...made, ...(await letFilteredAppIn(origin, ADMIN_PASSWORD, CONNECTIONS, ROW_FILTERS)) }]
    })
    const codes = { user: PERSON, client: access.clientId, redirectUri: REDIRECT }
    await prepareCodes(`sqlite:${databaseIn(folders.whole)}`, codes, Math.ceil(CODES_PER_SECOND * seconds))
    await cp(folders.whole, folders.less, { recursive: true })
    const kinds = new Map([...scenariosFor(access, DOCUMENTS), ...providerScenarios(providerOf(access))].map((kind) => [kind.name, kind]))
    const compared = (what: string, kind: string, without: ServerProcess, whole: ServerProcess): Promise<Cost> => {
      say(`${what}, ${kind}`)
      const { sequence } = kinds.get(kind)!
      return costOf(`${what}, ${kind}`, { without: { server: without, sequence }, with: { server: whole, sequence } }, seconds)
    }
    return withServers(async (start) => {
      const switched = await start(startLess(folders.less, switchedUsage))
      const usage = [
        await counted(kinds.get('token')!, switched, seconds, say),
        await counted(kinds.get('document')!, switched, seconds, say),
      ]
      await switched.stop()
      const whole = await start(startSite(folders.whole))
      const unsealed = await start(startLess(folders.less, withoutSealing))
      const sealing = await compared('audit sealing', 'exchange', unsealed, whole)
      return [...usage, ...(await filterCosts(whole, access, filtered, seconds, say)), sealing]
    })
  })
}

export const COUNTERS = 'usage counters'
/** What counting costs is small: many rounds, each of them short, so that the machine is the same to both of a pair. */
const PAIRS = 40
const LONGER = 3

/** One site that counts in one round and not in the next; what it counted is written within the round. */
function counted({ name, sequence }: Scenario, server: ServerProcess, seconds: number, say: (line: string) => void): Promise<Cost> {
  const what = `${COUNTERS}, ${name}`
  say(what)
  const variant = (before: string) => ({ server, sequence, words: { before, after: 'write' } })
  return costOf(what, { without: variant('count nothing'), with: variant('count') }, LONGER * seconds, PAIRS)
}

const startLess = (folder: string, { href }: URL): Promise<ServerProcess> => startSite(folder, { nodeArgs: ['--import', href] })

async function filterCosts(
  server: ServerProcess,
  free: Access,
  filtered: Access,
  seconds: number,
  say: (line: string) => void,
): Promise<Cost[]> {
  const withFilter = kindsOf(filtered)
  const costs: Cost[] = []
  for (const [index, { name, sequence }] of kindsOf(free).entries()) {
    const what = `row filter, ${name}`
    say(what)
    costs.push(await costOf(what, { without: { server, sequence }, with: { server, sequence: withFilter[index]!.sequence } }, seconds))
  }
  return costs
}

const kindsOf = (access: Access): Scenario[] => scenariosFor(access, DOCUMENTS).filter(({ name }) => name === 'list' || name === 'document')
