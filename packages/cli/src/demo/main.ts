import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createKeys, type Keys, type UpstreamClient } from '@annex/connector'
import { print } from '../print.ts'
import { Child } from './child.ts'
import { demoBlock } from './demo-block.ts'
import { makeCompany, redirectTo } from './seed.ts'
import { administratorClient } from './administrator-client.ts'
import { appUrl, freePort, readState, siteUrl, writeJson, type DemoState } from './state.ts'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const FOLDER = resolve(process.env['ANNEX_DEMO'] ?? join(ROOT, '.annex'))
const SITE_FOLDER = join(FOLDER, 'site')
const STATE = join(FOLDER, 'demo.json')
const APP_CONFIG = join(FOLDER, 'field-sales.json')
const FIRST_PORTS = { sitePort: 8000, appPort: 8001, made: false }

/** What field-sales reads at its start: the only place where its secret lies. */
interface AppConfig {
  readonly issuer: string
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  readonly keys: Keys
  /** Where the primary was at the app's last start: what its vault holds follows to the new issuer. */
  readonly movedFrom?: string
}

/** `npm start`: both sites of the loop, with the trading company in the primary one. */
async function main(): Promise<void> {
  if (process.argv.includes('--fresh')) rmSync(FOLDER, { recursive: true, force: true })
  const before = startingState()
  const state = await choosePorts(before)
  const [site, app] = state.made ? await startBoth(before, state) : await makeBoth(state)
  print(demoBlock(siteUrl(state), appUrl(state)))
  await untilStopped([site, app])
}

/** A company that was not made to its end is made anew: half of it would puzzle whoever tries the demo. */
function startingState(): DemoState {
  const known = readState(STATE)
  if (known?.made === true && existsSync(APP_CONFIG)) return known
  rmSync(SITE_FOLDER, { recursive: true, force: true })
  rmSync(join(FOLDER, 'field-sales'), { recursive: true, force: true })
  return { ...FIRST_PORTS, ...(known ? { sitePort: known.sitePort, appPort: known.appPort } : {}) }
}

async function choosePorts(before: DemoState): Promise<DemoState> {
  const sitePort = await freePort(before.sitePort, '127.0.0.1')
  const appPort = await freePort(before.appPort === sitePort ? 0 : before.appPort, 'localhost')
  for (const [name, was, is] of [['The primary site', before.sitePort, sitePort], ['Field Sales', before.appPort, appPort]] as const) {
    if (was !== is && before.made) print(`${name} moves: port ${was} is taken, so it runs on ${is} now, and what pointed there is moved along`)
  }
  return { ...before, sitePort, appPort }
}

async function makeBoth(state: DemoState): Promise<[Child, Child]> {
  print('Making the demo company (once):')
  const site = await startSite(state)
  const credentials = await makeCompany(await signedIn(state), appUrl(state), print)
  writeJson(APP_CONFIG, { issuer: siteUrl(state), url: appUrl(state), ...credentials, keys: createKeys() } satisfies AppConfig, 0o600)
  writeJson(STATE, { ...state, made: true, clientId: credentials.clientId })
  return [site, await startApp(state)]
}

async function startBoth(before: DemoState, state: DemoState): Promise<[Child, Child]> {
  if (before.sitePort === state.sitePort && before.appPort === state.appPort) return Promise.all([startSite(state), startApp(state)])
  const site = await startSite(state)
  const config = JSON.parse(readFileSync(APP_CONFIG, 'utf8')) as AppConfig
  await (await signedIn(state)).update('OAuth Client', config.clientId, redirectTo(appUrl(state)))
  writeJson(APP_CONFIG, { ...config, issuer: siteUrl(state), url: appUrl(state), movedFrom: config.issuer } satisfies AppConfig, 0o600)
  writeJson(STATE, state)
  return [site, await startApp(state)]
}

const startSite = (state: DemoState): Promise<Child> =>
  Child.start('The primary site', join(ROOT, 'packages/site/src/main.ts'), {
    ANNEX_DATA: SITE_FOLDER,
    ANNEX_HOST: '127.0.0.1',
    PORT: String(state.sitePort),
    ANNEX_ENV: 'development',
    DATABASE_URL: '',
    ANNEX_URL: '',
    ANNEX_UPSTREAM: '',
    ANNEX_ADMIN_PASSWORD: '',
  })

const startApp = (state: DemoState): Promise<Child> =>
  Child.start('Field Sales', join(ROOT, 'apps/field-sales/src/main.ts'), {
    PORT: String(state.appPort),
    FIELD_SALES_CONFIG: APP_CONFIG,
    FIELD_SALES_DATA: join(FOLDER, 'field-sales'),
  })

const signedIn = (state: DemoState): Promise<UpstreamClient> =>
  administratorClient(siteUrl(state), readFileSync(join(SITE_FOLDER, 'admin-password'), 'utf8').trim())

/** Both stop together: on a signal, or when one of them ends. */
async function untilStopped(children: readonly Child[]): Promise<void> {
  const signalled = new Promise<number>((done) => {
    process.once('SIGINT', () => done(0))
    process.once('SIGTERM', () => done(0))
  })
  const code = await Promise.race([signalled, ...children.map((child) => child.ended)])
  await Promise.all(children.map((child) => child.stop()))
  process.exitCode = code
}

main().catch((error: unknown) => {
  process.stderr.write(`annex: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
