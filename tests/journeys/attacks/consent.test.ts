import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { submissionOf } from '../../contract/consent-form.ts'
import { authorizationUrl, exchange } from '../../support/callers/connected-app.ts'
import { Visitor, type Page } from '../../support/callers/visitor.ts'
import { engines } from '../../support/databases.ts'
import { readTable } from '../../support/stolen/stored.ts'
import { ALICE, BOB, expectDiscreet, PASSWORD, World } from './world.fixture.ts'

const APPROVE = '/api/method/frappe.integrations.oauth2.approve'

describe.each(engines)('Consent in a browser, on %s', (engine) => {
  let world: World
  let alice: Visitor
  beforeAll(async () => {
    world = await World.open(engine)
    alice = await world.visitor(ALICE)
  })
  afterAll(() => world.close())

  const authorize = (scope = 'openid Item:read'): string => authorizationUrl(world.app, scope, { prompt: 'consent' })
  const allowForm = (page: Page): URLSearchParams => submissionOf(page.text, 'allow', [])!.fields
  const without = (fields: URLSearchParams, name: string): URLSearchParams =>
    new URLSearchParams([...fields].filter(([key]) => key !== name))
  const codes = async (): Promise<number> => (await readTable(world.site.databaseUrl, 'oauth_code')).length

  it.each<[sentence: string, change: (fields: URLSearchParams) => URLSearchParams, headers: Readonly<Record<string, string>>]>([
    ['without the form token', (fields) => without(fields, 'csrf_token'), {}],
    ['with another form token', (fields) => new URLSearchParams([...without(fields, 'csrf_token'), ['csrf_token', 'A'.repeat(43)]]), {}],
    ['from another site', (fields) => fields, { origin: 'https://evil.example' }],
    ['from another site, as the browser says', (fields) => fields, { 'sec-fetch-site': 'cross-site' }],
    ['from a neighbour of the host', (fields) => fields, { 'sec-fetch-site': 'same-site' }],
  ])('A16 is not given by a form %s, and the page stays good', async (_sentence, change, headers) => {
    const page = await alice.get(authorize())
    const { reply, changed, events } = await world.watch(() =>
      alice.post(APPROVE, change(allowForm(page)), { accept: 'application/json', ...headers }),
    )
    expect(reply).toMatchObject({ status: 400, body: { exc_type: 'CSRFTokenError' } })
    expect(reply.headers.get('location')).toBeNull()
    expectDiscreet(reply, [page.text.match(/name="id" value="([^"]+)"/)?.[1] ?? 'none'])
    expect([changed, events]).toEqual([[], []])
    expect((await alice.press(page)).location?.searchParams.has('code')).toBe(true)
  })

  it('A17 is not given by a link: it opens the page, and nothing is stored', async () => {
    const page = await alice.get(authorize())
    const id = allowForm(page).get('id') ?? ''
    for (const link of [`${APPROVE}?${authorize().split('?')[1]}`, `${APPROVE}?id=${id}&decision=allow&scope=openid`]) {
      const { reply, changed, events } = await world.watch(() => alice.get(link, { 'sec-fetch-site': 'cross-site' }))
      expect(reply.status).toBe(303)
      expect(new URL(reply.headers.get('location') ?? '', world.site.url).pathname).toBe('/api/method/frappe.integrations.oauth2.authorize')
      expect([changed, events]).toEqual([[], []])
    }
  })

  it('A18 A19 A20 counts once, for the session that opened the page', async () => {
    const page = await alice.get(authorize('openid Customer:read'))
    const bob = await world.visitor(BOB)
    const bobsPage = await bob.get(authorize('openid Customer:read'))
    const stolen = new URLSearchParams([
      ...without(allowForm(page), 'csrf_token'),
      ['csrf_token', allowForm(bobsPage).get('csrf_token') ?? ''],
    ])
    const foreign = await world.watch(() => bob.post(APPROVE, stolen))
    expect([foreign.reply.status, foreign.changed]).toEqual([400, []])
    expect((await alice.press(page)).status).toBe(303)
    const again = await world.watch(() => alice.press(page))
    expect([again.reply.status, again.changed]).toEqual([400, []])
  })

  it('leaves a trail of what was granted and of what was denied', async () => {
    const granted = await world.watch(async () =>
      alice.press(await alice.get(authorize('openid Item:read Item:write')), 'allow', ['Item:write']),
    )
    expect(granted.reply.status).toBe(303)
    const grant = granted.events.find(({ event }) => event === 'oauth.grant.created')
    expect(grant).toMatchObject({ user: ALICE, client: world.app.id })
    expect(JSON.parse(String(grant?.['detail']))).toEqual({ granted: 'openid Item:read', rejected: 'Item:write' })
    const before = await codes()
    const denied = await world.watch(async () => alice.press(await alice.get(authorize('openid Quote:read')), 'deny'))
    expect(new URL(denied.reply.headers.get('location') ?? '').searchParams.get('error')).toBe('access_denied')
    expect(denied.events).toMatchObject([{ event: 'oauth.consent.denied', user: ALICE, client: world.app.id }])
    expect(await codes()).toBe(before)
  })

  it('F08 cannot be widened by the form', async () => {
    const page = await alice.get(authorize('openid Customer:delete'))
    const wider = new URLSearchParams([...allowForm(page), ['scope', 'all']])
    const { reply, changed } = await world.watch(() => alice.post(APPROVE, wider))
    expect([reply.status, changed]).toEqual([400, []])
  })

  it.each([
    'https://evil.example',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '%09//evil.example',
    '\t//evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    'https:evil.example',
    'http://127.0.0.1@evil.example',
    '/%5cevil.example/..//evil.example',
    '/..//evil.example',
  ])('A27 a sign-in that should lead to %j leads to this site', async (target) => {
    const visitor = new Visitor(world.site.url)
    const page = await visitor.get(`/login?redirect-to=${encodeURIComponent(target)}`)
    const wanted = /name="redirect-to" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
    for (const redirectTo of [wanted, target]) {
      const answer = await new Visitor(world.site.url).post('/login', { usr: ALICE, pwd: PASSWORD, 'redirect-to': redirectTo })
      expect(answer.status).toBe(303)
      expect(answer.location?.origin).toBe(world.site.url)
    }
    const signedIn = await alice.get(`/login?redirect-to=${encodeURIComponent(target)}`)
    expect(signedIn.location?.origin).toBe(world.site.url)
  })

  it('A28 a session id from before the sign-in is not the one after it', async () => {
    const victim = new Visitor(world.site.url)
    const planted = 'a'.repeat(64)
    const answer = await victim.post('/login', { usr: ALICE, pwd: PASSWORD }, { cookie: `sid=${planted}` })
    expect(answer.status).toBe(303)
    expect(victim.cookie).toMatch(/sid=[0-9a-f]{64}/)
    expect(victim.cookie).not.toContain(planted)
    expect((await new Visitor(world.site.url).get('/my-apps', { cookie: `sid=${planted}` })).location?.pathname).toBe('/login')
  })

  it('A30 is the session’s own user’s, whatever the other cookies say', async () => {
    const page = await alice.get(authorize('openid Quote:write'))
    const answer = await alice.post(APPROVE, allowForm(page), { cookie: alice.cookie.replace(/user_id=[^;]*/, 'user_id=Administrator') })
    const { body } = await exchange(world.site.url, world.app, answer.location?.searchParams.get('code') ?? '')
    const grants = await readTable(world.site.databaseUrl, 'oauth_grant')
    expect(body['access_token']).toBeDefined()
    expect(new Set(grants.map((grant) => grant['user']))).toEqual(new Set([ALICE]))
  })
})
