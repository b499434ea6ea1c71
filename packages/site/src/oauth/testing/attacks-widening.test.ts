import { engines } from '../../../../../tests/support/databases.ts'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import {
  APPROVE,
  Browser,
  INTROSPECT,
  REDIRECT,
  TOKEN,
  ask,
  boxesOf,
  me,
  person,
  pkce,
  post,
  readConsent,
  register,
  request,
  swap,
  tokensOf,
} from './app.fixture.ts'
import { openProvider, type Provider } from './provider.fixture.ts'

const REGISTER = '/api/method/frappe.integrations.oauth2.register_client'
const details = JSON.stringify([{ type: 'frappe_doctype', doctype: 'Item', actions: ['read'], filters: [['title', '=', 'x']] }])

describe.each(engines)('what an app must not keep or gain, on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  /** Of an app of old whose `openid` reads documents. */
  const registerOld = () => register(provider, { scopes: 'openid Item:read', openid_acts_as_all: 1 })

  it('an app of old that asks for openid alone is kept to the documents that its user chose', async () => {
    const [app, user] = [await registerOld(), await person(provider)]
    const [item] = await provider.documents.insert(ADMINISTRATOR, 'Item', [{ title: 'x' }])
    const browser = await new Browser(provider).signIn(user)
    const page = await browser.authorize(request(app, { scope: 'openid Item:read' }))
    const first = await browser.post(APPROVE, { ...readConsent(page), 'only.Item': String(item?.name), decision: 'allow' })
    expect(first.location?.searchParams.get('code'), first.text).toBeTruthy()
    await browser.code(request(app, { scope: 'openid' }))
    const [newest] = await provider.grants.list(user, app.id)
    expect([newest?.granted, JSON.parse(newest?.filters ?? '{}')]).toEqual(['openid', { Item: [['name', 'in', [item?.name]]] }])
  })

  it('an app of old that asked with filters is not let in without them unasked', async () => {
    const [app, user] = [await registerOld(), await person(provider)]
    const browser = await new Browser(provider).signIn(user)
    await browser.code(request(app, { scope: 'openid', authorization_details: details }))
    const page = await browser.authorize(request(app, { scope: 'openid' }))
    expect([page.status, page.location]).toEqual([200, undefined])
    const again = await browser.authorize(request(app, { scope: 'openid', authorization_details: details }))
    expect(again.location?.searchParams.get('code')).toBeTruthy()
  })

  it.each([
    ['another service user', async () => ({ service_user: await person(provider) })],
    ['no service user', async () => ({ kind: 'web', service_user: null })],
  ])('an app that gets %s loses the tokens of the one before', async (_what, change) => {
    const user = await person(provider)
    const app = await register(provider, { kind: 'service', service_user: user, scopes: 'Item:read' })
    const reply = await post(provider, TOKEN, { grant_type: 'client_credentials', client_id: app.id, client_secret: app.secret })
    const { access } = tokensOf(reply)
    expect((await me(provider, access)).json).toMatchObject({ user })
    await provider.oauth.clients.update(ADMINISTRATOR, app.id, { contact: 'ops@example.com' })
    expect((await me(provider, access)).status).toBe(200)
    await provider.oauth.clients.update(ADMINISTRATOR, app.id, await change())
    expect((await me(provider, access)).status).toBe(401)
    expect(provider.events.at(-1)).toMatchObject({ event: 'grant.revoked', reason: 'client_service_user_changed', user })
  })

  it('a token that was being made while the service user was replaced acts as nobody', async () => {
    const user = await person(provider)
    const app = await register(provider, { kind: 'service', service_user: user, scopes: 'Item:read' })
    const reply = await post(provider, TOKEN, { grant_type: 'client_credentials', client_id: app.id, client_secret: app.secret })
    const { access } = tokensOf(reply)
    await provider.oauth.clients.update(ADMINISTRATOR, app.id, { service_user: await person(provider) })
    // As if its grant had been stored behind the revocation.
    await sql`update oauth_grant set revoked_at = null where client = ${app.id}`.execute(provider.database.connection)
    expect((await me(provider, access)).status).toBe(401)
    const asked = await post(provider, INTROSPECT, { token: access, client_id: app.id, client_secret: app.secret })
    expect(asked.json).toEqual({ active: false })
  })

  it('nobody uses up the budget of an app by its public id', async () => {
    const app = await register(provider, { kind: 'public', scopes: 'openid', requests_per_second: 5 })
    const browser = await new Browser(provider).signIn(await person(provider))
    const { verifier, challenge } = pkce()
    const asked = { scope: 'openid', code_challenge: challenge, code_challenge_method: 'S256' }
    const code = await browser.code(request(app, asked))
    const proof = { grant_type: 'authorization_code', code, client_id: app.id, redirect_uri: REDIRECT, code_verifier: verifier }
    const { access } = tokensOf(await post(provider, TOKEN, proof))
    const guess = { grant_type: 'refresh_token', refresh_token: 'rt', client_id: app.id }
    const guesses = await Promise.all(Array.from({ length: 20 }, () => post(provider, TOKEN, guess, { 'x-forwarded-for': '192.0.2.9' })))
    expect(guesses.map(({ status }) => status)).toContain(429)
    expect((await me(provider, access)).status).toBe(200)
  })

  it.each(['administrator:/cb', 'frappe:/cb'])('a program is not shown by the name in %s', async (uri) => {
    const values = { dynamic_registration: 'Open', registration_scopes: 'openid' }
    await provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Settings', name: 'OAuth Settings', values })
    const body = JSON.stringify({ redirect_uris: [uri], token_endpoint_auth_method: 'none', application_type: 'native' })
    const reply = await ask(provider, REGISTER, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect([reply.status, reply.json['error']]).toEqual([400, 'invalid_client_metadata'])
  })

  describe('a consent under way when all sessions and grants of its user end', () => {
    /** The password changes after the session was read, and before the grant is stored. */
    const changeMeanwhile = (user: string): void => {
      const read = provider.grants.readRemembered.bind(provider.grants)
      vi.spyOn(provider.grants, 'readRemembered').mockImplementationOnce(async (...question) => {
        const values = { new_password: 'An0ther-horse-battery' }
        const remembered = await read(...question)
        await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values })
        return remembered
      })
    }

    it('gives nothing when it needs no page', async () => {
      const [app, user] = [await register(provider, { skip_authorization: 1 }), await person(provider)]
      const browser = await new Browser(provider).signIn(user)
      changeMeanwhile(user)
      const { location } = await browser.authorize(request(app))
      expect(location?.searchParams.get('error')).toBe('login_required')
      expect(await provider.grants.list(user)).toEqual([])
    })

    it('gives nothing when its button is pressed', async () => {
      const [app, user] = [await register(provider), await person(provider)]
      const browser = await new Browser(provider).signIn(user)
      const page = await browser.authorize(request(app))
      expect(boxesOf(page)).toContain('all')
      changeMeanwhile(user)
      const answer = await browser.decide(page)
      expect([answer.status, answer.location]).toEqual([400, undefined])
      expect(await provider.grants.list(user)).toEqual([])
    })
  })

  it('one consent at a time is undisturbed', async () => {
    const app = await register(provider)
    const browser = await new Browser(provider).signIn(await person(provider))
    expect((await swap(provider, app, await browser.code(request(app)))).status).toBe(200)
  })
})
