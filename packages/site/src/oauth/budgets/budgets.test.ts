import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { Browser, INTROSPECT, ask, connect, me, person, post, register, type App, type Reply } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { Budgets } from './budgets.ts'

const statuses = (replies: readonly Reply[]): number[] => replies.map(({ status }) => status)

describe.each(engines)('budgets on %s', (engine) => {
  let provider: Provider

  const limitSite = (values: Record<string, number>): Promise<unknown> =>
    provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Settings', name: 'OAuth Settings', values })
  const limitApp = (app: App, values: Record<string, number>): Promise<unknown> =>
    provider.oauth.clients.update(ADMINISTRATOR, app.id, values)
  const inTurn = async (count: number, call: () => Promise<Reply>): Promise<Reply[]> => {
    const replies: Reply[] = []
    for (let sent = 0; sent < count; sent += 1) replies.push(await call())
    return replies
  }

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterEach(() => limitSite({ requests_per_second: 0, concurrent_requests: 0 }))
  afterAll(() => provider.close())

  it('are none unless they are set', async () => {
    const app = await register(provider)
    const { access } = await connect(provider, await new Browser(provider).signIn(await person(provider)), app)
    expect(new Set(statuses(await inTurn(50, () => me(provider, access))))).toEqual(new Set([200]))
  })

  it('refuse the app that used its own up, in words and with the time to wait, and count it', async () => {
    const app = await register(provider)
    const user = await person(provider)
    const { access } = await connect(provider, await new Browser(provider).signIn(user), app)
    await limitApp(app, { requests_per_second: 1 })
    const [first, second, third] = await inTurn(3, () => me(provider, access))
    expect([first?.status, second?.status, third?.status]).toEqual([200, 429, 429])
    expect(second?.json['exc_type']).toBe('TooManyRequestsError')
    expect(second?.headers.get('retry-after')).toBe('1')
    expect(second?.text).toContain('1 requests a second')
    provider.advance(1)
    expect((await me(provider, access)).status).toBe(200)
    const refused = (await provider.oauth.usage.sums([app.id], 1)).find(({ outcome }) => outcome === 'limit')
    expect(refused?.count).toBe(2)
  })

  it('of one app leave other apps and their users alone', async () => {
    const [loud, quiet] = [await register(provider), await register(provider)]
    const [ann, ben] = [await person(provider), await person(provider)]
    const ofLoud = await connect(provider, await new Browser(provider).signIn(ann), loud)
    const ofQuiet = await connect(provider, await new Browser(provider).signIn(ben), quiet)
    await limitApp(loud, { requests_per_second: 2 })
    expect(statuses(await inTurn(4, () => me(provider, ofLoud.access)))).toEqual([200, 200, 429, 429])
    expect(new Set(statuses(await inTurn(10, () => me(provider, ofQuiet.access))))).toEqual(new Set([200]))
  })

  it('of the site hold a user over all their programs, and never their browser', async () => {
    const user = await person(provider)
    const browser = await new Browser(provider).signIn(user)
    const [one, two] = [
      await connect(provider, browser, await register(provider)),
      await connect(provider, browser, await register(provider)),
    ]
    await limitSite({ requests_per_second: 3 })
    const replies = [...(await inTurn(2, () => me(provider, one.access))), ...(await inTurn(2, () => me(provider, two.access)))]
    expect(statuses(replies)).toEqual([200, 200, 200, 429])
    expect(replies[3]?.text).toContain('this user')
    expect(new Set(statuses(await inTurn(10, () => browser.get('/my-apps'))))).toEqual(new Set([200]))
  })

  it('refuse before the body is read and before the database is asked', async () => {
    const app = await register(provider)
    const { access } = await connect(provider, await new Browser(provider).signIn(await person(provider)), app)
    await limitApp(app, { requests_per_second: 1 })
    expect(statuses(await inTurn(2, () => me(provider, access)))).toEqual([200, 429])
    const reply = await ask(provider, '/api/me', {
      method: 'POST',
      headers: { authorization: `Bearer ${access}`, 'content-type': 'application/json' },
      body: '{ this is no JSON',
    })
    expect([reply.status, reply.json['exc_type']]).toEqual([429, 'TooManyRequestsError'])
  })

  it('hold the endpoints of the provider to the app’s own', async () => {
    const app = await register(provider)
    await limitApp(app, { requests_per_second: 2 })
    const introspect = (): Promise<Reply> => post(provider, INTROSPECT, { token: 'rubbish', client_id: app.id, client_secret: app.secret })
    const replies = await inTurn(3, introspect)
    expect(statuses(replies)).toEqual([200, 200, 429])
    expect(replies[2]?.headers.get('retry-after')).toBe('1')
  })

  it('let only so many of an app’s calls run at a time', async () => {
    const budgets = new Budgets({ settings: provider.settings, now: () => 0, onRefused: () => undefined })
    const spend = async (): Promise<() => void> =>
      budgets.spend({ user: 'ann', token: { client: 'c', grant: 'g', hash: 'h' }, own: { requestsPerSecond: 0, concurrentRequests: 2 } })
    const leave = [await spend(), await spend()]
    await expect(spend()).rejects.toMatchObject({ status: 429, options: { headers: { 'retry-after': '1' } } })
    leave[0]?.()
    await expect(spend()).resolves.toBeTypeOf('function')
    await expect(spend()).rejects.toMatchObject({ status: 429 })
  })

  it('give back what a call held when it ends, also in an error', async () => {
    const app = await register(provider)
    const { access } = await connect(provider, await new Browser(provider).signIn(await person(provider)), app, { scope: 'openid' })
    await limitApp(app, { concurrent_requests: 1 })
    const wrong = (): Promise<Reply> => ask(provider, '/connected-apps', { headers: { authorization: `Bearer ${access}` } })
    expect(statuses(await inTurn(3, wrong))).toEqual([303, 303, 303])
    expect(statuses(await inTurn(3, () => me(provider, access)))).toEqual([200, 200, 200])
  })

  it('use nothing up by a refusal', async () => {
    let now = 0
    const budgets = new Budgets({ settings: provider.settings, now: () => now, onRefused: () => undefined })
    await limitSite({ requests_per_second: 1 })
    await provider.generation.observe(await provider.generation.read())
    const spend = async (user: string): Promise<() => void> =>
      budgets.spend({ user, token: { client: 'c', grant: 'g', hash: 'h' }, own: { requestsPerSecond: 5, concurrentRequests: 0 } })
    now = 1_000_000
    ;(await spend('ann'))()
    for (const _ of [1, 2, 3]) await expect(spend('ann')).rejects.toMatchObject({ status: 429 })
    for (const user of ['ben', 'cat', 'dan', 'eve']) (await spend(user))()
    await expect(spend('fay')).rejects.toMatchObject({ status: 429 })
  })
})
