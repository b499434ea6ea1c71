import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import {
  Browser,
  boxesOf,
  connect,
  person,
  readConsent,
  register,
  request,
  APPROVE,
  type App,
  type Reply,
} from '../../testing/app.fixture.ts'
import { doctype as simple, openProvider, type Provider } from '../../testing/provider.fixture.ts'

const wordsOf = (page: Reply): string => page.text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')
const UNFENCED = 'This app is unfenced'
const UNVERIFIED = 'This app registered itself'

describe.each(engines)('the consent page on %s', (engine) => {
  let provider: Provider
  let user: string
  let alice: Browser

  beforeAll(async () => {
    provider = await openProvider(engine)
    await provider.documents.insert(ADMINISTRATOR, 'DocType', [
      {
        name: 'Order',
        module: 'Stock',
        custom: 1,
        autoname: 'prompt',
        fields: [
          { fieldname: 'company', fieldtype: 'Data', label: 'Its Company' },
          { fieldname: 'bare', fieldtype: 'Data' },
        ],
        permissions: [{ role: 'Desk User', read: 1, write: 1, create: 1 }, { role: 'System Manager' }],
      },
    ])
    await provider.documents.insert(ADMINISTRATOR, 'Order', [{ name: 'O1' }, { name: 'O2' }])
  })
  beforeEach(async () => {
    user = await person(provider, { first_name: 'Ann', last_name: 'Archer' })
    alice = await new Browser(provider).signIn(user)
  })
  afterAll(() => provider.close())

  const ask = (app: App, scope: string, values: Record<string, string> = {}): Promise<Reply> =>
    alice.authorize(request(app, { scope, ...values }))
  const allow = (page: Reply, fields: Record<string, string | string[]> = {}): Promise<Reply> =>
    alice.post(APPROVE, { ...readConsent(page), decision: 'allow', ...fields })
  const details = (filters: unknown, doctype = 'Order'): Record<string, string> => ({
    authorization_details: JSON.stringify([{ type: 'frappe_doctype', doctype, actions: ['read'], filters }]),
  })

  it('says who asks whom, who registered it, and where to find its makers', async () => {
    const app = await register(provider, {
      client_uri: 'https://sales.example/about',
      contact: 'help@sales.example',
      scopes: 'openid Item:read',
    })
    const page = await ask(app, 'openid Item:read')
    expect(wordsOf(page)).toContain('Field Sales ( app.example.com ) asks for access to your account, Ann Archer .')
    expect(wordsOf(page)).toContain('Its home page sales.example')
    expect(wordsOf(page)).toContain('Contact help@sales.example')
    expect(wordsOf(page)).toMatch(/Registered by (\S+ )*Administrator/)
    expect(wordsOf(page)).not.toContain(UNVERIFIED)
    expect(page.text).toMatch(/<form class="card" method="post" action="\/api\/method\/frappe\.integrations\.oauth2\.approve"/)
    expect(Object.keys(readConsent(page)).toSorted()).toEqual(['csrf_token', 'id', 'scope'])
    for (const words of ['Code on the device', 'Connected Apps']) expect(wordsOf(page)).not.toContain(words)
  })

  it('names nobody as the owner of an app that registered itself', async () => {
    const app = await register(provider, { scopes: 'openid Item:read' })
    await sql`update "tabOAuth Client" set dynamically_registered = 1, client_uri = 'nonsense' where name = ${app.id}`.execute(
      provider.database.connection,
    )
    const set = (values: object) =>
      provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Settings', name: 'OAuth Settings', values: { ...values } })
    await set({ registration_scopes: 'openid Item:read' })
    const page = await ask(app, 'openid Item:read')
    expect(wordsOf(page)).toContain(UNVERIFIED)
    expect(wordsOf(page)).not.toContain('Registered by')
    expect(wordsOf(page)).not.toContain('Its home page')
  })

  it('says that a System Manager has more to see here', async () => {
    const boss = await new Browser(provider).signIn(await person(provider, { roles: [{ role: 'Desk User' }, { role: 'System Manager' }] }))
    const page = await boss.authorize(request(await register(provider, { scopes: 'openid Item:read' }), { scope: 'openid Item:read' }))
    expect(wordsOf(page)).toContain('Connected Apps')
  })

  it('says what an app may do that is unfenced, when it asks for everything', async () => {
    const [fenced, unfenced] = [
      await register(provider, { scopes: 'openid all Item:read' }),
      await register(provider, { scopes: 'openid all Item:read', unfenced: 1 }),
    ]
    const said: boolean[] = []
    for (const [app, scope] of [
      [fenced, 'openid all'],
      [unfenced, 'openid Item:read'],
      [unfenced, 'openid all'],
    ] as const)
      said.push(wordsOf(await ask(app, scope)).includes(UNFENCED))
    expect(said).toEqual([false, false, true])
  })

  it('says what was allowed already and is not asked about, of rights alone', async () => {
    const app = await register(provider, { scopes: 'openid email Item:read Item:write' })
    await connect(provider, alice, app, { scope: 'openid Item:read' })
    const page = await ask(app, 'openid email Item:read Item:write')
    const known = /You have already allowed it to:\s*<\/p>\s*(<ul[\s\S]*?<\/ul>)/.exec(page.text)?.[1] ?? ''
    expect(known.match(/<li/g)).toHaveLength(1)
    expect(known).toContain('Item')
    expect(boxesOf(page)).toEqual(['Item:write'])
  })

  it('says to which documents the app is kept: by an administrator, by itself, and by the user, each field by its label', async () => {
    const app = await register(provider, {
      scopes: 'openid Order:read Order:write Item:read',
      row_filters: JSON.stringify({ Order: [['company', '=', 'North']], Item: [['title', '=', 'Crate']] }),
    })
    const page = wordsOf(
      await ask(
        app,
        'openid',
        details([
          ['name', '=', 'O1'],
          ['bare', '=', 'x'],
        ]),
      ),
    )
    expect(page).toContain('Order : only documents where Its Company is North (set by an administrator of this site)')
    expect(page).toContain('Order : only documents where Name is O1 and Bare is x (asked for by the app)')
    expect(page).not.toContain('Crate')
    expect(wordsOf(await ask(app, 'openid Item:read'))).toContain('Item : only documents where Title is Crate')
    expect(wordsOf(await ask(app, 'openid Order:read', details([], 'Order')))).not.toContain('(asked for by the app)')
  })

  it('says which documents the user chose before, with the field for others where it asks, and without it where not', async () => {
    const app = await register(provider, { scopes: 'openid Order:read Order:write Item:read' })
    await allow(await ask(app, 'openid Order:read'), { 'only.Order': 'O1' })
    const asked = await ask(app, 'openid Order:read Order:write')
    expect(asked.text).toMatch(/<textarea[^>]*name="only\.Order"[^>]*>\nO1<\/textarea>/)
    expect(wordsOf(asked)).not.toContain('(chosen by you)')
    const beside = await ask(app, 'openid Order:read Item:read')
    expect(wordsOf(beside)).toContain('Order : only documents where Name is O1 (chosen by you)')
    expect(beside.text).toMatch(/<textarea[^>]*name="only\.Item"[^>]*>\n<\/textarea>/)
    expect(wordsOf(await ask(app, 'openid Item:read'))).not.toContain('(chosen by you)')
  })

  it('says nothing of documents of a DocType that is gone', async () => {
    await provider.documents.insert(ADMINISTRATOR, 'DocType', [simple('Crate')])
    const app = await register(provider, { scopes: 'openid Item:read Crate:read', row_filters: '{"Crate": {"title": "x"}}' })
    expect(wordsOf(await ask(app, 'openid Crate:read'))).toContain('Crate : only documents where Title is x')
    await provider.documents.remove(ADMINISTRATOR, { doctype: 'DocType', name: 'Crate' })
    const page = await ask(app, 'openid Item:read')
    expect([page.status, wordsOf(page).includes('Crate')]).toEqual([200, false])
  })

  it('says what names leave no room for, where such rights are asked for', async () => {
    const app = await register(provider, { scopes: 'openid all Item:read method:frappe.ping' })
    const said: boolean[] = []
    for (const scope of ['openid Item:read', 'openid Item:read all', 'openid Item:read method:frappe.ping'])
      said.push(wordsOf(await ask(app, scope)).includes('functions are left out'))
    expect(said).toEqual([false, true, true])
  })

  it('says how many connections there are and since when, and ticks the box that ends the wider ones', async () => {
    const app = await register(provider, { scopes: 'openid Item:read Item:write' })
    const scope = 'openid Item:read'
    expect(wordsOf(await ask(app, scope))).not.toContain('Its other connections')
    await connect(provider, alice, app, { scope })
    const [first] = await provider.grants.list(user, app.id)
    provider.advance(120)
    await connect(provider, alice, app, { scope, prompt: 'consent' })
    const page = await ask(app, scope, { prompt: 'consent' })
    const minute = new Date(Number(first?.created) / 1000).toISOString().slice(0, 16).replace('T', ' ')
    expect(wordsOf(page)).toContain(`It is connected with your account already: 2, since ${minute}`)
    expect(page.text).toMatch(/name="end_older" value="1"\s+checked/)
  })

  it('shows again what was ticked and typed, with what is wrong', async () => {
    const app = await register(provider, { scopes: 'openid Order:read Order:write Item:read', required_scopes: 'Item:read' })
    const page = await ask(app, 'openid Order:read Order:write Item:read')
    const { end_older: _, ...fields } = readConsent(page)
    const again = await alice.post(APPROVE, { ...fields, scope: ['Order:write'], 'only.Order': 'Ghost', decision: 'allow' })
    expect(again.status).toBe(400)
    expect(wordsOf(again)).toContain('There is no Order that you may see with the name Ghost.')
    expect(readConsent(again)['scope']).toEqual(['openid', 'Order:write', 'Item:read'])
    expect(readConsent(again)['id']).toBe(readConsent(page)['id'])
    expect(again.text).toMatch(/<textarea[^>]*name="only\.Order"[^>]*>\nGhost<\/textarea>/)
    expect((await allow(again, { 'only.Order': '' })).location?.searchParams.get('code')).toBeTruthy()
  })

  it('says nothing at all of a request that cannot be read any more', async () => {
    const app = await register(provider, { scopes: 'openid Item:read' })
    for (const stored of ['7', '{"query":7,"offered":[]}', '{"query":"","offered":"openid"}', '{"offered":[]}']) {
      const page = await ask(app, 'openid Item:read')
      await sql`update pending_request set request = ${stored} where client = ${app.id}`.execute(provider.database.connection)
      expect((await allow(page)).status).toBe(500)
    }
    expect(await provider.grants.list(user, app.id)).toEqual([])
  })
})

describe.each(engines)('a consent on %s', (engine) => {
  let provider: Provider
  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  it('is kept with all that was asked, allowed and refused, who signed in when and where, and its code with it', async () => {
    const user = await person(provider)
    const alice = await new Browser(provider).signIn(user)
    const app = await register(provider, { scopes: 'openid Item:read Item:write', absolute_lifetime: 2 })
    const values = {
      scope: 'openid Item:read Item:write',
      resource: [`${provider.base}/mcp`, '', `${provider.base}/api`],
      nonce: 'n1',
      code_challenge: 'c'.repeat(43),
      code_challenge_method: 'S256',
    }
    await alice.code(request(app, values), ['Item:write'])
    const [grant] = await provider.grants.list(user, app.id)
    expect(grant).toMatchObject({
      client: app.id,
      user,
      requested: 'openid Item:read Item:write',
      granted: 'openid Item:read',
      rejected: 'Item:write',
      filters: null,
      sets: null,
      details: null,
      resource: `${provider.base}/api ${provider.base}/mcp`,
      session: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      kind: null,
    })
    expect(Object.keys(JSON.parse(grant?.doctype_ids ?? '') as object)).toEqual(['Item'])
    expect(Number(grant?.expires) - Number(grant?.created)).toBe(2 * 86_400_000_000)
    const { rows } = await sql<Record<string, unknown>>`select * from oauth_code where client = ${app.id}`.execute(
      provider.database.connection,
    )
    expect(rows).toEqual([
      {
        hash: expect.stringMatching(/^[0-9a-v]{9}[0-9a-f]{64}$/) as string,
        grant_id: grant?.id,
        client: app.id,
        redirect_uri: 'https://app.example.com/cb',
        redirect_named: 1,
        challenge: 'c'.repeat(43),
        nonce: 'n1',
        issued: expect.any(Number) as number,
        expires: expect.any(Number) as number,
        used_at: null,
        failures: 0,
      },
    ])
    expect(Number(rows[0]?.['expires']) - Number(rows[0]?.['issued'])).toBe(60_000_000)
    const { redirect_uri: _, ...unnamed } = request(app, { scope: 'Item:read', prompt: 'consent' })
    await alice.code(unnamed)
    const { rows: later } =
      await sql`select redirect_uri, redirect_named, challenge, nonce from oauth_code where client = ${app.id} order by issued desc limit 1`.execute(
        provider.database.connection,
      )
    expect(later).toEqual([{ redirect_uri: 'https://app.example.com/cb', redirect_named: 0, challenge: null, nonce: null }])
    expect((await provider.grants.list(user, app.id))[0]?.resource).toBeNull()
  })

  it('is not kept when its session has ended meanwhile', async () => {
    const user = await person(provider)
    const alice = await new Browser(provider).signIn(user)
    const app = await register(provider, { scopes: 'openid Item:read', skip_authorization: 1 })
    const page = await alice.authorize(request(app, { scope: 'openid Item:read', prompt: 'consent' }))
    await sql`delete from session where "user" = ${user}`.execute(provider.database.connection)
    const reply = await alice.decide(page)
    expect([reply.status >= 300, reply.location?.searchParams.get('code') ?? null]).toEqual([true, null])
    expect(await provider.grants.list(user, app.id)).toEqual([])
  })
})
