import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api, pathOf, type Reply } from '../../support/callers/api.ts'
import { engines } from '../../support/databases.ts'
import { ALICE, doctype, expectDiscreet, MIA, World } from './world.fixture.ts'

type Act = (app: Api, world: World) => Promise<Reply>
type Refused = readonly [row: string, sentence: string, scope: string, act: Act, missing: string, tried: string]

const COUNT = 'frappe.client.get_count'
const LINK = 'frappe.desk.search.search_link'
const WIDGET = 'frappe.desk.search.search_widget'
const KEYS = 'frappe.core.doctype.user.user.generate_keys'

const get =
  (path: string): Act =>
  (app) =>
    app.send('GET', path)
const send =
  (method: string, path: string, values: Readonly<Record<string, unknown>> = {}): Act =>
  (app) =>
    app.send(method, path, values)
const list =
  (name: string, query: Readonly<Record<string, unknown>> = {}): Act =>
  (app) =>
    app.list(name, query)
const call =
  (method: string, query: Readonly<Record<string, unknown>>): Act =>
  (app) =>
    app.get(method, query)

const ITEM = pathOf('Item', 'Bolt')
const QUOTE = pathOf('Quote', 'Q1')

/** Of a user who may do all of this by their permissions: the scope alone stands in the way. */
const REFUSED: readonly Refused[] = [
  ['F02', 'openid lists nothing', 'openid', list('Item'), 'Item:read', 'list Item'],
  ['F02', 'openid reads nothing', 'openid', get(ITEM), 'Item:read', 'read Item'],
  ['F02', 'openid inserts nothing', 'openid', send('POST', pathOf('Item'), { title: 'New' }), 'Item:create', 'create Item'],
  ['F02', 'openid updates nothing', 'openid', send('PUT', ITEM, { title: 'x' }), 'Item:write', 'update Item'],
  ['F02', 'openid removes nothing', 'openid', send('DELETE', ITEM), 'Item:delete', 'remove Item'],
  ['F02', 'openid counts nothing', 'openid', call(COUNT, { doctype: 'Item' }), 'Item:read', 'list Item'],
  ['F02', 'openid finds nothing', 'openid', call(LINK, { doctype: 'Item', txt: 'B' }), 'Item:select', 'search Item'],

  ['F03', 'reading does not update', 'Item:read', send('PUT', ITEM, { title: 'x' }), 'Item:write', 'update Item'],
  ['F03', 'reading does not insert', 'Item:read', send('POST', pathOf('Item'), { title: 'New' }), 'Item:create', 'create Item'],
  ['F03', 'reading does not remove', 'Item:read', send('DELETE', ITEM), 'Item:delete', 'remove Item'],
  ['F03', 'writing does not insert', 'Item:write', send('POST', pathOf('Item'), { title: 'New' }), 'Item:create', 'create Item'],
  ['F03', 'inserting does not read', 'Item:create', get(ITEM), 'Item:read', 'read Item'],
  ['F03', 'removing does not read', 'Item:delete', list('Item'), 'Item:read', 'list Item'],
  ['F03', 'writing does not submit', 'Quote:write', send('PUT', QUOTE, { docstatus: 1 }), 'Quote:submit', 'submit Quote'],
  ['F03', 'writing does not cancel', 'Quote:write', send('PUT', QUOTE, { docstatus: '2' }), 'Quote:cancel', 'cancel Quote'],
  [
    'F03',
    'writing does not change what was submitted',
    'Quote:write',
    send('PUT', pathOf('Quote', 'Q9'), { remark: 'x' }),
    'Quote:submit',
    'submit Quote',
  ],
  [
    'F03',
    'inserting does not submit',
    'Quote:create',
    send('POST', pathOf('Quote'), { title: 'Q2', docstatus: 1 }),
    'Quote:submit',
    'submit Quote',
  ],
  [
    'F03',
    'inserting does not amend',
    'Quote:create',
    send('POST', pathOf('Quote'), { title: 'Q2', amended_from: 'Q1' }),
    'Quote:amend',
    'amend Quote',
  ],
  ['F03', 'selecting does not read', 'Item:select', get(ITEM), 'Item:read', 'read Item'],
  [
    'F03',
    'a document in the body as text is judged too',
    'Item:read',
    send('POST', pathOf('Item'), { data: '{"title":"New"}' }),
    'Item:create',
    'create Item',
  ],

  ['F04', 'another DocType is not counted', 'Item:read', call(COUNT, { doctype: 'Customer' }), 'Customer:read', 'list Customer'],
  ['F04', 'nor searched', 'Item:read', call(LINK, { doctype: 'Customer', txt: '' }), 'Customer:select', 'search Customer'],
  ['F04', 'nor searched the other way', 'Item:read', call(WIDGET, { doctype: 'Customer', txt: '' }), 'Customer:select', 'search Customer'],
  ['F04', 'nor by a POST', 'Item:read', send('POST', `/api/method/${COUNT}`, { doctype: 'Customer' }), 'Customer:read', 'list Customer'],
  [
    'F04',
    'names of DocTypes are not searched',
    'Item:read',
    call(LINK, { doctype: 'DocType', txt: 'Quo' }),
    'DocType:select',
    'search DocType',
  ],
  [
    'F04',
    'with selecting alone, rows are not found by what is not shown',
    'Item:select',
    call(WIDGET, { doctype: 'Item', txt: 'B', filters: [['Item', 'owner', '=', 'x']] }),
    'Item:read',
    'search Item',
  ],

  [
    'F05',
    'a field behind a link is not shown',
    'Quote:read',
    list('Quote', { fields: ['name', 'customer.credit_limit'] }),
    'Customer:read',
    'list Customer',
  ],
  [
    'F05',
    'nor counted over',
    'Quote:read',
    list('Quote', { fields: ['sum(customer.credit_limit) as total'] }),
    'Customer:read',
    'list Customer',
  ],
  [
    'F05',
    'nor filtered by',
    'Quote:read',
    list('Quote', { filters: [['customer.credit_limit', '>', 4999]] }),
    'Customer:read',
    'list Customer',
  ],
  [
    'F05',
    'nor by an or-filter',
    'Quote:read',
    list('Quote', { or_filters: { 'customer.credit_limit': ['>', 4999] } }),
    'Customer:read',
    'list Customer',
  ],
  ['F05', 'nor ordered by', 'Quote:read', list('Quote', { order_by: 'customer.credit_limit desc' }), 'Customer:read', 'list Customer'],
  [
    'F05',
    'nor grouped by',
    'Quote:read',
    list('Quote', { fields: ['count(name) as n'], group_by: '`customer`.`credit_limit`' }),
    'Customer:read',
    'list Customer',
  ],
  [
    'F05',
    'nor counted by',
    'Quote:read',
    call(COUNT, { doctype: 'Quote', filters: [['customer.credit_limit', '>', 4999]] }),
    'Customer:read',
    'list Customer',
  ],
  [
    'F05',
    'nor searched by',
    'Quote:read',
    call(LINK, { doctype: 'Quote', txt: '', filters: [['customer.credit_limit', '>', 4999]] }),
    'Customer:read',
    'search Customer',
  ],
  ['F05', 'rows follow their document', 'Item:read', list('Quote Line', { parent: 'Quote' }), 'Quote:read', 'list Quote'],
  ['F05', 'also when another parent is named', 'Item:read', list('Quote Line', { parent: 'Item' }), 'Quote:read', 'list Quote Line'],
  ['F05', 'also when they are counted', 'Item:read', call(COUNT, { doctype: 'Quote Line' }), 'Quote:read', 'list Quote Line'],
]

/** Of a System Manager: what `all` does not open, because it would let an app take over the site. */
const FENCED: readonly Refused[] = [
  [
    'F06',
    'all sets no password, not even the user’s own',
    'all',
    send('PUT', pathOf('User', MIA), { new_password: 'An-0ther-password' }),
    'User:write',
    'update User',
  ],
  [
    'F06',
    'all gives no role',
    'all',
    send('PUT', pathOf('User', ALICE), { roles: [{ role: 'System Manager' }] }),
    'User:write',
    'update User',
  ],
  [
    'F06',
    'all makes no user',
    'all',
    send('POST', pathOf('User'), { email: 'eve@example.com', first_name: 'Eve' }),
    'User:create',
    'create User',
  ],
  ['F06', 'all removes no user', 'all', send('DELETE', pathOf('User', ALICE)), 'User:delete', 'remove User'],
  ['F06', 'all reads no user', 'all', get(pathOf('User', ALICE)), 'User:read', 'read User'],
  ['F06', 'all makes no role', 'all', send('POST', pathOf('Role'), { role_name: 'Mine' }), 'Role:create', 'create Role'],
  [
    'F06',
    'all makes no app',
    'all',
    send('POST', pathOf('OAuth Client'), { app_name: 'x', default_redirect_uri: 'https://x.example/cb' }),
    'OAuth.Client:create',
    'create OAuth Client',
  ],
  [
    'F06',
    'all lifts no fence',
    'all',
    (app, { app: { id } }) => app.send('PUT', pathOf('OAuth Client', id), { unfenced: 1 }),
    'OAuth.Client:write',
    'update OAuth Client',
  ],
  ['F06', 'all reads no tokens', 'all', list('OAuth Bearer Token'), 'OAuth.Bearer.Token:read', 'list OAuth Bearer Token'],
  [
    'F06',
    'all takes no restriction off',
    'all',
    send('POST', pathOf('User Permission'), { user: MIA, allow: 'Item', for_value: 'Bolt' }),
    'User.Permission:create',
    'create User Permission',
  ],
  ['F06', 'all makes no DocType', 'all', send('POST', pathOf('DocType'), doctype('Mine')), 'DocType:create', 'create DocType'],
  [
    'F06',
    'all changes no DocType',
    'all',
    send('PUT', pathOf('DocType', 'Item'), { permissions: [{ role: 'Guest', read: 1 }] }),
    'DocType:write',
    'update DocType',
  ],
  ['F06', 'all removes no DocType', 'all', send('DELETE', pathOf('DocType', 'Item')), 'DocType:delete', 'remove DocType'],
  ['F06', 'all makes no API key', 'all', send('POST', `/api/method/${KEYS}`, { user: MIA }), 'User:write', `${KEYS} User`],
  ['F06', 'all sees no roles of others', 'all', list('Has Role', { parent: 'User' }), 'User:read', 'list User'],
  ['F06', 'all sees no permissions', 'all', list('DocPerm', { parent: 'DocType' }), 'DocType:read', 'list DocType'],
  ['F06', '*:read is fenced like all', '*:read', list('User'), 'User:read', 'list User'],
  [
    'F06',
    '*:read reads no app',
    '*:read',
    (app, { app: { id } }) => app.send('GET', pathOf('OAuth Client', id)),
    'OAuth.Client:read',
    'read OAuth Client',
  ],
  [
    'F06',
    'a method scope opens the method and no document',
    'method:frappe.core.*',
    send('PUT', pathOf('User', ALICE), {}),
    'User:write',
    'update User',
  ],
]

describe.each(engines)('A token on %s', (engine) => {
  let world: World
  beforeAll(async () => {
    world = await World.open(engine)
  })
  afterAll(() => world.close())

  async function expectRefused(user: string, [, , scope, act, missing, tried]: Refused): Promise<void> {
    const { access } = await world.tokens(user, scope)
    const app = await world.byToken(user, scope)
    const { reply, changed, events } = await world.watch(() => act(app, world))
    expect(reply.status, reply.text).toBe(403)
    expect(reply.body).toMatchObject({ exc_type: 'PermissionError' })
    expect(reply.headers.get('www-authenticate')).toBe(
      `Bearer error="insufficient_scope", error_description="This token does not cover it", scope="${missing}", resource_metadata="${world.site.url}/.well-known/oauth-protected-resource"`,
    )
    expectDiscreet(reply, [access])
    expect(changed).toEqual([])
    expect(events).toMatchObject([
      { event: 'scope refused', user, client: world.app.id, grant_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string },
    ])
    expect(JSON.parse(String(events[0]?.['detail']))).toEqual({ scope: missing, act: tried })
  }

  it.each(REFUSED)('%s: %s (%s)', async (...row) => expectRefused(ALICE, row))
  it.each(FENCED)('%s: %s (%s)', async (...row) => expectRefused(MIA, row))

  it.each<[row: string, sentence: string, scope: string, act: Act]>([
    [
      'F03',
      'there is no renaming to get round it',
      'Item:read',
      send('POST', '/api/method/frappe.client.rename_doc', { doctype: 'Item', old_name: 'Bolt', new_name: 'Nut' }),
    ],
    ['F03', 'nor a submitting', 'Quote:read', send('POST', '/api/method/frappe.client.submit', { doc: { doctype: 'Quote', name: 'Q1' } })],
    [
      'F03',
      'nor an update of many',
      'Item:read',
      send('POST', '/api/method/frappe.client.bulk_update', { docs: '[{"doctype":"Item","docname":"Bolt","title":"x"}]' }),
    ],
    [
      'F04',
      'nor a method of documents',
      'Item:read',
      send('POST', '/api/method/run_doc_method', { dt: 'Item', dn: 'Bolt', method: 'delete' }),
    ],
    ['F04', 'nor a report', 'all', send('POST', '/api/method/frappe.desk.query_report.run', { report_name: 'Users' })],
    [
      'F06',
      'nor a way to reset a password',
      'all',
      send('POST', '/api/method/frappe.core.doctype.user.user.update_password', { new_password: 'An-0ther-password' }),
    ],
    ['F05', 'nor a table that is no part of the list', 'Quote:read', list('Quote', { fields: ['`tabCustomer`.`credit_limit`'] })],
    ['F05', 'nor a table in an order', 'Quote:read', list('Quote', { order_by: '`tabCustomer`.`credit_limit` desc' })],
    ['F05', 'nor a query in a field', 'Quote:read', list('Quote', { fields: ['(select max(credit_limit) from `tabCustomer`) as x'] })],
  ])('%s: %s (%s)', async (_row, _sentence, scope, act) => {
    const app = await world.byToken(MIA, scope)
    const { reply, changed } = await world.watch(() => act(app, world))
    expect(reply.status, reply.text).toBeGreaterThanOrEqual(400)
    expect(reply.status, reply.text).toBeLessThan(500)
    expect(reply.text).not.toContain('5000')
    expectDiscreet(reply)
    expect(changed).toEqual([])
  })

  it.each<[scope: string, sentence: string, act: Act]>([
    ['openid', 'says who is signed in', call('frappe.auth.get_logged_user', {})],
    ['Item:read', 'reads', get(ITEM)],
    ['Item:read', 'counts', call(COUNT, { doctype: 'Item' })],
    ['Item:read', 'searches', call(LINK, { doctype: 'Item', txt: 'B' })],
    ['Item:select', 'searches', call(LINK, { doctype: 'Item', txt: 'B' })],
    ['Item:write', 'updates', send('PUT', pathOf('Item', 'Bolt'), {})],
    ['Quote:write', 'updates a draft', send('PUT', QUOTE, { remark: 'x' })],
    ['Quote:write Quote:submit', 'changes what was submitted', send('PUT', pathOf('Quote', 'Q9'), { remark: 'x' })],
    ['Quote:read', 'lists rows by their document', list('Quote Line', { parent: 'Quote' })],
    ['Quote:read', 'shows rows beside their document', list('Quote', { fields: ['name', 'lines.item'] })],
    ['Quote:read Customer:read', 'shows a field behind a link', list('Quote', { fields: ['customer.credit_limit'] })],
    ['all', 'inserts', send('POST', pathOf('Item'), { title: 'Made with all' })],
    ['all', 'finds names of DocTypes', call(LINK, { doctype: 'DocType', txt: 'Quo' })],
    ['*:read', 'reads', get(QUOTE)],
  ])('%s %s', async (scope, _sentence, act) => {
    const { reply, events } = await world.watch(async () => act(await world.byToken(ALICE, scope), world))
    expect(reply.status, reply.text).toBe(200)
    expect(events.filter(({ event }) => event === 'scope refused')).toEqual([])
  })

  it('opens a method of the fence by its name, and then the whole of it happens', async () => {
    const app = await world.byToken(MIA, 'method:frappe.core.*')
    const { reply, changed } = await world.watch(() => app.post(KEYS, { user: ALICE }))
    expect(reply.status, reply.text).toBe(200)
    expect(changed).toEqual(['account', 'tabUser'])
    const { api_key: key, api_secret: secret } = reply.body['message'] as Record<string, string>
    const { body } = await new Api(world.site.url, { authorization: `token ${key}:${secret}` }).get('frappe.auth.get_logged_user')
    expect(body['message']).toBe(ALICE)
  })

  it('is judged by the user’s permissions besides: a scope adds nothing', async () => {
    await world.admin.insert('DocType', doctype('Ledger', [], { permissions: [{ role: 'System Manager' }] }))
    const app = await world.byToken(ALICE, '*:read')
    const { reply, events } = await world.watch(() => app.list('Ledger'))
    expect(reply.status).toBe(403)
    // It says where tokens come from, and no scope: none would be enough.
    expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer resource_metadata="[^"]+"$/)
    expect(events).toMatchObject([{ event: 'permission refused', user: ALICE, client: world.app.id, detail: '{"act":"list Ledger"}' }])
  })
})
