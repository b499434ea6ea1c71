import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import {
  Browser,
  TOKEN,
  connect,
  me,
  person,
  pkce,
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

const GONE = 'The code is unknown, used or expired; start the sign-in again'
const NOT_ALLOWED = 'The user may not use this app any more'
const NOTHING_LEFT = 'The app may not have any of these rights any more'
const RENEW = 'The refresh token is unknown, used, expired or revoked; sign in again'

function expectRefused(reply: Reply, error: string, sentence: string): void {
  expect(reply.json).toEqual({ error, error_description: sentence })
  expect(reply.status).toBe(error === 'invalid_client' ? 401 : 400)
}

describe.each(engines)('what is refused in words on %s', (engine) => {
  let provider: Provider
  let user: string
  let alice: Browser

  beforeAll(async () => {
    provider = await openProvider(engine)
    user = await person(provider)
    alice = await new Browser(provider).signIn(user)
  })
  afterAll(() => provider.close())

  const SCOPES = 'openid Item:read Item:write'
  const own = (values: Record<string, unknown> = {}): Promise<App> => register(provider, { scopes: SCOPES, ...values })
  const codeOf = (app: App, values: Record<string, string> = {}): Promise<string> =>
    alice.code(request(app, { scope: SCOPES, prompt: 'consent', ...values }))
  const change = (app: App, values: Record<string, unknown>): Promise<unknown> =>
    provider.oauth.clients.update(ADMINISTRATOR, app.id, values)
  const stored = async (table: 'oauth_code' | 'oauth_token', app: App): Promise<Record<string, unknown>[]> =>
    (
      await sql<Record<string, unknown>>`select * from ${sql.table(table)} where client = ${app.id} order by issued`.execute(
        provider.database.connection,
      )
    ).rows

  describe('for a code', () => {
    const { verifier, challenge } = pkce()
    const challenged = { code_challenge: challenge, code_challenge_method: 'S256' }

    it('a code that is not there, another app’s, used, or too old gives no token', async () => {
      const app = await own()
      expectRefused(await swap(provider, app, 'ac1_rubbish'), 'invalid_grant', GONE)
      const code = await codeOf(app)
      expectRefused(await swap(provider, await own(), code), 'invalid_grant', GONE)
      expect((await stored('oauth_code', app))[0]).toMatchObject({ used_at: null, failures: 0 })
      expect((await swap(provider, app, code)).status).toBe(200)
      expect((await stored('oauth_code', app))[0]?.['used_at']).not.toBeNull()
      expectRefused(await swap(provider, app, code), 'invalid_grant', GONE)
      expect(provider.events.at(-1)).toMatchObject({ event: 'grant.revoked', reason: 'code_replay', client: app.id })
      const late = await codeOf(app)
      provider.advance(61)
      expectRefused(await swap(provider, app, late), 'invalid_grant', GONE)
      expect(provider.events.at(-1)).toMatchObject({ event: 'grant.created' })
      expectRefused(
        await post(provider, TOKEN, { grant_type: 'authorization_code', client_id: app.id, client_secret: app.secret }),
        'invalid_request',
        'Missing code parameter.',
      )
    })

    it('a code that was used is a replay, whatever comes with it', async () => {
      const app = await own()
      const code = await codeOf(app)
      expect((await swap(provider, app, code)).status).toBe(200)
      expectRefused(await swap(provider, app, code, { redirect_uri: 'https://evil.example' }), 'invalid_grant', GONE)
      expect(provider.events.at(-1)).toMatchObject({ event: 'grant.revoked', reason: 'code_replay', client: app.id })
      expect((await stored('oauth_code', app))[0]).toMatchObject({ failures: 0 })
    })

    it('a code whose grant was ended gives no token, and is not taken for a replay', async () => {
      const app = await own()
      const code = await codeOf(app)
      await provider.grants.revoke({ client: app.id }, 'user_revoked')
      expectRefused(await swap(provider, app, code), 'invalid_grant', GONE)
      expect((await stored('oauth_code', app))[0]?.['used_at']).toBeNull()
      expect(provider.events.at(-1)).toMatchObject({ event: 'grant.revoked', reason: 'user_revoked' })
    })

    it('a code of an app that is registered for another grant type now gives no token', async () => {
      const app = await own()
      const code = await codeOf(app)
      await change(app, { grant_type: 'Implicit', response_type: 'Token' })
      expectRefused(await swap(provider, app, code), 'unauthorized_client', 'The app is registered for another grant type')
      await change(app, { grant_type: 'Authorization Code', response_type: 'Code' })
      expect((await swap(provider, app, code)).status).toBe(200)
    })

    it('a code with another redirect URI, or none where one was named, gives no token', async () => {
      const app = await own()
      const code = await codeOf(app)
      for (const redirect_uri of ['https://app.example.com/other', ''])
        expectRefused(await swap(provider, app, code, { redirect_uri }), 'invalid_grant', 'Mismatching redirect URI.')
      expect((await stored('oauth_code', app))[0]).toMatchObject({ used_at: null, failures: 2 })
      const { redirect_uri: _, ...unnamed } = request(app, { scope: 'Item:read', prompt: 'consent' })
      const other = await alice.code(unnamed)
      expectRefused(
        await swap(provider, app, other, { redirect_uri: 'https://evil.example' }),
        'invalid_grant',
        'Mismatching redirect URI.',
      )
      expect((await swap(provider, app, other)).status).toBe(200)
    })

    it('a code without the verifier that belongs to it gives no token, and each failure is counted', async () => {
      const app = await own()
      const plain = await codeOf(app)
      expectRefused(
        await swap(provider, app, plain, { code_verifier: verifier }),
        'invalid_grant',
        'The authorization request had no code_challenge',
      )
      const code = await codeOf(app, challenged)
      const FORM = 'code_verifier must have 43 to 128 characters of A-Z a-z 0-9 - . _ ~'
      expectRefused(await swap(provider, app, code), 'invalid_grant', 'Missing code_verifier parameter.')
      expectRefused(
        await swap(provider, app, code, { code_verifier: pkce().verifier }),
        'invalid_grant',
        'code_verifier does not match the code_challenge',
      )
      for (const wrong of [verifier.slice(1), `${verifier}!`])
        expectRefused(await swap(provider, app, code, { code_verifier: wrong }), 'invalid_request', FORM)
      expect((await stored('oauth_code', app)).map(({ failures }) => failures)).toEqual([1, 4])
      expect((await swap(provider, app, code, { code_verifier: verifier })).status).toBe(200)
      const [next, long] = [await codeOf(app, challenged), pkce().verifier.repeat(3)]
      for (const wrong of [long.slice(0, 129), `!${verifier}`])
        expectRefused(await swap(provider, app, next, { code_verifier: wrong }), 'invalid_request', FORM)
      expectRefused(
        await swap(provider, app, next, { code_verifier: long.slice(0, 128) }),
        'invalid_grant',
        'code_verifier does not match the code_challenge',
      )
    })

    it('a code without a challenge gives no token once its app must send one', async () => {
      const app = await own()
      const code = await codeOf(app)
      await change(app, { require_pkce: 1 })
      expectRefused(await swap(provider, app, code), 'invalid_grant', 'This app must use PKCE')
    })

    it('a code that was five times wrong is dead, and its grant is not taken for replayed', async () => {
      const app = await own()
      const code = await codeOf(app, challenged)
      for (let tries = 0; tries < 5; tries += 1) await swap(provider, app, code, { code_verifier: pkce().verifier })
      expectRefused(await swap(provider, app, code, { code_verifier: verifier }), 'invalid_grant', GONE)
      expect(await provider.grants.list(user, app.id)).toHaveLength(1)
    })

    it('a code of a user who may not use the app any more, or of an app that may have none of it, gives no token', async () => {
      const app = await own({ allowed_roles: [{ role: 'Desk User' }] })
      const code = await codeOf(app)
      await change(app, { authorization_policy: 'After Approval' })
      expectRefused(await swap(provider, app, code), 'invalid_grant', NOT_ALLOWED)
      await change(app, { authorization_policy: 'Roles', scopes: 'all' })
      expectRefused(await swap(provider, app, code), 'invalid_grant', NOTHING_LEFT)
      await change(app, { scopes: SCOPES })
      expect((await swap(provider, app, code)).status).toBe(200)
    })

    it('a short verifier is counted of an app that may send one, and of no other', async () => {
      const app = await own({ short_verifier: 1 })
      const short = verifier.slice(0, 42)
      const { createHash } = await import('node:crypto')
      const code = await codeOf(app, {
        code_challenge: createHash('sha256').update(short).digest('base64url'),
        code_challenge_method: 'S256',
      })
      expect((await swap(provider, app, code, { code_verifier: short })).status).toBe(200)
      expect((await swap(provider, app, await codeOf(app, challenged), { code_verifier: verifier })).status).toBe(200)
      expect((await swap(provider, app, await codeOf(app))).status).toBe(200)
      const uses = await provider.oauth.clients.listUses(ADMINISTRATOR, app.id)
      expect(uses.filter(({ kind }) => kind === 'shortVerifier').map(({ count }) => count)).toEqual([1])
    })
  })

  describe('for a refresh token', () => {
    it('a refresh token that is not there, an access token, another app’s, or a user’s who may not use the app gives no token', async () => {
      const app = await own({ allowed_roles: [{ role: 'Desk User' }] })
      const tokens = await connect(provider, alice, app, { scope: SCOPES })
      for (const wrong of ['rt1_rubbish', tokens.access]) expectRefused(await renew(provider, app, wrong), 'invalid_grant', RENEW)
      expectRefused(await renew(provider, await own(), tokens.refresh), 'invalid_grant', RENEW)
      await change(app, { authorization_policy: 'After Approval' })
      expectRefused(await renew(provider, app, tokens.refresh), 'invalid_grant', RENEW)
      await change(app, { authorization_policy: 'Roles' })
      expect((await renew(provider, app, tokens.refresh)).status).toBe(200)
      expectRefused(await renew(provider, app, ''), 'invalid_request', 'Missing refresh_token parameter.')
    })

    it('a refresh token that was used before ends its grant and no other, and so does a code', async () => {
      const [app, other] = [await own(), await own()]
      const bystander = await connect(provider, alice, other, { scope: SCOPES })
      const code = await codeOf(app)
      const first = tokensOf(await swap(provider, app, code))
      await swap(provider, app, code)
      expect([(await me(provider, first.access)).status, (await me(provider, bystander.access)).status]).toEqual([401, 200])
      const second = await connect(provider, alice, app, { scope: SCOPES, prompt: 'consent' })
      const third = tokensOf(await renew(provider, app, second.refresh))
      await renew(provider, app, third.refresh)
      expectRefused(await renew(provider, app, second.refresh), 'invalid_grant', RENEW)
      expect([(await me(provider, third.access)).status, (await me(provider, bystander.access)).status]).toEqual([401, 200])
    })

    it('a refresh for more than was granted, or for nothing that is left, gives no token', async () => {
      const app = await own()
      const { refresh } = await connect(provider, alice, app, { scope: 'openid Item:read' })
      const MORE = 'Ask for what was granted, or for less; more needs a new authorization'
      for (const scope of ['openid Item:read Item:write', 'Item:write', 'nonsense'])
        expectRefused(await renew(provider, app, refresh, { scope }), 'invalid_scope', MORE)
      await change(app, { scopes: 'openid Item:write' })
      expectRefused(await renew(provider, app, refresh, { scope: 'Item:read' }), 'invalid_scope', NOTHING_LEFT)
      expect((await renew(provider, app, refresh)).json['scope']).toBe('openid')
    })

    it('a refresh token gives no token once the site has another address', async () => {
      const app = await own()
      const { refresh } = await connect(provider, alice, app, { scope: SCOPES, resource: provider.base })
      await sql`update oauth_grant set resource = 'https://elsewhere.example' where client = ${app.id}`.execute(
        provider.database.connection,
      )
      expectRefused(await renew(provider, app, refresh), 'invalid_grant', 'This site has another address now; sign in again')
    })

    it('a refresh takes what was first asked for as what was granted, and no other list of the same length', async () => {
      const app = await own()
      const code = await alice.code(request(app, { scope: SCOPES, prompt: 'consent' }), ['Item:write'])
      const { refresh } = tokensOf(await swap(provider, app, code))
      expectRefused(
        await renew(provider, app, refresh, { scope: 'openid Item:read Item:print' }),
        'invalid_scope',
        'Ask for what was granted, or for less; more needs a new authorization',
      )
      expect((await renew(provider, app, refresh, { scope: 'Item:write openid Item:read' })).json['scope']).toBe('openid Item:read')
    })
  })

  describe('for an app itself', () => {
    const service = async (values: Record<string, unknown> = {}): Promise<App> =>
      register(provider, { kind: 'service', service_user: await person(provider), scopes: 'openid Item:read', ...values })
    const ask = (app: App, values: Record<string, string> = {}): Promise<Reply> =>
      post(provider, TOKEN, { grant_type: 'client_credentials', client_id: app.id, client_secret: app.secret, ...values })

    it('an app of another kind, that registered itself, or that has no service user has no token', async () => {
      const KIND = 'An app of the kind service or agent alone may act for itself'
      expectRefused(await ask(await own()), 'unauthorized_client', KIND)
      const app = await service()
      await sql`update "tabOAuth Client" set dynamically_registered = 1 where name = ${app.id}`.execute(provider.database.connection)
      expectRefused(await ask(app), 'unauthorized_client', KIND)
      const idle = await service()
      await sql`update "tabOAuth Client" set service_user = '' where name = ${idle.id}`.execute(provider.database.connection)
      expectRefused(await ask(idle), 'unauthorized_client', 'This app has no service user yet; an administrator names one')
      expect((await ask(await service({ kind: 'agent' }))).status).toBe(200)
    })

    it('an app whose service user is disabled, or a System Manager by now, has no token', async () => {
      const SENTENCE = 'The service user of this app is disabled, gone or a System Manager; an administrator names another'
      const robot = await person(provider)
      const app = await service({ service_user: robot })
      const { access } = tokensOf(await ask(app))
      await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: robot, values: { roles: [{ role: 'System Manager' }] } })
      expectRefused(await ask(app), 'invalid_grant', SENTENCE)
      await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: robot, values: { roles: [], enabled: 0 } })
      expectRefused(await ask(app), 'invalid_grant', SENTENCE)
      expect((await me(provider, access)).status).toBe(401)
      expect(await stored('oauth_token', app)).toHaveLength(1)
    })

    it('an app that asks for who somebody is, or could use nothing of what it may have, has no token', async () => {
      const app = await service()
      expectRefused(await ask(app, { scope: 'openid Item:read' }), 'invalid_scope', 'The app may not ask for openid for itself')
      expectRefused(await ask(app, { scope: 'Item:write' }), 'invalid_scope', 'The app may not ask for Item:write')
      expectRefused(
        await ask(await service({ scopes: 'openid email' })),
        'invalid_scope',
        'No right is assigned to this app that it could use for itself',
      )
      expectRefused(await ask(app, { resource: 'https://elsewhere.example' }), 'invalid_target', 'resource must be an address of this site')
    })
  })
})
