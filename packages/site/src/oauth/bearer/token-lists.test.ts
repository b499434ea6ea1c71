import type { Filter } from '@annex/protocol'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { Browser, ask, connect, me, person, register, renew, tokensOf, type App, type Reply } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { traces } from '../testing/trail.fixture.ts'
import { tokenKey } from '../token-text.ts'

const DOCTYPE = 'OAuth Bearer Token'

describe.each(engines)('access tokens on %s', (engine) => {
  let provider: Provider
  let app: App
  let other: App
  let ann: string
  let bob: string
  let tokens: Record<'annApp' | 'bobApp' | 'annOther', string>

  beforeAll(async () => {
    provider = await openProvider(engine)
    ;[app, other] = [await register(provider), await register(provider, { access_token_lifetime: 600 })]
    ;[ann, bob] = [await person(provider), await person(provider)]
    const [first, second] = [await new Browser(provider).signIn(ann), await new Browser(provider).signIn(bob)]
    const annApp = (await connect(provider, first, app)).access
    provider.advance(1)
    const bobApp = (await connect(provider, second, app)).access
    provider.advance(1)
    tokens = { annApp, bobApp, annOther: (await connect(provider, first, other)).access }
  })
  afterAll(() => provider.close())

  describe('when a System Manager looks for them', () => {
    const equal = (fieldname: string, value: unknown): Filter => ({ fieldname, operator: '=', value })
    const find = async (
      filters: Filter[] = [],
      more: { start?: number; limit?: number | null } = {},
    ): Promise<readonly Readonly<Record<string, unknown>>[]> =>
      provider.documents.list(ADMINISTRATOR, { doctype: DOCTYPE, fields: ['*'], filters, limit: null, ...more })
    const named = (...names: (keyof typeof tokens)[]): string[] => names.map((name) => tokenKey(tokens[name]))

    it.each<[by: string, filters: () => Filter[], found: () => string[]]>([
      ['nothing, newest first', () => [], () => named('annOther', 'bobApp', 'annApp')],
      ['their app', () => [equal('client', app.id)], () => named('bobApp', 'annApp')],
      ['their user', () => [equal('user', ann)], () => named('annOther', 'annApp')],
      ['both', () => [equal('user', ann), equal('client', app.id)], () => named('annApp')],
      ['their name', () => named('bobApp').map((name) => equal('name', name)), () => named('bobApp')],
      ['a name that is none', () => [equal('name', 'x')], () => []],
      ['their state', () => [equal('status', 'Revoked')], () => []],
      ['their rights', () => [equal('scopes', 'openid all')], () => named('annOther', 'bobApp', 'annApp')],
    ])('are found by %s', async (_by, filters, found) => {
      expect((await find(filters())).map(({ name }) => name)).toEqual(found())
      expect(await provider.documents.count(ADMINISTRATOR, { doctype: DOCTYPE, filters: filters() })).toBe(found().length)
    })

    it('are listed a few at a time', async () => {
      expect((await find([], { start: 1, limit: 1 })).map(({ name }) => name)).toEqual(named('bobApp'))
      expect((await find([], { start: 1 })).map(({ name }) => name)).toEqual(named('bobApp', 'annApp'))
      expect((await find([], { limit: 2 })).map(({ name }) => name)).toEqual(named('annOther', 'bobApp'))
    })

    it('are listed with all that is known of each', async () => {
      const [name] = named('annOther')
      const shown = await provider.documents.read(ADMINISTRATOR, { doctype: DOCTYPE, name: name! })
      const at = shown.creation
      expect(shown).toEqual({
        name,
        owner: ann,
        creation: at,
        modified: at,
        modified_by: ann,
        docstatus: 0,
        idx: 0,
        client: other.id,
        user: ann,
        scopes: 'openid all',
        expiration_time: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/) as string,
        status: 'Active',
        doctype: DOCTYPE,
      })
      const [from, until] = [at, String(shown['expiration_time'])].map((time) => Date.parse(`${time.replace(' ', 'T')}Z`))
      expect(Math.abs(until! - from! - 600_000)).toBeLessThan(1000)
      await expect(provider.documents.read(ADMINISTRATOR, { doctype: DOCTYPE, name: 'x' })).rejects.toThrow(/not found/i)
    })

    it('are found by their state, which changes', async () => {
      provider.advance(601)
      const states = async (): Promise<unknown[]> => (await find()).map((row) => row['status'])
      expect(await states()).toEqual(['Expired', 'Active', 'Active'])
      await provider.grants.revoke({ user: bob }, 'user_revoked')
      expect(await states()).toEqual(['Expired', 'Revoked', 'Active'])
      expect((await find([equal('status', 'Revoked')])).map(({ name }) => name)).toEqual(named('bobApp'))
    })
  })

  describe('that are shown', () => {
    const shown = (authorization: string, headers: Record<string, string> = {}): Promise<Reply> =>
      ask(provider, '/api/me', { headers: { authorization, ...headers } })
    const challenge = (sentence: string): string =>
      `Bearer error="invalid_token", error_description="${sentence}", resource_metadata="${provider.base}/.well-known/oauth-protected-resource"`
    const fresh = async (client: App): Promise<string> => (await connect(provider, await new Browser(provider).signIn(ann), client)).access

    it.each(['Bearer', 'Bearer ', 'bearer\tx', 'Bearer at1_x', 'Bearer  at1_x', 'Bearer a b', 'BEARER rt1_x'])(
      'are refused in one sentence: %j',
      async (authorization) => {
        const reply = await shown(authorization)
        expect([reply.status, reply.json['exc_type']]).toEqual([401, 'AuthenticationError'])
        expect(reply.text).toContain('The access token is unknown, expired or revoked; renew it or sign in again')
        expect(reply.headers.get('www-authenticate')).toBe(challenge('The access token is unknown, expired or revoked'))
      },
    )

    it('are no tokens in a header of another scheme', async () => {
      const { status, headers } = await shown('Bearerx at1_x')
      expect(status).toBe(401)
      expect(headers.get('www-authenticate')).not.toContain('error_description="The access token')
    })

    it('from an address that their app is not bound to are refused; the trail, the app’s use and Explain know of it', async () => {
      const bound = await register(provider)
      const access = await fresh(bound)
      await provider.oauth.clients.update(ADMINISTRATOR, bound.id, { ip_ranges: '192.0.2.0/24\n127.0.0.1' })
      expect((await me(provider, access)).status).toBe(200)
      expect((await me(provider, access, { 'x-forwarded-for': '192.0.2.7' })).status).toBe(200)
      const reply = await me(provider, access, { 'x-forwarded-for': '198.51.100.7' })
      const sentence = 'This app may not be used from this address; an administrator set from which it may'
      expect([reply.status, reply.json['exc_type'], reply.text.includes(sentence)]).toEqual([401, 'AuthenticationError', true])
      expect(reply.headers.get('www-authenticate')).toBe(challenge(sentence))
      const [grant] = await provider.grants.list(ann, bound.id)
      expect(await traces(provider, bound.id, 'oauth.client.refused')).toMatchObject([
        { user: ann, grant: grant?.id, ip: '198.51.100.7', detail: { reason: 'address' } },
      ])
      expect((await provider.oauth.apps.report(ADMINISTRATOR, bound.id)).refusals).toEqual([
        { reason: 'address', act: '', scope: '', count: 1 },
      ])
      const incident = reply.headers.get('x-annex-incident') ?? ''
      expect(reply.json['incident']).toBe(incident)
      const explained = await provider.oauth.explain.incident(ADMINISTRATOR, incident)
      expect(explained).toMatchObject({ incident: { user: ann, client: bound.id }, explanation: { allowed: false } })
      expect(JSON.stringify(explained)).toContain('198.51.100.7 is outside of every address range of the app')
    })

    it('ask of the site what their app may, and no more', async () => {
      const held = await register(provider, { requests_per_second: 3 })
      const access = await fresh(held)
      const statuses = (await Promise.all(Array.from({ length: 12 }, () => me(provider, access)))).map(({ status }) => status)
      expect([statuses.includes(200), statuses.includes(429)]).toEqual([true, true])
      const free = await fresh(await register(provider))
      expect(new Set((await Promise.all(Array.from({ length: 12 }, () => me(provider, free)))).map(({ status }) => status))).toEqual(
        new Set([200]),
      )
    })

    it('are those of a grant that lives, of an app that is active, by the epoch of now', async () => {
      const own = await register(provider)
      const browser = await new Browser(provider).signIn(ann)
      const first = await connect(provider, browser, own)
      const second = tokensOf(await renew(provider, own, first.refresh))
      expect([(await me(provider, first.access)).status, (await me(provider, second.access)).status]).toEqual([200, 200])
      await provider.oauth.clients.setState(ADMINISTRATOR, own.id, 'Suspended')
      expect((await me(provider, second.access)).status).toBe(401)
      await provider.oauth.clients.setState(ADMINISTRATOR, own.id, 'Active')
      await sql`update oauth_token set kind = 'refresh' where hash = ${tokenKey(second.access)}`.execute(provider.database.connection)
      expect((await me(provider, second.access)).status).toBe(401)
      await sql`update oauth_token set kind = 'access' where hash = ${tokenKey(first.refresh)}`.execute(provider.database.connection)
      expect((await me(provider, first.refresh)).status).toBe(401)
    })
  })
})
