import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api, pathOf, readReply, type Reply } from '../../support/callers/api.ts'
import { form, type Tokens } from '../../support/callers/connected-app.ts'
import { engines } from '../../support/databases.ts'
import { ALICE, BOB, expectDiscreet, World } from './world.fixture.ts'

const ME = '/api/method/frappe.auth.get_logged_user'

describe.each(engines)('Credentials at the API, on %s', (engine) => {
  let world: World
  let tokens: Tokens
  let bob: Api
  beforeAll(async () => {
    world = await World.open(engine)
    tokens = await world.tokens(ALICE, 'openid all')
    bob = await world.session(BOB)
  })
  afterAll(() => world.close())

  const caller = (headers: Readonly<Record<string, string>> = {}): Api => new Api(world.site.url, headers)
  const bearer = (token: string, more: Readonly<Record<string, string>> = {}): Api => caller({ authorization: `Bearer ${token}`, ...more })

  describe('an access token', () => {
    it.each<[sentence: string, ask: () => Promise<Reply>]>([
      ['in the address', () => caller().send('GET', `${pathOf('Item')}?access_token=${tokens.access}`)],
      ['in the address beside one in the header', () => bearer(tokens.access).send('GET', `${ME}?access_token=${tokens.access}`)],
      [
        'in a form',
        async () =>
          readReply(await fetch(world.site.url + ME, { method: 'POST', body: new URLSearchParams({ access_token: tokens.access }) })),
      ],
      [
        'in a form beside a good cookie',
        async () =>
          readReply(
            await fetch(world.site.url + ME, {
              method: 'POST',
              body: new URLSearchParams({ access_token: tokens.access }),
              headers: bob.headers,
            }),
          ),
      ],
    ])('E10 %s is refused, and gets into no log', async (_sentence, ask) => {
      const { reply, changed, events } = await world.watch(ask)
      expect([reply.status, reply.body['error']]).toEqual([400, 'invalid_request'])
      expectDiscreet(reply, [tokens.access])
      expect([changed, events]).toEqual([[], []])
      expect(world.site.output()).not.toContain(tokens.access)
    })

    it('E12 is known by its scheme in any letter case', async () => {
      for (const scheme of ['Bearer', 'bearer', 'BEARER'])
        expect((await caller({ authorization: `${scheme} ${tokens.access}` }).send('GET', ME)).body).toEqual({ message: ALICE })
    })

    it.each([
      ['two blanks', (token: string) => `Bearer  ${token}`],
      ['a trailing comma', (token: string) => `Bearer ${token},`],
      ['a word behind it', (token: string) => `Bearer ${token} ${token}`],
      ['two of them', (token: string) => `Bearer ${token}, Bearer ${token}`],
      ['nothing behind it', () => 'Bearer'],
      ['another scheme', (token: string) => `Token: ${token}`],
      ['no scheme', (token: string) => token],
    ])('E12 in a header with %s is nobody’s, beside a good cookie too', async (_sentence, authorization) => {
      for (const cookies of [{}, bob.headers]) {
        const { reply, changed, events } = await world.watch(() =>
          caller({ ...cookies, authorization: authorization(tokens.access) }).send('GET', ME),
        )
        expect(reply.status).toBe(401)
        expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer/)
        expectDiscreet(reply, [tokens.access])
        expect([changed, events]).toEqual([[], []])
      }
    })

    it('E12 in two headers is refused, whoever the second is', async () => {
      const other = await world.tokens(BOB, 'openid')
      for (const second of [`Bearer ${other.access}`, `Bearer ${tokens.access}`, 'Basic YTpi']) {
        const reply = await twoHeaders(world.site.url, [`Bearer ${tokens.access}`, second])
        expect(reply).toMatchObject({ status: 400, body: { exc_type: 'InvalidAuthorizationHeader' } })
      }
    })

    it('E13 beside another person’s cookie decides who acts, from whatever site', async () => {
      for (const origin of [{}, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }]) {
        const app = bearer(tokens.access, { ...bob.headers, ...origin })
        const { reply } = await world.watch(() => app.send('POST', pathOf('Item'), { title: `Of Alice ${Object.keys(origin).length}` }))
        expect(reply).toMatchObject({ status: 200, body: { data: { owner: ALICE, modified_by: ALICE } } })
      }
    })

    it('E13 that is no good is not made up for by a good cookie', async () => {
      const { reply, changed } = await world.watch(() =>
        bearer(`at1_${'A'.repeat(43)}`, bob.headers).send('POST', pathOf('Item'), { title: 'Of Bob' }),
      )
      expect(reply).toMatchObject({ status: 401, body: { exc_type: 'AuthenticationError' } })
      expect(reply.headers.get('www-authenticate')).toContain('error="invalid_token"')
      expect(changed).toEqual([])
    })

    it('E13 does not open to the cookie what the cookie may not do from another site', async () => {
      const own = await world.visitor(BOB)
      await world.tokens(BOB, 'openid all')
      const page = await own.get('/my-apps')
      const csrf = /name="csrf_token" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
      const fields = new URLSearchParams({ csrf_token: csrf, client_id: world.app.id })
      const headers = { authorization: `Bearer ${tokens.access}`, cookie: own.cookie, origin: 'https://evil.example' }
      const revoke = async (): Promise<Reply> =>
        readReply(await fetch(`${world.site.url}/my-apps/revoke`, { method: 'POST', body: fields, headers, redirect: 'manual' }))
      const { reply, changed, events } = await world.watch(revoke)
      expect(reply.status).toBe(400)
      expect([changed, events]).toEqual([[], []])
    })

    it.each<[sentence: string, credential: () => Promise<string> | string]>([
      ['an id_token', () => tokens.idToken],
      ['a code', () => tokens.code],
      ['a refresh token', () => tokens.refresh],
      ['a client secret', () => world.app.secret],
      ['a session id', async () => /sid=([0-9a-f]+)/.exec((await world.session(ALICE)).headers['cookie'] ?? '')?.[1] ?? ''],
      ['an API key and its secret', async () => apiKey(world)],
    ])('E14 is not %s', async (_sentence, credential) => {
      const shown = await credential()
      expect(shown.length).toBeGreaterThan(30)
      const { reply, changed, events } = await world.watch(() => bearer(shown).list('Item'))
      expect(reply).toMatchObject({ status: 401, body: { exc_type: 'AuthenticationError' } })
      expect(reply.headers.get('www-authenticate')).toBe(
        `Bearer error="invalid_token", error_description="The access token is unknown, expired or revoked", resource_metadata="${world.site.url}/.well-known/oauth-protected-resource"`,
      )
      expectDiscreet(reply, [shown])
      expect([changed, events]).toEqual([[], []])
    })

    it('E14 does not serve as an API key, nor an API key as a client', async () => {
      for (const authorization of [
        `token ${tokens.access}`,
        `token ${world.app.id}:${world.app.secret}`,
        `Basic ${btoa(`${world.app.id}:${world.app.secret}`)}`,
      ])
        expect((await caller({ authorization }).send('GET', ME)).status).toBe(401)
      const pair = btoa(await apiKey(world))
      const reply = await form(world.site.url, 'introspect_token', { token: tokens.access }, { authorization: `Basic ${pair}` })
      expect(reply).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    })

    it('E15 without openid opens no profile', async () => {
      const { access } = await world.tokens(ALICE, 'all')
      const profile = '/api/method/frappe.integrations.oauth2.openid_profile'
      for (const method of ['GET', 'POST']) {
        const { reply, changed } = await world.watch(() => bearer(access).send(method, profile))
        expect(reply).toMatchObject({ status: 403, body: { exc_type: 'PermissionError' } })
        expect(reply.headers.get('www-authenticate')).toContain('error="insufficient_scope", scope="openid"')
        expect(reply.text).not.toContain('alice')
        expect(changed).toEqual([])
      }
      expect((await bob.send('GET', profile)).status).toBe(401)
    })
  })

  describe('a cookie', () => {
    it.each<[sentence: string, headers: Readonly<Record<string, string>>]>([
      ['from another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
      ['from another site, in an old browser', { origin: 'https://evil.example' }],
      ['from a page that another site links to', { referer: 'https://evil.example/page' }],
      ['from a neighbour of the host', { 'sec-fetch-site': 'same-site' }],
      ['from another port of the host', { origin: 'http://127.0.0.1:1' }],
      ['from a page without an origin', { origin: 'null' }],
      ['with the form token of another session', { 'x-frappe-csrf-token': 'A'.repeat(43) }],
    ])('changes nothing %s', async (_sentence, headers) => {
      const acts = [
        () => bob.send('POST', pathOf('Item'), { title: 'Forged' }, headers),
        () => bob.send('PUT', pathOf('Item', 'Bolt'), { title: 'Forged' }, headers),
        () => bob.send('DELETE', pathOf('Item', 'Bolt'), undefined, headers),
        () => bob.send('POST', '/api/method/frappe.client.get_count', { doctype: 'Item' }, headers),
      ]
      for (const act of acts) {
        const { reply, changed, events } = await world.watch(act)
        expect(reply).toMatchObject({ status: 400, body: { exc_type: 'CSRFTokenError' } })
        expectDiscreet(reply)
        expect([changed, events]).toEqual([[], []])
      }
    })

    it('of a program that is no browser changes what its user may', async () => {
      expect((await bob.send('POST', pathOf('Item'), { title: 'Of a program' })).status).toBe(200)
      expect(
        (await bob.send('POST', pathOf('Item'), { title: 'Of the own page' }, { origin: world.site.url, 'sec-fetch-site': 'same-origin' }))
          .status,
      ).toBe(200)
    })
  })
})

/** A new API key of Bob, with its secret. */
async function apiKey(world: World): Promise<string> {
  const { body } = await world.admin.post('frappe.core.doctype.user.user.generate_keys', { user: BOB })
  const { api_key: key, api_secret: secret } = body['message'] as Record<string, string>
  return `${key}:${secret}`
}

/** A request whose Authorization header stands in it several times, which fetch would join. */
async function twoHeaders(base: string, values: readonly string[]): Promise<{ status: number | undefined; body: unknown }> {
  const asked = request(base + ME, { headers: ['host', new URL(base).host, ...values.flatMap((value) => ['authorization', value])] })
  asked.end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: answer.statusCode, body: JSON.parse(await text(answer)) as unknown }
}
