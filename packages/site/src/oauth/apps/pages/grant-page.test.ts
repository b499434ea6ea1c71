import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { Browser, connect, me, person, register, renew, tokensOf, type App, type Tokens } from '../../testing/app.fixture.ts'
import { csrfOf } from '../../testing/forms.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { tokenKey } from '../../token-text.ts'

const SCOPE = 'openid Item:read'

describe.each(engines)('the page of one connection, on %s', (engine) => {
  let provider: Provider
  let sam: Browser
  let ann: Browser
  let user: string
  let app: App
  let tokens: Tokens
  let grant: string

  beforeAll(async () => {
    provider = await openProvider(engine)
    sam = await new Browser(provider).signIn(await person(provider, { roles: [{ role: 'System Manager' }, { role: 'Desk User' }] }))
    user = await person(provider)
    ann = await new Browser(provider).signIn(user)
    app = await register(provider, { app_name: 'Route planner', scopes: SCOPE })
    tokens = await connect(provider, ann, app, { scope: SCOPE })
    grant = (await provider.grants.list(user, app.id))[0]!.id
    const other = await connect(provider, ann, app, { scope: 'openid' })
    await me(provider, tokens.access)
    for (let call = 0; call < 5; call += 1) await me(provider, other.access)
    provider.oauth.usage.used({ client: app.id, grant, hash: tokenKey(tokens.access) }, 'Item', 'read')
    provider.oauth.usage.refused({ client: app.id, grant, hash: tokenKey(tokens.access) }, 'scope', 'list Customer', 'Customer:read')
  })
  afterAll(() => provider.close())

  const pathOf = (place: string, id = grant, client = app.id): string => `/${place}/${client}/connections/${id}`

  it('shows its user its own days, rights and refusals, and of its tokens what they open and since when they were used', async () => {
    expect((await ann.get(`/my-apps/${app.id}`)).text).toContain(`href="${pathOf('my-apps')}"`)
    const { status, text } = await ann.get(pathOf('my-apps'))
    expect(status).toBe(200)
    for (const words of ['Route planner', '<svg', 'Read Item', 'It was not granted Customer:read', '127.0.0.* (1)', 'First used'])
      expect(text).toContain(words)
    expect(text).toMatch(/Access token.*first used \d{4}-\d\d-\d\d \d\d:\d\d, last used .*Rights: Know who you are, Read Item/s)
    expect(text).not.toContain(`href="${pathOf('my-apps')}"`)
    for (const secret of [tokens.access, tokens.refresh, app.secret]) expect(text).not.toContain(secret)
  })

  it('shows System Managers the same with its user, and ends it for them', async () => {
    expect((await sam.get(`/connected-apps/${app.id}/use`)).text).toContain(`href="${pathOf('connected-apps')}"`)
    const page = await sam.get(pathOf('connected-apps'))
    for (const words of [user, '<svg', 'list Customer']) expect(page.text).toContain(words)
    for (const act of ['end-grant', 'end-token']) expect(page.text).toContain(`action="/connected-apps/${app.id}/${act}"`)
    expect(page.text).toContain(`href="/connected-apps/${app.id}/use"`)
    const extra = await connect(provider, ann, app, { scope: SCOPE, nonce: 'extra' })
    const newest = (await provider.grants.list(user, app.id))[0]!.id
    await sam.post(`/connected-apps/${app.id}/end-grant`, { grant: newest, csrf_token: csrfOf(page) })
    expect((await me(provider, extra.access)).status).toBe(401)
    expect((await sam.get(pathOf('connected-apps', newest))).status).toBe(404)
  })

  const tokenPath = (place: string, path = pathOf(place), token = tokens.access): string => `${path}/tokens/${tokenKey(token).slice(0, 24)}`

  it('leads to a page on each of its access tokens, with its own days, rights and refusals', async () => {
    const { access, refresh } = tokensOf(await renew(provider, app, tokens.refresh))
    for (const _ of [1, 2, 3]) await me(provider, access)
    for (const [browser, place, action] of [
      [ann, 'my-apps', '/my-apps/end-token'],
      [sam, 'connected-apps', `/connected-apps/${app.id}/end-token`],
    ] as const) {
      const connection = await browser.get(pathOf(place))
      for (const token of [tokens.access, access]) expect(connection.text).toContain(`href="${tokenPath(place, pathOf(place), token)}"`)
      expect(connection.text).not.toContain(tokenPath(place, pathOf(place), refresh))
      const { status, text } = await browser.get(tokenPath(place))
      expect(status).toBe(200)
      for (const words of [
        'Route planner',
        'What was done with this token',
        'The last three days',
        '<svg',
        'Read Item',
        'list Customer',
        'It was not granted Customer:read',
        action,
      ])
        expect(text).toContain(words)
      expect(text).toContain(`href="${pathOf(place)}"`)
      expect(text).toMatch(/<dt>Calls<\/dt>\s*<dd>1<\/dd>/)
      const other = await browser.get(tokenPath(place, pathOf(place), access))
      expect(other.text).toMatch(/<dt>Calls<\/dt>\s*<dd>3<\/dd>/)
      expect(other.text).not.toContain('list Customer')
      for (const secret of [tokens.access, access, refresh]) expect(text + other.text).not.toContain(secret)
      for (const nothing of [
        tokenPath(place, pathOf(place), refresh),
        `${pathOf(place)}/tokens/${tokenKey(access)}`,
        `${pathOf(place)}/tokens/x`,
      ])
        expect((await browser.get(nothing)).status).toBe(404)
    }
    await ann.post('/my-apps/end-token', {
      token: tokenKey(access),
      csrf_token: csrfOf(await ann.get(tokenPath('my-apps', pathOf('my-apps'), access))),
    })
    expect((await me(provider, access)).status).toBe(401)
    expect((await ann.get(tokenPath('my-apps', pathOf('my-apps'), access))).status).toBe(404)
  })

  it('is nobody else’s, and no other app’s', async () => {
    const ben = await new Browser(provider).signIn(await person(provider))
    const another = await register(provider)
    expect((await ben.get(pathOf('my-apps'))).status).toBe(404)
    expect((await ben.get(pathOf('connected-apps'))).status).toBe(403)
    expect((await ben.get(tokenPath('my-apps'))).status).toBe(404)
    expect((await ben.get(tokenPath('connected-apps'))).status).toBe(403)
    expect((await sam.get(tokenPath('my-apps'))).status).toBe(404)
    // What a System Manager may see of others stands among the connected apps, and is not their own.
    expect((await sam.get(pathOf('my-apps'))).status).toBe(404)
    for (const [browser, place] of [
      [ann, 'my-apps'],
      [sam, 'connected-apps'],
    ] as const) {
      expect((await browser.get(pathOf(place, 'nothing'))).status).toBe(404)
      expect((await browser.get(pathOf(place, grant, another.id))).status).toBe(404)
      expect((await browser.get(tokenPath(place, pathOf(place, grant, another.id)))).status).toBe(404)
    }
    expect((await new Browser(provider).get(pathOf('my-apps'))).location?.pathname).toBe('/login')
  })
})
