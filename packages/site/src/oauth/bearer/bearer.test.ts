import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import {
  Browser,
  INTROSPECT,
  PROFILE,
  REVOKE,
  ask,
  connect,
  me,
  person,
  post,
  register,
  renew,
  tokensOf,
  type App,
  type Reply,
  type Tokens,
} from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

describe.each(engines)('a token in use on %s', (engine) => {
  let provider: Provider
  let user: string
  let alice: Browser
  let app: App

  beforeAll(async () => {
    provider = await openProvider(engine)
    user = await person(provider)
    app = await register(provider)
  })
  afterAll(() => provider.close())

  async function fresh(own: App = app, scope = 'openid all'): Promise<Tokens> {
    alice = await new Browser(provider).signIn(user)
    return connect(provider, alice, own, { scope })
  }

  const introspect = (token: string, by: App = app, values: Record<string, string> = {}): Promise<Reply> =>
    post(provider, INTROSPECT, { token, client_id: by.id, client_secret: by.secret, ...values })
  const isDead = async (token: string): Promise<boolean> => (await me(provider, token)).status === 401

  describe('revoked', () => {
    it('E01 by another client is left alone', async () => {
      const { access } = await fresh()
      const other = await register(provider)
      const reply = await post(provider, REVOKE, { token: access, client_id: other.id, client_secret: other.secret })
      expect([reply.status, reply.json]).toEqual([200, {}])
      expect(await isDead(access)).toBe(false)
    })

    it.each([{ token: 'rubbish' }, { token: 'x'.repeat(5000) }, { token: 'rubbish', token_type_hint: 'nonsense' }])(
      'E02 and unknown is as good as ended',
      async (fields) => {
        const reply = await post(provider, REVOKE, fields)
        expect([reply.status, reply.json]).toEqual([200, {}])
      },
    )

    it.each(['access', 'refresh'] as const)('E03 by its %s token, the whole grant is dead', async (kind) => {
      const tokens = await fresh()
      const reply = await post(provider, REVOKE, {
        token: tokens[kind],
        token_type_hint: 'nonsense',
        client_id: app.id,
        client_secret: app.secret,
      })
      expect(reply.status).toBe(200)
      expect(await isDead(tokens.access)).toBe(true)
      expect((await renew(provider, app, tokens.refresh)).json['error']).toBe('invalid_grant')
    })

    it('E05 by whoever holds it, with a client_id or without; a wrong secret is refused', async () => {
      for (const fields of [{}, { client_id: app.id }]) {
        const { access } = await fresh()
        expect((await post(provider, REVOKE, { token: access, ...fields })).status).toBe(200)
        expect(await isDead(access)).toBe(true)
      }
      const { access } = await fresh()
      expect((await post(provider, REVOKE, { token: access, client_id: app.id, client_secret: 'wrong' })).status).toBe(401)
      expect(await isDead(access)).toBe(false)
    })

    it('alone, when the client is set so', async () => {
      const lenient = await register(provider, { revoke_mode: 'token-only' })
      const tokens = await fresh(lenient)
      await post(provider, REVOKE, { token: tokens.access })
      expect(await isDead(tokens.access)).toBe(true)
      const next = await renew(provider, lenient, tokens.refresh)
      expect(next.status).toBe(200)
      await post(provider, REVOKE, { token: tokensOf(next).refresh })
      expect((await renew(provider, lenient, tokensOf(next).refresh)).status).toBe(400)
      expect(await isDead(tokensOf(next).access)).toBe(false)
    })

    it('E04 is never said to be while it could not be stored', async () => {
      const { access } = await fresh()
      await sql`alter table oauth_grant rename to oauth_grant_away`.execute(provider.database.connection)
      const reply = await post(provider, REVOKE, { token: access })
      await sql`alter table oauth_grant_away rename to oauth_grant`.execute(provider.database.connection)
      expect([reply.status, reply.json['error'], reply.headers.get('retry-after')]).toEqual([503, 'temporarily_unavailable', '5'])
      expect(reply.text).not.toMatch(/oauth_grant|relation|table/)
      expect(provider.faults).toHaveLength(1)
      expect(await isDead(access)).toBe(false)
    })

    it('without naming it is a wrong request', async () => expect((await post(provider, REVOKE, {})).status).toBe(400))
  })

  describe('introspected', () => {
    it('E06 needs the credentials of a client with a secret', async () => {
      const { access } = await fresh()
      const open = await register(provider, { kind: 'public' })
      for (const fields of [{}, { client_id: app.id }, { client_id: app.id, client_secret: 'wrong' }, { client_id: open.id }]) {
        const reply = await post(provider, INTROSPECT, { token: access, ...fields })
        expect([reply.status, reply.json['error']]).toEqual([401, 'invalid_client'])
      }
    })

    it('E07 E08 says nothing but inactive of a token that is not the client’s own, or not good', async () => {
      const tokens = await fresh()
      const inactive = { active: false }
      expect((await introspect(tokens.access, await register(provider))).json).toEqual(inactive)
      expect((await introspect('rubbish')).json).toEqual(inactive)
      const next = tokensOf(await renew(provider, app, tokens.refresh))
      expect((await introspect(tokens.refresh)).json).toEqual(inactive)
      expect((await introspect(next.refresh)).json).toMatchObject({ active: true, token_type: 'refresh_token' })
      await post(provider, REVOKE, { token: next.access })
      expect((await introspect(next.access)).json).toEqual(inactive)
      const bob = await person(provider)
      const bobs = await connect(provider, await new Browser(provider).signIn(bob), app)
      expect((await introspect(bobs.access)).json['active']).toBe(true)
      provider.advance(3601)
      expect((await introspect(bobs.access)).json).toEqual(inactive)
    })

    it('tells the true end, and claims with openid alone', async () => {
      const own = await register(provider, { scopes: 'openid Item:read' })
      const { json } = await introspect((await fresh(own, 'Item:read')).access, own)
      expect(json).toMatchObject({ active: true, scope: 'Item:read', trusted_client: 0, iss: provider.base, aud: provider.base })
      expect(Number(json['exp']) - Number(json['iat'])).toBe(3600)
      expect(json['sub']).toBeUndefined()
    })

    it('E09 slows down whoever asks about tokens that are not there', async () => {
      const own = await register(provider)
      const asked = await Promise.all(Array.from({ length: 50 }, () => introspect('rubbish', own)))
      expect(new Set(asked.map((reply) => reply.status))).toEqual(new Set([200]))
      expect((await introspect('rubbish', own)).status).toBe(429)
    })
  })

  describe('shown', () => {
    it('E10 outside the header is refused', async () => {
      const { access } = await fresh()
      expect((await ask(provider, `/api/me?access_token=${access}`)).json['error']).toBe('invalid_request')
      expect((await post(provider, '/api/me', { access_token: access }, { authorization: `Bearer ${access}` })).json['error']).toBe(
        'invalid_request',
      )
    })

    it('E12 in other writings is its own user’s or nobody’s', async () => {
      const { access } = await fresh()
      const shown = (authorization: string): Promise<Reply> => ask(provider, '/api/me', { headers: { authorization } })
      expect((await shown(`bearer ${access}`)).json['user']).toBe(user)
      for (const header of [`Bearer  ${access}`, `Bearer ${access},`, `Bearer ${access} x`, 'Bearer', `Bearer ${access}, Bearer ${access}`])
        expect((await shown(header)).status).toBe(401)
    })

    it('E13 beside a cookie decides', async () => {
      const { access } = await fresh()
      const bob = await new Browser(provider).signIn(await person(provider))
      expect((await me(provider, access, { cookie: bob.cookie })).json['user']).toBe(user)
      expect((await me(provider, 'rubbish', { cookie: bob.cookie })).status).toBe(401)
      expect(
        (await post(provider, '/my-apps/revoke', { client_id: app.id }, { authorization: `Bearer ${access}`, cookie: bob.cookie })).status,
      ).toBe(400)
    })

    it('E14 must be an access token', async () => {
      const tokens = await fresh()
      for (const other of [tokens.idToken, tokens.refresh, app.secret, 'ac1_x', '', access64()]) {
        const reply = await me(provider, other)
        expect(reply.status).toBe(401)
        expect(reply.json['exc_type']).toBe('AuthenticationError')
        expect(reply.headers.get('www-authenticate')).toContain(`resource_metadata="${provider.base}/.well-known/oauth-protected-resource"`)
      }
    })

    it('opens the profile with openid alone, and no cookie does', async () => {
      const own = await register(provider, { scopes: 'openid Item:read' })
      const narrow = await fresh(own, 'Item:read')
      const refused = await ask(provider, PROFILE, { headers: { authorization: `Bearer ${narrow.access}` } })
      expect(refused.status).toBe(403)
      expect(refused.headers.get('www-authenticate')).toContain('error="insufficient_scope", scope="openid"')
      expect((await alice.get(PROFILE, { accept: 'application/json' })).status).toBe(401)
      expect((await ask(provider, PROFILE)).headers.get('www-authenticate')).toMatch(/^Bearer resource_metadata=/)
    })

    it('opens no page', async () => {
      const admin = await person(provider, { roles: [{ role: 'System Manager' }] })
      const { access } = await connect(
        provider,
        await new Browser(provider).signIn(admin),
        await register(provider, { allowed_roles: [{ role: 'All' }] }),
      )
      expect((await ask(provider, '/connected-apps', { headers: { authorization: `Bearer ${access}` } })).location?.pathname).toBe('/login')
    })

    it.each([
      ['openid profile', 'openid', ['sub', 'iss']],
      ['openid profile email', 'openid email', ['sub', 'email', 'iss']],
      ['openid profile email roles', 'openid profile roles', ['sub', 'name', 'given_name', 'family_name', 'picture', 'roles', 'iss']],
      ['openid all', 'openid', ['sub', 'name', 'given_name', 'family_name', 'email', 'picture', 'roles', 'iss']],
    ])('a client that may ask for %s gets, with %s, the claims %j', async (scopes, asked, claims) => {
      const { access } = await fresh(await register(provider, { scopes }), asked)
      const profile = await ask(provider, PROFILE, { headers: { authorization: `Bearer ${access}` } })
      expect(Object.keys(profile.json)).toEqual(claims)
    })
  })

  it('is dead the moment its client is retired, or its user disabled', async () => {
    const own = await register(provider)
    const bob = await person(provider)
    const { access } = await connect(provider, await new Browser(provider).signIn(bob), own)
    const second = await connect(provider, await new Browser(provider).signIn(bob), app)
    await provider.oauth.clients.retire(ADMINISTRATOR, own.id)
    expect(await isDead(access)).toBe(true)
    await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: bob, values: { enabled: 0 } })
    expect(await isDead(second.access)).toBe(true)
  })

  it('marks when its grant was used, off the path of the request', async () => {
    const own = await register(provider)
    const { access } = await fresh(own)
    const before = (await provider.grants.list(user, own.id))[0]!.last_used
    provider.advance(5)
    await me(provider, access)
    expect((await provider.grants.list(user, own.id))[0]!.last_used).toBe(before)
    await provider.oauth.close()
    expect((await provider.grants.list(user, own.id))[0]!.last_used).toBeGreaterThanOrEqual(before + 5_000_000)
  })

  it('is shown to System Managers by its hash, as OAuth Bearer Token', async () => {
    const own = await register(provider)
    const { access, refresh } = await fresh(own)
    const rows = await provider.documents.list(ADMINISTRATOR, {
      doctype: 'OAuth Bearer Token',
      fields: ['*'],
      filters: [{ fieldname: 'client', operator: '=', value: own.id }],
      limit: null,
    })
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({
      user,
      client: own.id,
      scopes: 'openid all',
      status: 'Active',
      name: expect.stringMatching(/^[0-9a-v]{9}[0-9a-f]{64}$/) as string,
    })
    expect(JSON.stringify(rows)).not.toContain(access)
    expect(JSON.stringify(rows)).not.toContain(refresh)
    const name = String(rows[0]?.['name'])
    await post(provider, REVOKE, { token: access })
    expect((await provider.documents.read(ADMINISTRATOR, { doctype: 'OAuth Bearer Token', name }))['status']).toBe('Revoked')
  })
})

/** Looks like a token of ours, and is none. */
const access64 = (): string => `at1_${'A'.repeat(43)}`
