import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import {
  APPROVE,
  Browser,
  TOKEN,
  ask,
  boxesOf,
  me,
  person,
  post,
  readConsent,
  register,
  renew,
  tokensOf,
  type App,
  type Reply,
} from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { basic } from '../testing/token-errors.fixture.ts'
import { GRANT, START, begin as beginAt, registerTerminal } from './device.fixture.ts'

interface Started {
  readonly device: string
  readonly user: string
}

function expectError(reply: Reply, error: string): void {
  expect({ status: reply.status, error: reply.json['error'] }).toEqual({ status: error === 'invalid_client' ? 401 : 400, error })
  expect(reply.headers.get('cache-control')).toBe('no-store')
}

describe.each(engines)('A device without a browser, on %s,', (engine) => {
  let provider: Provider
  let user: string
  let alice: Browser
  let app: App

  beforeAll(async () => {
    provider = await openProvider(engine)
    app = await own()
  })
  beforeEach(async () => {
    user = await person(provider)
    alice = await new Browser(provider).signIn(user)
  })
  afterAll(() => provider.close())

  const own = (values?: Record<string, unknown>): Promise<App> => registerTerminal(provider, values)
  const begin = (client = app, values?: Record<string, string>): Promise<Reply> => beginAt(provider, client, values)
  async function start(client: App = app, values: Record<string, string> = {}): Promise<Started> {
    const { json } = await begin(client, values)
    return { device: String(json['device_code']), user: String(json['user_code']) }
  }
  const poll = (started: Started, client: App = app, values: Record<string, string> = {}): Promise<Reply> =>
    post(provider, TOKEN, {
      grant_type: GRANT,
      device_code: started.device,
      client_id: client.id,
      ...(client.secret === '' ? {} : { client_secret: client.secret }),
      ...values,
    })
  const open = (browser: Browser, code: string): Promise<Reply> => browser.get(`/device?user_code=${encodeURIComponent(code)}`)
  const decide = (browser: Browser, page: Reply, decision: 'allow' | 'deny' = 'allow', untick: string[] = []): Promise<Reply> =>
    browser.post('/device', { ...readConsent(page, untick), decision })
  async function allowed(client: App = app): Promise<Started> {
    const started = await start(client)
    expect((await decide(alice, await open(alice, started.user))).status).toBe(200)
    return started
  }
  const rowOf = async (started: Started): Promise<Record<string, unknown>> => {
    const { rows } = await sql<Record<string, unknown>>`select d.* from oauth_device d order by created desc`.execute(
      provider.database.connection,
    )
    return rows[0] ?? { started }
  }
  const grants = (): Promise<readonly { kind: string | null; granted: string; requested: string; session: string | null }[]> =>
    provider.grants.list(user)

  it('gets a code for itself and one for its user, and tokens once they allowed it', async () => {
    const reply = await begin()
    expect(reply.status).toBe(200)
    expect(reply.headers.get('cache-control')).toBe('no-store')
    expect(reply.json).toMatchObject({ verification_uri: `${provider.base}/device`, expires_in: 600, interval: 5 })
    const started = { device: String(reply.json['device_code']), user: String(reply.json['user_code']) }
    expect(started.user).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    expect(reply.json['verification_uri_complete']).toBe(`${provider.base}/device?user_code=${started.user}`)
    expectError(await poll(started), 'authorization_pending')
    const answer = await decide(alice, await open(alice, started.user.toLowerCase().replace('-', ' ')), 'allow', ['Item:write'])
    expect(answer.status).toBe(200)
    expect(answer.text).toContain('The device is connected.')
    const tokens = await poll(started)
    expect(tokens.status).toBe(200)
    expect(tokens.json).toMatchObject({ token_type: 'Bearer', scope: 'openid Item:read', expires_in: 3600 })
    expect(Object.keys(tokens.json)).toContain('id_token')
    expect((await me(provider, tokensOf(tokens).access)).json).toEqual({ user, scopes: ['openid', 'Item:read'] })
    expect((await renew(provider, app, tokensOf(tokens).refresh, { client_secret: '' })).status).toBe(200)
    expect(await grants()).toMatchObject([
      { kind: 'device', requested: 'openid Item:read Item:write', granted: 'openid Item:read', session: null },
    ])
  })

  it('stores neither of its codes so that they could be used', async () => {
    const started = await start()
    const stored = JSON.stringify(await rowOf(started))
    expect(stored).not.toContain(started.device)
    expect(stored).not.toContain(started.user)
    expect(stored).not.toContain(started.user.replace('-', ''))
  })

  it('asks for what its app may ask for, as an app that may', async () => {
    expectError(await begin(app, { scope: 'all' }), 'invalid_scope')
    expectError(await begin(app, { resource: 'https://elsewhere.example' }), 'invalid_target')
    expectError(await begin(await register(provider)), 'unauthorized_client')
    expectError(await begin({ id: 'nobody', secret: '' }), 'invalid_client')
    const agent = await own({ kind: 'agent' })
    expect((await begin(agent)).status).toBe(200)
    expectError(await begin(agent, { client_secret: 'wrong' }), 'invalid_client')
    expect((await post(provider, START, {}, basic(agent.id, agent.secret))).status).toBe(200)
    expectError(await post(provider, START, {}, basic(agent.id, 'wrong')), 'invalid_client')
    const dynamic = await own()
    await sql`update "tabOAuth Client" set dynamically_registered = 1 where name = ${dynamic.id}`.execute(provider.database.connection)
    expectError(await begin(dynamic), 'unauthorized_client')
    expect((await ask(provider, START)).status).toBe(405)
  })

  it('cannot fill the site with codes', async () => {
    const client = await own()
    const replies = await Promise.all(Array.from({ length: 31 }, () => begin(client)))
    expect(replies.filter(({ status }) => status === 429)).toHaveLength(1)
  })

  it('I01 gets nothing for the code of another client, which stays good', async () => {
    const started = await allowed()
    expectError(await poll(started, await own()), 'invalid_grant')
    expectError(await poll({ ...started, device: started.user }), 'invalid_grant')
    expect((await poll(started)).status).toBe(200)
  })

  it('I02 belongs to the first person who opened its code; another neither sees nor decides', async () => {
    const started = await start()
    const page = await open(alice, started.user)
    const bob = await new Browser(provider).signIn(await person(provider))
    const refused = await open(bob, started.user)
    expect(refused.status).toBe(400)
    expect(refused.text).not.toContain('Warehouse Terminal')
    expect((await decide(bob, page)).status).toBe(400)
    expectError(await poll(started), 'authorization_pending')
    const again = await new Browser(provider).signIn(user)
    expect((await decide(again, page)).status).toBe(400)
    expect((await decide(alice, page)).status).toBe(200)
    expect((await me(provider, tokensOf(await poll(started)).access)).json['user']).toBe(user)
  })

  it('I03 is safe from whoever guesses: ten wrong codes are 429, and a right one then is dead', async () => {
    const started = await start()
    const mallory = await new Browser(provider).signIn(await person(provider))
    for (let tries = 0; tries < 10; tries += 1) expect((await open(mallory, tries % 2 === 0 ? 'BCDF-GHJK' : 'nonsense')).status).toBe(400)
    const slowed = await open(mallory, started.user)
    expect(slowed.status).toBe(429)
    expect(Number(slowed.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(slowed.text).not.toContain('Warehouse Terminal')
    expect((await open(mallory, 'nonsense')).status).toBe(429)
    expectError(await poll(started), 'expired_token')
    expect((await open(alice, started.user)).status).toBe(400)
  })

  it('I04 is told to slow down when it asks too often, five seconds more each time', async () => {
    const started = await start()
    expectError(await poll(started), 'authorization_pending')
    expectError(await poll(started), 'slow_down')
    expect(await rowOf(started)).toMatchObject({ pace: 10 })
    provider.advance(6)
    expectError(await poll(started), 'slow_down')
    expect(await rowOf(started)).toMatchObject({ pace: 15 })
    provider.advance(15)
    expectError(await poll(started), 'authorization_pending')
    await decide(alice, await open(alice, started.user))
    expect((await poll(started)).status).toBe(200)
  })

  it('I05 gains nothing by a link that holds its code: it shows what is asked, and only the form there decides', async () => {
    const started = await start()
    const stranger = new Browser(provider)
    const signIn = await open(stranger, started.user)
    expect(signIn.status).toBe(302)
    expect(signIn.location?.pathname).toBe('/login')
    expect(signIn.location?.searchParams.get('redirect-to')).toBe(`/device?user_code=${started.user}`)
    const page = await open(alice, started.user)
    expect(page.status).toBe(200)
    for (const words of ['Warehouse Terminal', started.user, 'app.example.com', 'Do not allow']) expect(page.text).toContain(words)
    expect(boxesOf(page)).toEqual(['Item:read', 'Item:write'])
    expect(page.headers.get('cache-control')).toContain('no-store')
    expect(page.headers.get('x-frame-options')).toBe('DENY')
    expectError(await poll(started), 'authorization_pending')
    const { csrf_token: _, ...bare } = readConsent(page)
    const foreign = { origin: 'https://evil.example' }
    for (const forged of [
      await alice.post('/device', { ...bare, decision: 'allow' }),
      await alice.post('/device', { ...readConsent(page), decision: 'allow' }, foreign),
      await alice.post('/device', { ...readConsent(page), decision: 'allow' }, { 'sec-fetch-site': 'cross-site' }),
      await alice.get(`/device?${new URLSearchParams({ ...(readConsent(page) as Record<string, string>), decision: 'allow' })}`),
      await alice.post('/device', { ...readConsent(page), scope: ['all'], decision: 'allow' }),
      await alice.post('/device', { ...readConsent(page), decision: 'maybe' }),
      await alice.post(APPROVE, { ...readConsent(page), decision: 'allow' }),
    ])
      expect([200, 400]).toContain(forged.status)
    expect(await grants()).toEqual([])
    expect((await decide(alice, page)).status).toBe(200)
    expect((await decide(alice, page)).status).toBe(400)
    expect(await grants()).toHaveLength(1)
  })

  it('I06 is answered invalid_grant after success, access_denied after a refusal, expired_token after its end', async () => {
    const used = await allowed()
    expect((await poll(used)).status).toBe(200)
    expectError(await poll(used), 'invalid_grant')
    const denied = await start()
    const answer = await decide(alice, await open(alice, denied.user), 'deny')
    expect(answer.text).toContain('The device was refused.')
    for (let tries = 0; tries < 2; tries += 1) expectError(await poll(denied), 'access_denied')
    const [late, uncollected] = [await start(), await allowed()]
    const page = await open(alice, late.user)
    provider.advance(601)
    expectError(await poll(late), 'expired_token')
    expectError(await poll(uncollected), 'expired_token')
    expect((await decide(await new Browser(provider).signIn(user), page)).status).toBe(400)
    expect((await open(alice, late.user)).status).toBe(400)
  })

  it('gets its tokens once, however often it asks at a time', async () => {
    const started = await allowed()
    const replies = await Promise.all(Array.from({ length: 8 }, () => poll(started)))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const reply of replies.filter(({ status }) => status !== 200)) expectError(reply, 'invalid_grant')
  })

  it('gets nothing for a grant that was taken back, a user who was disabled, or an app that was ended', async () => {
    const revoked = await allowed()
    await provider.grants.revoke({ user }, 'user_revoked')
    expectError(await poll(revoked), 'invalid_grant')
    const client = await own()
    const ended = await allowed(client)
    await provider.oauth.clients.retire(ADMINISTRATOR, client.id)
    expectError(await poll(ended, client), 'invalid_client')
    const disabled = await allowed()
    await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { enabled: 0 } })
    expectError(await poll(disabled), 'invalid_grant')
  })

  it('shows what it asks for when its code is typed, and keeps the code out of the address', async () => {
    const started = await start()
    const entry = await alice.get('/device')
    const csrf_token = /name="csrf_token" value="([^"]+)"/.exec(entry.text)?.[1] ?? ''
    expect((await alice.post('/device', { user_code: started.user })).status).toBe(400)
    const wrong = await alice.post('/device', { csrf_token, user_code: 'BCDF-GHJK' })
    expect(wrong.status).toBe(400)
    expect(wrong.text).toContain('This code is not known')
    const page = await alice.post('/device', { csrf_token, user_code: started.user.replace('-', '') })
    expect(page.status).toBe(200)
    expect((await decide(alice, page)).text).toContain('The device is connected.')
    expect((await poll(started)).status).toBe(200)
  })

  it('is kept to the documents that its user names, and to none that they do not see', async () => {
    const [item] = await provider.documents.insert(ADMINISTRATOR, 'Item', [{ title: 'Crate' }])
    const started = await start()
    const page = await open(alice, started.user)
    const wrong = await alice.post('/device', { ...readConsent(page), 'only.Item': 'No Such Item', decision: 'allow' })
    expect(wrong.status).toBe(400)
    for (const words of ['No Such Item', started.user, 'Warehouse Terminal']) expect(wrong.text).toContain(words)
    const name = String(item!.name)
    const answer = await alice.post('/device', { ...readConsent(wrong), 'only.Item': name, decision: 'allow' })
    expect(answer.text).toContain('The device is connected.')
    const { rows } = await sql<{ filters: string }>`select filters from oauth_grant where "user" = ${user}`.execute(
      provider.database.connection,
    )
    expect(rows.map(({ filters }) => JSON.parse(filters) as unknown)).toEqual([{ Item: [['name', 'in', [name]]] }])
    expect((await poll(started)).status).toBe(200)
  })

  it('waits for a System Manager where its app needs approval for each person', async () => {
    const client = await own({ authorization_policy: 'After Approval' })
    const started = await start(client)
    expect((await open(alice, started.user)).status).toBe(403)
    expect(await provider.oauth.clients.approvals.list(ADMINISTRATOR, { client: client.id })).toMatchObject([{ user, state: 'Waiting' }])
    await provider.oauth.clients.approvals.approve(ADMINISTRATOR, client.id, user)
    expect((await decide(alice, await open(alice, started.user))).status).toBe(200)
    expect((await poll(started, client)).status).toBe(200)
  })

  it('is refused in words to whoever may not use its app, and to Administrator', async () => {
    const started = await start(await own({ allowed_roles: [{ role: 'System Manager' }] }))
    const refused = await open(alice, started.user)
    expect(refused.status).toBe(403)
    const administrator = await new Browser(provider).signIn('Administrator')
    expect((await open(administrator, (await start()).user)).status).toBe(403)
    expect((await alice.get('/device')).text).toContain('name="user_code"')
  })
})
