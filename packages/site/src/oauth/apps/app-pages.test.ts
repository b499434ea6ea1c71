import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { Browser, REDIRECT, connect, me, person, register, renew, request, type App, type Reply } from '../testing/app.fixture.ts'
import { csrfOf, fieldsOf } from '../testing/forms.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { tokenKey } from '../token-text.ts'

describe.each(engines)('the pages on what apps do, on %s', (engine) => {
  let provider: Provider
  let sam: Browser
  let csrf: string

  beforeAll(async () => {
    provider = await openProvider(engine)
    sam = await new Browser(provider).signIn(await person(provider, { roles: [{ role: 'System Manager' }, { role: 'Desk User' }] }))
    csrf = csrfOf(await sam.get('/connected-apps/new'))
  })
  afterAll(() => provider.close())

  const user = async (): Promise<{ name: string; browser: Browser; csrf_token: string }> => {
    const name = await person(provider)
    const browser = await new Browser(provider).signIn(name)
    return { name, browser, csrf_token: csrfOf(await browser.get('/my-apps')) || csrfOf(await browser.get('/app')) }
  }
  const grantOf = async (name: string, app: App): Promise<string> => (await provider.grants.list(name, app.id))[0]!.id
  const use = (name: string, app: App, what: string, right: string): Promise<void> =>
    grantOf(name, app).then((grant) => provider.oauth.usage.used({ client: app.id, grant, hash: `a token of ${grant}` }, what, right))

  describe('My apps', () => {
    it('shows what one app did, from where, and what it was refused', async () => {
      const { name, browser } = await user()
      const app = await register(provider, { app_name: 'Route planner', scopes: 'openid Item:read' })
      const { access } = await connect(provider, browser, app, { scope: 'openid Item:read' })
      await me(provider, access)
      await use(name, app, 'Item', 'read')
      const used = { client: app.id, grant: await grantOf(name, app), hash: tokenKey(access) }
      provider.oauth.usage.refused(used, 'scope', 'list Customer', 'Customer:read')
      const page = await browser.get(`/my-apps/${app.id}`)
      expect(page.status).toBe(200)
      for (const words of ['Route planner', 'Read Item', '127.0.0.*', 'It was not granted Customer:read', '<svg', 'Access token'])
        expect(page.text).toContain(words)
      expect(page.text).not.toContain(access)
    })

    it('ends one token, one connection, and all of them', async () => {
      const { name, browser } = await user()
      const [one, two] = [await register(provider), await register(provider)]
      const first = await connect(provider, browser, one)
      const second = await connect(provider, browser, two)
      const page = await browser.get(`/my-apps/${one.id}`)
      const csrf_token = csrfOf(page)
      const [, token = ''] = /name="token" value="([0-9a-v]{9}[0-9a-f]{64})"/.exec(page.text) ?? []
      expect((await browser.post('/my-apps/end-token', { token })).status).toBe(400)
      for (const [, hash = ''] of page.text.matchAll(/name="token" value="([0-9a-v]{9}[0-9a-f]{64})"/g))
        expect((await browser.post('/my-apps/end-token', { token: hash, csrf_token })).status).toBe(303)
      expect((await me(provider, first.access)).status).toBe(401)
      expect((await renew(provider, one, first.refresh)).status).toBe(400)
      expect(await provider.grants.list(name, one.id)).toHaveLength(1)
      expect((await browser.post('/my-apps/end-grant', { grant: await grantOf(name, one), csrf_token })).location?.pathname).toBe(
        '/my-apps',
      )
      expect(await provider.grants.list(name, one.id)).toHaveLength(0)
      expect((await me(provider, second.access)).status).toBe(200)
      expect((await browser.post('/my-apps/end-all', { csrf_token })).status).toBe(303)
      expect((await me(provider, second.access)).status).toBe(401)
    })

    it('lets nobody end or see what is another’s', async () => {
      const [alice, bob] = [await user(), await user()]
      const app = await register(provider)
      const tokens = await connect(provider, alice.browser, app)
      const grant = await grantOf(alice.name, app)
      const [, token = ''] =
        /name="token" value="([0-9a-v]{9}[0-9a-f]{64})"/.exec((await alice.browser.get(`/my-apps/${app.id}`)).text) ?? []
      const csrf_token = csrfOf(await bob.browser.get('/app'))
      expect((await bob.browser.get(`/my-apps/${app.id}`)).status).toBe(404)
      expect((await bob.browser.post('/my-apps/end-grant', { grant, csrf_token })).status).toBe(404)
      expect((await bob.browser.post('/my-apps/end-token', { token, csrf_token })).status).toBe(404)
      for (const path of ['end-grant', 'end-token', 'end-all', 'state', 'take-away'])
        expect((await bob.browser.post(`/connected-apps/${app.id}/${path}`, { grant, token, csrf_token })).status).toBe(403)
      for (const path of ['/connected-apps/approvals', `/connected-apps/${app.id}/use`])
        expect((await bob.browser.get(path)).status).toBe(403)
      expect((await me(provider, tokens.access)).status).toBe(200)
    })
  })

  describe('Connected Apps', () => {
    it('shows every setting and saves it', async () => {
      const app = await register(provider, { allowed_roles: [{ role: 'All' }] })
      const path = `/connected-apps/${app.id}`
      const fields = fieldsOf(await sam.get(path), path)
      expect(fields).toMatchObject({
        app_name: 'Field Sales',
        allowed_roles: 'All',
        access_token_lifetime: '3600',
        authorization_policy: 'Roles',
      })
      const changed = {
        ...fields,
        contact: 'ops@example.com',
        allowed_roles: 'All\r\nDesk User',
        scopes: 'openid Item:read',
        row_filters: '{"Item": [["title", "=", "x"]]}',
        ip_ranges: '127.0.0.0/8',
        allowed_origins: 'https://spa.example.com',
        access_token_lifetime: '600',
        requests_per_second: '50',
        revoke_mode: 'token-only',
        short_verifier: '1',
      }
      expect((await sam.post(path, changed)).location?.pathname).toBe(path)
      expect(await provider.oauth.clients.read(ADMINISTRATOR, app.id)).toMatchObject({
        contact: 'ops@example.com',
        allowed_roles: [{ role: 'All' }, { role: 'Desk User' }],
        ip_ranges: '127.0.0.0/8',
        access_token_lifetime: 600,
        requests_per_second: 50,
        revoke_mode: 'token-only',
        short_verifier: 1,
      })
      const page = await sam.get(path)
      expect(page.text).toMatch(/Only documents of Item where\s+Title is x/)
      expect(page.text).toContain('its PKCE verifiers may be too short (not used yet)')
      expect(fieldsOf(page, path)).toEqual({ ...changed, allowed_roles: 'All\nDesk User' })
      const refused = await sam.post(path, { ...changed, ip_ranges: 'here', contact: 'new@example.com' })
      expect(refused.status).toBe(417)
      expect(fieldsOf(refused, path)).toMatchObject({ ip_ranges: 'here', contact: 'new@example.com' })
    })

    it('makes a new app that acts for itself as a named user, and says what lacks', async () => {
      const form = fieldsOf(await sam.get('/connected-apps/new'), '/connected-apps/new')
      const make = (values: Record<string, string>): Promise<Reply> =>
        sam.post('/connected-apps/new', { ...form, app_name: 'Night batch', scopes: 'Item:read', ...values })
      for (const kind of ['service', 'agent']) {
        const lacking = await make({ kind })
        expect(lacking.status).toBe(417)
        expect(lacking.text).toContain('Service User: name the user')
        const service_user = await person(provider)
        const id = /<code>([0-9a-z]+)<\/code>/.exec((await make({ kind, service_user })).text)?.[1] ?? ''
        expect(await provider.oauth.clients.read(ADMINISTRATOR, id)).toMatchObject({ kind, service_user, redirect_uris: '' })
      }
      const web = await make({ kind: 'web' })
      expect([web.status, fieldsOf(web, '/connected-apps/new')['app_name']]).toEqual([417, 'Night batch'])
    })

    it('leaves alone what a form without them does not name', async () => {
      const app = await register(provider, { contact: 'ops@example.com', unfenced: 1 })
      const path = `/connected-apps/${app.id}`
      const values = {
        csrf_token: csrf,
        app_name: 'Short',
        redirect_uris: REDIRECT,
        scopes: 'openid all',
        required_scopes: '',
        optional_scopes: '',
        kind: 'web',
      }
      expect((await sam.post(path, values)).status).toBe(303)
      expect(await provider.oauth.clients.read(ADMINISTRATOR, app.id)).toMatchObject({
        app_name: 'Short',
        contact: 'ops@example.com',
        unfenced: 1,
      })
    })

    it('shows the secret of the event calls once, when there is an event address', async () => {
      const app = await register(provider)
      const path = `/connected-apps/${app.id}`
      const reply = await sam.post(path, { ...fieldsOf(await sam.get(path), path), event_uri: 'https://app.example.com/events' })
      expect(reply.text).toMatch(/whsec_[A-Za-z0-9+/=]{20,}/)
      expect((await sam.get(path)).text).not.toContain('whsec_')
    })

    it('suspends an app, lets it go on, and retires it', async () => {
      const { browser } = await user()
      const app = await register(provider)
      const { access } = await connect(provider, browser, app)
      const path = `/connected-apps/${app.id}`
      const to = (state: string): Promise<Reply> => sam.post(`${path}/state`, { state, csrf_token: csrf })
      expect((await to('Suspended')).location?.pathname).toBe(path)
      expect((await me(provider, access)).status).toBe(401)
      expect((await sam.get('/connected-apps')).text).toContain('suspended')
      expect((await sam.get(path)).text).toContain('Let this app go on')
      await to('Active')
      expect((await me(provider, access)).status).toBe(200)
      expect((await to('Retired')).status).toBe(417)
      await sam.post(`${path}/retire`, { csrf_token: csrf })
      expect((await me(provider, access)).status).toBe(401)
      const page = await sam.get(path)
      expect(page.text).not.toContain(`${path}/state`)
      expect(page.text).toContain('This app is retired')
    })

    it('shows who is connected, and ends a token, a connection and all of them', async () => {
      const app = await register(provider)
      const people = [await user(), await user(), await user()]
      const tokens = await Promise.all(people.map(({ browser }) => connect(provider, browser, app)))
      const path = `/connected-apps/${app.id}`
      const page = await sam.get(`${path}/use`)
      for (const { name } of people) expect(page.text).toContain(name)
      expect(page.text).toContain('<title>Field Sales')
      for (const act of ['end-token', 'end-grant', 'end-all']) expect(page.text).toContain(`action="${path}/${act}"`)
      const [, token = ''] = /name="token" value="([0-9a-v]{9}[0-9a-f]{64})"/.exec(page.text) ?? []
      const ended = await sam.post(`${path}/end-token`, { token, csrf_token: csrf })
      expect([ended.status, ended.location?.pathname]).toEqual([303, `${path}/use`])
      const grant = await grantOf(people[1]!.name, app)
      await sam.post(`${path}/end-grant`, { grant, csrf_token: csrf })
      expect((await me(provider, tokens[1]!.access)).status).toBe(401)
      expect(provider.events.at(-1)).toMatchObject({ event: 'grant.revoked', reason: 'manager_revoked' })
      await sam.post(`${path}/end-all`, { csrf_token: csrf })
      for (const { access } of tokens) expect((await me(provider, access)).status).toBe(401)
    })

    it('lists who waits for approval, and decides', async () => {
      const app = await register(provider, { app_name: 'Payroll', authorization_policy: 'After Approval' })
      const [ann, ben] = [await user(), await user()]
      for (const { browser } of [ann, ben]) await browser.authorize(request(app))
      expect((await sam.get('/connected-apps')).text).toMatch(/Waiting for approval: 2/)
      const page = await sam.get('/connected-apps/approvals')
      expect(page.text).toContain('Payroll')
      const decide = (name: string, decision: string): Promise<Reply> =>
        sam.post('/connected-apps/approvals', { client: app.id, user: name, decision, csrf_token: csrf })
      expect((await decide(ann.name, 'approve')).location?.pathname).toBe('/connected-apps/approvals')
      expect((await decide(ben.name, 'refuse')).status).toBe(303)
      expect((await decide(ben.name, 'perhaps')).status).toBe(417)
      expect((await sam.get('/connected-apps/approvals')).text).toContain('Nobody is waiting')
      expect((await connect(provider, ann.browser, app)).access).toMatch(/^at/)
    })

    it('lists whom one has approved and refused, and lets one decide anew', async () => {
      const app = await register(provider, { app_name: 'Archive', authorization_policy: 'After Approval' })
      const { name, browser } = await user()
      await browser.authorize(request(app))
      const decide = (decision: string): Promise<Reply> =>
        sam.post('/connected-apps/approvals', { client: app.id, user: name, decision, csrf_token: csrf })
      /** What the page offers to do about the user. */
      const offered = async (): Promise<string[]> => {
        const { text } = await sam.get('/connected-apps/approvals')
        const card = text.split('<form').find((form) => form.includes(app.id)) ?? ''
        return [...card.matchAll(/name="decision" value="(\w+)"/g)].map(([, decision = '']) => decision)
      }
      expect(await offered()).toEqual(['approve', 'refuse'])
      await decide('refuse')
      expect([await offered(), (await sam.get('/connected-apps')).text.includes('/connected-apps/approvals')]).toEqual([['approve'], true])
      await decide('approve')
      expect((await connect(provider, browser, app)).access).toMatch(/^at/)
      expect(await offered()).toEqual(['refuse'])
    })

    it('advises on rights that nobody used, and takes them away from tokens to come', async () => {
      const { name, browser } = await user()
      const scope = 'openid Item:read Item:write'
      const app = await register(provider, { scopes: scope, required_scopes: 'Item:write', redirect_uris: REDIRECT })
      const tokens = await connect(provider, browser, app, { scope })
      const path = `/connected-apps/${app.id}`
      expect((await sam.get(path)).text).not.toContain('was never used')
      await provider.documents.update(ADMINISTRATOR, {
        doctype: 'OAuth Settings',
        name: 'OAuth Settings',
        values: { unused_right_days: 1 },
      })
      provider.advance(2 * 86_400)
      const late = await new Browser(provider).signIn(
        await person(provider, { roles: [{ role: 'System Manager' }, { role: 'Desk User' }] }),
      )
      await use(name, app, 'Item', 'read')
      const page = await late.get(path)
      expect(page.text).toContain('Item:write was never used in 1 days.')
      const taken = await late.post(`${path}/take-away`, { scope: 'Item:write', csrf_token: csrfOf(page) })
      expect(taken.location?.pathname).toBe(path)
      expect(await provider.oauth.clients.read(ADMINISTRATOR, app.id)).toMatchObject({ scopes: 'openid\nItem:read', required_scopes: '' })
      const renewed = await renew(provider, app, tokens.refresh)
      expect([renewed.status, renewed.json['scope']]).toEqual([200, 'openid Item:read'])
      expect((await late.post(`${path}/take-away`, { scope: 'Item:write', csrf_token: csrfOf(page) })).status).toBe(417)
    })
  })
})
