import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { Limits } from '../../http/limits.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { ClientAuthentication } from '../clients/authentication/client-authentication.ts'
import {
  Browser,
  INTROSPECT,
  REDIRECT,
  REVOKE,
  TOKEN,
  connect,
  me,
  person,
  post,
  register,
  renew,
  request,
  swap,
  tokensOf,
} from './app.fixture.ts'
import type { App, Reply } from './app.fixture.ts'
import { watched } from './failing-database.fixture.ts'
import { openProvider, type Provider } from './provider.fixture.ts'

/** Rows of the attack list that no test of a single endpoint holds; the others stand beside what they attack. */
describe.each(engines)('At the token endpoint on %s', (engine) => {
  let provider: Provider
  let alice: Browser
  let user: string

  beforeAll(async () => {
    provider = await openProvider(engine)
    user = await person(provider)
    alice = await new Browser(provider).signIn(user)
  })
  afterAll(() => provider.close())

  const own = (values: Record<string, unknown> = {}): Promise<App> => register(provider, values)
  const expectError = (reply: Reply, error: string): void => {
    expect({ status: reply.status, error: reply.json['error'] }).toEqual({ status: error === 'invalid_client' ? 401 : 400, error })
    expect(reply.headers.get('cache-control')).toBe('no-store')
  }
  const tokensIn = async (client: App, where = sql`true`): Promise<number> => {
    const { rows } = await sql`select t.hash from oauth_token t join oauth_grant g on g.id = t.grant_id
      where t.client = ${client.id} and ${where}`.execute(provider.database.connection)
    return rows.length
  }

  describe('C17 a grant type that the client is not registered for', () => {
    interface Row {
      readonly about: string
      readonly client: Record<string, unknown>
      readonly body: Record<string, string>
    }
    const device = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: 'x' }
    const rows: readonly Row[] = [
      { about: 'a web app: client_credentials', client: {}, body: { grant_type: 'client_credentials' } },
      { about: 'a browser app: client_credentials', client: { kind: 'public' }, body: { grant_type: 'client_credentials' } },
      { about: 'a web app: a device code', client: {}, body: device },
      { about: 'a service: a device code', client: { kind: 'service', scopes: 'Item:read' }, body: device },
    ]
    it.each(rows)('$about', async ({ client, body }) => {
      const values = client['kind'] === 'service' ? { ...client, service_user: user } : client
      const app = await own(values)
      const secret = app.secret === '' ? {} : { client_secret: app.secret }
      expectError(await post(provider, TOKEN, { ...body, client_id: app.id, ...secret }), 'unauthorized_client')
      expect(await tokensIn(app)).toBe(0)
    })
  })

  it('B07 a verifier of 3 characters is taken from a client of old alone, and counted', async () => {
    const verifier = '420'
    const asked = {
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      prompt: 'consent',
    }
    const [strict, old] = [await own(), await own({ short_verifier: 1 })]
    expectError(await swap(provider, strict, await alice.code(request(strict, asked)), { code_verifier: verifier }), 'invalid_request')
    expectError(await swap(provider, old, await alice.code(request(old, asked)), { code_verifier: '421' }), 'invalid_grant')
    expect((await swap(provider, old, await alice.code(request(old, asked)), { code_verifier: verifier })).status).toBe(200)
    expect(await provider.oauth.clients.uses.list(old.id)).toMatchObject([{ kind: 'shortVerifier', count: 1 }])
    expect(await provider.oauth.clients.uses.list(strict.id)).toEqual([])
  })

  it('D15 a refresh without a secret is taken from a client of old alone, and counted', async () => {
    const [strict, old] = [await own(), await own({ refresh_without_secret: 1 })]
    const tokens = await connect(provider, alice, strict)
    expectError(await renew(provider, strict, tokens.refresh, { client_secret: '' }), 'invalid_client')
    const loose = await connect(provider, alice, old)
    expectError(await renew(provider, old, loose.refresh, { client_secret: 'wrong' }), 'invalid_client')
    expect((await renew(provider, old, loose.refresh, { client_secret: '' })).status).toBe(200)
    expectError(await swap(provider, old, await alice.code(request(old)), { client_secret: '' }), 'invalid_client')
    expect(await provider.oauth.clients.uses.list(old.id)).toMatchObject([{ kind: 'refreshWithoutSecret', count: 1 }])
  })

  it('C13 an unknown client, a wrong secret and one that begins rightly cost the same work', async () => {
    const [app, gone] = [await own(), await own()]
    await provider.oauth.clients.update(ADMINISTRATOR, gone.id, { enabled: 0 })
    const statements: string[] = []
    const database = watched(
      provider.database,
      (node) => void statements.push(`${node.kind} ${JSON.stringify('from' in node ? node.from : '')}`),
    )
    const now = (): number => Date.now() * 1000
    const authentication = new ClientAuthentication({
      database,
      generation: provider.generation,
      now,
      failures: new Limits({ points: 20, seconds: 60 }),
      uses: provider.oauth.clients.uses,
      audit: { refuse: async () => '' },
    })
    const work = async (id: string, secret: string): Promise<string[]> => {
      statements.length = 0
      const parameters = new Map([
        ['client_id', id],
        ['client_secret', secret],
      ])
      await expect(authentication.require({ parameters, authorization: undefined, ip: '192.0.2.1' })).rejects.toMatchObject({
        code: 'invalid_client',
        message: 'The client is unknown or its secret is wrong; check client_id and client_secret',
      })
      return [...statements]
    }
    const wrong = await work(app.id, 'wrong')
    expect(wrong.length).toBeGreaterThan(1)
    expect(await work('nobody', app.secret)).toEqual(wrong)
    expect(await work(gone.id, 'wrong')).toEqual(wrong)
    // From then on each of them is kept in memory, nobody too.
    const again = await work(app.id, `${app.secret.slice(0, -1)}?`)
    expect([await work('nobody', app.secret), await work(gone.id, 'wrong')]).toEqual([again, again])
  })

  it('E03 a token that a token-only client has revoked stays so within the leeway, and its successor lives', async () => {
    const app = await own({ revoke_mode: 'token-only' })
    const first = await connect(provider, alice, app)
    const second = tokensOf(await renew(provider, app, first.refresh))
    expect((await post(provider, REVOKE, { token: first.refresh })).json).toEqual({})
    expectError(await renew(provider, app, first.refresh), 'invalid_grant')
    expect((await me(provider, second.access)).status).toBe(200)
    expect((await renew(provider, app, second.refresh)).status).toBe(200)
    expect((await post(provider, REVOKE, { token: second.access })).json).toEqual({})
    expect((await me(provider, second.access)).status).toBe(401)
  })

  it.each([
    ['openid all', ['sub', 'username', 'email', 'roles', 'name']],
    ['openid profile email', ['sub', 'username', 'email', 'name']],
    ['openid profile', ['sub', 'name']],
    ['profile email Item:read', []],
  ])('introspection of a token with %s says who its user is as far as its scopes open it', async (scope, known) => {
    const app = await own({ scopes: scope })
    const { access } = await connect(provider, alice, app, { scope })
    const { json } = await post(provider, INTROSPECT, { token: access, client_id: app.id, client_secret: app.secret })
    expect(json).toMatchObject({ active: true, client_id: app.id, scope, token_type: 'Bearer', aud: provider.base, iss: provider.base })
    const claims = ['sub', 'username', 'email', 'roles', 'name']
    expect(claims.filter((claim) => claim in json).toSorted()).toEqual([...known].toSorted())
  })

  it('C01 C02 an exchange leaves one living pair, and its replay none', async () => {
    const app = await own()
    const code = await alice.code(request(app))
    const body = { grant_type: 'authorization_code', code, client_id: app.id, client_secret: app.secret, redirect_uri: REDIRECT }
    expect((await post(provider, TOKEN, body)).status).toBe(200)
    expect(await tokensIn(app, sql`g.revoked_at is null`)).toBe(2)
    expectError(await post(provider, TOKEN, body), 'invalid_grant')
    expect(await tokensIn(app, sql`g.revoked_at is null`)).toBe(0)
  })
})
