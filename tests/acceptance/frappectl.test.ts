import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../support/callers/api.ts'
import { Visitor } from '../support/callers/visitor.ts'
import { BrowserPipe } from '../support/clients/browser-pipe.ts'
import { NotInstalled } from '../support/clients/install-once.ts'
import { pythonPrograms } from '../support/clients/python.ts'
import { run, type Ran } from '../support/clients/run.ts'
import { engines } from '../support/databases.ts'
import { freePort } from '../support/free-port.ts'
import { startSite, type RunningSite } from '../support/site.ts'

const near = (name: string): string => fileURLToPath(new URL(`oauth-python/${name}`, import.meta.url))
const ALICE = {
  email: 'alice@example.com',
  first_name: 'Alice',
  new_password: 'Corr3ct-horse-alice',
  roles: [{ role: 'Desk User' }, { role: 'Sales User' }],
}
const CUSTOMER = {
  name: 'Customer',
  module: 'Selling',
  custom: 1,
  autoname: 'field:customer_name',
  fields: [{ fieldname: 'customer_name', fieldtype: 'Data', label: 'Customer Name', reqd: 1 }],
  permissions: [{ role: 'Sales User' }],
}

interface LivingApp {
  readonly client: string
  readonly app_name: string
  readonly scopes: readonly string[]
  readonly grants: readonly { readonly tokens: readonly { readonly token: string; readonly kind: string }[] }[]
}

const bin = await pythonPrograms(near('frappectl.txt'))
const missing = bin instanceof NotInstalled
const reason = missing ? `: ${bin.message}` : ''

describe.skipIf(missing).each(engines)(`frappectl, unchanged, on %s${reason}`, (engine) => {
  let site: RunningSite
  let admin: Api
  let alice: Api
  let home: string
  let browser: BrowserPipe
  beforeAll(async () => {
    site = await startSite(engine)
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('Role', { role_name: 'Sales User', desk_access: 1 })
    await admin.insert('DocType', CUSTOMER)
    await admin.insert('User', ALICE)
    await admin.insert('Customer', { customer_name: 'Acme' })
    await admin.update('OAuth Settings', 'OAuth Settings', { dynamic_registration: 'Open', registration_scopes: 'all openid' })
    alice = await Api.signIn(site.url, ALICE.email, ALICE.new_password)
  })
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'annex-frappectl-'))
    await mkdir(join(home, '.config'))
    browser = await BrowserPipe.open(home)
  })
  afterAll(async () => {
    await site.close()
    await rm(home, { recursive: true, force: true })
  })

  const environment = () => ({
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_DATA_HOME: join(home, '.local'),
    PYTHON_KEYRING_BACKEND: 'keyrings.alt.file.PlaintextKeyring',
    PYTHONWARNINGS: 'ignore',
    BROWSER: browser.program,
    TERM: 'dumb',
    NO_COLOR: '1',
  })
  const frappectl = (...args: readonly string[]): Promise<Ran> => run(join(String(bin), 'frappectl'), args, environment())

  /** What a command printed as JSON. */
  async function json(...args: readonly string[]): Promise<unknown> {
    const ran = await frappectl('-s', 't', ...args, '--json')
    expect(ran, args.join(' ')).toMatchObject({ code: 0 })
    return JSON.parse(ran.stdout) as unknown
  }

  /** Signs in at a terminal, with a person at the browser that it opens: sign-in page, consent page, and back. */
  async function logIn(decision: 'allow' | 'deny' = 'allow'): Promise<Ran> {
    const login = ['auth', 'login', site.url, '--oauth', '--name', 't', '--description', 'd', '--writable']
    const port = ['--oauth-port', String(await freePort('127.0.0.1'))]
    const terminal = [near('at_a_terminal.py'), join(String(bin), 'frappectl'), ...login, ...port]
    const ended = run(join(String(bin), 'python'), terminal, environment())
    return browser.during(ended, (request) => atTheBrowser(request, decision))
  }

  async function atTheBrowser(request: string, decision: 'allow' | 'deny'): Promise<void> {
    const visitor = new Visitor(site.url)
    const away = await visitor.get(request)
    expect(away.location?.pathname).toBe('/login')
    await visitor.signIn(ALICE.email, ALICE.new_password, away.location?.href)
    const consent = await visitor.get(request)
    expect(consent.text).toContain('frappectl')
    const back = await visitor.press(consent, decision)
    expect((await fetch(back.location ?? '')).status).toBe(200)
  }

  const living = async (): Promise<readonly LivingApp[]> => (await alice.get('annex.apps.mine')).body['message'] as readonly LivingApp[]

  /** What the program calls the site with, by its hashes. */
  const accessTokens = async (): Promise<readonly string[]> =>
    (await living()).flatMap(({ grants }) =>
      grants.flatMap(({ tokens }) => tokens.filter(({ kind }) => kind === 'access').map(({ token }) => token)),
    )
  const endAccess = async (): Promise<readonly string[]> => {
    const tokens = await accessTokens()
    for (const token of tokens) expect((await alice.post('annex.apps.end', { token })).status).toBe(200)
    return tokens
  }

  it('is told that the person refused', async () => {
    const ran = await logIn('deny')
    expect(ran.code).not.toBe(0)
    expect(ran.stdout).toContain('access_denied')
    expect(await living()).toEqual([])
  })

  it('signs a person in: finds the endpoints, registers itself, and comes back from the consent page with tokens', async () => {
    const ran = await logIn()
    expect(ran, ran.stdout).toMatchObject({ code: 0 })
    expect(ran.stdout).toContain(`logged in as ${ALICE.email}`)
    expect(await living()).toMatchObject([{ app_name: 'frappectl', scopes: ['openid', 'all'] }])
  })

  it('says who it is, lists, makes and reads documents and definitions, and calls methods', async () => {
    expect(JSON.stringify(await json('auth', 'whoami'))).toContain(ALICE.email)
    expect(JSON.stringify(await json('doc', 'list', 'Customer'))).toContain('Acme')
    const made = await json('doc', 'create', 'Customer', '--set', 'customer_name=Bolt')
    expect(made).toMatchObject({ name: 'Bolt', owner: ALICE.email })
    expect(await admin.read('Customer', 'Bolt')).toMatchObject({ owner: ALICE.email })
    expect(JSON.stringify(await json('doctype', 'show', 'Customer'))).toContain('customer_name')
    const counted = await frappectl('-s', 't', 'api', 'method/frappe.client.get_count', '-F', 'doctype=Customer')
    expect(counted).toMatchObject({ code: 0 })
    expect(counted.stdout).toContain('2')
  })

  it('renews its tokens by itself when one is refused', async () => {
    const [before] = await living()
    const ended = await endAccess()
    expect(ended).toHaveLength(1)
    expect(await accessTokens()).toEqual([])
    expect(JSON.stringify(await json('doc', 'list', 'Customer'))).toContain('Acme')
    expect((await living()).map(({ client }) => client)).toEqual([before?.client])
    const renewed = await accessTokens()
    expect(renewed).toHaveLength(1)
    expect(renewed).not.toEqual(ended)
  })

  it('renews its tokens before they end, when they are about to', async () => {
    const [app] = await living()
    await admin.update('OAuth Client', app?.client ?? '', { access_token_lifetime: 60 })
    await endAccess()
    // The first call gets a token of a minute, which the program takes for spent: each further one renews it anew.
    const seen = new Set<string>()
    for (const _ of [1, 2, 3]) {
      expect(JSON.stringify(await json('auth', 'whoami'))).toContain(ALICE.email)
      for (const token of await accessTokens()) seen.add(token)
    }
    expect(seen.size).toBeGreaterThanOrEqual(3)
    expect(await living()).toHaveLength(1)
  })

  it('signs out, and nothing that it held is alive', async () => {
    expect(await frappectl('auth', 'logout', 't')).toMatchObject({ code: 0 })
    expect(await living()).toEqual([])
    expect((await frappectl('-s', 't', 'auth', 'whoami')).code).not.toBe(0)
  })
})
