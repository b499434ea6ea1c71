import { ScopeSet } from '@annex/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR, type Principal, type TokenRights } from '../../../policy/principal.ts'
import { Browser, connect, me, person, register, renew, request, type App, type Tokens } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { tokenKey } from '../../token-text.ts'
import { appsMethods } from '../apps-methods.ts'

type Args = Readonly<Record<string, unknown>>
type Json = Record<string, unknown>

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/) as string
const clerk = (user: string): Principal => ({ ...ADMINISTRATOR, user, roles: new Set(['Desk User', 'All']) })
const OWN = ['mine', 'my_usage', 'end']

describe.each(engines)('the methods on apps, on %s', (engine) => {
  let provider: Provider
  let methods: ReturnType<typeof appsMethods>
  let user: string
  let browser: Browser

  beforeAll(async () => {
    provider = await openProvider(engine)
    const { oauth, telling } = provider
    methods = appsMethods(() => ({ apps: oauth.apps, clients: oauth.clients, telling, zone: 'UTC' }))
    user = await person(provider)
    browser = await new Browser(provider).signIn(user)
  })
  afterAll(() => provider.close())

  const call = async (name: string, args: Args, principal: Principal = ADMINISTRATOR): Promise<unknown> =>
    methods.find((method) => method.name === `annex.apps.${name}`)!.handler({ principal, args })
  const json = async (name: string, args: Args, principal?: Principal): Promise<Json> => (await call(name, args, principal)) as Json
  const connected = async (values: Json = {}, scope = 'openid all'): Promise<{ app: App; tokens: Tokens; grant: string }> => {
    const app = await register(provider, values)
    const tokens = await connect(provider, browser, app, { scope })
    return { app, tokens, grant: (await provider.grants.list(user, app.id))[0]?.id ?? '' }
  }
  const works = async ({ access }: Tokens): Promise<boolean> => (await me(provider, access)).status === 200
  const reasonOf = (grant: string): unknown => provider.events.findLast((event) => event.grant === grant)?.reason

  it('are these, and none is for guests', () => {
    expect(methods.map(({ name, httpMethods }) => `${httpMethods.join()} ${name.replace('annex.apps.', '')}`)).toEqual([
      'GET mine',
      'GET my_usage',
      'POST end',
      'GET list',
      'GET get',
      'GET usage',
      'GET of_user',
      'GET advice',
      'POST take_away',
      'POST set_state',
      'POST rotate_secret',
      'POST end_secret',
      'POST end_all',
      'GET approvals',
      'POST decide',
      'POST rotate_event_secret',
      'POST end_event_secret',
      'GET deliveries',
      'POST retry_delivery',
      'POST forget_delivery',
    ])
    expect(methods.every(({ name, guest, rights }) => name.startsWith('annex.apps.') && !guest && rights === 'undeclared')).toBe(true)
  })

  it('are not for apps, unless the fence of one was lifted and it was granted everything', async () => {
    const app = (scope: string, unfenced: boolean): Principal => ({
      ...ADMINISTRATOR,
      token: { scopes: new ScopeSet([scope]), unfenced } as unknown as TokenRights,
    })
    for (const { name } of methods)
      for (const principal of [app('all', false), app('openid', true)])
        await expect(call(name.replace('annex.apps.', ''), {}, principal)).rejects.toMatchObject({
          excType: 'PermissionError',
          message: 'Apps do not rule over apps: sign in and do it yourself, or use an API key',
        })
    expect(await call('mine', {}, app('all', true))).toEqual([])
  })

  it.each<[method: string, args: Args, sentence: string]>([
    ['my_usage', {}, 'Send client'],
    ['end', {}, 'Send token, grant or client, or all=1 for all of your apps'],
    ['end', { all: '0', token: '' }, 'Send token, grant or client, or all=1 for all of your apps'],
    ['end', { token: 7 }, 'Send token'],
    ['get', { client: '' }, 'Send client'],
    ['usage', { client: 7 }, 'Send client'],
    ['usage', {}, 'Send client'],
    ['usage', { grant: 7 }, 'Send grant'],
    ['of_user', {}, 'Send user'],
    ['advice', {}, 'Send client'],
    ['take_away', { client: 'c' }, 'Send scope'],
    ['take_away', { scope: 's' }, 'Send client'],
    ['set_state', { client: 'c' }, 'Send state'],
    ['set_state', { client: 'c', state: 'Gone' }, 'state must be one of Active, Suspended, Retired'],
    ['rotate_secret', {}, 'Send client'],
    ['end_secret', { client: 'c' }, 'Send secret'],
    ['end_all', {}, 'Send client or user, one of them'],
    ['end_all', { client: 'c', user: 'u' }, 'Send client or user, one of them'],
    ['approvals', { client: 7 }, 'Send client'],
    ['decide', { client: 'c', user: 'u' }, 'Send decision'],
    ['decide', { client: 'c', decision: 'approve' }, 'Send user'],
    ['decide', { client: 'c', user: 'u', decision: 'perhaps' }, 'decision must be approve or refuse'],
    ['rotate_event_secret', {}, 'Send client'],
    ['deliveries', {}, 'Send client'],
    ['retry_delivery', { client: 'c' }, 'Send delivery'],
    ['forget_delivery', { client: 'c' }, 'Send delivery'],
  ])('%s with %j says: %s', async (method, args, sentence) => {
    await expect(call(method, args)).rejects.toMatchObject({ excType: 'ValidationError', message: sentence })
  })

  it('on what is not one’s own are for System Managers', async () => {
    const { app } = await connected()
    const args = {
      client: app.id,
      scope: 'all',
      state: 'Suspended',
      secret: 's',
      delivery: 'd',
      user,
      decision: 'approve',
    }
    for (const { name } of methods.filter((method) => !OWN.includes(method.name.replace('annex.apps.', '')))) {
      const short = name.replace('annex.apps.', '')
      const own = ['end_all', 'approvals'].includes(short) ? { client: app.id } : args
      await expect(call(short, own, clerk(user)), short).rejects.toMatchObject({ excType: 'PermissionError' })
    }
    await expect(call('end_all', { user }, clerk('other@example.com'))).rejects.toMatchObject({ excType: 'PermissionError' })
    expect(await provider.oauth.clients.read(ADMINISTRATOR, app.id)).toMatchObject({ enabled: 1 })
  })

  it('tell a user of their own apps, and what those did', async () => {
    const { app, tokens, grant } = await connected({ app_name: 'Route planner', client_uri: 'https://app.example.com' })
    expect(await works(tokens)).toBe(true)
    const mine = (await call('mine', {}, clerk(user))) as Json[]
    const found = mine.find(({ client }) => client === app.id)
    expect(found).toMatchObject({
      app_name: 'Route planner',
      client_uri: 'https://app.example.com',
      scopes: ['openid', 'all'],
      grants: [{ grant, client: app.id, user, kind: 'browser', calls: 1, created: TIME, tokens: [{}, {}] }],
    })
    expect(await call('mine', {}, clerk('other@example.com'))).toEqual([])
    expect(await json('my_usage', { client: app.id }, clerk(user))).toMatchObject({ calls: 1, first_used: TIME, last_used: TIME })
    expect((await json('my_usage', { client: app.id }, clerk(user)))['days']).toHaveLength(30)
    await expect(call('my_usage', { client: app.id }, clerk('other@example.com'))).rejects.toMatchObject({
      excType: 'DoesNotExistError',
      message: `Connected App ${app.id} not found`,
    })
    expect(await json('usage', { client: app.id })).toMatchObject({ calls: 1, first_used: TIME })
    await expect(call('usage', { client: 'none' })).rejects.toMatchObject({ excType: 'DoesNotExistError' })
  })

  it('end a token, a grant, an app or all of one’s own', async () => {
    const [one, two, three] = [await connected(), await connected(), await connected()]
    const tokens = async (): Promise<{ token: string; kind: string }[]> => {
      const [app] = await provider.oauth.apps.listOwn(clerk(user), one.app.id)
      return (app?.grants ?? []).flatMap((grant) => grant.tokens.map(({ hash, kind }) => ({ token: hash, kind })))
    }
    const access = (await tokens()).find(({ kind }) => kind === 'access')?.token ?? ''
    for (const principal of [clerk('other@example.com')]) {
      await expect(call('end', { token: access }, principal)).rejects.toMatchObject({
        excType: 'DoesNotExistError',
        message: `OAuth Bearer Token ${access} not found`,
      })
      await expect(call('end', { grant: one.grant }, principal)).rejects.toMatchObject({ message: `Grant ${one.grant} not found` })
    }
    const long = 'x'.repeat(150)
    await expect(call('end', { token: long }, clerk(user))).rejects.toMatchObject({
      message: `OAuth Bearer Token ${long.slice(0, 140)} not found`,
    })
    await expect(call('end', { grant: long }, clerk(user))).rejects.toMatchObject({ message: `Grant ${long.slice(0, 140)} not found` })
    await call('end', { token: access, grant: one.grant, all: 1 }, clerk(user))
    expect([await works(one.tokens), (await tokens()).map(({ kind }) => kind)]).toEqual([false, ['refresh']])
    await provider.audit.flush()
    const [entry] = await provider.trail.latest({ client: one.app.id, event: 'oauth.token.ended' }, 1)
    expect(entry).toMatchObject({ event: 'oauth.token.ended', user, about: user, grant: one.grant })
    expect((await renew(provider, one.app, one.tokens.refresh)).status).toBe(200)
    await call('end', { grant: one.grant, client: two.app.id }, clerk(user))
    expect([reasonOf(one.grant), await works(two.tokens)]).toEqual(['user_revoked', true])
    expect(await json('end', { client: two.app.id, all: 1 }, clerk(user))).toEqual({ ended: 1 })
    expect([await works(two.tokens), await works(three.tokens)]).toEqual([false, true])
    const { ended } = await json('end', { all: '1' }, clerk(user))
    expect([Number(ended) > 0, await works(three.tokens), reasonOf(three.grant)]).toEqual([true, false, 'user_revoked'])
    const four = await connected()
    await call('end', { grant: four.grant })
    expect(reasonOf(four.grant)).toBe('manager_revoked')
    const five = await connected()
    expect([await json('end', { client: five.app.id }, clerk(user)), await works(five.tokens)]).toEqual([{ ended: 1 }, false])
  })

  it('end all of an app, or all of a user', async () => {
    const [one, two] = [await connected(), await connected()]
    expect(await call('end_all', { client: one.app.id, user: '' })).toEqual({ ended: 1 })
    expect([await works(one.tokens), await works(two.tokens), reasonOf(one.grant)]).toEqual([false, true, 'manager_revoked'])
    expect(await call('end_all', { user })).toEqual({ ended: 1 })
    expect([await works(two.tokens), reasonOf(two.grant)]).toEqual([false, 'manager_revoked'])
  })

  it('tell a System Manager of apps, with their secrets, exceptions, advice and grants', async () => {
    const { app, grant, tokens } = await connected(
      { app_name: 'Depot', event_uri: 'https://app.example.com/events', openid_acts_as_all: 1 },
      'openid',
    )
    await works(tokens)
    const listed = ((await call('list', {})) as Json[]).find(({ client }) => client === app.id)
    expect(listed).toEqual({ client: app.id, app_name: 'Depot', kind: 'web', state: 'Active', last_used: TIME })
    const got = await json('get', { client: app.id })
    expect(got).toMatchObject({
      settings: { app_name: 'Depot' },
      secrets: [{ secret: expect.any(String) as string, created: TIME, expires: null, last_used: TIME }],
      secret_networks: [{ network: '127.0.0', first_used: TIME, last_used: TIME, calls: 1 }],
      event_secrets: [{ secret: expect.any(String) as string, created: TIME, expires: null }],
      exceptions: [{ kind: 'openidActsAsAll', count: 1, last_used: TIME }],
      advice: [],
      grants: [{ grant, client: app.id, user, opens_too: ['*:read'] }],
    })
    expect(Object.keys((got['event_secrets'] as Json[])[0] ?? {})).toEqual(['secret', 'created', 'expires'])
    expect(await call('advice', { client: app.id })).toEqual([])
    await expect(call('advice', { client: 'x'.repeat(150) })).rejects.toMatchObject({
      message: `OAuth Client ${'x'.repeat(140)} not found`,
    })
  })

  it('tell what each grant did, and all apps of a user, to them and to System Managers', async () => {
    const [one, two] = [await connected({ app_name: 'One' }), await connected({ app_name: 'Two' })]
    for (const { tokens } of [one, one, two]) await works(tokens)
    const calls = async (method: string, args: Args, principal?: Principal): Promise<unknown> =>
      (await json(method, args, principal))['calls']
    expect([await calls('usage', { grant: one.grant }), await calls('my_usage', { grant: two.grant }, clerk(user))]).toEqual([2, 1])
    for (const method of ['usage', 'my_usage'])
      await expect(call(method, { grant: one.grant }, clerk('other@example.com'))).rejects.toMatchObject({
        excType: 'DoesNotExistError',
        message: `Grant ${one.grant} not found`,
      })
    const ofUser = (await call('of_user', { user })) as Json[]
    expect(ofUser).toEqual(await call('mine', {}, clerk(user)))
    expect(ofUser.find(({ client }) => client === two.app.id)).toMatchObject({ app_name: 'Two', grants: [{ grant: two.grant, calls: 1 }] })
    const own = (await Promise.all(ofUser.map(({ client }) => calls('usage', { client })))).reduce((sum: number, of) => sum + Number(of), 0)
    expect(await calls('usage', { user })).toBe(own)
    await expect(call('usage', { user }, clerk(user))).rejects.toMatchObject({ excType: 'PermissionError' })
    expect(await calls('usage', { user: 'nobody@example.com' })).toBe(0)
  })

  it('tell what was done with one token, to its user and to System Managers', async () => {
    const [one, two] = [await connected({ app_name: 'One' }), await connected({ app_name: 'Two' })]
    for (const { tokens } of [one, one, two]) await works(tokens)
    const token = tokenKey(one.tokens.access)
    provider.oauth.usage.used({ client: one.app.id, grant: one.grant, hash: token }, 'Item', 'read')
    provider.oauth.usage.refused({ client: one.app.id, grant: one.grant, hash: token }, 'scope', 'list Deal', 'Deal:read')
    const days = Array.from({ length: 3 }, (_, index) => ({ calls: index === 2 ? 2 : 0, refused: index === 2 ? 1 : 0 }))
    for (const [method, principal] of [
      ['usage', undefined],
      ['my_usage', clerk(user)],
    ] as const) {
      expect(await json(method, { token }, principal)).toMatchObject({
        calls: 2,
        first_used: TIME,
        last_used: TIME,
        days,
        rights: [{ what: 'Item', right: 'read', count: 1 }],
        refusals: [{ reason: 'scope', act: 'list Deal', scope: 'Deal:read', count: 1 }],
      })
      expect(await json(method, { token: tokenKey(one.tokens.refresh) }, principal)).toMatchObject({
        calls: 0,
        first_used: null,
        rights: [],
      })
      await expect(call(method, { token }, clerk('other@example.com'))).rejects.toMatchObject({ excType: 'DoesNotExistError' })
      await expect(call(method, { token: 'x'.repeat(150) }, principal)).rejects.toMatchObject({
        message: `OAuth Bearer Token ${'x'.repeat(140)} not found`,
      })
    }
  })

  it('suspend an app, let it go on, and retire it', async () => {
    const { app, tokens } = await connected()
    const state = async (): Promise<unknown> => (await provider.oauth.clients.read(ADMINISTRATOR, app.id))['state']
    await call('set_state', { client: app.id, state: 'Suspended' })
    expect([await state(), await works(tokens)]).toEqual(['Suspended', false])
    await call('set_state', { client: app.id, state: 'Active' })
    expect([await state(), await works(tokens)]).toEqual(['Active', true])
    for (const _ of ['once', 'again']) await call('set_state', { client: app.id, state: 'Retired' })
    expect([await state(), await works(tokens)]).toEqual(['Retired', false])
  })

  it('make a new secret beside the old one, for a day unless told otherwise, and end one', async () => {
    const { app } = await connected()
    const hoursTo = (text: unknown): number => (Date.parse(`${String(text).replace(' ', 'T')}Z`) - provider.now() / 1000) / 3_600_000
    const first = await json('rotate_secret', { client: app.id })
    expect(first).toEqual({ client_secret: expect.stringMatching(/^annex_cs_/) as string, old_until: TIME })
    expect(Math.round(hoursTo(first['old_until']))).toBe(24)
    const { secrets } = await json('get', { client: app.id })
    const [, old] = secrets as { secret: string }[]
    await call('end_secret', { client: app.id, secret: old?.secret })
    expect((await json('get', { client: app.id }))['secrets']).toHaveLength(1)
    expect(Math.round(hoursTo((await json('rotate_secret', { client: app.id, overlap_hours: '2' }))['old_until']))).toBe(2)
    expect(await json('rotate_secret', { client: app.id, overlap_hours: 0 })).toEqual({
      client_secret: expect.any(String) as string,
      old_until: null,
    })
    const told = await register(provider, { event_uri: 'https://app.example.com/events' })
    const event = await json('rotate_event_secret', { client: told.id, overlap_hours: 3 })
    expect(event).toEqual({ event_secret: expect.stringMatching(/^whsec_/) as string, old_until: TIME })
    expect(Math.round(hoursTo(event['old_until']))).toBe(3)
    await expect(call('rotate_event_secret', { client: told.id, overlap_hours: 'x' })).rejects.toMatchObject({ excType: 'ValidationError' })
  })

  it('list who waits, of one app or of all, and decide', async () => {
    const [one, two] = [
      await register(provider, { authorization_policy: 'After Approval' }),
      await register(provider, { authorization_policy: 'After Approval' }),
    ]
    for (const app of [one, two]) await browser.authorize(request(app))
    const waiting = async (args: Args = {}): Promise<unknown[]> => ((await call('approvals', args)) as Json[]).map(({ client }) => client)
    expect(await call('approvals', { client: one.id })).toEqual([{ client: one.id, user, state: 'Waiting', created: TIME }])
    expect(new Set(await waiting({ client: '' }))).toEqual(new Set([one.id, two.id]))
    await call('decide', { client: one.id, user, decision: 'approve' })
    expect(await waiting()).toEqual([two.id])
    await call('decide', { client: two.id, user, decision: 'refuse' })
    expect(await waiting()).toEqual([])
    expect([await waiting({ state: 'Approved' }), await waiting({ state: 'Refused' })]).toEqual([[one.id], [two.id]])
    await expect(waiting({ state: 'Forgotten' })).rejects.toMatchObject({ message: 'state must be one of Waiting, Approved, Refused' })
    expect((await connect(provider, browser, one)).access).toMatch(/^at/)
    expect((await browser.authorize(request(two))).status).not.toBe(200)
  })

  it('tell what an app was told, send it again and forget it', async () => {
    const { app, grant } = await connected({ event_uri: 'https://app.example.com/events' })
    await call('end', { grant }, clerk(user))
    const deliveries = async (): Promise<Json[]> => (await call('deliveries', { client: app.id })) as Json[]
    const [told, ...more] = await deliveries()
    expect(more).toEqual([])
    expect(told).toEqual({
      delivery: expect.any(String) as string,
      kind: 'event',
      state: 'waiting',
      attempts: 0,
      created: TIME,
      next_at: TIME,
      finished: null,
      last_error: null,
      grant,
      reason: 'user_revoked',
    })
    await call('retry_delivery', { client: app.id, delivery: told?.['delivery'] })
    expect(await deliveries()).toHaveLength(1)
    await call('forget_delivery', { client: app.id, delivery: told?.['delivery'] })
    expect(await deliveries()).toEqual([])
  })

  it('take the advice on a right, and say why they do not', async () => {
    const { app } = await connected(
      { scopes: 'openid Item:read Item:write', required_scopes: 'Item:write openid', optional_scopes: 'Item:read' },
      'openid Item:write',
    )
    const take = (client: string, scope: string): Promise<unknown> => call('take_away', { client, scope })
    await expect(take(app.id, 'Item:write')).rejects.toMatchObject({
      excType: 'ValidationError',
      message: 'There is no advice on Item:write any more; open the page again',
    })
    await expect(take(app.id, 'y'.repeat(150))).rejects.toMatchObject({
      message: `There is no advice on ${'y'.repeat(140)} any more; open the page again`,
    })
    const lone = await connected({ scopes: 'Item:write' }, 'Item:write')
    provider.advance(91 * 86_400)
    expect(await call('advice', { client: app.id })).toEqual([])
    browser = await new Browser(provider).signIn(user)
    const settings = { doctype: 'OAuth Settings', name: 'OAuth Settings', values: { unused_right_days: 1 } }
    await provider.documents.update(ADMINISTRATOR, settings)
    await provider.generation.observe(await provider.generation.read())
    for (const each of [app, lone.app]) await connect(provider, browser, each, { scope: 'Item:write' })
    provider.advance(2 * 86_400)
    expect(await call('advice', { client: app.id })).toEqual([{ kind: 'unused', scope: 'Item:write', instead: [] }])
    await expect(take(lone.app.id, 'Item:write')).rejects.toMatchObject({
      excType: 'ValidationError',
      message: 'Nothing would be left that the app may ask for; suspend or retire it instead',
    })
    await take(app.id, 'Item:write')
    expect(await provider.oauth.clients.read(ADMINISTRATOR, app.id)).toMatchObject({
      scopes: 'openid\nItem:read',
      required_scopes: 'openid',
      optional_scopes: 'Item:read',
    })
  })
})
