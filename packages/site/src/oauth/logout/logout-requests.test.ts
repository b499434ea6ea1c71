import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TrailEntry } from '../../audit/trail.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { IdTokens } from '../keys/id-tokens.ts'
import { Browser, ask, connect, person, post, register, type App, type Reply } from '../testing/app.fixture.ts'
import { fieldsOf } from '../testing/forms.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { readLogoutRequest, type LogoutRequestParts } from './logout-request.ts'
import { sidFor, sidOf } from './session-ids.ts'

const END = '/api/method/frappe.integrations.oauth2.end_session'
const BACK = 'https://app.example.com/bye'

describe('a request to sign out', () => {
  let provider: Provider
  let parts: LogoutRequestParts
  let app: App
  let native: App
  let user: string

  beforeAll(async () => {
    provider = await openProvider('sqlite')
    app = await register(provider, { post_logout_redirect_uris: `${BACK} ${BACK}?a=1` })
    native = await register(provider, { kind: 'native', post_logout_redirect_uris: 'http://127.0.0.1/bye' })
    user = await person(provider)
    parts = { database: provider.database, idTokens: new IdTokens(provider.keys), issuer: () => provider.base }
  })
  afterAll(() => provider.close())

  const read = (query: string): ReturnType<typeof readLogoutRequest> => readLogoutRequest(new URLSearchParams(query), parts)
  const of = (values: Record<string, string>): string => new URLSearchParams(values).toString()
  const hintFor = async (which: App): Promise<string> => (await connect(provider, await new Browser(provider).signIn(user), which)).idToken
  const wrong = (message: string): object => ({ code: 'invalid_request', status: 400, message })

  it.each(['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state'])(
    'is refused with two of %s, also when both are empty',
    async (name) => {
      for (const query of [`${name}=a&${name}=b`, `${name}=&${name}=`])
        await expect(read(query)).rejects.toMatchObject(wrong(`Duplicate ${name} parameter.`))
    },
  )

  it('may say other things twice, and nothing at all', async () => {
    const nothing = { hint: undefined, client: undefined, location: undefined }
    expect(await read('ui_locales=de&ui_locales=en')).toEqual(nothing)
    expect(await read('')).toEqual(nothing)
    expect(await read('id_token_hint=&client_id=&post_logout_redirect_uri=&state=')).toEqual(nothing)
  })

  it('is refused with an app that is not the one of its id_token, that is unknown, or that is switched off', async () => {
    const hint = await hintFor(app)
    await expect(read(of({ id_token_hint: hint, client_id: native.id }))).rejects.toMatchObject(
      wrong('id_token_hint is for another client.'),
    )
    expect(await read(of({ id_token_hint: hint, client_id: app.id }))).toMatchObject({ client: { id: app.id }, hint: { client: app.id } })
    expect(await read(of({ id_token_hint: hint }))).toMatchObject({ client: { id: app.id }, location: undefined })
    await expect(read('client_id=nobody')).rejects.toMatchObject(wrong('Invalid client_id parameter value.'))
    const off = await register(provider, { post_logout_redirect_uris: BACK, state: 'Suspended' })
    await expect(read(of({ client_id: off.id }))).rejects.toMatchObject(wrong('Invalid client_id parameter value.'))
  })

  it('takes an id_token that it cannot verify for none; what else goes wrong is not hidden', async () => {
    expect(await read(of({ id_token_hint: 'rubbish', client_id: app.id }))).toMatchObject({ hint: undefined, client: { id: app.id } })
    const nowhere = (): string => {
      throw new Error('the site has no address')
    }
    await expect(readLogoutRequest(new URLSearchParams('id_token_hint=x'), { ...parts, issuer: nowhere })).rejects.toThrow('has no address')
  })

  it('leads back to nowhere but a registered address of the app', async () => {
    const needs = wrong('post_logout_redirect_uri needs a client_id, or an id_token_hint of this site.')
    await expect(read(of({ post_logout_redirect_uri: BACK }))).rejects.toMatchObject(needs)
    await expect(read(of({ post_logout_redirect_uri: BACK, id_token_hint: 'rubbish' }))).rejects.toMatchObject(needs)
    const mismatch = wrong('Mismatching post-logout redirect URI.')
    await expect(read(of({ post_logout_redirect_uri: `${BACK}/`, client_id: app.id }))).rejects.toMatchObject(mismatch)
    await expect(read(of({ post_logout_redirect_uri: 'https://app.example.com/cb', client_id: app.id }))).rejects.toMatchObject(mismatch)
    const loopback = 'http://127.0.0.1:7000/bye'
    expect(await read(of({ post_logout_redirect_uri: loopback, client_id: native.id }))).toMatchObject({ location: loopback })
  })

  it.each<[uri: string, state: string, location: string]>([
    [BACK, '', BACK],
    [BACK, 'a b&c', `${BACK}?state=a+b%26c`],
    [`${BACK}?a=1`, 's', `${BACK}?a=1&state=s`],
    [BACK, 'x'.repeat(2048), `${BACK}?state=${'x'.repeat(2048)}`],
  ])('to %s with the state %j leads to %s', async (post_logout_redirect_uri, state, location) => {
    expect(await read(of({ client_id: app.id, post_logout_redirect_uri, state }))).toMatchObject({ location })
  })

  it('may carry 2048 characters of state', async () => {
    await expect(read(of({ client_id: app.id, post_logout_redirect_uri: BACK, state: 'x'.repeat(2049) }))).rejects.toMatchObject(
      wrong('state must have at most 2048 characters'),
    )
  })

  describe('by a browser', () => {
    const end = (browser: Browser, values: Record<string, string>, headers = {}): Promise<Reply> =>
      browser.get(`${END}?${of(values)}`, headers)
    const trail = (): Promise<TrailEntry[]> => provider.trail.latest({ event: 'sign-out', user }, 100)
    const signedIn = (): Promise<Browser> => new Browser(provider).signIn(user)

    it('stands in the trail with the app that asked; one that is switched off signs nobody out of the way', async () => {
      const gone = await register(provider)
      const [hint, old] = [await hintFor(app), await hintFor(gone)]
      const before = (await trail()).length
      expect((await end(await signedIn(), { id_token_hint: hint })).text).toContain('You are signed out of this site')
      expect(await trail()).toHaveLength(before + 1)
      expect((await trail())[0]).toMatchObject({ user, client: app.id, ip: '127.0.0.1' })
      await provider.oauth.clients.setState(ADMINISTRATOR, gone.id, 'Suspended')
      const alice = await signedIn()
      const reply = await end(alice, { id_token_hint: old })
      expect([reply.status, reply.location]).toEqual([200, undefined])
      expect(reply.text).toContain('You are signed out of this site')
      expect((await alice.get('/app')).status).not.toBe(200)
      expect((await trail())[0]).toMatchObject({ user, client: null })
    })

    it('is answered with a page that says who asks, who is signed in and where it leads', async () => {
      const alice = await signedIn()
      const bare = await end(alice, {})
      expect(bare.text).not.toMatch(/asks to sign you out|<strong>/)
      const page = await end(alice, { client_id: app.id, post_logout_redirect_uri: BACK, state: 's', ui_locales: 'de' })
      expect(page.text).toContain('<bdi>Field Sales</bdi> asks to sign you out')
      expect(page.text).toMatch(/You are signed in as <bdi>Person \d+<\/bdi>\./)
      expect(page.text).toMatch(/<strong><bdi>app\.example\.com<\/bdi><\/strong>/)
      const fields = fieldsOf(page, `${END}.confirm`)
      expect(Object.keys(fields).toSorted()).toEqual(['client_id', 'csrf_token', 'post_logout_redirect_uri', 'state'])
      expect(fields).toMatchObject({ client_id: app.id, post_logout_redirect_uri: BACK, state: 's' })
    })

    it('is confirmed by the form of that page alone, and judged again', async () => {
      const alice = await signedIn()
      const fields = fieldsOf(await end(alice, {}), `${END}.confirm`)
      for (const decision of ['stay', '', 'Sign-out'])
        expect((await alice.post(`${END}.confirm`, { ...fields, decision })).location?.pathname).toBe('/app')
      const { csrf_token: _, ...bare } = fields
      expect((await alice.post(`${END}.confirm`, { ...bare, decision: 'sign-out' })).status).toBe(400)
      const refused = await alice.post(`${END}.confirm`, { ...fields, client_id: 'nobody', decision: 'sign-out' })
      expect([refused.status, refused.location]).toEqual([400, undefined])
      expect(refused.text).toContain('Invalid client_id parameter value. Go back to the app and start again')
      expect((await alice.get('/app')).status).toBe(200)
      const done = await alice.post(`${END}.confirm`, { ...fields, decision: 'sign-out' })
      expect([done.status, done.location]).toEqual([200, undefined])
      expect((await alice.get('/app')).status).not.toBe(200)
    })

    it('that is wrong is told to whoever asked: as a page, or as JSON to a program', async () => {
      const page = await end(new Browser(provider), { client_id: 'nobody' })
      expect([page.status, page.headers.get('content-type')]).toEqual([400, expect.stringContaining('text/html')])
      const json = await ask(provider, `${END}?client_id=nobody`, { headers: { accept: 'application/json' } })
      expect([json.status, json.json]).toEqual([
        400,
        { description: 'Invalid client_id parameter value.', status_code: 400, error: 'invalid_request' },
      ])
    })

    it('that the site itself fails at is no fault of the app’s', async () => {
      await sql`alter table "tabOAuth Client" rename to client_away`.execute(provider.database.connection)
      const reply = await end(await signedIn(), { client_id: app.id })
      await sql`alter table client_away rename to "tabOAuth Client"`.execute(provider.database.connection)
      expect([reply.status, reply.location]).toEqual([500, undefined])
    })

    it('by POST is brought back with what counts, and with nothing else; what came twice is refused then', async () => {
      const sent = await post(provider, END, { client_id: app.id, state: ['a', 'b'], other: 'x' })
      expect([sent.status, sent.location?.pathname, sent.location?.search]).toEqual([303, END, `?client_id=${app.id}&state=a&state=b`])
      const refused = await new Browser(provider).get(`${END}${sent.location?.search}`)
      expect([refused.status, refused.location]).toEqual([400, undefined])
      const signed = await (
        await signedIn()
      ).post(END, { client_id: app.id }, { origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site' })
      expect([signed.status, signed.location?.search]).toEqual([303, `?client_id=${app.id}`])
      const bare = await ask(provider, END, { method: 'POST' })
      expect([bare.status, bare.location?.pathname, bare.location?.search]).toEqual([303, END, ''])
    })
  })
})

describe('what an app knows a session by', () => {
  it('is the same each time, and another for each app and each session', () => {
    expect(sidOf('app', 'session')).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(sidOf('app', 'session')).toBe(sidOf('app', 'session'))
    expect(new Set([sidOf('app', 'session'), sidOf('other', 'session'), sidOf('app', 'other'), sidOf('session', 'app')]).size).toBe(4)
  })

  it('is told to those that want to hear of its end, and of grants that a session made', () => {
    const client = { id: 'app', backchannelLogoutUri: 'https://app.example.com/out' }
    expect(sidFor(client, 'session')).toBe(sidOf('app', 'session'))
    expect(sidFor(client, null)).toBeUndefined()
    expect(sidFor({ ...client, backchannelLogoutUri: undefined }, 'session')).toBeUndefined()
  })
})
