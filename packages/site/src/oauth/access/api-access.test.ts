import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { SETTINGS } from '../settings.ts'
import {
  Browser,
  INTROSPECT,
  ask,
  connect,
  me,
  person,
  post,
  register,
  renew,
  request,
  swap,
  type App,
  type Reply,
  type Tokens,
} from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

const SITE = /switched off for this site/
const USER = /switched off for person/

describe.each(engines)('API access switched off, on %s', (engine) => {
  let provider: Provider
  let app: App
  let user: string
  let browser: Browser
  let tokens: Tokens
  let keys: string

  beforeAll(async () => {
    provider = await openProvider(engine)
    app = await register(provider)
    user = await person(provider)
    browser = await new Browser(provider).signIn(user)
    tokens = await connect(provider, browser, app)
    const { apiKey, apiSecret } = await provider.accounts.rotateKeys(user)
    keys = `token ${apiKey}:${apiSecret}`
  })
  afterAll(() => provider.close())

  const site = (api_access: 'On' | 'Off'): Promise<unknown> =>
    provider.documents.update(ADMINISTRATOR, { doctype: SETTINGS, name: SETTINGS, values: { api_access } })
  const forUser = (api_access: 0 | 1): Promise<unknown> =>
    provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { api_access } })
  afterEach(async () => {
    await site('On')
    await forUser(1)
  })

  it.each<[what: string, off: () => Promise<unknown>, sentence: RegExp]>([
    ['the site', () => site('Off'), SITE],
    ['one user', () => forUser(0), USER],
  ])('for %s: no token and no API key is taken, the answer says so, and sessions go on', async (_what, off, sentence) => {
    const code = await browser.code(request(app))
    await off()
    for (const reply of [await me(provider, tokens.access), await ask(provider, '/api/me', { headers: { authorization: keys } })]) {
      expect(reply.status).toBe(401)
      expect(reply.json).toMatchObject({ exc_type: 'AuthenticationError' })
      expect(reply.text).toMatch(sentence)
      expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token", .*resource_metadata="/)
    }
    for (const reply of [await renew(provider, app, tokens.refresh), await swap(provider, app, code)]) {
      expect([reply.status, reply.json['error']]).toEqual([400, 'unauthorized_client'])
      expect(reply.json['error_description']).toMatch(sentence)
    }
    const fields = { token: tokens.access, client_id: app.id, client_secret: app.secret }
    expect((await post(provider, INTROSPECT, fields)).json).toEqual({ active: false })
    const { location } = await browser.authorize(request(app))
    expect([location?.searchParams.get('error'), location?.searchParams.get('state')]).toEqual(['access_denied', 'xyz'])
    expect((await browser.get('/api/me')).json).toMatchObject({ user })
  })

  it.each<[what: string, off: () => Promise<unknown>, reason: string]>([
    ['the site', () => site('Off'), 'off for the site'],
    ['one user', () => forUser(0), 'off for the user'],
  ])('for %s: each refused call has an incident that says why, and an app’s is counted', async (_what, off, reason) => {
    const planner = await register(provider)
    const { access } = await connect(provider, browser, planner)
    const { id: grant } = (await provider.grants.list(user, planner.id))[0]!
    // Refusals of a minute before are counted apart.
    provider.advance(61)
    await off()
    const first = await me(provider, access)
    expect((await me(provider, access)).headers.get('x-annex-incident')).toBe(first.headers.get('x-annex-incident'))
    const key = await ask(provider, '/api/me', { headers: { authorization: keys } })
    await provider.audit.flush()
    const facts = { event: 'api access refused', user, ip: '127.0.0.1', facts: { reason } }
    const incidentOf = (reply: Reply): string => reply.headers.get('x-annex-incident') ?? ''
    expect(first.json).toMatchObject({ incident: incidentOf(first) })
    expect(await provider.trail.incident(incidentOf(first))).toMatchObject({ ...facts, client: planner.id, grant, count: 2 })
    expect(await provider.trail.incident(incidentOf(key))).toMatchObject({ ...facts, client: null, grant: null, count: 1 })
    for (const reply of [first, key]) {
      const told = await provider.oauth.explain.incident(ADMINISTRATOR, incidentOf(reply))
      expect(told).toMatchObject({ explanation: { allowed: false } })
    }
    expect((await provider.oauth.apps.reportGrant(ADMINISTRATOR, grant)).refusals).toEqual([
      { reason: 'access', act: '', scope: '', count: 2 },
    ])
  })

  it('loses nothing that was granted', async () => {
    await site('Off')
    expect((await me(provider, tokens.access)).status).toBe(401)
    await site('On')
    await forUser(0)
    expect((await me(provider, tokens.access)).status).toBe(401)
    await forUser(1)
    expect((await me(provider, tokens.access)).status).toBe(200)
    expect((await renew(provider, app, tokens.refresh)).status).toBe(200)
  })

  it('and on again, counts for the very next request to the token endpoint, whichever process changed it', async () => {
    const { refresh } = await connect(provider, browser, app)
    await site('Off')
    expect((await renew(provider, app, refresh)).json['error']).toBe('unauthorized_client')
    await site('On')
    expect((await renew(provider, app, refresh)).status).toBe(200)
  })

  it('for one user is for no other', async () => {
    await forUser(0)
    const other = await connect(provider, await new Browser(provider).signIn(await person(provider)), app)
    expect((await me(provider, other.access)).status).toBe(200)
  })
})
