import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { CONNECTIONS } from '../comparing.ts'
import { makeData, PERSON, providerOf, REDIRECT, type Access } from '../data/site-data.ts'
import { requestBytes } from '../http-connection.ts'
import type { Sequence } from '../load.ts'
import { scenariosFor, walk, type Scenario } from '../scenarios.ts'
import type { ServerProcess } from '../server-process.ts'
import { ADMIN_PASSWORD, databaseIn, startSite, withFolder, withServers } from '../site-process.ts'
import { filledText, fillTokens, GROUP } from './fill-tokens.ts'
import { prepareCodes } from './prepared-codes.ts'
import { introspection, providerScenarios, type Provider } from './provider-scenarios.ts'
import { measureSweep, type Sweep } from './sweeping.ts'
import { costOf, type Cost } from './variants.ts'

export interface ManyTokens {
  readonly few: number
  readonly many: number
  /** `without` is the site with few tokens, `with` the one with many. */
  readonly kinds: readonly Cost[]
  readonly sweep: Sweep
}

const FEW = 5000
const DOCUMENTS = 1000
/** Tokens that are shown in turn, alike on both sites: the others lie there. */
const SHOWN = 1000
const CODES_PER_SECOND = 8000
const HOUR = 3_600_000_000
const sweepingSite = new URL('./compositions/sweeping-site.ts', import.meta.url)

/** Measures a site with few live tokens beside the same with many, then what is felt of removing a fifth as many that have ended. */
export async function measureTokens(many: number, seconds: number, say: (line: string) => void): Promise<ManyTokens> {
  return withFolder(async (root) => {
    const folders = { few: join(root, 'few'), many: join(root, 'many') }
    say(`making ${FEW} live tokens, and ${many}`)
    const access = await withServers(async (start) =>
      makeData((await start(startSite(folders.few))).origin, ADMIN_PASSWORD, DOCUMENTS, CONNECTIONS),
    )
    const codes = { user: PERSON, client: access.clientId, redirectUri: REDIRECT }
    await prepareCodes(databaseUrl(folders.few), codes, Math.ceil(CODES_PER_SECOND * seconds))
    await fill(folders.few, access, { from: 0, to: FEW, life: HOUR })
    await cp(folders.few, folders.many, { recursive: true })
    await fill(folders.many, access, { from: FEW, to: many, life: HOUR })
    const kinds = await withServers(async (start) =>
      compareKinds({ few: await start(startSite(folders.few)), many: await start(startSite(folders.many)) }, access, many, seconds, say),
    )
    const expired = Math.floor(many / 5)
    say(`removing ${expired} tokens that have ended`)
    await fill(folders.many, access, { from: many, to: many + expired, life: -48 * HOUR })
    const sweep = await withServers(async (start) =>
      measureSweep(
        await start(startSite(folders.many, { file: sweepingSite })),
        scenariosFor(access, DOCUMENTS).filter(({ name }) => name === 'document' || name === 'token'),
        expired,
      ),
    )
    return { few: FEW, many, kinds, sweep }
  })
}

const databaseUrl = (folder: string): string => `sqlite:${databaseIn(folder)}`

const fill = (folder: string, { clientId, service }: Access, part: { from: number; to: number; life: number }): Promise<void> =>
  fillTokens(databaseUrl(folder), { user: PERSON, client: clientId, service: service.id, ...part })

interface Sites {
  readonly few: ServerProcess
  readonly many: ServerProcess
}

async function compareKinds(
  { few, many }: Sites,
  access: Access,
  count: number,
  seconds: number,
  say: (line: string) => void,
): Promise<Cost[]> {
  const [ofFew, ofMany] = [kindsWith(access, FEW), kindsWith(access, count)]
  const costs: Cost[] = []
  for (const [index, { name, sequence }] of ofFew.entries()) {
    say(`${name}, with ${FEW} live tokens and with ${count}`)
    const variants = { without: { server: few, sequence }, with: { server: many, sequence: ofMany[index]!.sequence } }
    costs.push(await costOf(name, variants, seconds))
  }
  return costs
}

/** The kinds that a token is asked for or shown by, over tokens that lie as far apart as they can. */
function kindsWith(access: Access, tokens: number): Pick<Scenario, 'name' | 'sequence'>[] {
  const groups = Math.floor(tokens / GROUP)
  const spread = (index: number, of: number): number => GROUP * Math.floor((index * groups) / of)
  const shown = Array.from({ length: SHOWN }, (_, index) => filledText('access', spread(index, SHOWN)))
  const provider: Provider = {
    ...providerOf(access),
    pairs: access.tokens.map(({ access_token }, index) => ({
      access_token,
      refresh_token: filledText('refresh', spread(index, access.tokens.length) + 1),
    })),
  }
  return [
    { name: 'token', sequence: inTurnOver(shown.map(tokenCheck)) },
    { name: 'introspect', sequence: inTurnOver(shown.map((token) => introspection(provider, token))) },
    ...providerScenarios(provider).filter(({ name }) => name !== 'introspect'),
  ]
}

const inTurnOver =
  (requests: readonly Buffer[]) =>
  (connection: number): Sequence =>
    walk(connection, requests.length, (index) => requests[index]!)

const tokenCheck = (token: string): Buffer =>
  requestBytes({ method: 'GET', path: '/api/method/frappe.auth.get_logged_user', headers: { authorization: `Bearer ${token}` } })
