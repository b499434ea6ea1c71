import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import {
  APPROVE,
  Browser,
  connect,
  me,
  person,
  post,
  readConsent,
  register,
  request,
  swap,
  type App,
  type Reply,
} from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { reachesMore } from './older-connections.ts'

const legacy = (openidActsAsAll: boolean) => ({
  legacy: { openidActsAsAll, refreshWithoutSecret: false, tokenDocument: false, shortVerifier: false, hs256IdToken: false },
})
const only = (...names: string[]): string => JSON.stringify({ Item: [['name', 'in', names]] })
const company = JSON.stringify({ Item: [['company', '=', 'A']] })

describe('an older connection', () => {
  it.each<[what: string, granted: string, before: string | null, rejected: string[], now: string | undefined, more: boolean]>([
    ['the same', 'Item:read', null, [], undefined, false],
    ['a right that was not asked for', 'Item:read Item:write', null, [], undefined, false],
    ['a right that was unticked', 'Item:read Item:write', null, ['Item:write'], undefined, true],
    ['all, of which a right was unticked', 'all', null, ['Item:write'], undefined, true],
    ['every DocType, of which a right was unticked', '*:read', null, ['Item:read'], undefined, true],
    ['a right that includes what was unticked', 'Item:write', null, ['Item:read'], undefined, true],
    ['all, which was unticked', 'all', null, ['all'], undefined, true],
    ['a method that was unticked', 'method:a.*', null, ['method:a.b'], undefined, true],
    ['nothing of what was unticked', 'Item:read', null, ['Item:write', 'all', 'method:a.b'], undefined, false],
    ['every document', 'Item:read', null, [], only('A'), true],
    ['every document of every DocType', '*:read', null, [], only('A'), true],
    ['everything', 'all', null, [], only('A'), true],
    ['no such documents', 'Customer:read', null, [], only('A'), false],
    ['the same documents', 'Item:read', only('A'), [], only('A'), false],
    ['fewer documents', 'Item:read', only('A'), [], only('A', 'B'), false],
    ['other documents', 'Item:read', only('A', 'B'), [], only('A'), true],
    ['documents by another filter', 'Item:read', company, [], only('A'), true],
    ['documents by another field', 'Item:read', '{"Item": [["title", "in", ["A"]]]}', [], only('A', 'B'), true],
    ['all documents but some', 'Item:read', '{"Item": [["name", "not in", ["A"]]]}', [], only('A', 'B'), true],
    ['documents by more filters', 'Item:read', '{"Item": [["company", "=", "A"], ["name", "in", ["A"]]]}', [], company, false],
  ])('with %s', (_what, granted, filters, rejected, now, more) => {
    expect(reachesMore({ granted, filters }, { rejected, filters: now }, legacy(false))).toBe(more)
  })

  it('of an app of old reaches every document with openid alone', () => {
    const older = { granted: 'openid', filters: null }
    expect(reachesMore(older, { rejected: [], filters: only('A') }, legacy(true))).toBe(true)
    expect(reachesMore(older, { rejected: [], filters: only('A') }, legacy(false))).toBe(false)
  })
})

describe.each(engines)('older connections of an app, on %s', (engine) => {
  let provider: Provider
  let app: App
  let user: string
  let alice: Browser
  let items: string[]

  beforeAll(async () => {
    provider = await openProvider(engine)
    app = await register(provider, {
      scopes: 'openid Item:read Item:write',
      event_uri: 'https://app.example.com/events',
      backchannel_logout_uri: 'https://app.example.com/out',
    })
    const made = await provider.documents.insert(ADMINISTRATOR, 'Item', [{ title: 'One' }, { title: 'Two' }])
    items = made.map(({ name }) => String(name))
  })
  beforeEach(async () => {
    user = await person(provider)
    alice = await new Browser(provider).signIn(user)
  })
  afterAll(() => provider.close())

  const scope = 'openid Item:read Item:write'
  const again = (browser: Browser = alice): Promise<Reply> => browser.authorize(request(app, { scope, prompt: 'consent' }))
  const allow = (page: Reply, fields: Record<string, string | string[]> = {}, browser = alice): Promise<Reply> =>
    browser.post(APPROVE, { ...readConsent(page), decision: 'allow', ...fields })
  const isGood = async (access: string): Promise<boolean> => (await me(provider, access)).status === 200
  const told = async (grant: string) => {
    const { rows } = { rows: await provider.telling.deliveries.list(ADMINISTRATOR, app.id) }
    return rows.filter((delivery) => delivery.grant === grant).map(({ kind, reason }) => [kind, reason])
  }

  it('are not spoken of where there are none', async () => {
    expect((await alice.authorize(request(app, { scope }))).text).not.toContain('end_older')
  })

  it('are not spoken of where nothing that is asked now could be less than theirs', async () => {
    await connect(provider, alice, app, { scope: 'openid Item:read' })
    expect((await alice.authorize(request(app, { scope: 'openid', prompt: 'consent' }))).text).not.toContain('end_older')
    expect((await alice.authorize(request(app, { scope: 'openid Item:read Item:write' }))).text).toContain('end_older')
    const two = await register(provider, { scopes: 'openid Item:read Sales.Invoice:read' })
    await connect(provider, alice, two, { scope: 'openid Item:read' })
    const more = await alice.authorize(request(two, { scope: 'openid Item:read Sales.Invoice:read' }))
    expect(more.text).toContain('Sales.Invoice:read')
    expect(more.text).not.toContain('end_older')
  })

  it('are spoken of where a right that they have is asked about again, and it is on no documents', async () => {
    const ping = await register(provider, { scopes: 'openid method:frappe.ping' })
    await connect(provider, alice, ping, { scope: 'openid method:frappe.ping' })
    const page = await alice.authorize(request(ping, { scope: 'openid method:frappe.ping', prompt: 'consent' }))
    expect(page.text).toContain('end_older')
  })

  it('are spoken of where the app keeps itself to documents which they reach beyond, and not where it names their DocType alone', async () => {
    const own = await register(provider, { scopes: 'openid Item:read Sales.Invoice:read' })
    await connect(provider, alice, own, { scope: 'openid Item:read' })
    const asks = (filters: object): Promise<Reply> => {
      const details = JSON.stringify([{ type: 'frappe_doctype', doctype: 'Item', actions: ['read'], filters }])
      return alice.authorize(request(own, { scope: 'openid Sales.Invoice:read', authorization_details: details }))
    }
    const [plain, limited] = [await asks({}), await asks({ title: 'One' })]
    expect([plain.status, plain.text.includes('end_older')]).toEqual([200, false])
    expect([limited.status, limited.text.includes('end_older')]).toEqual([200, true])
  })

  it('end with a consent that keeps the app to documents which they reach beyond; the app is told', async () => {
    const before = await connect(provider, alice, app, { scope })
    const [older] = await provider.grants.list(user, app.id)
    const page = await again()
    expect(page.text).toMatch(/connected with your account already: 1, since/)
    expect(page.text).toMatch(/name="end_older" value="1"\s+checked/)
    const code = (await allow(page, { 'only.Item': items[0]! })).location?.searchParams.get('code') ?? ''
    expect(await isGood(before.access)).toBe(false)
    expect((await swap(provider, app, code)).status).toBe(200)
    expect(await provider.grants.list(user, app.id)).toHaveLength(1)
    expect(await told(older!.id)).toEqual([['event', 'consent_replaced']])
  })

  it('end with a consent that leaves out a right of theirs', async () => {
    const before = await connect(provider, alice, app, { scope })
    const page = await again()
    await allow(page, { scope: ['openid', 'Item:read'] })
    expect(await isGood(before.access)).toBe(false)
  })

  it('stay when the same is allowed on a second device, when less is asked for, and when the box is unticked', async () => {
    const before = await connect(provider, alice, app, { scope })
    const second = await new Browser(provider).signIn(user)
    await allow(await again(second), {}, second)
    expect(await isGood(before.access)).toBe(true)
    await allow(await alice.authorize(request(app, { scope: 'openid', prompt: 'consent' })))
    expect(await isGood(before.access)).toBe(true)
    const { end_older: _, ...fields } = readConsent(await again())
    await alice.post(APPROVE, { ...fields, decision: 'allow', 'only.Item': items[0]! })
    expect(await isGood(before.access)).toBe(true)
    expect(await provider.grants.list(user, app.id)).toHaveLength(4)
  })

  it('stay when the page comes back for a mistake, and the box stays as it was', async () => {
    const before = await connect(provider, alice, app, { scope })
    const { end_older: _, ...fields } = readConsent(await again())
    const back = await alice.post(APPROVE, { ...fields, decision: 'allow', 'only.Item': 'No Such Item' })
    expect(back.status).toBe(400)
    expect(back.text).toMatch(/name="end_older" value="1"\s*\/>/)
    expect(await isGood(before.access)).toBe(true)
  })

  it('of another user, of another app and of the app itself stay', async () => {
    const bob = await new Browser(provider).signIn(await person(provider))
    const [theirs, other] = [await connect(provider, bob, app, { scope }), await register(provider, { scopes: scope })]
    const elsewhere = await connect(provider, alice, other, { scope })
    await connect(provider, alice, app, { scope })
    await allow(await again(), { 'only.Item': items[0]! })
    for (const { access } of [theirs, elsewhere]) expect(await isGood(access)).toBe(true)
    const agent = await register(provider, { kind: 'agent', scopes: scope, service_user: user })
    const fields = { grant_type: 'client_credentials', client_id: agent.id, client_secret: agent.secret }
    const own = await post(provider, '/api/method/frappe.integrations.oauth2.get_token', fields)
    expect(own.status, own.text).toBe(200)
    const page = await alice.authorize(request(agent, { scope }))
    expect(page.text).not.toContain('end_older')
    await allow(page, { 'only.Item': items[0]!, end_older: '1' })
    expect(await isGood(String(own.json['access_token']))).toBe(true)
  })

  it('sign their user out where they were signed in, and not in the browser that consents', async () => {
    const second = await new Browser(provider).signIn(user)
    await connect(provider, second, app, { scope })
    const [older] = await provider.grants.list(user, app.id)
    await allow(await again(), { 'only.Item': items[0]! })
    expect(await told(older!.id)).toEqual([['event', 'consent_replaced']])
    const logouts = (await provider.telling.deliveries.list(ADMINISTRATOR, app.id)).filter(({ kind }) => kind === 'logout')
    expect(logouts).toHaveLength(1)
  })

  it('end with the consent or not at all', async () => {
    const before = await connect(provider, alice, app, { scope })
    const page = await again()
    const replies = await Promise.all([allow(page, { 'only.Item': items[0]! }), allow(page, { 'only.Item': items[0]! })])
    expect(replies.filter(({ location }) => location?.searchParams.get('code'))).toHaveLength(1)
    expect(await isGood(before.access)).toBe(false)
    const denied = await alice.decide(await again(), 'deny')
    expect(denied.location?.searchParams.get('error')).toBe('access_denied')
    expect(await provider.grants.list(user, app.id)).toHaveLength(1)
  })
})
