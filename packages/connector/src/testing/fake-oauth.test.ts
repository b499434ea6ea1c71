import { OAUTH_PATHS } from '@annex/protocol'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import { FakeUpstream } from './fake/fake-upstream.ts'
import type { FakeKind } from './fake/kinds.ts'
import { TestClock } from './test-clock.ts'

const START = Date.parse('2026-11-22T08:00:00Z')
const REDIRECT = 'http://localhost:4100/connect/callback'
type Form = Readonly<Record<string, string>>

const siteOf = (kind: FakeKind): FakeUpstream => new FakeUpstream({ kind, clock: new TestClock(START) })

async function post(
  site: FakeUpstream,
  path: string,
  form: Form,
  headers: Form = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const init = { method: 'POST', body: new URLSearchParams(form).toString() }
  const answer = await site.fetch(site.issuer + path, {
    ...init,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

const authorizationUrl = (site: FakeUpstream, more: Form = {}): string =>
  `${site.issuer}${OAUTH_PATHS.authorize}?${new URLSearchParams({ client_id: site.client.id, redirect_uri: REDIRECT, response_type: 'code', scope: 'openid all', state: 'xyz', ...more })}`

async function codeOf(site: FakeUpstream, user?: string): Promise<string> {
  const back = await site.allow(authorizationUrl(site), user === undefined ? {} : { user })
  return new URL(back).searchParams.get('code')!
}

const swap = (site: FakeUpstream, code: string, more: Form = {}) =>
  post(site, OAUTH_PATHS.token, {
    grant_type: 'authorization_code',
    code,
    client_id: site.client.id,
    client_secret: site.client.secret,
    redirect_uri: REDIRECT,
    ...more,
  })
const renew = (site: FakeUpstream, token: unknown) =>
  post(site, OAUTH_PATHS.token, {
    grant_type: 'refresh_token',
    refresh_token: String(token),
    client_id: site.client.id,
    client_secret: site.client.secret,
  })
async function statusOf(site: FakeUpstream, access: unknown): Promise<number> {
  const headers = { authorization: `Bearer ${String(access)}` }
  return (await site.fetch(`${site.issuer}/api/method/frappe.auth.get_logged_user`, { headers })).status
}

describe('a fake Annex site', () => {
  test('gives the same pair to a repeated renewal within ten seconds, and counts one', async () => {
    const site = siteOf('annex')
    const { body } = await swap(site, await codeOf(site))
    const first = await renew(site, body['refresh_token'])
    site.clock.advance(10_000)
    expect(await renew(site, body['refresh_token'])).toEqual(first)
    expect(site.renewals).toBe(1)
  })

  test('ends the grant when a refresh token is shown again later', async () => {
    const site = siteOf('annex')
    const { body } = await swap(site, await codeOf(site))
    const next = await renew(site, body['refresh_token'])
    site.clock.advance(10_001)
    expect(await renew(site, body['refresh_token'])).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await statusOf(site, next.body['access_token'])).toBe(401)
  })

  test('ends the grant when a code is shown twice', async () => {
    const site = siteOf('annex')
    const code = await codeOf(site)
    const { body } = await swap(site, code)
    expect(await swap(site, code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await statusOf(site, body['access_token'])).toBe(401)
  })

  test('wants the secret, in the body or by a Basic header, and S256 of a public client', async () => {
    const site = siteOf('annex')
    expect(await swap(site, await codeOf(site), { client_secret: 'wrong' })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    })
    const { id, secret } = site.client
    const form = { grant_type: 'authorization_code', code: await codeOf(site), redirect_uri: REDIRECT }
    expect((await post(site, OAUTH_PATHS.token, form, { authorization: `Basic ${btoa(`${id}:${secret}`)}` })).status).toBe(200)
    await expect(site.allow(authorizationUrl(site, { client_id: site.publicClient.id }))).rejects.toThrow('code_challenge')
  })

  test('says of an expired token that it is not active', async () => {
    const site = siteOf('annex')
    const { body } = await swap(site, await codeOf(site))
    const form = { token: String(body['access_token']), client_id: site.client.id, client_secret: site.client.secret }
    expect((await post(site, OAUTH_PATHS.introspect, form)).body).toMatchObject({ active: true, exp: START / 1000 + 3600 })
    site.expireAccess()
    expect((await post(site, OAUTH_PATHS.introspect, form)).body).toEqual({ active: false })
  })
})

describe.each(['frappe-15', 'frappe-16'] as const)('a fake %s', (kind) => {
  test('leaves state and issuer out of a denial, and the issuer out of every answer', async () => {
    const site = siteOf(kind)
    expect(await site.allow(authorizationUrl(site), { deny: true })).toBe(`${REDIRECT}?error=access_denied`)
    const back = new URL(await site.allow(authorizationUrl(site)))
    expect([...back.searchParams.keys()]).toEqual(['code', 'state'])
  })

  test('answers 500 to a state beyond its letters, by an error of its own', async () => {
    const site = siteOf(kind)
    await expect(site.allow(authorizationUrl(site, { state: '{"a":1}' }))).rejects.toThrow('500')
    expect(await site.allow(authorizationUrl(site, { state: 'aZ09-_' }))).toContain('state=aZ09-_')
  })

  test('O2 asks for no secret, takes a Basic header for an API key, and a query for a mistake', async () => {
    const site = siteOf(kind)
    expect((await swap(site, await codeOf(site), { client_secret: 'wrong' })).status).toBe(200)
    const form = { grant_type: 'authorization_code', code: await codeOf(site), client_id: site.client.id }
    expect(await post(site, OAUTH_PATHS.token, form, { authorization: `Basic ${btoa('a:b')}` })).toMatchObject({
      status: 401,
      body: { exc_type: 'AuthenticationError' },
    })
    expect(await post(site, OAUTH_PATHS.token, form, { authorization: 'Bearer x' })).toEqual({
      status: 400,
      body: { error: 'invalid_client' },
    })
    expect(await post(site, OAUTH_PATHS.token, form, { cookie: 'sid=1' })).toEqual({ status: 400, body: { error: 'invalid_client' } })
    expect((await post(site, `${OAUTH_PATHS.token}?a=1`, form)).body).toMatchObject({ error: 'invalid_request', status_code: 400 })
  })

  test('O5 answers 404 to a refresh token that it does not know', async () => {
    const site = siteOf(kind)
    expect(await renew(site, 'rubbish')).toMatchObject({ status: 404, body: { exc_type: 'DoesNotExistError' } })
  })

  test('O9 revokes a refresh token with its hint and the app’s id alone', async () => {
    const site = siteOf(kind)
    const { body } = await swap(site, await codeOf(site))
    const form = { token: String(body['refresh_token']), client_id: site.client.id }
    expect(await post(site, OAUTH_PATHS.revoke, form)).toEqual({ status: 200, body: {} })
    expect(await statusOf(site, body['access_token'])).toBe(200)
    expect((await post(site, OAUTH_PATHS.revoke, { token: form.token, token_type_hint: 'refresh_token' })).status).toBe(404)
    expect((await post(site, OAUTH_PATHS.revoke, form, { authorization: 'Bearer x' })).status).toBe(401)
    expect((await post(site, OAUTH_PATHS.revoke, { ...form, token_type_hint: 'refresh_token' })).status).toBe(200)
    expect(await statusOf(site, body['access_token'])).toBe(401)
  })

  test('O6 calls an expired token active, and tells its end five and a half hours late', async () => {
    const site = siteOf(kind)
    const { body } = await swap(site, await codeOf(site))
    site.clock.advance(7_200_000)
    const told = await post(site, OAUTH_PATHS.introspect, { token: String(body['access_token']), token_type_hint: 'access_token' })
    expect(told.body).toMatchObject({ active: true, exp: START / 1000 + 3600 + 19_800 })
  })

  test('signs id_tokens with the secret of the app, in the name that somebody typed in', async () => {
    const site = siteOf(kind)
    site.faults.announcedIssuer = 'http://inside:8000'
    const idToken = String((await swap(site, await codeOf(site))).body['id_token'])
    expect(decodeProtectedHeader(idToken)).toEqual({ alg: 'HS256', typ: 'jwt' })
    expect(decodeJwt(idToken)).toMatchObject({ iss: 'http://inside:8000', aud: site.client.id, sub: 'sam-sub', name: 'Sam Seller' })
  })

  test('O7 knows no rights but the person’s own, whatever was granted', async () => {
    const site = siteOf(kind)
    const back = await site.allow(authorizationUrl(site, { scope: 'openid' }))
    const { body } = await swap(site, new URL(back).searchParams.get('code')!)
    expect(body['scope']).toBe('openid')
    const headers = { authorization: `Bearer ${String(body['access_token'])}` }
    expect((await site.fetch(`${site.issuer}/api/resource/Item`, { headers })).status).toBe(200)
  })

  test('refuses the profile 403 without a token, 401 with a dead one', async () => {
    const site = siteOf(kind)
    const ask = async (headers: Form): Promise<number> => (await site.fetch(site.issuer + OAUTH_PATHS.profile, { headers })).status
    expect([await ask({}), await ask({ authorization: 'Bearer dead' })]).toEqual([403, 401])
  })

  test('has no id for its Administrator', async () => {
    const site = siteOf(kind)
    expect(decodeJwt(String((await swap(site, await codeOf(site, 'Administrator'))).body['id_token'])).sub).toBeNull()
  })
})

test('a fake Frappe 15 keeps old refresh tokens good for ever, and old access tokens too', async () => {
  const site = siteOf('frappe-15')
  const { body } = await swap(site, await codeOf(site))
  for (const _time of [1, 2]) {
    expect((await renew(site, body['refresh_token'])).status).toBe(200)
    site.clock.advance(30 * 60_000)
  }
  expect(site.renewals).toBe(2)
  site.clock.advance(-60_000)
  expect(await statusOf(site, body['access_token'])).toBe(200)
})

test('a fake Frappe 16 ends the old pair with the renewal, without a leeway', async () => {
  const site = siteOf('frappe-16')
  const { body } = await swap(site, await codeOf(site))
  expect((await renew(site, body['refresh_token'])).status).toBe(200)
  expect((await renew(site, body['refresh_token'])).status).toBe(404)
  expect(await statusOf(site, body['access_token'])).toBe(401)
})

test('O10 each kind is found its own way', async () => {
  const found = async (kind: FakeKind, path: string): Promise<unknown> => {
    const site = siteOf(kind)
    const answer = await site.fetch(site.issuer + path)
    const isJson = answer.headers.get('content-type') === 'application/json'
    return [answer.status, isJson ? Object.keys((await answer.json()) as object).includes('jwks_uri') : answer.headers.get('location')]
  }
  expect(await found('annex', OAUTH_PATHS.serverMetadata)).toEqual([200, true])
  expect(await found('frappe-16', OAUTH_PATHS.serverMetadata)).toEqual([200, false])
  expect(await found('frappe-15', OAUTH_PATHS.serverMetadata)).toEqual([404, null])
  expect(await found('frappe-16', OAUTH_PATHS.openidDiscovery)).toEqual([200, false])
  expect(await found('frappe-15', OAUTH_PATHS.openidDiscovery)).toEqual([301, OAUTH_PATHS.configuration])
  expect(await found('frappe-15', OAUTH_PATHS.jwks)).toEqual([404, null])
})

test('O15 an app registers itself: at a Frappe 16 one in ten minutes, with one redirect URI; at a Frappe 15 none', async () => {
  const register = async (site: FakeUpstream, uris: readonly string[]): Promise<{ status: number; body: Record<string, unknown> }> => {
    const body = JSON.stringify({ client_name: 'Shop', redirect_uris: uris })
    const answer = await site.fetch(site.issuer + OAUTH_PATHS.register, { method: 'POST', body })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  const site = siteOf('frappe-16')
  const { status, body } = await register(site, [REDIRECT, `${REDIRECT}/2`])
  expect(status).toBe(201)
  await expect(site.allow(authorizationUrl(site, { client_id: String(body['client_id']) }))).rejects.toThrow('Mismatching redirect URI')
  expect((await register(site, [REDIRECT])).status).toBe(429)
  site.clock.advance(600_000)
  expect((await register(site, [REDIRECT])).status).toBe(201)
  expect(await register(siteOf('frappe-15'), [REDIRECT])).toMatchObject({ status: 417, body: { exc_type: 'ValidationError' } })
})
