import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import {
  Browser,
  INTROSPECT,
  PROFILE,
  REVOKE,
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
} from './app.fixture.ts'
import { openProvider, type Provider } from './provider.fixture.ts'

describe.each(engines)('the provider on %s', (engine) => {
  let provider: Provider
  let alice: Browser
  let user: string
  let app: App

  beforeAll(async () => {
    provider = await openProvider(engine)
    user = await person(provider)
    alice = await new Browser(provider).signIn(user)
    app = await register(provider)
  })
  afterAll(() => provider.close())

  it('gives a code for consent, tokens for the code, and answers by them', async () => {
    const page = await alice.authorize(request(app))
    expect(page.status).toBe(200)
    expect(page.text).toContain('Field Sales')
    const answer = await alice.decide(page)
    expect(answer.status).toBe(303)
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect([...answer.location!.searchParams.keys()]).toEqual(['code', 'state', 'iss'])
    const reply = await swap(provider, app, answer.location!.searchParams.get('code') ?? '')
    expect(Object.keys(reply.json)).toEqual(['access_token', 'expires_in', 'token_type', 'scope', 'refresh_token', 'id_token'])
    expect(reply.json).toMatchObject({ expires_in: 3600, token_type: 'Bearer', scope: 'openid all' })
    const { access, refresh } = tokensOf(reply)
    expect(access).toMatch(/^at1_[A-Za-z0-9_-]{52}$/)
    expect((await me(provider, access)).json).toEqual({ user, scopes: ['openid', 'all'] })
    const profile = await post(provider, PROFILE, {}, { authorization: `Bearer ${access}` })
    expect(Object.keys(profile.json)).toEqual(['sub', 'name', 'given_name', 'family_name', 'email', 'picture', 'roles', 'iss'])
    const next = await renew(provider, app, refresh)
    expect(Object.keys(next.json)).toEqual(['access_token', 'expires_in', 'token_type', 'scope', 'refresh_token'])
    expect((await me(provider, tokensOf(next).access)).status).toBe(200)
    const known = await post(provider, INTROSPECT, { token: access, client_id: app.id, client_secret: app.secret })
    expect(known.json).toMatchObject({ active: true, client_id: app.id, trusted_client: 0, scope: 'openid all', email: user })
    expect((await post(provider, REVOKE, { token: tokensOf(next).access })).json).toEqual({})
    expect((await me(provider, access)).status).toBe(401)
  })

  it('skips the consent page when the same user granted it all, and not for another', async () => {
    const own = await register(provider)
    await connect(provider, alice, own)
    expect((await alice.authorize(request(own))).status).toBe(303)
    const bob = await new Browser(provider).signIn(await person(provider))
    expect((await bob.authorize(request(own))).status).toBe(200)
  })
})
