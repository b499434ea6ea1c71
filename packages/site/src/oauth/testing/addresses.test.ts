import { OAUTH_PATHS } from '@annex/protocol'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import {
  APPROVE,
  Browser,
  INTROSPECT,
  PROFILE,
  TOKEN,
  ask,
  connect,
  me,
  person,
  post,
  register,
  request,
  type App,
  type Reply,
} from './app.fixture.ts'
import { openProvider, type Provider } from './provider.fixture.ts'

const DAY = 86_400_000_000

describe.each(engines)('the addresses of the provider, on %s', (engine) => {
  let provider: Provider
  let user: string
  let browser: Browser

  beforeAll(async () => {
    provider = await openProvider(engine)
    user = await person(provider)
    browser = await new Browser(provider).signIn(user)
  })
  afterAll(() => provider.close())

  const byClient = (app: App): Record<string, string> => ({ client_id: app.id, client_secret: app.secret })
  const repeat = async (times: number, call: () => Promise<Reply>): Promise<number[]> => {
    const statuses: number[] = []
    for (let turn = 0; turn < times; turn += 1) statuses.push((await call()).status)
    return statuses
  }
  const list = async <T>(statement: ReturnType<typeof sql<T>>): Promise<readonly T[]> =>
    (await statement.execute(provider.database.connection)).rows

  it.each(['token', 'revoke', 'deviceAuthorization', 'introspect', 'register'] as const)(
    '%s takes a POST and nothing else',
    async (name) => {
      const path = OAUTH_PATHS[name]
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
        const reply = await ask(provider, path, { method })
        expect([reply.status, reply.headers.get('allow'), reply.json['error']], method).toEqual([405, 'POST', 'invalid_request'])
      }
      const strange = await ask(provider, path, { headers: { authorization: 'Bearer strange' } })
      expect([strange.status, strange.headers.get('allow')]).toEqual([405, 'POST'])
      const posted = await post(provider, path, {})
      expect([400, 401, 403, 404]).toContain(posted.status)
      expect(posted.json['error']).toEqual(expect.any(String))
    },
  )

  it.each([
    ['token', 2 * 1024 * 1024],
    ['introspect', 2 * 1024 * 1024],
    ['register', 64 * 1024],
  ] as const)('%s reads no more than %d bytes', async (name, bytes) => {
    const send = (length: number): Promise<Reply> =>
      ask(provider, OAUTH_PATHS[name], {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"x":"${'x'.repeat(length - 8)}"}`,
      })
    expect((await send(bytes)).status).not.toBe(413)
    expect((await send(bytes + 1)).status).toBe(413)
  })

  it('lets clients speak for themselves: a session says nothing there', async () => {
    const reply = await ask(provider, TOKEN, {
      method: 'POST',
      headers: browser.headers(),
      body: new URLSearchParams({ grant_type: 'refresh_token' }),
    })
    expect([reply.status, reply.json['error']]).toEqual([401, 'invalid_client'])
  })

  it('answers a profile to GET and POST, and says to others where a token comes from', async () => {
    const { access } = await connect(provider, browser, await register(provider))
    const authorization = `Bearer ${access}`
    const [got, posted] = [
      await ask(provider, PROFILE, { headers: { authorization } }),
      await post(provider, PROFILE, {}, { authorization }),
    ]
    expect([got.status, posted.status, got.json['email']]).toEqual([200, 200, user])
    const refused = await ask(provider, PROFILE, { headers: { authorization: `Bearer at1_${'x'.repeat(43)}` } })
    expect(refused.headers.get('www-authenticate')).toContain(`resource_metadata="${provider.base}/.well-known/oauth-protected-resource"`)
  })

  it('takes consent from the form of the session alone', async () => {
    const app = await register(provider)
    await browser.authorize(request(app))
    expect((await browser.post(APPROVE, { decision: 'allow' })).status).toBe(400)
    expect((await browser.get(APPROVE)).status).toBe(303)
  })

  it('bears so many questions a minute: consent pages, devices, strange tokens, wrong secrets', async () => {
    const [app, other] = [await register(provider), await register(provider)]
    const device = await register(provider, { kind: 'native' })
    const started = await repeat(31, () => post(provider, OAUTH_PATHS.deviceAuthorization, { client_id: device.id }))
    expect([new Set(started.slice(0, 30)), started[30]]).toEqual([new Set([200]), 429])
    const asked = await repeat(51, () => post(provider, INTROSPECT, { ...byClient(app), token: 'strange' }))
    expect([new Set(asked.slice(0, 50)), asked[50]]).toEqual([new Set([200]), 429])
    expect((await post(provider, INTROSPECT, { ...byClient(other), token: 'strange' })).status).toBe(200)
    const wrong = await repeat(21, () => post(provider, INTROSPECT, { client_id: other.id, client_secret: 'wrong', token: 'strange' }))
    expect([new Set(wrong.slice(0, 20)), wrong[20]]).toEqual([new Set([401]), 429])
    const curious = await new Browser(provider).signIn(await person(provider))
    const pages = await repeat(61, () => curious.authorize(request(app)))
    expect([new Set(pages.slice(0, 60)), pages[60]]).toEqual([new Set([200]), 429])
  })

  it('counts where a secret is used, and spends the budget of an app that proved itself', async () => {
    const limited = async (values: Record<string, unknown>): Promise<App> => {
      const app = await register(provider, values)
      await provider.oauth.clients.update(ADMINISTRATOR, app.id, { requests_per_second: 2 })
      return app
    }
    const [web, loose, native] = [await limited({}), await limited({ refresh_without_secret: 1 }), await limited({ kind: 'native' })]
    const statuses = async (app: App): Promise<number[]> => {
      provider.advance(10)
      return repeat(3, () => post(provider, INTROSPECT, { ...(app.secret === '' ? { client_id: app.id } : byClient(app)), token: 'x' }))
    }
    expect(await statuses(web)).toEqual([200, 200, 429])
    expect(await statuses(loose)).toEqual([200, 200, 429])
    expect(await statuses(native)).toEqual([401, 401, 429])
    const beside = await limited({ kind: 'native' })
    expect((await post(provider, INTROSPECT, { client_id: beside.id, token: 'x' })).status).toBe(401)
    const networks = async (app: App): Promise<string[]> => (await provider.oauth.usage.networks([app.id])).map(({ network }) => network)
    expect([await networks(web), await networks(native)]).toEqual([['127.0.0'], []])
  })

  it('spends the same budget on an app’s calls, and counts those that are refused', async () => {
    const outcomes = async (values: Record<string, unknown>): Promise<unknown[]> => {
      const app = await register(provider, values)
      const { access } = await connect(provider, browser, app)
      await provider.oauth.clients.update(ADMINISTRATOR, app.id, { requests_per_second: 1 })
      provider.advance(10)
      await post(provider, INTROSPECT, { ...byClient(app), token: 'x' })
      const statuses = await repeat(2, () => me(provider, access))
      const limits = (await provider.oauth.usage.sums([app.id], 1)).filter(({ outcome }) => outcome === 'limit')
      return [...statuses, limits.reduce((sum, { count }) => sum + count, 0)]
    }
    expect(await outcomes({})).toEqual([429, 429, 2])
    expect(await outcomes({ refresh_without_secret: 1 })).toEqual([200, 429, 1])
  })

  it('are tidied each hour: what ended is removed, of every kind', async () => {
    const app = await register(provider, { event_uri: 'https://app.example.com/events' })
    await connect(provider, browser, app)
    const { connection } = provider.database
    await provider.telling.eventSecrets.rotate(ADMINISTRATOR, app.id)
    const old = provider.now() - 500 * DAY
    provider.oauth.usage.call({ client: 'old', grant: 'old', hash: 'old' }, '', old)
    await provider.oauth.usage.flush()
    await sql`update oauth_event_secret set expires = ${old} where client = ${app.id} and expires is not null`.execute(connection)
    await sql`update oauth_token set expires = ${old} where client = ${app.id}`.execute(connection)
    const loner = await register(provider, { app_name: 'Loner' })
    await sql`update ${sql.table('tabOAuth Client')} set dynamically_registered = 1, creation = ${old} where name = ${loner.id}`.execute(
      connection,
    )
    const counts = async (): Promise<number[]> =>
      Promise.all(
        [
          sql`select 1 from oauth_event_secret where client = ${app.id}`,
          sql`select 1 from oauth_token where client = ${app.id}`,
          sql`select 1 from oauth_use_span where subject = 'old'`,
          sql`select 1 from ${sql.table('tabOAuth Client')} where name = ${loner.id}`,
        ].map(async (statement) => (await list(statement)).length),
      )
    expect(await counts()).toEqual([2, 2, 1, 1])
    const before = await list(sql`select kid from signing_key where use = 'signing'`)
    provider.advance(91 * 86_400)
    await provider.oauth.tidy()
    expect(await counts()).toEqual([1, 0, 0, 0])
    expect((await list(sql`select kid from signing_key where use = 'signing'`)).length).toBeGreaterThan(before.length)
    expect(provider.faults).toEqual([])
  })

  it('write what they remember when the process ends', async () => {
    const app = await register(provider, { openid_acts_as_all: 1 })
    browser = await new Browser(provider).signIn(user)
    const { access } = await connect(provider, browser, app, { scope: 'openid' })
    provider.advance(600)
    expect((await me(provider, access)).status).toBe(200)
    const written = async (): Promise<boolean[]> => {
      const [grant] = await list(
        sql<{ created: number; last_used: number }>`select created, last_used from oauth_grant where client = ${app.id}`,
      )
      const span = await list(sql`select 1 from oauth_use_span where subject = ${app.id}`)
      const use = await list(sql`select 1 from client_use where client = ${app.id}`)
      return [Number(grant?.last_used) - Number(grant?.created) > 500_000_000, span.length === 1, use.length === 1]
    }
    await provider.oauth.close()
    expect(await written()).toEqual([true, true, true])
  })
})
