import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createKeys, type Keys, type UpstreamClient } from '@annex/connector'
import { print } from '../print.ts'
import { Children } from './children.ts'
import { demoBlock } from './demo-block.ts'
import { makeCompany, redirectTo } from './seed.ts'
import { administratorClient } from './administrator-client.ts'
import { appUrl, freePort, isRunning, readState, siteUrl, writeJson, type DemoState } from './state.ts'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const FOLDER = resolve(process.env['ANNEX_DEMO'] ?? join(ROOT, '.annex'))
// Not `site`: there lies what `npm run site` keeps, and that is no demo.
const SITE_FOLDER = join(FOLDER, 'demo-site')
const APP_FOLDER = join(FOLDER, 'field-sales')
const STATE = join(FOLDER, 'demo.json')
const APP_CONFIG = join(FOLDER, 'field-sales.json')
const FIRST_PORTS = { sitePort: 8000, appPort: 8001 }
const SITE_ADDRESSES = ['127.0.0.1']
/** What `localhost` may mean to a browser. */
const APP_ADDRESSES = ['127.0.0.1', '::1']

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

const children = new Children()

/** `npm start`: both sites of the loop, with the trading company in the primary one, until a signal or the end of one ends both. */
async function main(): Promise<void> {
  const stopped = new Promise<void>((done) => {
    // Each may come more than once, from a terminal and from npm; the first is heeded.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => done())
  })
  try {
    await Promise.race([stopped, run()])
  } finally {
    await children.stop()
  }
}

async function run(): Promise<never> {
  const before = await startingState()
  const state = await choosePorts(before)
  await (state.made ? startBoth(before, state) : makeBoth(state))
  print(demoBlock(siteUrl(state), appUrl(state)))
  return children.untilOneEnds()
}

/** A company that was not made to its end is made anew: half of it would puzzle whoever tries the demo. */
async function startingState(): Promise<DemoState> {
  const known = readState(STATE)
  if (known && (await isRunning(known)))
    throw new Error(`The demo runs already, at ${siteUrl(known)} and ${appUrl(known)}; stop it first (process ${known.pid})`)
  const whole = known?.made === true && [APP_CONFIG, SITE_FOLDER].every((path) => existsSync(path))
  if (whole && !process.argv.includes('--fresh')) return known
  for (const path of [SITE_FOLDER, APP_FOLDER, APP_CONFIG]) rmSync(path, { recursive: true, force: true })
  return { ...FIRST_PORTS, ...known, made: false }
}

async function choosePorts(before: DemoState): Promise<DemoState> {
  const sitePort = await freePort(before.sitePort, SITE_ADDRESSES)
  const appPort = await freePort(before.appPort, APP_ADDRESSES, sitePort)
  const ports = [
    ['The primary site', before.sitePort, sitePort],
    ['Field Sales', before.appPort, appPort],
  ] as const
  for (const [name, was, is] of ports)
    if (was !== is && before.made)
      print(`${name} moves: port ${was} is taken, so it runs on ${is} now, and what pointed there is moved along`)
  return { ...before, sitePort, appPort, pid: process.pid }
}

async function makeBoth(state: DemoState): Promise<void> {
  print('Making the demo company (once):')
  writeJson(STATE, state)
  await startSite(state)
  const credentials = await makeCompany(await signedIn(state), appUrl(state), print)
  writeJson(APP_CONFIG, { issuer: siteUrl(state), url: appUrl(state), ...credentials, keys: createKeys() } satisfies AppConfig, 0o600)
  await startApp(state)
  writeJson(STATE, { ...state, made: true })
}

async function startBoth(before: DemoState, state: DemoState): Promise<void> {
  const site = startSite(state)
  if (before.sitePort !== state.sitePort || before.appPort !== state.appPort) await site.then(() => moveApp(state))
  writeJson(STATE, state)
  await Promise.all([site, startApp(state)])
}

/** The site learns where to send people back to, and the app where the site is now; it moves what its vault holds at its start. */
async function moveApp(state: DemoState): Promise<void> {
  const config = JSON.parse(readFileSync(APP_CONFIG, 'utf8')) as AppConfig
  await (await signedIn(state)).update('OAuth Client', config.clientId, redirectTo(appUrl(state)))
  writeJson(APP_CONFIG, { ...config, issuer: siteUrl(state), url: appUrl(state), movedFrom: config.issuer } satisfies AppConfig, 0o600)
}

const startSite = (state: DemoState): Promise<void> =>
  children.start('The primary site', join(ROOT, 'packages/site/src/main.ts'), {
    ANNEX_DATA: SITE_FOLDER,
    ANNEX_HOST: '127.0.0.1',
    PORT: String(state.sitePort),
    ANNEX_ENV: 'development',
    DATABASE_URL: '',
    ANNEX_URL: '',
    ANNEX_UPSTREAM: '',
    ANNEX_ADMIN_PASSWORD: '',
  })

const startApp = (state: DemoState): Promise<void> =>
  children.start('Field Sales', join(ROOT, 'apps/field-sales/src/main.ts'), {
    PORT: String(state.appPort),
    FIELD_SALES_CONFIG: APP_CONFIG,
    FIELD_SALES_DATA: APP_FOLDER,
  })

const signedIn = (state: DemoState): Promise<UpstreamClient> =>
  administratorClient(siteUrl(state), readFileSync(join(SITE_FOLDER, 'admin-password'), 'utf8').trim())

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`annex: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  },
)
