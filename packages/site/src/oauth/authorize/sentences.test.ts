import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { expectError } from '../testing/answers.fixture.ts'
import {
  APPROVE,
  AUTHORIZE,
  Browser,
  ask,
  connect,
  formOf,
  person,
  pkce,
  readConsent,
  register,
  request,
  type App,
  type Reply,
} from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { traces } from '../testing/trail.fixture.ts'

const BACK = "Go back to the app and start again; if it happens again, tell the app's makers."
const toldOf = (reply: Reply): unknown => reply.location?.searchParams.get('error_description')
const pageOf = (reply: Reply): string => reply.text.replaceAll('&#39;', "'").replaceAll('&quot;', '"')
/** Who looks at the page, and the button by which they sign out. */
const headOf = (reply: Reply): string | undefined => /<header>[\s\S]*<\/header>/.exec(reply.text)?.[0]

describe.each(engines)('a refusal in words on %s', (engine) => {
  let provider: Provider
  let user: string
  let alice: Browser
  let app: App

  beforeAll(async () => {
    provider = await openProvider(engine)
    user = await person(provider)
    app = await register(provider, { scopes: 'openid Item:read Item:write' })
  })
  beforeEach(async () => {
    alice = await new Browser(provider).signIn(user)
  })
  afterAll(() => provider.close())

  const query = (values: Record<string, string | string[]> = {}) => request(app, { scope: 'openid Item:read', ...values })
  const refusals = async (client: string): Promise<unknown[]> =>
    (await traces(provider, client, '%.refused')).map(({ event, user: who, detail }) => [event, who, detail['reason'], detail['scope']])

  const { challenge } = pkce()
  it.each<[sentence: string, error: string, values: Record<string, string | string[]>]>([
    ['Duplicate scope parameter.', 'invalid_request', { scope: ['openid', 'Item:read'] }],
    ['Duplicate a?b parameter.', 'invalid_request', { 'a"b': ['1', '2'] }],
    [`Duplicate ${'n'.repeat(40)} parameter.`, 'invalid_request', { ['n'.repeat(41)]: ['1', '2'] }],
    ['nonce must be at most 2048 characters', 'invalid_request', { nonce: 'n'.repeat(2049) }],
    ['Send the parameters themselves', 'request_uri_not_supported', { request_uri: 'https://app.example.com/r' }],
    ['Send the parameters themselves', 'request_not_supported', { request: 'x' }],
    ['Missing response_type parameter.', 'invalid_request', { response_type: '' }],
    ['This site answers with response_type=code alone', 'unsupported_response_type', { response_type: 'token' }],
    ['response_mode must be query', 'invalid_request', { response_mode: 'fragment' }],
    ['code_challenge_method came without a code_challenge', 'invalid_request', { code_challenge_method: 'S256' }],
    ['Transform algorithm not supported; send code_challenge_method=S256', 'invalid_request', { code_challenge: challenge }],
    [
      'code_challenge must be the base64url of a SHA-256: 43 characters',
      'invalid_request',
      { code_challenge: `${challenge}x`, code_challenge_method: 'S256' },
    ],
    [
      'code_challenge must be the base64url of a SHA-256: 43 characters',
      'invalid_request',
      { code_challenge: `x${challenge}`, code_challenge_method: 'S256' },
    ],
    ['The app may not ask for all', 'invalid_scope', { scope: 'all' }],
    ['resource must be an address of this site', 'invalid_target', { resource: ['https://elsewhere.example', ''] }],
    ['prompt must be none, login, consent or select_account', 'invalid_request', { prompt: 'login shout' }],
    ['Prompt none is mutually exclusive with other values.', 'invalid_request', { prompt: 'none consent' }],
    ['max_age must be a whole number of seconds', 'invalid_request', { max_age: '1'.repeat(10) }],
    ['max_age must be a whole number of seconds', 'invalid_request', { max_age: '-1' }],
    ['max_age must be a whole number of seconds', 'invalid_request', { max_age: '1s' }],
    ['The user has not allowed all of this yet', 'consent_required', { prompt: 'none' }],
  ])('tells the app: %s', async (sentence, error, values) => {
    const reply = await alice.authorize(query(values))
    expectError(reply, error)
    expect(toldOf(reply)).toBe(sentence)
  })

  it('tells the app that its state is too long, and sends it back', async () => {
    const reply = await alice.authorize(query({ state: 's'.repeat(2049) }))
    expectError(reply, 'invalid_request', 's'.repeat(2049))
    expect(toldOf(reply)).toBe('state must be at most 2048 characters')
  })

  it.each<[values: Record<string, string | string[]>]>([
    [{ nonce: 'n'.repeat(2048) }],
    [{ response_mode: 'query' }],
    [{ resource: '' }],
    [{ max_age: '9'.repeat(9) }],
    [{ prompt: 'consent' }],
    [{ code_challenge: challenge, code_challenge_method: 'S256' }],
  ])('meets no request that is as it should be: %j', async (values) => expect((await alice.authorize(query(values))).status).toBe(200))

  it('tells an app of what it is registered for, and that it must use PKCE', async () => {
    const implicit = await register(provider, { grant_type: 'Implicit', response_type: 'Token' })
    expect(toldOf(await alice.authorize(request(implicit)))).toBe(
      'The app is registered for another grant type; change it to Authorization Code',
    )
    const open = await register(provider, { kind: 'public' })
    expect(toldOf(await alice.authorize(request(open)))).toBe('This app must use PKCE: send code_challenge and code_challenge_method=S256')
    const method = { scopes: 'openid Item:read method:frappe.ping', row_filters: JSON.stringify({ Item: [['title', '=', 'x']] }) }
    const filtered = await register(provider, { ...method, row_filters: '' })
    await sql`update "tabOAuth Client" set row_filters = ${method.row_filters}, scopes = ${method.scopes} where name = ${filtered.id}`.execute(
      provider.database.connection,
    )
    const nothing = await alice.authorize(request(filtered, { scope: 'method:frappe.ping' }))
    expectError(nothing, 'invalid_scope')
    expect(toldOf(nothing)).toBe('The app asks for nothing that it may have; name a scope')
    const { idToken } = await connect(provider, await new Browser(provider).signIn(await person(provider)), app, { scope: 'openid' })
    expect(toldOf(await alice.authorize(query({ id_token_hint: idToken })))).toBe('Session user does not match client supplied user.')
  })

  it.each<[sentence: string, values: Record<string, string | string[] | undefined>]>([
    ['Duplicate client_id parameter', { client_id: ['a', 'b'] }],
    ['Missing client_id parameter', { client_id: '' }],
    ['Invalid client_id parameter value', { client_id: 'nobody' }],
    ['Duplicate redirect_uri parameter', { redirect_uri: ['https://a.example', 'https://b.example'] }],
    ['Missing redirect_uri parameter; a request with openid must name it', { redirect_uri: '' }],
    ['Missing redirect_uri parameter; a request with openid must name it', { redirect_uri: '', scope: 'Item:read\topenid' }],
    ['Mismatching redirect URI', { redirect_uri: 'https://evil.example' }],
  ])('tells the person alone: %s', async (sentence, values) => {
    const sent = query(values as Record<string, string>)
    const page = await alice.authorize(sent)
    expect([page.status, page.location]).toEqual([400, undefined])
    expect(pageOf(page)).toContain(sentence)
    expect(pageOf(page)).toContain(BACK)
    const { status, json } = await ask(provider, `${AUTHORIZE}?${formOf(sent)}`, { headers: { cookie: alice.cookie } })
    expect([status, json]).toEqual([
      400,
      { description: expect.stringContaining(sentence) as string, status_code: 400, error: 'invalid_request' },
    ])
  })

  it('tells whoever sends JSON how to ask', async () => {
    const init = { method: 'POST', body: '{}', headers: { ...alice.headers(), origin: provider.base, 'content-type': 'application/json' } }
    expect(pageOf(await ask(provider, AUTHORIZE, init))).toContain('Send the authorization request as a query or a form')
  })

  it('tells whoever sends JSON in place of the form that the request has ended', async () => {
    const { csrf_token: proof } = readConsent(await alice.authorize(query({ prompt: 'consent' })))
    const headers = { ...alice.headers(), origin: provider.base, 'content-type': 'application/json', 'x-frappe-csrf-token': String(proof) }
    const reply = await ask(provider, APPROVE, { method: 'POST', body: '{"decision":"allow"}', headers })
    expect([reply.status, reply.location]).toEqual([400, undefined])
    expect(pageOf(reply)).toContain('This request has ended or was opened by somebody else')
  })

  it('stands in the trail, with who asked, for what reason, and for which scope', async () => {
    const own = await register(provider, { allowed_roles: [{ role: 'System Manager' }], authorization_policy: 'Roles' })
    await alice.authorize(request(own))
    expect(await refusals(own.id)).toEqual([['oauth.authorize.refused', user, 'role', undefined]])
    const other = await register(provider, { scopes: 'openid Item:read' })
    await alice.authorize(request(other, { scope: 'openid Item:write' }))
    expect(await refusals(other.id)).toEqual([['oauth.authorize.refused', user, 'scope', 'Item:write']])
    await alice.authorize(request(other, { scope: 'openid', max_age: 'soon' }))
    expect(await refusals(other.id)).toHaveLength(1)
    const third = await register(provider)
    const administrator = await new Browser(provider).signIn('Administrator')
    expect((await administrator.authorize(request(third))).status).toBe(403)
    await administrator.authorize(request(third, { prompt: 'none' }))
    const administrators = ['oauth.authorize.refused', 'Administrator', 'administrator', undefined]
    expect(await refusals(third.id)).toEqual([administrators, administrators])
  })

  it('stands in the trail for a client that is not there, of whoever is signed in', async () => {
    const counted = async (): Promise<number> =>
      (await traces(provider, null, 'oauth.authorize.refused')).filter((each) => each.user === bob && each.detail['reason'] === 'client')
        .length
    const bob = await person(provider)
    const browser = await new Browser(provider).signIn(bob)
    await new Browser(provider).authorize(query({ client_id: 'nobody' }))
    await browser.authorize(query({ redirect_uri: 'https://evil.example' }))
    expect(await counted()).toBe(0)
    await browser.authorize(query({ client_id: 'nobody' }))
    expect(await counted()).toBe(1)
  })

  describe('at the consent page', () => {
    const ENDED = 'This request has ended or was opened by somebody else'
    it.each<[sentence: string, change: Record<string, string | string[]>]>([
      [ENDED, { id: 'other' }],
      [ENDED, { id: '' }],
      [ENDED, { id: [] }],
      ['The form names another request than the one that was opened', { redirect_uri: 'https://evil.example' }],
      ['The form names another request than the one that was opened', { nonce: 'x' }],
      ['Press one of the two buttons', { decision: ['allow', 'allow'] }],
      ['Press one of the two buttons', { decision: ['allow', 'deny'] }],
      ['Press one of the two buttons', { decision: 'maybe' }],
      ['Press one of the two buttons', { decision: [] }],
      ['The form names a right that was not asked for', { scope: ['openid', 'Item:write'] }],
    ])('says “%s” to a form with %j', async (sentence, change) => {
      const page = await alice.authorize(query({ prompt: 'consent' }))
      const reply = await alice.post(APPROVE, { ...readConsent(page), decision: 'allow', ...change })
      expect([reply.status, reply.location]).toEqual([400, undefined])
      expect(pageOf(reply)).toContain(`${sentence}. ${BACK}`)
      expect((await alice.decide(page)).location?.searchParams.get('code')).toBeTruthy()
    })

    it('is not met by a form that names the request as it was', async () => {
      const page = await alice.authorize(query({ prompt: 'consent' }))
      const same = { client_id: app.id, response_type: 'code', state: 'xyz', nonce: '', decision: 'allow' }
      expect((await alice.post(APPROVE, { ...readConsent(page), ...same })).location?.searchParams.get('state')).toBe('xyz')
    })

    it('meets whoever decides after ten minutes; what was denied in time stands in the trail', async () => {
      const own = await register(provider, { scopes: 'openid Item:read' })
      const [late, denied] = [
        await alice.authorize(request(own, { scope: 'openid Item:read' })),
        await alice.authorize(request(own, { scope: 'Item:read' })),
      ]
      const no = await alice.decide(denied, 'deny')
      expectError(no, 'access_denied')
      expect(toldOf(no)).toBe('The user did not allow it')
      const nothing = await alice.decide(await alice.authorize(request(own, { scope: 'Item:read' })), 'allow', ['Item:read'])
      expect(toldOf(nothing)).toBe('The user allowed nothing of it')
      expect(pageOf(await alice.decide(denied, 'deny'))).toContain(ENDED)
      expect((await traces(provider, own.id, 'oauth.consent.denied')).map((trace) => trace.user)).toEqual([user, user])
      provider.advance(601)
      const again = await new Browser(provider).signIn(user)
      again.cookie = alice.cookie
      expect(pageOf(await again.decide(late))).toContain(ENDED)
    })
  })

  describe('of an app that each user needs approval for', () => {
    let needy: App
    beforeAll(async () => {
      needy = await register(provider, { scopes: 'openid Item:read', authorization_policy: 'After Approval' })
    })
    const again = (values: Record<string, string> = {}): Promise<Reply> =>
      alice.authorize(request(needy, { scope: 'openid Item:read', ...values }))

    it('says to the person and to a program that it waits, and to an app that asks silently nothing more', async () => {
      const silent = await again({ prompt: 'none' })
      expectError(silent, 'access_denied')
      expect(toldOf(silent)).toBe('The app may not act for this user')
      expect(await provider.oauth.clients.approvals.list(ADMINISTRATOR, { client: needy.id })).toEqual([])
      const page = await again()
      expect([page.status, page.text.includes('Field Sales')]).toEqual([403, true])
      expect(headOf(page)).toContain('name="csrf_token"')
      expect(headOf(page)).toBe(headOf(await alice.authorize(query({ prompt: 'consent' }))))
      const path = `${AUTHORIZE}?${formOf(request(needy, { scope: 'openid Item:read' }))}`
      const program = await ask(provider, path, { headers: { cookie: alice.cookie } })
      expect([program.status, program.json]).toEqual([
        403,
        {
          error: 'access_denied',
          description: 'A System Manager was asked to approve this app for the user; try again later',
          status_code: 403,
        },
      ])
      expect(await refusals(needy.id)).toEqual([['oauth.authorize.refused', user, 'approval', undefined]])
    })

    it('such an app is free once it was approved, also silently, and closed when it was refused', async () => {
      await again()
      await provider.oauth.clients.approvals.approve(ADMINISTRATOR, needy.id, user)
      const code = (await alice.decide(await again())).location?.searchParams.get('code')
      expect(code).toBeTruthy()
      expect((await again({ prompt: 'none' })).location?.searchParams.get('code')).toBeTruthy()
      await provider.oauth.clients.approvals.refuse(ADMINISTRATOR, needy.id, user)
      const refused = await again()
      expectError(refused, 'access_denied')
      expect(toldOf(refused)).toBe('The app may not act for this user')
    })
  })

  describe('of a sign-in that is not fresh enough', () => {
    it.each(['login', 'select_account', 'login consent'])(
      'prompt=%s asks for a sign-in again, once, with a mark of ours',
      async (prompt) => {
        const first = await alice.authorize(query({ prompt }))
        expect([first.status, first.location?.pathname, first.location?.searchParams.get('again')]).toEqual([302, '/login', '1'])
        const target = new URL(first.location?.searchParams.get('redirect-to') ?? '', provider.base)
        expect([target.pathname, target.searchParams.get('prompt')]).toEqual([AUTHORIZE, prompt])
        const mark = target.searchParams.get('signed_in_after')
        expect(Number(mark)).toBeGreaterThan(0)
        const second = await alice.get(target.pathname + target.search)
        expect(new URL(second.location?.searchParams.get('redirect-to') ?? '', provider.base).searchParams.get('signed_in_after')).toBe(
          mark,
        )
        await alice.signIn(user)
        expect([200, 303]).toContain((await alice.get(target.pathname + target.search)).status)
      },
    )

    it('max_age is met to the second', async () => {
      const fresh = await new Browser(provider).signIn(user)
      provider.advance(59)
      expect((await fresh.authorize(query({ max_age: '60', prompt: 'consent' }))).status).toBe(200)
      provider.advance(2)
      const stale = await fresh.authorize(query({ max_age: '60' }))
      expect([stale.status, stale.location?.searchParams.get('again')]).toEqual([302, '1'])
      const silent = await fresh.authorize(query({ max_age: '60', prompt: 'none' }))
      expectError(silent, 'login_required')
      expect(toldOf(silent)).toBe('The user must sign in')
    })

    it('a guest is sent to sign in, with the request as it came', async () => {
      const guest = new Browser(provider)
      const reply = await guest.authorize(query())
      expect([reply.status, reply.location?.pathname, reply.location?.searchParams.get('again')]).toEqual([302, '/login', null])
      expect(reply.location?.searchParams.get('redirect-to')).toBe(`${AUTHORIZE}?${formOf(query())}`)
      const silent = await guest.authorize(query({ prompt: 'none' }))
      expect(toldOf(silent)).toBe('The user must sign in')
    })
  })
})
