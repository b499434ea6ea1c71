import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { SETTINGS } from '../settings.ts'
import { Browser, TOKEN, boxesOf, person, post, readConsent, register, tokensOf, type App, type Reply } from '../testing/app.fixture.ts'
import { csrfOf } from '../testing/forms.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { traces } from '../testing/trail.fixture.ts'
import { GRANT, begin as beginAt, registerTerminal } from './device.fixture.ts'

const UNKNOWN = 'The device code is unknown or used; start the sign-in again'
const KNOWN_TO_NOBODY = 'This code is not known, has ended or was opened by somebody else.'

const wordsOf = (reply: Reply): string =>
  reply.text
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll(/\s+/g, ' ')

describe.each(engines)('a device on %s', (engine) => {
  let provider: Provider
  let user: string
  let alice: Browser
  let app: App

  beforeAll(async () => {
    provider = await openProvider(engine)
    app = await own()
  })
  beforeEach(async () => {
    user = await person(provider)
    alice = await new Browser(provider).signIn(user)
  })
  afterAll(() => provider.close())

  const own = (values?: Record<string, unknown>): Promise<App> => registerTerminal(provider, values)
  const begin = (client: App, values?: Record<string, string>): Promise<Reply> => beginAt(provider, client, values)
  async function start(client: App = app, values: Record<string, string> = {}): Promise<{ device: string; code: string }> {
    const { json } = await begin(client, values)
    return { device: String(json['device_code']), code: String(json['user_code']) }
  }
  const poll = (device: string, client: App = app, values: Record<string, string> = {}): Promise<Reply> =>
    post(provider, TOKEN, { grant_type: GRANT, device_code: device, client_id: client.id, ...values })
  const open = (code: string, browser = alice): Promise<Reply> => browser.get(`/device?user_code=${encodeURIComponent(code)}`)
  const decide = (page: Reply, fields: Record<string, string | string[]> = {}): Promise<Reply> =>
    alice.post('/device', { ...readConsent(page), decision: 'allow', ...fields })
  const rows = async (client: App): Promise<Record<string, unknown>[]> =>
    (
      await sql<Record<string, unknown>>`select * from oauth_device where client = ${client.id} order by created`.execute(
        provider.database.connection,
      )
    ).rows
  function expectRefused(reply: Reply, error: string, sentence: string): void {
    expect([reply.status, reply.json]).toEqual([400, { error, error_description: sentence }])
  }

  describe('when it begins', () => {
    it('is given a code, and what it asks for is kept until its user has decided', async () => {
      const client = await own()
      const reply = await begin(client, { scope: 'Item:read', resource: `${provider.base}/api` })
      expect(Object.keys(reply.json)).toEqual([
        'device_code',
        'user_code',
        'verification_uri',
        'verification_uri_complete',
        'expires_in',
        'interval',
      ])
      expect([reply.headers.get('pragma'), reply.headers.get('cache-control')]).toEqual(['no-cache', 'no-store'])
      expect(String(reply.json['device_code'])).toMatch(/^dc1_[A-Za-z0-9_-]{43}$/)
      const [row] = await rows(client)
      expect(row).toMatchObject({
        client: client.id,
        scopes: 'Item:read',
        resource: `${provider.base}/api`,
        pace: 5,
        polled_at: null,
        user: null,
        state: 'open',
        grant_id: null,
      })
      expect(Number(row?.['expires']) - Number(row?.['created'])).toBe(600_000_000)
    })

    it('is refused in words as an app that may not', async () => {
      expectRefused(
        await begin(await register(provider)),
        'unauthorized_client',
        'An app of the kind native, public or agent alone may use device codes',
      )
      const details = 'A device cannot ask for single documents; its user chooses on the page'
      expectRefused(await begin(app, { authorization_details: '[]' }), 'invalid_authorization_details', details)
      const empty = await own()
      await sql`update "tabOAuth Client" set scopes = '' where name = ${empty.id}`.execute(provider.database.connection)
      expectRefused(await begin(empty), 'invalid_scope', 'The app asks for nothing; name a scope')
      expectRefused(await begin(app, { scope: 'all' }), 'invalid_scope', 'The app may not ask for all')
      expect(await rows(empty)).toEqual([])
    })

    it('is refused in words while API access is switched off', async () => {
      const set = (api_access: string) =>
        provider.documents.update(ADMINISTRATOR, { doctype: SETTINGS, name: SETTINGS, values: { api_access } })
      await set('Off')
      const reply = await begin(app)
      await set('On')
      expectRefused(
        reply,
        'unauthorized_client',
        'API access is switched off for this site; a System Manager can switch it on in OAuth Settings',
      )
    })
  })

  describe('when it asks', () => {
    const PENDING = 'The user has not decided yet'
    it('is refused in words for a code that is not there, another app’s, or none', async () => {
      expectRefused(await poll('dc1_rubbish'), 'invalid_grant', UNKNOWN)
      const { device } = await start()
      expectRefused(await poll(device, await own()), 'invalid_grant', UNKNOWN)
      expectRefused(await poll(''), 'invalid_request', 'Missing device_code parameter.')
      const web = await register(provider)
      expectRefused(
        await poll(device, web, { client_secret: web.secret }),
        'unauthorized_client',
        'An app of the kind native, public or agent alone may use device codes',
      )
      expectRefused(await poll(device), 'authorization_pending', PENDING)
    })

    it('is refused in words too often, too late, or after a refusal, and none of its waiting is in the trail', async () => {
      const client = await own()
      const { device, code } = await start(client)
      expectRefused(await poll(device, client), 'authorization_pending', PENDING)
      const polled = (await rows(client))[0]?.['polled_at']
      expect(polled).not.toBeNull()
      provider.advance(4)
      expectRefused(await poll(device, client), 'slow_down', 'Ask less often: wait 5 seconds longer between two questions')
      expect((await rows(client))[0]).toMatchObject({ pace: 10 })
      expect(Number((await rows(client))[0]?.['polled_at'])).toBeGreaterThan(Number(polled))
      provider.advance(9.6)
      expectRefused(await poll(device, client), 'authorization_pending', PENDING)
      expect(await traces(provider, client.id, 'oauth.token.refused')).toEqual([])
      await decide(await open(code), { decision: 'deny' })
      expectRefused(await poll(device, client), 'access_denied', 'The user did not allow it')
      expect((await traces(provider, client.id, 'oauth.consent.denied')).map((trace) => trace.user)).toEqual([user])
      const late = await start(client)
      provider.advance(600)
      expectRefused(await poll(late.device, client), 'expired_token', 'Nobody allowed it in time; start the sign-in again')
    })

    it('is refused in words for a user who may not use its app any more, an app that may have none of it, and a grant that ended', async () => {
      const client = await own()
      const change = (values: Record<string, unknown>): Promise<unknown> => provider.oauth.clients.update(ADMINISTRATOR, client.id, values)
      const { device, code } = await start(client)
      await decide(await open(code))
      await change({ authorization_policy: 'After Approval' })
      expectRefused(await poll(device, client), 'invalid_grant', 'The user may not use this app any more')
      await change({ authorization_policy: 'Everyone', scopes: 'all' })
      expectRefused(await poll(device, client), 'invalid_grant', 'The app may not have any of these rights any more')
      await change({ scopes: 'openid Item:read Item:write' })
      expectRefused(
        await poll(device, client, { scope: 'all' }),
        'invalid_scope',
        'Ask for what was granted, or for less; more needs a new authorization',
      )
      expect((await rows(client))[0]).toMatchObject({ state: 'allowed' })
      await provider.grants.revoke({ client: client.id }, 'user_revoked')
      expectRefused(await poll(device, client), 'invalid_grant', UNKNOWN)
      expect((await rows(client))[0]).toMatchObject({ state: 'allowed' })
    })

    it('is given the rights and the resource that it asked for, with who its user is, when they signed in, and no nonce', async () => {
      const client = await own()
      const signedIn = provider.now()
      provider.advance(100)
      const { device, code } = await start(client, { scope: 'openid Item:read', resource: `${provider.base}/api` })
      await decide(await open(code))
      const reply = await poll(device, client)
      expect(reply.json).toMatchObject({ scope: 'openid Item:read' })
      const claims = JSON.parse(Buffer.from(tokensOf(reply).idToken.split('.')[1] ?? '', 'base64url').toString()) as object
      expect(claims).not.toHaveProperty('nonce')
      const [grant] = await provider.grants.list(user, client.id)
      expect(claims).toMatchObject({ auth_time: Math.floor(Number(grant?.auth_time) / 1_000_000) })
      expect(signedIn - Number(grant?.auth_time)).toBeGreaterThanOrEqual(0)
      expect(grant).toMatchObject({
        kind: 'device',
        resource: `${provider.base}/api`,
        rejected: '',
        session: null,
        sets: null,
        filters: null,
      })
      expect(Number(grant?.expires) - Number(grant?.created)).toBe(90 * 86_400_000_000)
      expect((await rows(client))[0]).toMatchObject({ state: 'used', user, grant_id: grant?.id })
    })
  })

  describe('and its page', () => {
    it('tells who comes for an app that was removed meanwhile that they may not use it', async () => {
      const [asked, shown] = [await own(), await own()]
      const [{ code }, page] = [await start(asked), await open((await start(shown)).code)]
      expect(page.status).toBe(200)
      for (const { id } of [asked, shown]) await sql`delete from "tabOAuth Client" where name = ${id}`.execute(provider.database.connection)
      for (const reply of [await open(code), await decide(page)]) {
        expect(reply.status).toBe(403)
        expect(wordsOf(reply)).toContain('You may not use this app, or it has been ended.')
      }
    })

    it('a guest signs in first, and comes back to the code', async () => {
      const guest = new Browser(provider)
      const back = async (path: string): Promise<string | null | undefined> =>
        (await guest.get(path)).location?.searchParams.get('redirect-to')
      expect(await back('/device')).toBe('/device')
      expect(await back('/device?user_code=')).toBe('/device')
      expect(await back('/device?user_code=WD%26JB')).toBe('/device?user_code=WD%26JB')
      expect(await back(`/device?user_code=${'x'.repeat(101)}`)).toBe(`/device?user_code=${'x'.repeat(100)}`)
      expect((await guest.get('/device')).status).toBe(302)
    })

    it('asks for the code, and says of a wrong one no more than that', async () => {
      const entry = await alice.get('/device')
      expect([entry.status, entry.text.includes('Person')]).toEqual([200, true])
      for (const typed of ['BCDF-GHJK', 'nonsense']) {
        const wrong = await alice.post('/device', { csrf_token: csrfOf(entry), user_code: typed })
        expect([wrong.status, wordsOf(wrong).includes(KNOWN_TO_NOBODY)]).toEqual([400, true])
        expect(wrong.text).toContain(`value="${typed}"`)
      }
      expect(wordsOf(await alice.post('/device', { csrf_token: csrfOf(entry) }))).toContain(KNOWN_TO_NOBODY)
      const refused = (await traces(provider, null, 'oauth.device.code_refused')).filter((trace) => trace.user === user)
      expect(refused.length).toBeGreaterThan(0)
      expect(refused[0]?.ip).toBe('127.0.0.1')
    })

    it.each<[home: string, values: Record<string, unknown>]>([
      ['terminal.example.com', { client_uri: 'https://terminal.example.com/about' }],
      ['app.example.com', {}],
    ])('shows as home of the app %s', async (home, values) => {
      const client = await own(values)
      const page = await open((await start(client)).code)
      expect(wordsOf(page)).toContain(`Home of the app ${home}`)
    })

    it('says that the home of an app is not given where no address of it is', async () => {
      const client = await own()
      const { code } = await start(client)
      await sql`update "tabOAuth Client" set default_redirect_uri = '', redirect_uris = '' where name = ${client.id}`.execute(
        provider.database.connection,
      )
      expect(wordsOf(await open(code))).toContain('Home of the app not given')
    })

    it('says that its request has ended when the code ended while the page was open', async () => {
      const client = await own()
      const { code } = await start(client)
      const page = await open(code)
      await sql`update oauth_device set expires = ${provider.now()} where client = ${client.id}`.execute(provider.database.connection)
      const reply = await decide(page)
      expect([reply.status, wordsOf(reply).includes('This request has ended or was decided')]).toEqual([400, true])
      expect(await provider.grants.list(user, client.id)).toEqual([])
    })

    it('asks for all of it each time, whatever was allowed before', async () => {
      const client = await own()
      await decide(await open((await start(client)).code))
      expect(boxesOf(await open((await start(client)).code))).toEqual(['Item:read', 'Item:write'])
    })

    it.each<[sentence: string, fields: Record<string, string | string[]>]>([
      ['Press one of the two buttons.', { decision: 'maybe' }],
      ['Press one of the two buttons.', { decision: [] }],
      ['Press one of the two buttons.', { decision: ['allow', 'allow'] }],
      ['The form names a right that was not asked for.', { scope: ['openid', 'all'] }],
      ['This request has ended or was decided; enter the code of the device again.', { id: 'other' }],
      ['This request has ended or was decided; enter the code of the device again.', { id: '' }],
    ])('says “%s” to %j, and nothing is decided', async (sentence, fields) => {
      const client = await own()
      const { code } = await start(client)
      const page = await open(code)
      const reply = await decide(page, fields)
      expect([reply.status, wordsOf(reply).includes(sentence)]).toEqual([400, true])
      expect((await rows(client))[0]).toMatchObject({ state: 'open', user })
      expect(wordsOf(await decide(page))).toContain('The device is connected.')
    })

    it('says that nothing was given when nothing is left ticked', async () => {
      const client = await own({ scopes: 'Item:read' })
      const { device, code } = await start(client)
      const answer = await decide(await open(code), { scope: [] })
      expect(wordsOf(answer)).toContain('The device was refused.')
      expect(wordsOf(answer)).toContain('Warehouse Terminal')
      expectRefused(await poll(device, client), 'access_denied', 'The user did not allow it')
      expect(await provider.grants.list(user, client.id)).toEqual([])
    })

    it('keeps what was typed and ticked when a document is none to choose', async () => {
      const client = await own()
      const { code } = await start(client)
      const page = await open(code)
      const again = await decide(page, { scope: ['openid', 'Item:read'], 'only.Item': 'Ghost' })
      expect([again.status, wordsOf(again).includes('There is no Item that you may see with the name Ghost.')]).toEqual([400, true])
      expect(again.text).toContain('Ghost</textarea>')
      expect(readConsent(again)['scope']).toEqual(['openid', 'Item:read'])
      expect(readConsent(again)['user_code']).toBe(code)
      expect(wordsOf(await decide(page, { decision: 'deny', 'only.Item': 'Ghost' }))).toContain('The device was refused.')
    })

    it('ends older connections that reach more when the person says so, and leaves them else', async () => {
      const [item] = await provider.documents.insert(ADMINISTRATOR, 'Item', [{ title: 'Crate' }])
      const client = await own()
      await decide(await open((await start(client)).code))
      const only = { 'only.Item': String(item?.name) }
      const { end_older: _, ...kept } = readConsent(await open((await start(client)).code))
      await alice.post('/device', { ...kept, decision: 'allow', ...only })
      expect(await provider.grants.list(user, client.id)).toHaveLength(2)
      await decide(await open((await start(client)).code), only)
      expect(await provider.grants.list(user, client.id)).toHaveLength(2)
      expect(provider.events.filter(({ event, client: of }) => event === 'grant.revoked' && of === client.id)).toMatchObject([
        { reason: 'consent_replaced' },
      ])
    })

    it('keeps what a set gave', async () => {
      const scope_sets = JSON.stringify({ stock: { title: 'Stock', scopes: ['Item:read', 'Item:write'] } })
      await provider.documents.update(ADMINISTRATOR, { doctype: SETTINGS, name: SETTINGS, values: { scope_sets } })
      await provider.generation.observe(await provider.generation.read())
      const client = await own({ scopes: 'openid set:stock' })
      await decide(await open((await start(client, { scope: 'openid set:stock' })).code), { scope: ['openid', 'Item:read'] })
      const [grant] = await provider.grants.list(user, client.id)
      expect(grant).toMatchObject({ requested: 'openid set:stock', granted: 'openid Item:read', rejected: 'Item:write' })
      expect(JSON.parse(grant?.sets ?? '')).toEqual({ stock: ['Item:read'] })
    })

    it('tells a person why they may not, in words', async () => {
      const refusedTo = async (client: App, browser = alice): Promise<[number, string]> => {
        const page = await open((await start(client)).code, browser)
        return [page.status, wordsOf(page)]
      }
      const closed = await refusedTo(await own({ allowed_roles: [{ role: 'System Manager' }] }))
      expect(closed).toEqual([
        403,
        expect.stringContaining('You may not use this app, or it has been ended. Ask an administrator of this site.'),
      ])
      const administrator = await refusedTo(app, await new Browser(provider).signIn('Administrator'))
      expect(administrator).toEqual([403, expect.stringContaining('ANNEX_ALLOW_ADMINISTRATOR')])
      await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { api_access: 0 } })
      alice = await new Browser(provider).signIn(user)
      expect(await refusedTo(app)).toEqual([403, expect.stringContaining(`API access is switched off for ${user}`)])
      const bob = await person(provider)
      alice = await new Browser(provider).signIn(bob)
      const needy = await own({ authorization_policy: 'After Approval' })
      expect((await refusedTo(needy))[0]).toBe(403)
      await provider.oauth.clients.approvals.refuse(ADMINISTRATOR, needy.id, bob)
      expect(await refusedTo(needy)).toEqual([403, expect.stringContaining('A System Manager refused this app for you')])
    })

    it('takes no decision once the app was ended or the session has', async () => {
      const client = await own()
      const { device, code } = await start(client)
      const page = await open(code)
      await provider.oauth.clients.setState(ADMINISTRATOR, client.id, 'Suspended')
      expect((await decide(page)).status).toBe(403)
      await provider.oauth.clients.setState(ADMINISTRATOR, client.id, 'Active')
      expect((await decide(page)).status).toBe(200)
      expect((await poll(device, client)).status).toBe(200)
    })
  })
})
