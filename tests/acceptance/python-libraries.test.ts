import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../support/callers/api.ts'
import { registerApp, type App } from '../support/callers/connected-app.ts'
import { Visitor } from '../support/callers/visitor.ts'
import { NotInstalled } from '../support/clients/install-once.ts'
import { engines } from '../support/databases.ts'
import { startSite, type RunningSite } from '../support/site.ts'
import { PythonApp, expectNothingAlive, libraries, olderLibraries } from './python-libraries.fixture.ts'

const ALICE = {
  email: 'alice@example.com',
  first_name: 'Alice',
  last_name: 'Example',
  new_password: 'Corr3ct-horse-alice',
}
const doctype = (name: string): Record<string, unknown> => ({
  name,
  module: 'Stock',
  custom: 1,
  autoname: 'field:title',
  fields: [{ fieldname: 'title', fieldtype: 'Data', label: 'Title', unique: 1 }],
  permissions: [{ role: 'All', read: 1 }],
})
const WHO = '/api/method/frappe.auth.get_logged_user'

const [bin, older] = await Promise.all([libraries, olderLibraries])
const missing = [bin, older].find((each) => each instanceof NotInstalled)
const reason = missing ? `: ${missing.message}` : ''

describe.skipIf(missing).each(engines)(`Python's libraries, unchanged, on %s${reason}`, (engine) => {
  let site: RunningSite
  let admin: Api
  let api: Api
  let alice: Visitor
  const apps: PythonApp[] = []
  beforeAll(async () => {
    site = await startSite(engine)
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    for (const name of ['Item', 'Customer']) await admin.insert('DocType', doctype(name))
    await admin.insert('User', ALICE)
    api = await Api.signIn(site.url, ALICE.email, ALICE.new_password)
    alice = await new Visitor(site.url).signIn(ALICE.email, ALICE.new_password)
  })
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close()
  })
  afterAll(() => site.close())

  async function open(python: unknown, script: string, app: App, scope: string, ...more: readonly string[]): Promise<PythonApp> {
    const opened = await PythonApp.open(String(python), script, site.url, app, scope, ...more)
    apps.push(opened)
    return opened
  }

  /** Over the consent page, to the address that the browser is sent back to. */
  const allow = async (program: PythonApp, untick: readonly string[] = []): Promise<string> =>
    (await alice.allow(await program.step<string>('authorize'), untick)).href

  describe.each([
    ['2.0.0', bin],
    ['1.3.1', older],
  ])('requests-oauthlib %s', (_version, python) => {
    const scope = 'openid Item:read Customer:read'

    it('signs a person in, calls the API, renews and revokes, with the secret in the body', async () => {
      const app = await registerApp(admin, { scopes: scope })
      const program = await open(python, 'with_requests_oauthlib.py', app, scope)
      const tokens = await program.step('exchange', await allow(program))
      expect(tokens).toMatchObject({ token_type: 'Bearer', scope: scope.split(' ') })
      expect(await program.step('get', WHO)).toEqual({ status: 200, body: { message: ALICE.email } })
      const renewed = await program.step('refresh')
      expect(renewed).toMatchObject({ scope: scope.split(' ') })
      expect(renewed['access_token']).not.toBe(tokens['access_token'])
      expect(await program.step('get', WHO)).toMatchObject({ status: 200 })
      expect(await program.step('revoke')).toEqual({ status: 200, body: {} })
      expect(await program.step('get', WHO)).toMatchObject({ status: 401 })
      expect(await program.tried('refresh')).toMatchObject({ error: 'invalid_grant' })
      await expectNothingAlive(api, app)
    })

    it('renews with the scopes it asked for after a box was unticked, and gets those that were left', async () => {
      const app = await registerApp(admin, { scopes: scope })
      const program = await open(python, 'with_requests_oauthlib.py', app, scope)
      const left = ['openid', 'Item:read']
      expect(await program.step('exchange', await allow(program, ['Customer:read']))).toMatchObject({ scope: left })
      for (const _ of [1, 2]) expect(await program.step('refresh')).toMatchObject({ scope: left })
      expect(await program.step('get', '/api/resource/Item')).toMatchObject({ status: 200 })
      expect(await program.step('get', '/api/resource/Customer')).toMatchObject({ status: 403 })
      await program.step('revoke')
      await expectNothingAlive(api, app)
    })

    it('is refused with a wrong secret, in the words of the RFC', async () => {
      const app = await registerApp(admin, { scopes: scope })
      const program = await open(python, 'with_requests_oauthlib.py', { ...app, secret: 'wrong' }, scope)
      expect(await program.tried('exchange', await allow(program))).toMatchObject({ error: 'invalid_client' })
    })
  })

  describe('Authlib 1.9.9', () => {
    const scope = 'openid profile email Item:read'

    it.each(['client_secret_basic', 'client_secret_post'])(
      'signs a person in by OpenID with PKCE, proves the id_token, renews and revokes, with %s',
      async (method) => {
        const app = await registerApp(admin, { scopes: scope, require_pkce: 1 })
        const program = await open(bin, 'with_authlib.py', app, scope, method)
        const tokens = await program.step('exchange', await allow(program))
        const claims = await program.step('identify')
        expect(claims).toMatchObject({ iss: site.url, aud: app.id, azp: app.id, email: ALICE.email, name: 'Alice Example' })
        const profile = await program.step('profile')
        expect(profile).toMatchObject({ status: 200, body: { sub: claims['sub'], email: ALICE.email, given_name: 'Alice' } })
        const renewed = await program.step('refresh')
        expect(renewed).toMatchObject({ scope, token_type: 'Bearer' })
        expect(renewed['access_token']).not.toBe(tokens['access_token'])
        expect(await program.step('get', '/api/resource/Item')).toEqual({ status: 200, body: { data: [] } })
        expect(await program.step('introspect')).toMatchObject({ active: true, client_id: app.id, scope })
        expect(await program.step('revoke')).toEqual({ status: 200, body: {} })
        expect(await program.step('introspect')).toEqual({ active: false })
        expect(await program.tried('refresh')).toMatchObject({ error: 'invalid_grant' })
        await expectNothingAlive(api, app)
      },
    )

    it('is a public client with no secret', async () => {
      const app = await registerApp(admin, { kind: 'native', scopes: scope })
      const program = await open(bin, 'with_authlib.py', app, scope, 'none')
      await program.step('exchange', await allow(program))
      expect(await program.step('identify')).toMatchObject({ email: ALICE.email })
      expect(await program.step('refresh')).toMatchObject({ scope })
      expect(await program.step('revoke')).toEqual({ status: 200, body: {} })
      await expectNothingAlive(api, app)
    })

    it('acts for itself as its service user, for as long as its token lives', async () => {
      const app = await registerApp(admin, { kind: 'service', service_user: ALICE.email, scopes: 'Item:read' })
      const program = await open(bin, 'with_authlib.py', app, 'Item:read')
      const tokens = await program.step('act_for_itself')
      expect(tokens).toMatchObject({ token_type: 'Bearer', scope: 'Item:read' })
      expect(tokens).not.toHaveProperty('refresh_token')
      expect(await program.step('get', WHO)).toEqual({ status: 200, body: { message: ALICE.email } })
      expect(await program.step('get', '/api/resource/Item')).toEqual({ status: 200, body: { data: [] } })
      expect(await program.step('get', '/api/resource/Customer')).toMatchObject({ status: 403 })
      expect(await program.step('revoke', 'access_token')).toEqual({ status: 200, body: {} })
      expect(await program.step('get', WHO)).toMatchObject({ status: 401 })
    })
  })

  describe('oauthlib 4.0.1 on a device', () => {
    const scope = 'openid Item:read'

    it.each(['allow', 'deny'] as const)('asks for tokens before and after the person decided, who presses %s', async (decision) => {
      const app = await registerApp(admin, { kind: 'native', app_name: 'Terminal', scopes: scope })
      const program = await open(bin, 'on_a_device.py', app, scope)
      const device = await program.step<{ readonly user_code: string; readonly verification_uri_complete: string }>('begin')
      const page = await alice.get(device.verification_uri_complete)
      expect(page.text).toContain(device.user_code)
      expect(await program.tried('ask')).toMatchObject({ error: 'authorization_pending' })
      await alice.press(page, decision)
      if (decision === 'deny') return expect(await program.tried('ask')).toMatchObject({ error: 'access_denied' })
      expect(await program.step('ask')).toMatchObject({ token_type: 'Bearer', scope: scope.split(' ') })
      expect(await program.step('get', WHO)).toEqual({ status: 200, body: { message: ALICE.email } })
    })
  })

  describe('rauth 0.7.3', () => {
    it('signs people of another Frappe in: `openid` alone, and who they are by header, their address among it', async () => {
      const app = await registerApp(admin, { scopes: 'openid all' })
      const program = await open(bin, 'with_rauth.py', app, 'openid')
      const back = await alice.allow(await program.step<string>('authorize', 'a-state'))
      expect(back.searchParams.get('state')).toBe('a-state')
      const person = await program.step('sign_in', back.searchParams.get('code'))
      const body = { email: ALICE.email, name: 'Alice Example', given_name: 'Alice', family_name: 'Example', iss: site.url }
      expect(person).toMatchObject({ status: 200, body })
      expect((person['body'] as { sub: unknown }).sub).toMatch(/./)
    })

    it('gets nobody in with a code that was used', async () => {
      const app = await registerApp(admin, { scopes: 'openid' })
      const program = await open(bin, 'with_rauth.py', app, 'openid')
      const code = (await alice.allow(await program.step<string>('authorize', 'a-state'))).searchParams.get('code')
      await program.step('sign_in', code)
      // The library finds no access_token in the refusal, and says so in its own way.
      expect(await program.tried('sign_in', code)).toMatchObject({ text: expect.stringContaining('invalid_grant') as string })
      await expectNothingAlive(api, app)
    })
  })
})
