import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import {
  Browser,
  INTROSPECT,
  PROFILE,
  REVOKE,
  TOKEN,
  ask,
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
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { basic } from '../testing/token-errors.fixture.ts'
import { traces } from '../testing/trail.fixture.ts'

describe.each(engines)('the answers of the provider on %s', (engine) => {
  let provider: Provider
  let user: string
  let alice: Browser
  let app: App

  beforeAll(async () => {
    provider = await openProvider(engine)
    user = await person(provider, { first_name: 'Ann', last_name: 'Archer' })
    alice = await new Browser(provider).signIn(user)
    app = await register(provider, { scopes: 'openid Item:read Item:write' })
  })
  afterAll(() => provider.close())

  const own = (values: Record<string, unknown> = {}): Promise<App> => register(provider, { scopes: 'openid Item:read', ...values })
  const proof = ({ id, secret }: App): Record<string, string> => ({ client_id: id, client_secret: secret })
  const subOf = async (): Promise<string> => String((await provider.accounts.read(user, provider.database.connection))?.sub)

  describe('the token endpoint', () => {
    it('gives what it gives and nothing else, not to be kept', async () => {
      const reply = await swap(provider, app, await alice.code(request(app, { scope: 'openid Item:read' })))
      expect(Object.keys(reply.json)).toEqual(['access_token', 'expires_in', 'token_type', 'scope', 'refresh_token', 'id_token'])
      expect(reply.json).toMatchObject({ expires_in: 3600, token_type: 'Bearer', scope: 'openid Item:read' })
      expect([reply.headers.get('pragma'), reply.headers.get('cache-control')]).toEqual(['no-cache', 'no-store'])
      const plain = await swap(provider, app, await alice.code(request(app, { scope: 'Item:read' })))
      expect(Object.keys(plain.json)).toEqual(['access_token', 'expires_in', 'token_type', 'scope', 'refresh_token'])
      const renewed = await renew(provider, app, tokensOf(reply).refresh)
      expect(Object.keys(renewed.json)).toEqual(['access_token', 'expires_in', 'token_type', 'scope', 'refresh_token'])
    })

    it('notes each token that it gave: to whom, of which grant, for what, and from where', async () => {
      const client = await own()
      const { refresh } = await connect(provider, alice, client, { scope: 'openid Item:read' })
      const [grant] = await provider.grants.list(user, client.id)
      await renew(provider, client, refresh, { scope: 'Item:read' })
      expect(await traces(provider, client.id, 'oauth.token.%')).toEqual(
        [
          { grant_type: 'authorization_code', scope: 'openid Item:read' },
          { grant_type: 'refresh_token', scope: 'Item:read' },
        ].map((detail) => ({ event: 'oauth.token.issued', user, grant: grant?.id, ip: '127.0.0.1', detail })),
      )
    })

    it('notes each refusal: why, and at what, once the client is proven of which', async () => {
      const client = await own()
      await renew(provider, client, 'rubbish')
      await post(provider, TOKEN, { grant_type: 'no-such-type', ...proof(client) })
      expect(
        (await traces(provider, client.id, 'oauth.token.refused')).map(({ user: who, ip, detail }) => [who, ip, detail]),
      ).toMatchObject([
        [null, '127.0.0.1', { reason: 'invalid_grant', act: 'refresh_token' }],
        [null, '127.0.0.1', { reason: 'unsupported_grant_type', act: 'an unknown grant type' }],
      ])
      await renew(provider, { ...client, secret: 'wrong' }, 'rubbish')
      const unproven = await traces(provider, null, 'oauth.token.refused')
      expect(unproven.map(({ detail }) => detail)).toContainEqual(
        expect.objectContaining({ reason: 'invalid_client', act: 'refresh_token' }),
      )
    })

    it('says what it gives tokens for, and where details are asked for', async () => {
      const unknown = await post(provider, TOKEN, { grant_type: 'password', ...proof(app) })
      expect(unknown.json).toEqual({
        error: 'unsupported_grant_type',
        error_description:
          'This site gives tokens for authorization_code and refresh_token and client_credentials and urn:ietf:params:oauth:grant-type:device_code',
      })
      const detailed = await post(provider, TOKEN, { grant_type: 'refresh_token', authorization_details: '[]', ...proof(app) })
      expect(detailed.json).toEqual({
        error: 'invalid_authorization_details',
        error_description: 'Send authorization_details with the authorization request; here scope narrows what was granted',
      })
      for (const [path, name] of [
        [TOKEN, 'grant_type'],
        [REVOKE, 'token'],
      ] as const)
        expect((await post(provider, path, {})).json).toEqual({ error: 'invalid_request', error_description: `Missing ${name} parameter.` })
    })

    it('rounds the life of a token up to whole seconds', async () => {
      const client = await own({ absolute_lifetime: 1 })
      const { refresh } = await connect(provider, alice, client, { scope: 'Item:read' })
      await sql`update oauth_grant set expires = ${provider.now() + 100_500_000} where client = ${client.id}`.execute(
        provider.database.connection,
      )
      const life = Number((await renew(provider, client, refresh)).json['expires_in'])
      expect([Number.isInteger(life), life > 90, life <= 101]).toEqual([true, true, true])
    })

    it('names in an id_token the nonce of its authorization, its session’s sign-in, and the address of the site', async () => {
      const reply = await swap(provider, app, await alice.code(request(app, { scope: 'openid', nonce: 'n1', prompt: 'consent' })))
      const claims = JSON.parse(Buffer.from(tokensOf(reply).idToken.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
      const [grant] = await provider.grants.list(user, app.id)
      expect(claims).toMatchObject({
        iss: provider.base,
        aud: app.id,
        sub: await subOf(),
        nonce: 'n1',
        auth_time: Math.floor(Number(grant?.auth_time) / 1_000_000),
      })
      expect(Number(claims['iat'])).toBe(Math.floor(Number(grant?.created) / 1_000_000))
    })
  })

  describe('revocation', () => {
    const ended = (client: App) => traces(provider, client.id, 'oauth.token.revoked')

    it('notes who asked for it, and of which grant', async () => {
      const client = await own()
      const [one, other] = [
        await connect(provider, alice, client, { scope: 'Item:read' }),
        await connect(provider, alice, client, { scope: 'Item:read' }),
      ]
      const grants = (await provider.grants.list(user, client.id)).map(({ id }) => id).toReversed()
      await post(provider, REVOKE, { token: one.access, ...proof(client) })
      expect([(await me(provider, one.access)).status, (await me(provider, other.access)).status]).toEqual([401, 200])
      await post(provider, REVOKE, { token: other.access })
      expect(await ended(client)).toMatchObject([
        { grant: grants[0], ip: '127.0.0.1', detail: { by: 'client' } },
        { grant: grants[1], ip: '127.0.0.1', detail: { by: 'holder' } },
      ])
      expect(provider.events.at(-1)).toMatchObject({ event: 'grant.revoked', reason: 'token_revoked', grant: grants[1] })
    })

    it('takes a client’s word by its secret in the header, too', async () => {
      const [client, other] = [await own(), await own()]
      const { access } = await connect(provider, alice, client, { scope: 'Item:read' })
      expect((await post(provider, REVOKE, { token: access }, basic(other.id, other.secret))).json).toEqual({})
      expect((await me(provider, access)).status).toBe(200)
      expect((await post(provider, REVOKE, { token: access }, basic(client.id, client.secret))).json).toEqual({})
      expect((await me(provider, access)).status).toBe(401)
      expect(await ended(client)).toMatchObject([{ detail: { by: 'client' } }])
    })

    it('ends the grant of an app that is gone', async () => {
      const client = await own()
      const { access } = await connect(provider, alice, client, { scope: 'Item:read' })
      await sql`delete from "tabOAuth Client" where name = ${client.id}`.execute(provider.database.connection)
      const reply = await post(provider, REVOKE, { token: access })
      expect([reply.status, reply.json]).toEqual([200, {}])
      expect(await provider.grants.list(user, client.id)).toEqual([])
    })

    it('of what another client shows, or nobody knows, notes nothing', async () => {
      const [client, other] = [await own(), await own()]
      const { access } = await connect(provider, alice, client, { scope: 'Item:read' })
      await post(provider, REVOKE, { token: access, ...proof(other) })
      await post(provider, REVOKE, { token: 'rubbish', ...proof(other) })
      expect([await ended(client), await ended(other)]).toEqual([[], []])
      expect((await me(provider, access)).status).toBe(200)
    })

    it('says what to do when it could not be stored', async () => {
      const { access } = await connect(provider, alice, await own(), { scope: 'Item:read' })
      await sql`alter table oauth_grant rename to oauth_grant_away`.execute(provider.database.connection)
      const reply = await post(provider, REVOKE, { token: access })
      await sql`alter table oauth_grant_away rename to oauth_grant`.execute(provider.database.connection)
      expect(reply.json).toEqual({ error: 'temporarily_unavailable', error_description: 'The token may still be alive: ask again' })
    })
  })

  describe('introspection', () => {
    const about = (token: string, client: App): Promise<Reply> => post(provider, INTROSPECT, { token, ...proof(client) })

    it('tells all of an access token, with who its user is', async () => {
      const client = await own({ skip_authorization: 1 })
      const { access, refresh } = await connect(provider, alice, client, { scope: 'openid Item:read' })
      const [grant] = await provider.grants.list(user, client.id)
      const issued = Math.floor(Number(grant?.created) / 1_000_000)
      const { json } = await about(access, client)
      expect(json).toEqual({
        client_id: client.id,
        trusted_client: 1,
        active: true,
        exp: Number(json['iat']) + 3600,
        scope: 'openid Item:read',
        sub: await subOf(),
        name: 'Ann Archer',
        given_name: 'Ann',
        family_name: 'Archer',
        email: user,
        picture: null,
        roles: expect.arrayContaining(['Desk User']) as string[],
        username: user,
        token_type: 'Bearer',
        iat: expect.closeTo(issued, -1) as number,
        aud: provider.base,
        iss: provider.base,
      })
      expect((await about(refresh, client)).json).toMatchObject({ active: true, token_type: 'refresh_token' })
    })

    it('tells what has changed since it was asked last: a name, an end', async () => {
      const client = await own()
      const name = await person(provider, { first_name: 'Bea' })
      const { access, refresh } = await connect(provider, await new Browser(provider).signIn(name), client, { scope: 'openid Item:read' })
      for (let count = 0; count < 2; count += 1) expect((await about(access, client)).json['given_name']).toBe('Bea')
      const change = (values: Record<string, unknown>): Promise<unknown> =>
        provider.documents.update(ADMINISTRATOR, { doctype: 'User', name, values })
      await change({ first_name: 'Cleo' })
      expect((await about(access, client)).json['given_name']).toBe('Cleo')
      await change({ api_access: 0 })
      expect((await about(access, client)).json).toEqual({ active: false })
      await change({ api_access: 1 })
      expect((await about(access, client)).json['active']).toBe(true)
      expect((await about(access, await own())).json).toEqual({ active: false })
      await post(provider, REVOKE, { token: refresh, ...proof(client) })
      expect((await about(access, client)).json).toEqual({ active: false })
    })

    it('tells nobody’s name without openid, and no username without the address', async () => {
      const client = await own({ scopes: 'openid profile Item:read' })
      const { access } = await connect(provider, alice, client, { scope: 'Item:read' })
      const { json } = await about(access, client)
      expect(Object.keys(json)).toEqual(['client_id', 'trusted_client', 'active', 'exp', 'scope', 'token_type', 'iat', 'aud', 'iss'])
      const named = await connect(provider, alice, client, { scope: 'openid profile' })
      const known = (await about(named.access, client)).json
      expect([known['sub'], known['name'], known['username'], known['email']]).toEqual([await subOf(), 'Ann Archer', undefined, undefined])
    })

    it('tells on which documents alone, where they are limited', async () => {
      const client = await own()
      const authorization_details = JSON.stringify([
        { type: 'frappe_doctype', doctype: 'Item', actions: ['read'], filters: { title: 'x' } },
      ])
      const { access } = await connect(provider, alice, client, { scope: 'openid', authorization_details })
      expect((await about(access, client)).json['authorization_details']).toEqual([
        { type: 'frappe_doctype', doctype: 'Item', actions: ['read'], filters: [['title', '=', 'x']] },
      ])
    })

    it('is for clients with a secret', async () => {
      const open = await register(provider, { kind: 'public' })
      const reply = await post(provider, INTROSPECT, { token: 'x', client_id: open.id })
      expect(reply.json).toEqual({ error: 'invalid_client', error_description: 'Introspection needs a client with a secret' })
    })

    it('counts tokens that are not there, and not those that are', async () => {
      const client = await own()
      const { access } = await connect(provider, alice, client, { scope: 'Item:read' })
      for (let asked = 0; asked < 55; asked += 1) expect((await about(access, client)).json['active']).toBe(true)
      for (let asked = 0; asked < 50; asked += 1) expect((await about('rubbish', client)).json).toEqual({ active: false })
      expect((await about(access, client)).status).toBe(429)
    })
  })

  describe('the profile', () => {
    const profile = (access: string): Promise<Reply> => ask(provider, PROFILE, { headers: { authorization: `Bearer ${access}` } })
    const metadata = (): string => `resource_metadata="${provider.base}/.well-known/oauth-protected-resource"`

    it('is told to a token with openid', async () => {
      const client = await own()
      const { access } = await connect(provider, alice, client, { scope: 'openid' })
      expect((await profile(access)).json).toMatchObject({ sub: await subOf(), name: 'Ann Archer', email: user, iss: provider.base })
    })

    it('says what is missing', async () => {
      const { access } = await connect(provider, alice, await own(), { scope: 'Item:read' })
      const plain = await profile(access)
      expect([plain.status, plain.json['exc_type'], plain.headers.get('www-authenticate')]).toEqual([
        403,
        'PermissionError',
        `Bearer error="insufficient_scope", scope="openid", ${metadata()}`,
      ])
      expect(plain.text).toContain('This app was not granted openid; ask the user for it')
      expect(plain.json).toHaveProperty('_error_message')
      const session = await alice.get(PROFILE, { accept: 'application/json' })
      expect([session.status, session.json['exc_type'], session.headers.get('www-authenticate')]).toEqual([
        401,
        'AuthenticationError',
        `Bearer ${metadata()}`,
      ])
      expect(session.text).toContain('The profile answers an access token alone; send it as Authorization: Bearer')
    })
  })

  describe('the documents that clients begin with', () => {
    const get = async (path: string): Promise<Record<string, unknown>> => (await ask(provider, `/.well-known/${path}`)).json

    it('say all of this server', async () => {
      const method = `${provider.base}/api/method/frappe.integrations.oauth2.`
      expect(await get('oauth-authorization-server')).toEqual({
        issuer: provider.base,
        authorization_endpoint: `${method}authorize`,
        token_endpoint: `${method}get_token`,
        userinfo_endpoint: `${method}openid_profile`,
        revocation_endpoint: `${method}revoke_token`,
        introspection_endpoint: `${method}introspect_token`,
        end_session_endpoint: `${method}end_session`,
        device_authorization_endpoint: `${method}device_authorization`,
        jwks_uri: `${provider.base}/.well-known/jwks.json`,
        scopes_supported: ['openid', 'profile', 'email', 'roles', 'offline_access', 'all'],
        response_types_supported: ['code'],
        response_modes_supported: ['query'],
        grant_types_supported: [
          'authorization_code',
          'refresh_token',
          'client_credentials',
          'urn:ietf:params:oauth:grant-type:device_code',
        ],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
        revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
        introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
        claim_types_supported: ['normal'],
        claims_supported: 'sub name given_name family_name email picture roles iss aud exp iat auth_time nonce at_hash azp sid'.split(' '),
        prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
        authorization_response_iss_parameter_supported: true,
        claims_parameter_supported: false,
        request_parameter_supported: false,
        request_uri_parameter_supported: false,
        authorization_details_types_supported: ['frappe_doctype'],
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
        protected_resources: [provider.base],
      })
    })

    it('say all of this resource, and of a path below it', async () => {
      const resource = {
        resource: provider.base,
        authorization_servers: [provider.base],
        scopes_supported: ['openid', 'profile', 'email', 'roles', 'offline_access', 'all'],
        bearer_methods_supported: ['header'],
        resource_name: 'Annex',
      }
      expect(await get('oauth-protected-resource')).toEqual(resource)
      for (const path of ['/api', '/api/', '/api/resource/Item'])
        expect(await get(`oauth-protected-resource${path}`)).toEqual({ ...resource, resource: provider.base + path })
      const elsewhere = await ask(provider, '/.well-known/oauth-protected-resource/x/api/y')
      expect(elsewhere.status).toBe(404)
      expect(elsewhere.text).toContain('The API of this site begins with /api; other paths are no resources')
    })

    it('hold the keys that id_tokens are signed with', async () => {
      const { idToken } = await connect(provider, alice, await own(), { scope: 'openid' })
      const { kid } = JSON.parse(Buffer.from(idToken.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }
      expect((await get('jwks.json'))['keys']).toContainEqual(expect.objectContaining({ kid, kty: 'EC', use: 'sig' }))
    })

    it('follow a policy that another process has changed', async () => {
      await provider.documents.update(ADMINISTRATOR, {
        doctype: 'OAuth Settings',
        name: 'OAuth Settings',
        values: { dynamic_registration: 'After Approval', registration_scopes: 'openid Item:read *:read Item:*' },
      })
      expect((await get('openid-configuration'))['registration_endpoint']).toBe(
        `${provider.base}/api/method/frappe.integrations.oauth2.register_client`,
      )
      expect((await get('oauth-protected-resource/api'))['scopes_supported']).toEqual(['openid', 'Item:read'])
    })
  })
})
