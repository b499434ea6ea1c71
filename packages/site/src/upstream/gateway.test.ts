import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api, type Reply } from '../../../../tests/support/callers/api.ts'
import { connect, registerApp } from '../../../../tests/support/callers/connected-app.ts'
import { Visitor } from '../../../../tests/support/callers/visitor.ts'
import { startSite, type RunningSite } from '../../../../tests/support/site.ts'
import { startOtherSite, type OtherSite } from './upstream.fixture.ts'

const PASSWORD = 'corr3ct-horse-battery'

/** One of Frappe's errors, with a sentence. */
function refusalOf({ status, body }: Reply): unknown[] {
  expect(body).toMatchObject({
    exc_type: expect.any(String) as string,
    exception: expect.stringMatching(/^frappe\.exceptions\.\w+: \S/) as string,
  })
  expect(JSON.parse(String(body['_server_messages']))).toHaveLength(1)
  return [status, body['exc_type']]
}

const namesIn = (reply: Reply): unknown[] => {
  expect(reply.status).toBe(200)
  return (reply.body['data'] as { name: string }[]).map((row) => row.name)
}

describe('A site in front of another one', () => {
  let other: OtherSite
  let site: RunningSite
  let admin: Api
  beforeAll(async () => {
    other = await startOtherSite('sqlite')
    await other.admin.insert('Note Card', { subject: 'of the service user' })
    site = await startSite('sqlite', { ANNEX_UPSTREAM: other.site.url, ANNEX_UPSTREAM_KEY: other.key })
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    for (const role of ['Sales Lead', 'Sales Clerk']) await admin.insert('Role', { role_name: role })
    await user('lead@example.com', 'Sales Lead', 'Sales Clerk')
    await user('clerk@example.com', 'Sales Clerk')
    await user('nobody@example.com')
  })
  afterAll(async () => {
    await site.close()
    await other.site.close()
  })
  const user = (email: string, ...roles: string[]): Promise<unknown> =>
    admin.insert('User', { email, first_name: email, new_password: PASSWORD, roles: roles.map((role) => ({ role })) })
  const as = (name: string): Promise<Api> => Api.signIn(site.url, `${name}@example.com`, PASSWORD)

  it('lists, counts, reads and searches the other site’s documents for its own users, as far as their roles go', async () => {
    const lead = await as('lead')
    expect(namesIn(await lead.list('Stock Item', { fields: ['name', 'cost'], order_by: 'name', limit_page_length: 2 }))).toEqual([
      'ITEM-001',
      'ITEM-002',
    ])
    expect((await lead.get('frappe.client.get_count', { doctype: 'Stock Item' })).body['message']).toBe(25)
    expect(await lead.read('Stock Item', 'ITEM-001')).toMatchObject({ cost: 0.5 })
    expect((await lead.get('frappe.desk.search.search_link', { doctype: 'Client', txt: 'ac' })).body['message']).toEqual([
      { value: 'Acme', description: 'North' },
    ])
    const widget = await lead.get('frappe.desk.search.search_widget', { doctype: 'Client', txt: 'ac', as_dict: 1 })
    expect(widget.body['message']).toEqual([{ name: 'Acme', region: 'North' }])
  })

  it('shows nobody what the service user alone may see', async () => {
    const [clerk, nobody] = [await as('clerk'), await as('nobody')]
    expect(await clerk.read('Stock Item', 'ITEM-001')).not.toHaveProperty('cost')
    expect(refusalOf(await clerk.list('Stock Item', { filters: [['cost', '>', 1]] }))).toEqual([403, 'PermissionError'])
    expect(
      refusalOf(await clerk.get('frappe.desk.search.search_link', { doctype: 'Stock Item', txt: '', filters: { cost: 0.5 } })),
    ).toEqual([403, 'PermissionError'])
    expect(refusalOf(await nobody.list('Stock Item'))).toEqual([403, 'PermissionError'])
    expect(refusalOf(await nobody.get('frappe.client.get_count', { doctype: 'Stock Item' }))).toEqual([403, 'PermissionError'])
    expect(refusalOf(await new Api(site.url).list('Stock Item'))).toEqual([403, 'PermissionError'])
    // Everyone may read their own notes, and none of these is theirs.
    expect(namesIn(await nobody.list('Note Card'))).toEqual([])
    const [note] = namesIn(await other.admin.list('Note Card'))
    expect(refusalOf(await nobody.send('GET', `/api/resource/Note Card/${String(note)}`))).toEqual([403, 'PermissionError'])
  })

  it('holds users to the documents that their user permissions at home allow', async () => {
    await user('north@example.com', 'Sales Lead')
    const before = await as('north')
    expect(namesIn(await before.list('Client', { order_by: 'name' }))).toEqual(['Acme', 'Bluth', 'Clark', 'Dunder'])
    await admin.insert('User Permission', { user: 'north@example.com', allow: 'Client', for_value: 'Acme' })
    const north = await as('north')
    expect(namesIn(await north.list('Client'))).toEqual(['Acme'])
    expect(namesIn(await north.list('Quote'))).toEqual(['QTN-00001'])
    expect((await north.get('frappe.client.get_count', { doctype: 'Quote' })).body['message']).toBe(1)
    expect((await north.get('frappe.desk.search.search_link', { doctype: 'Client', txt: '' })).body['message']).toEqual([
      { value: 'Acme', description: 'North' },
    ])
    expect(await north.read('Quote', 'QTN-00001')).toMatchObject({ client: 'Acme' })
    expect(refusalOf(await north.send('GET', '/api/resource/Quote/QTN-00002'))).toEqual([403, 'PermissionError'])
    expect(refusalOf(await north.list('Quote', { fields: ['name', 'client.region'] }))).toEqual([501, 'NotImplementedError'])
  })

  it('lets an app with the scope all list for its user, and one without not', async () => {
    const app = await registerApp(admin, { scopes: 'openid all' })
    const visitor = await new Visitor(site.url).signIn('clerk@example.com', PASSWORD)
    const whole = Api.byToken(site.url, (await connect(visitor, app, 'openid all')).access)
    expect(namesIn(await whole.list('Stock Item', { fields: ['name', 'cost'], order_by: 'name', limit_page_length: 1 }))).toEqual([
      'ITEM-001',
    ])
    expect((await whole.list('Stock Item', { fields: ['name', 'cost'], limit_page_length: 1 })).text).not.toContain('cost')
    const known = Api.byToken(site.url, (await connect(visitor, await registerApp(admin, { scopes: 'openid' }), 'openid')).access)
    expect(refusalOf(await known.list('Stock Item'))).toEqual([403, 'PermissionError'])
  })

  it.each([
    ['POST', '/api/resource/Stock Item', { item_code: 'NEW', unit: 'Nos' }],
    ['PUT', '/api/resource/Stock Item/ITEM-001', { item_name: 'x' }],
    ['PUT', '/api/resource/Quote/QTN-00001', { docstatus: 1 }],
    ['DELETE', '/api/resource/Stock Item/ITEM-001', undefined],
  ])('says that it cannot yet: %s %s', async (method, path, values) => {
    const reply = await (await as('lead')).send(method, path, values)
    expect(refusalOf(reply)).toEqual([501, 'NotImplementedError'])
    expect(reply.text).toContain(`do it at ${other.site.url}`)
  })

  it('keeps users, roles and apps at home', async () => {
    await admin.insert('Role', { role_name: 'At Home' })
    expect(refusalOf(await other.admin.send('GET', '/api/resource/Role/At Home'))).toEqual([404, 'DoesNotExistError'])
    expect(namesIn(await admin.list('User'))).toContain('clerk@example.com')
    expect(namesIn(await other.admin.list('User'))).not.toContain('clerk@example.com')
    expect(refusalOf(await admin.send('GET', '/api/resource/DocType/Stock Item'))).toEqual([404, 'DoesNotExistError'])
  })

  it.each([
    ['/api/resource/Nope', 404, 'DoesNotExistError'],
    ['/api/resource/Stock Item/NOPE', 404, 'DoesNotExistError'],
    ['/api/resource/Stock Item?fields=["nope"]', 417, 'DataError'],
    [
      `/api/resource/Stock Item?filters=${encodeURIComponent(JSON.stringify([['name', 'in', Array.from({ length: 700 }, (_, index) => `ITEM-${index}`)]]))}`,
      417,
      'ValidationError',
    ],
  ])('says what is wrong with %s as any site does', async (path, status, excType) => {
    expect(refusalOf(await (await as('lead')).send('GET', path))).toEqual([status, excType])
  })
})

describe('A site in front of one that fails', () => {
  it.each([
    ['is not there', { ANNEX_UPSTREAM: 'http://127.0.0.1:1', ANNEX_UPSTREAM_KEY: 'key:secret' }, /cannot be reached/],
    ['is there no more', undefined, /cannot be reached/],
    ['refuses the key', { ANNEX_UPSTREAM_KEY: 'key:secret' }, /renew ANNEX_UPSTREAM_KEY/],
  ])('answers 502 when it %s', async (what, settings, sentence) => {
    const other = await startOtherSite('sqlite')
    const site = await startSite('sqlite', { ANNEX_UPSTREAM: other.site.url, ANNEX_UPSTREAM_KEY: other.key, ...settings })
    try {
      const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
      if (what === 'is there no more') await other.site.close()
      const replies = [
        await admin.list('Client'),
        await admin.send('GET', '/api/resource/Client/Acme'),
        await admin.get('frappe.desk.search.search_link', { doctype: 'Client', txt: '' }),
      ]
      for (const reply of replies) {
        expect(refusalOf(reply)).toEqual([502, 'UpstreamUnavailableError'])
        expect(reply.text).toMatch(sentence)
        expect(reply.text).not.toContain('key:secret')
      }
      expect((await admin.list('Role')).status).toBe(200)
    } finally {
      await site.close()
      await other.site.close()
    }
  })
})
