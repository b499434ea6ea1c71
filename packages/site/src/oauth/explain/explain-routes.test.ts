import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { Browser, ask, connect, person, register, request, swap, tokensOf, type App, type Tokens } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

describe.each(engines)('The page that explains, on %s', (engine) => {
  let provider: Provider
  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  async function connected(scope: string): Promise<{ user: string; app: App; tokens: Tokens }> {
    const user = await person(provider)
    const app = await register(provider, { scopes: 'openid Item:*' })
    return { user, app, tokens: await connect(provider, await new Browser(provider).signIn(user), app, { scope }) }
  }

  it('has a page: for one incident, for an own app, for a token, and for who may not be told', async () => {
    const { user, app, tokens } = await connected('Item:read')
    const browser = await new Browser(provider).signIn(user)
    const page = await browser.get('/explain')
    expect(page.status).toBe(200)
    expect(page.text).toContain('Field Sales')
    const csrf_token = /name="csrf_token" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
    const post = (fields: Record<string, string>) => browser.post('/explain', { csrf_token, ...fields })
    const own = await post({ client: app.id, right: 'write', doctype: 'Item' })
    expect(own.text).toContain('It is refused')
    expect(own.text).toContain('do not cover Item:write')
    const byToken = await post({ token: tokens.access, right: 'read', doctype: 'Item' })
    expect(byToken.text).toContain('It is allowed now')
    expect(byToken.text).not.toContain(tokens.access)
    const incident = await provider.audit.refuse({
      event: 'scope refused',
      user,
      client: app.id,
      scope: 'Sales.Invoice:read',
      act: 'list Sales Invoice',
    })
    const found = await post({ incident })
    expect(found.text).toContain('list Sales Invoice')
    expect((await browser.get(`/explain?incident=${incident}`)).text).toContain(`value="${incident}"`)
    const stranger = await new Browser(provider).signIn(await person(provider))
    const theirs = await stranger.post('/explain', {
      csrf_token: /name="csrf_token" value="([^"]*)"/.exec((await stranger.get('/explain')).text)?.[1] ?? '',
      incident,
    })
    expect(theirs.status).toBe(403)
    expect(theirs.text).toContain(`Ask a System Manager with this incident id: ${incident}`)
    expect(theirs.text).not.toContain('list Sales Invoice')
    expect((await post({ incident: '<script>' })).text).not.toContain('<script>')
    expect((await browser.post('/explain', { incident })).status).toBe(400)
    expect((await new Browser(provider).get('/explain')).location?.pathname).toBe('/login')
    expect((await ask(provider, '/explain', { headers: { authorization: `Bearer ${tokens.access}` } })).location?.pathname).toBe('/login')
  })

  it('leaves in the trail who was given tokens and who was refused them, and from where', async () => {
    const { user, app } = await connected('Item:read')
    const browser = await new Browser(provider).signIn(user)
    const code = await browser.code(request(app, { scope: 'Item:read' }))
    expect(tokensOf(await swap(provider, app, code)).access).toMatch(/^at/)
    expect((await swap(provider, app, 'ac1_wrong')).status).toBe(400)
    await provider.audit.flush()
    const entries = await provider.trail.latest({ client: app.id }, 50)
    expect(entries.find((entry) => entry.event === 'oauth.token.issued')).toMatchObject({
      user,
      ip: '127.0.0.1',
      detail: { grant_type: 'authorization_code', scope: 'Item:read' },
    })
    expect(entries.find((entry) => entry.event === 'oauth.token.refused')).toMatchObject({
      ip: '127.0.0.1',
      detail: { reason: 'invalid_grant', act: 'authorization_code' },
    })
    expect(entries.find((entry) => entry.event === 'oauth.grant.created')).toMatchObject({ user, ip: '127.0.0.1' })
  })
})
