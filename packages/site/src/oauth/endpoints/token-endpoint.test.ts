import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import {
  Browser,
  REDIRECT,
  REVOKE,
  TOKEN,
  ask,
  formOf,
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
} from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { basic, expectTokenError } from '../testing/token-errors.fixture.ts'

describe.each(engines)('the token endpoint on %s', (engine) => {
  let provider: Provider
  let user: string
  let alice: Browser
  let app: App
  /** Each test that fails on purpose has its own, so that the limit of failures is not met. */
  const own = (values: Record<string, unknown> = {}): Promise<App> => register(provider, values)
  const codeOf = (client: App, values: Record<string, string> = {}): Promise<string> =>
    alice.code(request(client, { prompt: 'consent', ...values }))

  beforeAll(async () => {
    provider = await openProvider(engine)
    user = await person(provider)
    alice = await new Browser(provider).signIn(user)
    app = await own()
  })
  afterAll(() => provider.close())

  describe('with PKCE', () => {
    const { verifier, challenge } = pkce()
    const challenged = { code_challenge: challenge, code_challenge_method: 'S256' }

    it('takes the right verifier, from a public client without a secret too', async () => {
      const open = await register(provider, { kind: 'public' })
      const code = await alice.code(request(open, challenged))
      const reply = await post(provider, TOKEN, {
        grant_type: 'authorization_code',
        code,
        client_id: open.id,
        redirect_uri: REDIRECT,
        code_verifier: verifier,
      })
      expect(reply.status).toBe(200)
      const next = await post(provider, TOKEN, { grant_type: 'refresh_token', refresh_token: tokensOf(reply).refresh, client_id: open.id })
      expect(next.status).toBe(200)
      expectTokenError(
        await post(provider, TOKEN, { grant_type: 'refresh_token', refresh_token: 'x', client_id: open.id, client_secret: 'guess' }),
        'invalid_client',
      )
    })

    it('B04 B06 refuses a missing and a foreign verifier, and the code survives', async () => {
      const code = await codeOf(app, challenged)
      expectTokenError(await swap(provider, app, code), 'invalid_grant')
      expectTokenError(await swap(provider, app, code, { code_verifier: pkce().verifier }), 'invalid_grant')
      expectTokenError(await swap(provider, app, code, { code_verifier: challenge }), 'invalid_grant')
      expect((await swap(provider, app, code, { code_verifier: verifier })).status).toBe(200)
    })

    it('B08 leaves a trace when a client that used PKCE comes without it', async () => {
      const client = await own()
      const trace = async (): Promise<number> =>
        (await sql`select id from audit where event = 'oauth.pkce.missing' and client = ${client.id}`.execute(provider.database.connection))
          .rows.length
      await codeOf(client)
      for (let times = 0; times < 2; times += 1) await codeOf(client, challenged)
      expect(await trace()).toBe(0)
      await codeOf(client)
      expect(await trace()).toBe(1)
    })

    it('five failures kill the code', async () => {
      const code = await codeOf(app, challenged)
      for (let tries = 0; tries < 5; tries += 1)
        expectTokenError(await swap(provider, app, code, { code_verifier: pkce().verifier }), 'invalid_grant')
      expectTokenError(await swap(provider, app, code, { code_verifier: verifier }), 'invalid_grant')
    })

    it('B05 refuses a verifier for a code that had no challenge', async () =>
      expectTokenError(await swap(provider, app, await codeOf(app), { code_verifier: verifier }), 'invalid_grant'))

    it.each([verifier.slice(1), '420', verifier.repeat(4), `${verifier}!`])('B07 refuses the verifier %s by its form', async (wrong) => {
      expectTokenError(await swap(provider, app, await codeOf(app, challenged), { code_verifier: wrong }), 'invalid_request')
    })

    it('refuses a code without a challenge once the client is set to require one', async () => {
      const client = await own()
      const code = await codeOf(client)
      await provider.oauth.clients.update(ADMINISTRATOR, client.id, { require_pkce: 1 })
      expectTokenError(await swap(provider, client, code), 'invalid_grant')
    })
  })

  describe('for a code', () => {
    it('C01 refuses it the second time and ends what it gave', async () => {
      const code = await codeOf(app)
      const { access, refresh } = tokensOf(await swap(provider, app, code))
      expectTokenError(await swap(provider, app, code), 'invalid_grant')
      expect((await me(provider, access)).status).toBe(401)
      expectTokenError(await renew(provider, app, refresh), 'invalid_grant')
      expect(provider.events.at(-1)).toMatchObject({ event: 'grant.revoked', reason: 'code_replay', user })
    })

    it('C02 of 16 exchanges at once one succeeds, and the grant is revoked', async () => {
      const client = await own()
      const code = await codeOf(client)
      const replies = await Promise.all(Array.from({ length: 16 }, () => swap(provider, client, code)))
      const good = replies.filter((reply) => reply.status === 200)
      expect(good).toHaveLength(1)
      for (const reply of replies.filter((each) => each !== good[0])) expectTokenError(reply, 'invalid_grant')
      expect((await me(provider, tokensOf(good[0]!).access)).status).toBe(401)
    })

    it('C03 refuses it after a minute', async () => {
      const code = await codeOf(app)
      provider.advance(61)
      expectTokenError(await swap(provider, app, code), 'invalid_grant')
    })

    it('C04 refuses it to another client, and it stays good for its own', async () => {
      const other = await own()
      const code = await codeOf(app)
      for (let tries = 0; tries < 6; tries += 1) expectTokenError(await swap(provider, other, code), 'invalid_grant')
      expect((await swap(provider, app, code)).status).toBe(200)
    })

    it('C05 wants the very redirect URI', async () => {
      const client = await own({ redirect_uris: `${REDIRECT} https://app.example.com/other` })
      const wrong = await swap(provider, client, await codeOf(client), { redirect_uri: 'https://app.example.com/other' })
      expectTokenError(wrong, 'invalid_grant')
      expect(wrong.json['error_description']).toBe('Mismatching redirect URI.')
      expectTokenError(await swap(provider, client, await codeOf(client), { redirect_uri: '' }), 'invalid_grant')
    })

    it('C24 refuses it when the user was disabled or lost the role', async () => {
      const client = await own({ allowed_roles: [{ role: 'System Manager' }] })
      const bob = await person(provider, { roles: [{ role: 'Desk User' }, { role: 'System Manager' }] })
      const browser = await new Browser(provider).signIn(bob)
      const [first, second] = [await browser.code(request(client)), await browser.code(request(client, { prompt: 'consent' }))]
      await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: bob, values: { roles: [{ role: 'Desk User' }] } })
      expectTokenError(await swap(provider, client, first), 'invalid_grant')
      await provider.documents.update(ADMINISTRATOR, {
        doctype: 'User',
        name: bob,
        values: { roles: [{ role: 'System Manager' }], enabled: 0 },
      })
      expectTokenError(await swap(provider, client, second), 'invalid_grant')
    })

    it('D10 refuses it when the client may ask for none of its scopes any more', async () => {
      const client = await own({ scopes: 'Item:read' })
      const code = await codeOf(client, { scope: 'Item:read' })
      await provider.oauth.clients.update(ADMINISTRATOR, client.id, { scopes: 'openid' })
      expectTokenError(await swap(provider, client, code), 'invalid_grant')
    })

    it('C25 refuses a client that was retired meanwhile', async () => {
      const client = await own()
      const code = await codeOf(client)
      await provider.oauth.clients.retire(ADMINISTRATOR, client.id)
      expectTokenError(await swap(provider, client, code), 'invalid_client')
    })

    it('an exchange needs no redirect URI when the request named none', async () => {
      const client = await own()
      const { redirect_uri: _, ...unnamed } = request(client, { scope: 'all' })
      const { redirect_uri: __, ...body } = {
        grant_type: 'authorization_code',
        client_id: client.id,
        client_secret: client.secret,
        code: await alice.code(unnamed),
        redirect_uri: '',
      }
      expect((await post(provider, TOKEN, body)).status).toBe(200)
    })
  })

  describe('for a request', () => {
    it('C17 C18 refuses grant types that it or the client has not', async () => {
      const implicit = await own({ grant_type: 'Implicit', response_type: 'Token' })
      expect((await alice.authorize(request(implicit))).location?.searchParams.get('error')).toBe('unauthorized_client')
      expectTokenError(
        await post(provider, TOKEN, {
          grant_type: 'password',
          username: user,
          password: 'x',
          client_id: app.id,
          client_secret: app.secret,
        }),
        'unsupported_grant_type',
      )
      expectTokenError(
        await post(provider, TOKEN, { grant_type: '__proto__', client_id: app.id, client_secret: app.secret }),
        'unsupported_grant_type',
      )
      expectTokenError(await post(provider, TOKEN, { client_id: app.id, client_secret: app.secret }), 'invalid_request')
    })

    it.each([{ grant_type: ['authorization_code', 'authorization_code'] }, { code: ['a', 'b'] }, { client_id: ['a', 'b'] }])(
      'C19 refuses %j',
      async (values) => {
        expectTokenError(await swap(provider, app, 'x', values), 'invalid_request')
      },
    )

    it('C20 takes parameters from the body of a POST alone', async () => {
      expectTokenError(
        await post(provider, `${TOKEN}?grant_type=refresh_token`, { refresh_token: 'x', client_id: app.id, client_secret: app.secret }),
        'invalid_request',
      )
      for (const path of [TOKEN, REVOKE]) {
        const reply = await ask(provider, `${path}?grant_type=authorization_code`)
        expect(reply.status).toBe(405)
        expect(reply.headers.get('allow')).toBe('POST')
        expect(reply.json).toEqual({ description: 'Unsupported request method GET', status_code: 405, error: 'invalid_request' })
      }
    })

    it.each<[type: string, body: string]>([
      ['text/plain', 'grant_type=refresh_token'],
      ['application/json', '{"grant_type":{"a":1}}'],
      ['application/json', '{"__proto__":{"grant_type":"password"}}'],
      ['application/json', '[1]'],
      ['application/json', '{'],
      ['application/json', '7'],
      ['application/json', '{"code": "a\\u0000b"}'],
      ['application/json; charset=utf-7', '{"grant_type": 1}'],
      ['application/x-www-form-urlencoded', `grant_type=${'x'.repeat(60_000)}`],
      ['multipart/form-data; boundary=x', '--x'],
    ])('C21 refuses %s %#', async (type, body) => {
      const reply = await ask(provider, TOKEN, { method: 'POST', body, headers: { 'content-type': type } })
      expectTokenError(reply, 'invalid_request')
      expect(({} as Record<string, unknown>)['grant_type']).toBeUndefined()
    })

    it('C21 refuses a body that only keeps it busy, before it is read', async () => {
      expectTokenError(
        await ask(provider, TOKEN, { method: 'POST', body: new URLSearchParams({ a: 'x'.repeat(3e6) }) }),
        'invalid_request',
        413,
      )
    })

    it('C21 refuses a multipart form, and the code in it stays good', async () => {
      const code = await codeOf(app)
      const form = new FormData()
      const fields = { grant_type: 'authorization_code', code, client_id: app.id, client_secret: app.secret, redirect_uri: REDIRECT }
      for (const field of Object.entries(fields)) form.append(...field)
      expectTokenError(await ask(provider, TOKEN, { method: 'POST', body: form }), 'invalid_request')
      expect((await swap(provider, app, code)).status).toBe(200)
    })

    it('takes a JSON body of texts, as the published guide sends it', async () => {
      const body = JSON.stringify({
        grant_type: 'authorization_code',
        code: await codeOf(app),
        client_id: app.id,
        client_secret: app.secret,
        redirect_uri: REDIRECT,
      })
      const reply = await ask(provider, TOKEN, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
      expect(reply.json).toMatchObject({ token_type: 'Bearer', scope: 'openid all', expires_in: 3600 })
    })

    it('heeds no cookie, and never takes a client for an API key', async () => {
      const headers = { cookie: alice.cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
      const reply = await ask(provider, TOKEN, {
        method: 'POST',
        body: formOf({ grant_type: 'authorization_code', code: await codeOf(app), redirect_uri: REDIRECT }),
        headers: { ...headers, ...basic(app.id, app.secret) },
      })
      expect(reply.status).toBe(200)
    })

    it('E16 echoes nothing of what it was sent', async () => {
      for (const reply of [
        await renew(provider, app, 'sekret-rubbish'),
        await swap(provider, app, 'sekret-rubbish'),
        await swap(provider, await own(), 'x', { client_secret: 'sekret-rubbish' }),
      ]) {
        expect(reply.text).not.toContain('sekret')
        expect(reply.text).not.toMatch(/select|Error:|\.ts/)
      }
    })
  })
})
