import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import {
  Browser,
  INTROSPECT,
  connect,
  me,
  person,
  post,
  register,
  renew,
  request,
  swap,
  tokensOf,
  type App,
  type Reply,
} from '../testing/app.fixture.ts'
import { doctype, openProvider, type Provider } from '../testing/provider.fixture.ts'

const SCOPES = 'openid Item:read Item:write'
const DAY = 86_400

const expectError = (reply: Reply, error: string): void =>
  expect({ status: reply.status, error: reply.json['error'] }).toEqual({ status: 400, error })

describe.each(engines)('Tokens on %s', (engine) => {
  let provider: Provider
  let user: string
  let alice: Browser
  let app: App

  beforeAll(async () => {
    provider = await openProvider(engine)
    user = await person(provider)
    alice = await new Browser(provider).signIn(user)
    app = await register(provider, { scopes: SCOPES })
  })
  afterAll(() => provider.close())

  const codeOf = (client: App, values: Record<string, string | string[]> = {}): Promise<string> =>
    alice.code(request(client, { scope: SCOPES, prompt: 'consent', ...values }))
  const audienceOf = async (token: string): Promise<unknown> =>
    (await post(provider, INTROSPECT, { token, client_id: app.id, client_secret: app.secret })).json['aud']
  const site = (path: string): string => provider.base + path

  it('lack what went with its DocType, in every answer about them, whoever has its name since', async () => {
    const name = 'Short Lived'
    const define = () => provider.documents.insert(ADMINISTRATOR, 'DocType', [doctype(name)])
    await define()
    const own = await register(provider, { scopes: `${SCOPES} Short.Lived:read` })
    const reply = await swap(provider, own, await codeOf(own, { scope: `${SCOPES} Short.Lived:read` }))
    const asked = async (token: string): Promise<unknown> =>
      (await post(provider, INTROSPECT, { token, client_id: own.id, client_secret: own.secret })).json['scope']
    expect([reply.json['scope'], await asked(tokensOf(reply).access)]).toEqual(Array(2).fill(`${SCOPES} Short.Lived:read`))
    await provider.documents.remove(ADMINISTRATOR, { doctype: 'DocType', name })
    expect(await asked(tokensOf(reply).access)).toBe(SCOPES)
    await define()
    expect(await asked(tokensOf(reply).access)).toBe(SCOPES)
    const renewed = await renew(provider, own, tokensOf(reply).refresh)
    expect([renewed.json['scope'], await asked(tokensOf(renewed).access)]).toEqual([SCOPES, SCOPES])
  })

  describe('hold less when the app asks for less', () => {
    it.each([
      ['', SCOPES],
      [SCOPES, SCOPES],
      ['Item:write openid', 'openid Item:write'],
      ['Item:read', 'Item:read'],
    ])('of a code with the scope "%s"', async (scope, held) => {
      const reply = await swap(provider, app, await codeOf(app), { scope })
      expect(reply.json['scope']).toBe(held)
      expect((await me(provider, tokensOf(reply).access)).json['scopes']).toEqual(held.split(' '))
      expect(reply.json['id_token'] === undefined).toBe(!held.includes('openid'))
      expect((await renew(provider, app, tokensOf(reply).refresh)).json['scope']).toBe(SCOPES)
    })

    it('and never more: the code stays good', async () => {
      const code = await codeOf(app, { scope: 'Item:read' })
      expectError(await swap(provider, app, code, { scope: 'Item:read Item:write' }), 'invalid_scope')
      expect((await swap(provider, app, code)).json['scope']).toBe('Item:read')
    })
  })

  describe('are for the resources', () => {
    it('that the authorization named, or for those of them that the exchange and each refresh name', async () => {
      const resource = [site('/mcp'), site('/')]
      const reply = await swap(provider, app, await codeOf(app, { resource }))
      const both = [provider.base, site('/mcp')]
      expect(await audienceOf(tokensOf(reply).access)).toEqual(both)
      const narrowed = await renew(provider, app, tokensOf(reply).refresh, { resource: site('/mcp') })
      expect(await audienceOf(tokensOf(narrowed).access)).toBe(site('/mcp'))
      expect((await me(provider, tokensOf(narrowed).access)).status).toBe(200)
      const wide = await renew(provider, app, tokensOf(narrowed).refresh)
      expect(await audienceOf(tokensOf(wide).access)).toEqual(both)
      expectError(await renew(provider, app, tokensOf(wide).refresh, { resource: site('/other') }), 'invalid_target')
      expect((await renew(provider, app, tokensOf(wide).refresh, { resource })).status).toBe(200)
    })

    it('of the whole site when none was named, and may be narrowed to any address of it', async () => {
      const code = await codeOf(app)
      expectError(await swap(provider, app, code, { resource: 'https://elsewhere.example/' }), 'invalid_target')
      expectError(await swap(provider, app, code, { resource: `${provider.base}/#x` }), 'invalid_target')
      const reply = await swap(provider, app, code, { resource: site('/mcp') })
      expect(await audienceOf(tokensOf(reply).access)).toBe(site('/mcp'))
      const next = await renew(provider, app, tokensOf(reply).refresh)
      expect(await audienceOf(tokensOf(next).access)).toBe(provider.base)
    })

    it('D05 and a repeat that names another is a reuse, one that names the same is not', async () => {
      const client = await register(provider, { scopes: SCOPES })
      const first = await connect(provider, alice, client, { scope: SCOPES })
      const second = tokensOf(await renew(provider, client, first.refresh, { resource: site('/mcp') }))
      expect(tokensOf(await renew(provider, client, first.refresh, { resource: site('/mcp') }))).toEqual(second)
      expectError(await renew(provider, client, first.refresh), 'invalid_grant')
      expect((await me(provider, second.access)).status).toBe(401)
      expect(provider.events.at(-1)).toMatchObject({ event: 'grant.revoked', reason: 'token_reuse', client: client.id })
    })
  })

  describe('live', () => {
    it('as long as their client is set to: access, idle and absolute', async () => {
      const client = await register(provider, { scopes: SCOPES, access_token_lifetime: 120, idle_lifetime: 2, absolute_lifetime: 3 })
      const first = await swap(provider, client, await codeOf(client))
      expect(first.json['expires_in']).toBe(120)
      provider.advance(121)
      expect((await me(provider, tokensOf(first).access)).status).toBe(401)
      const second = await renew(provider, client, tokensOf(first).refresh)
      expect(second.json['expires_in']).toBe(120)
      provider.advance(1.9 * DAY)
      const third = await renew(provider, client, tokensOf(second).refresh)
      expect(third.status).toBe(200)
      provider.advance(1.2 * DAY)
      expectError(await renew(provider, client, tokensOf(third).refresh), 'invalid_grant')
    })

    it('no longer than without use', async () => {
      const client = await register(provider, { scopes: SCOPES, idle_lifetime: 2 })
      alice = await new Browser(provider).signIn(user)
      const first = await swap(provider, client, await codeOf(client))
      provider.advance(2 * DAY + 1)
      expectError(await renew(provider, client, tokensOf(first).refresh), 'invalid_grant')
    })
  })
})
