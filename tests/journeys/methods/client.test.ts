import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api, type Reply, type Values } from '../../support/callers/api.ts'
import { connect, registerApp } from '../../support/callers/connected-app.ts'
import { engines } from '../../support/databases.ts'
import { ALICE, doctype, MIA, World } from '../attacks/world.fixture.ts'

const PART = doctype(
  'Part',
  [
    { fieldname: 'size', fieldtype: 'Data', label: 'Size' },
    { fieldname: 'stock', fieldtype: 'Int', label: 'Stock' },
    { fieldname: 'item', fieldtype: 'Link', options: 'Item', label: 'Item' },
  ],
  { allow_rename: 1 },
)

/** `frappe.client.*`, as programs written for Frappe call them. */
describe.each(engines)('On %s, frappe.client', (engine) => {
  let world: World
  let alice: Api
  beforeAll(async () => {
    world = await World.open(engine)
    await world.admin.insert('DocType', PART)
    alice = await world.session(ALICE)
    for (const [title, size, stock] of [
      ['Axle', 'L', 5],
      ['Belt', 'M', 0],
      ['Cog', 'M', 7],
    ])
      await alice.insert('Part', { title, size, stock })
  })
  afterAll(() => world.close())

  const call = (fn: string, values: Values): Promise<Reply> => alice.post(`frappe.client.${fn}`, values)
  const ask = async (fn: string, query: Values): Promise<unknown> => (await alice.get(`frappe.client.${fn}`, query)).body['message']
  const names = async (): Promise<unknown> => ask('get_list', { doctype: 'Part', pluck: 'name', order_by: 'name asc' })

  it('reads lists, values and documents in every form of its arguments', async () => {
    expect(await ask('get_list', { doctype: 'Part', fields: '*', filters: { title: 'Axle' } })).toMatchObject([
      { name: 'Axle', size: 'L', stock: 5 },
    ])
    expect(
      await ask('get_list', { doctype: 'Part', fields: ['name', 'size'], as_dict: 0, order_by: 'name asc', limit_page_length: 1 }),
    ).toEqual([['Axle', 'L']])
    expect(await ask('get_count', { doctype: 'Part', filters: 'null' })).toBe(3)
    expect(await ask('get_count', { doctype: 'Part', filters: 'Axle' })).toBe(1)
    expect(await ask('get_count', { doctype: 'Part', filters: [['size', '=', 'M']] })).toBe(2)
    expect(await ask('get', { doctype: 'Part', name: 'Belt' })).toMatchObject({ name: 'Belt', item: null })
    expect(await ask('get', { doctype: 'Part', filters: { size: 'L' } })).toMatchObject({ name: 'Axle' })
    expect(await ask('get', { doctype: 'Part', filters: {} })).toMatchObject({ name: 'Cog' })
    expect(await ask('get_value', { doctype: 'Part', filters: 'Cog', fieldname: 'size' })).toEqual({ size: 'M' })
    expect(await ask('get_value', { doctype: 'Part', filters: [['stock', '>', 6]], fieldname: ['name', 'stock'] })).toEqual({
      name: 'Cog',
      stock: 7,
    })
    expect(await ask('get_value', { doctype: 'Part', filters: { title: 'Cog' }, fieldname: 'size', as_dict: 0 })).toEqual(['M'])
    expect(await ask('get_value', { doctype: 'Part', filters: 'Cog', fieldname: '[]' })).toEqual({ name: 'Cog' })
    expect(await ask('get_value', { doctype: 'Part', filters: 'Nothing', fieldname: 'size' })).toEqual({})
  })

  it('reads a Single by its name alone: one value with its type, several as text', async () => {
    const fields = [
      { fieldname: 'limit', fieldtype: 'Int', label: 'Limit' },
      { fieldname: 'cost', fieldtype: 'Int', label: 'Cost', permlevel: 1 },
    ]
    await world.admin.insert('DocType', doctype('Part Settings', fields, { issingle: 1, autoname: '' }))
    await call('set_value', { doctype: 'Part Settings', name: 'Part Settings', fieldname: { title: 'Ours', limit: 5 } })
    expect(await ask('get_single_value', { doctype: 'Part Settings', field: 'limit' })).toBe(5)
    expect(await ask('get_value', { doctype: 'Part Settings', fieldname: ['limit', 'title'] })).toEqual({ limit: '5', title: 'Ours' })
    expect(await ask('get', { doctype: 'Part Settings' })).toMatchObject({ doctype: 'Part Settings', limit: 5 })
    expect((await alice.get('frappe.client.get_single_value', { doctype: 'Part Settings', field: 'nothing' })).status).toBe(417)
    expect((await alice.get('frappe.client.get_single_value', { doctype: 'Part Settings', field: 'cost' })).status).toBe(403)
    expect((await alice.get('frappe.client.get_value', { doctype: 'Part Settings', fieldname: 'cost' })).status).toBe(403)
  })

  it('finds nothing without a name and without filters', async () => {
    expect((await alice.get('frappe.client.get', { doctype: 'Part' })).status).toBe(404)
    expect((await alice.get('frappe.client.get', { doctype: 'Part', filters: { size: 'XXL' } })).status).toBe(404)
  })

  it('says which argument is missing or wrong, and never fails', async () => {
    for (const [fn, values] of [
      ['get_list', {}],
      ['get_value', { doctype: 'Part' }],
      ['get_value', { doctype: 'Part', fieldname: '{' }],
      ['get_value', { doctype: 'Part', fieldname: { a: 1 } }],
      ['get_single_value', { doctype: 'Part', field: 'size' }],
      ['insert', { doc: { title: 'No DocType' } }],
      ['insert', { doc: '{' }],
      ['insert', {}],
      ['insert', { doc: { doctype: 'Quote Line', title: 'No parent' } }],
      ['insert_many', { docs: [{ doctype: 'Quote Line', title: 'No parent' }] }],
      ['insert_many', { docs: 'no list' }],
      ['insert_many', { docs: [5] }],
      ['insert_many', { docs: Array.from({ length: 201 }, () => ({ doctype: 'Part' })) }],
      ['set_value', { doctype: 'Part', name: 'Axle' }],
      ['set_value', { doctype: 'Part', name: 'Axle', fieldname: '{' }],
      ['set_value', { doctype: 'Part', name: 'Axle', fieldname: 'modified', value: 'x' }],
      ['save', { doc: { doctype: 'Part', name: { a: 1 }, modified: 'x' } }],
      ['cancel', { doctype: 'Part' }],
      ['delete', { name: 'Axle' }],
      ['bulk_update', {}],
      ['validate_link', { doctype: 'Part', docname: 'Axle', fields: '{}' }],
    ] as const) {
      const { status, body } = await call(fn, values)
      expect([fn, status, body['exc_type']]).toEqual([fn, 417, expect.any(String)])
    }
  })

  it('writes by POST and PUT alone', async () => {
    for (const fn of ['insert', 'insert_many', 'set_value', 'save', 'submit', 'cancel', 'delete', 'bulk_update', 'rename_doc']) {
      const { status, body } = await alice.get(`frappe.client.${fn}`, {
        doctype: 'Part',
        name: 'Axle',
        doc: { doctype: 'Part', title: 'X' },
      })
      expect([fn, status, body['exc_type']]).toEqual([fn, 403, 'PermissionError'])
    }
    expect(await names()).toEqual(['Axle', 'Belt', 'Cog'])
  })

  it('inserts many of several DocTypes, all or none', async () => {
    const docs = [
      { doctype: 'Item', title: 'Many 1' },
      { doctype: 'Part', title: 'Many 2', item: 'Many 1' },
    ]
    const bad = await call('insert_many', { docs: [...docs, { doctype: 'Part' }] })
    expect(bad.status).toBe(417)
    expect((await alice.list('Item', { filters: { name: 'Many 1' } })).body['data']).toEqual([])
    const forged = await call('insert_many', { docs: [...docs, { doctype: 'Role', role_name: 'Mine' }] })
    expect(forged.status).toBe(403)
    expect((await call('insert_many', { docs: JSON.stringify(docs) })).body['message']).toEqual(['Many 1', 'Many 2'])
    for (const [name, type] of [
      ['Many 2', 'Part'],
      ['Many 1', 'Item'],
    ])
      expect(await call('delete', { doctype: type, name })).toMatchObject({ status: 200, body: {}, text: '{}' })
  })

  it('sets one value or more, and an empty one clears', async () => {
    expect((await call('set_value', { doctype: 'Part', name: 'Belt', fieldname: 'size', value: 'S' })).body['message']).toMatchObject({
      size: 'S',
    })
    const both = await call('set_value', { doctype: 'Part', name: 'Belt', fieldname: JSON.stringify({ size: 'XS', stock: 3 }) })
    expect(both.body['message']).toMatchObject({ size: 'XS', stock: 3 })
    const none = await call('set_value', { doctype: 'Part', name: 'Belt', fieldname: 'stock', value: null })
    expect(none.body['message']).toMatchObject({ stock: 0, item: null })
    await call('set_value', { doctype: 'Part', name: 'Belt', fieldname: { size: 'M' } })
  })

  it('saves a whole document that nobody changed meanwhile, and empties what it leaves out', async () => {
    const read = (await ask('get', { doctype: 'Part', name: 'Cog' })) as Values
    const stale = await call('save', { doc: { ...read, modified: '2020-01-01 00:00:00.000000' } })
    expect(stale.body['exc_type']).toBe('TimestampMismatchError')
    const { modified: _, ...unlocked } = read
    expect((await call('save', { doc: unlocked })).body['exc_type']).toBe('TimestampMismatchError')
    const { name, doctype: type, modified } = read
    const saved = await call('save', { doc: { name, doctype: type, modified, title: 'Cog', stock: 9 } })
    expect(saved.body['message']).toMatchObject({ name: 'Cog', size: null, stock: 9 })
    expect((await call('save', { doc: { doctype: 'Part', title: 'Made by saving' } })).body['message']).toMatchObject({
      name: 'Made by saving',
    })
    await call('delete', { doctype: 'Part', name: 'Made by saving' })
    await call('set_value', { doctype: 'Part', name: 'Cog', fieldname: { size: 'M', stock: 7 } })
  })

  it('submits a whole document under either name of the argument, and cancels it', async () => {
    for (const argument of ['doc', 'doclist']) {
      const title = `By ${argument}`
      const draft = (await call('insert', { doc: { doctype: 'Quote', title } })).body['message'] as Values
      expect((await call('cancel', { doctype: 'Quote', name: title })).body['exc_type']).toBe('DocstatusTransitionError')
      expect((await call('submit', { [argument]: JSON.stringify(draft) })).body['message']).toMatchObject({ docstatus: 1 })
      expect((await call('cancel', { doctype: 'Quote', name: title })).body['message']).toMatchObject({ docstatus: 2, remark: null })
    }
  })

  it('updates many, each on its own, and tells of failures without their inside', async () => {
    const docs = [
      { doctype: 'Part', docname: 'Axle', size: 'XL' },
      { doctype: 'Part', docname: 'Nothing', size: 'XL' },
      { doctype: 'Role', docname: 'System Manager', desk_access: 0 },
    ]
    const { status, body } = await call('bulk_update', { docs: JSON.stringify(docs) })
    expect(status).toBe(200)
    const { failed_docs: failed } = body['message'] as { failed_docs: { doc: unknown; exc: string }[] }
    expect(failed.map(({ doc }) => doc)).toEqual(docs.slice(1))
    expect(failed.map(({ exc }) => exc.split(':')[0])).toEqual(['frappe.exceptions.DoesNotExistError', 'frappe.exceptions.PermissionError'])
    expect(await ask('get_value', { doctype: 'Part', filters: 'Axle', fieldname: 'size' })).toEqual({ size: 'XL' })
    expect((await call('bulk_update', { docs: [{ doctype: 'Part', docname: 'Axle', size: 'L' }] })).body['message']).toEqual({
      failed_docs: [],
    })
  })

  it('updates five hundred in one call and no more: nobody keeps the site at work for minutes', async () => {
    const many = (count: number): Values => ({ docs: Array.from({ length: count }, () => ({ doctype: 'Nothing', docname: 'x' })) })
    expect((await call('bulk_update', many(500))).status).toBe(200)
    expect((await call('bulk_update', many(501))).status).toBe(417)
  })

  it('renames, and says so', async () => {
    await alice.insert('Part', { title: 'Old name' })
    const { body } = await call('rename_doc', { doctype: 'Part', old_name: 'Old name', new_name: 'New name' })
    expect(body['message']).toBe('New name')
    expect(JSON.parse(String(body['_server_messages']))).toHaveLength(1)
    const titled = await alice.post('frappe.model.rename_doc.update_document_title', {
      doctype: 'Part',
      docname: 'New name',
      new_name: 'Newer name',
    })
    expect(titled.body['message']).toBe('Newer name')
    expect((await alice.post('frappe.rename_doc', { doctype: 'Part', old: 'Newer name', new: 'Axle' })).status).toBe(417)
    await call('delete', { doctype: 'Part', name: 'Newer name' })
  })

  it('validates links and finds amendments', async () => {
    expect(await ask('validate_link', { doctype: 'Part', docname: 'Axle', fields: ['size'] })).toEqual({ name: 'Axle', size: 'L' })
    expect(await ask('validate_link', { doctype: 'Part', docname: 'Nothing' })).toEqual({ name: null })
    expect(await ask('validate_link', { doctype: 'DocType', docname: 'Part' })).toEqual({ name: 'Part' })
    expect((await alice.get('frappe.client.validate_link', { doctype: 'Role', docname: 'All' })).status).toBe(403)
    expect((await alice.get('frappe.client.is_document_amended', { doctype: 'Part', docname: 'Axle' })).text).toBe('{}')
    expect(await ask('is_document_amended', { doctype: 'Role', docname: 'All' })).toBe(false)
  })

  it('checks a link for an app that may choose documents and not read them, and fetches nothing', async () => {
    const chooser = await world.byToken(ALICE, 'openid Item:select')
    const check = async (query: Values): Promise<Values> =>
      (await chooser.get('frappe.client.validate_link', { doctype: 'Item', ...query })).body
    expect(await check({ docname: 'Bolt' })).toEqual({ message: { name: 'Bolt' } })
    expect(await check({ docname: 'Nothing' })).toEqual({ message: { name: null } })
    const fetching = await check({ docname: 'Bolt', fields: ['title'] })
    expect([fetching['message'], fetching['_server_messages']]).toEqual([{ name: 'Bolt' }, expect.stringContaining('not read them')])
    expect((await chooser.list('Item', { fields: ['*'] })).body['data']).toContainEqual({ name: 'Bolt' })
    expect((await chooser.get('frappe.client.validate_link', { doctype: 'Customer', docname: 'Northern Mills' })).status).toBe(403)
  })

  it('tells a title to an app that may choose documents and not read them', async () => {
    const shown = { title_field: 'words', show_title_field_in_link: 1, autoname: 'hash', permissions: [{ role: 'All', select: 1 }] }
    await world.admin.insert('DocType', doctype('Crate', [{ fieldname: 'words', fieldtype: 'Data', label: 'Words' }], shown))
    const { name } = await alice.insert('Crate', { title: 'x', words: 'A box' })
    const app = await registerApp(world.admin, { scopes: 'openid Crate:select' })
    const { access } = await connect(await world.visitor(ALICE), app, 'openid Crate:select')
    const title = await Api.byToken(world.site.url, access).get('frappe.desk.search.get_link_title', { doctype: 'Crate', docname: name })
    expect(title.body).toEqual({ message: 'A box' })
  })

  it('adds, changes and removes rows of a document through the document', async () => {
    const row = { doctype: 'Quote Line', title: 'Second', parent: 'Q1', parenttype: 'Quote', parentfield: 'lines' }
    const added = (await call('insert', { doc: row })).body['message'] as { doctype: string; lines: Values[] }
    expect([added.doctype, added.lines.map((line) => line['title'])]).toEqual(['Quote', ['First', 'Second']])
    const name = added.lines[1]?.['name']
    const set = (await call('set_value', { doctype: 'Quote Line', name, fieldname: 'item', value: 'Bolt' })).body['message']
    expect(set).toMatchObject({ doctype: 'Quote', lines: [{ title: 'First' }, { title: 'Second', item: 'Bolt' }] })
    expect((await call('delete', { doctype: 'Quote Line', name })).text).toBe('{}')
    expect(await alice.read('Quote', 'Q1')).toMatchObject({ lines: [{ title: 'First' }] })
    expect((await call('insert', { doc: { ...row, parentfield: 'title' } })).status).toBe(417)
    expect((await call('insert', { doc: { doctype: 'Quote Line', title: 'Nowhere' } })).status).toBe(417)
    expect((await call('insert_many', { docs: [row] })).body['message']).toEqual(['Q1'])
    await alice.update('Quote', 'Q1', { lines: [{ title: 'First', item: 'Bolt' }] })
  })

  it('keeps a default for oneself, and for others by a System Manager alone, whose apps need more than all', async () => {
    expect(await call('set_default', { key: 'company', value: 'Northern' })).toMatchObject({ status: 200, text: '{}' })
    expect((await call('set_default', { key: 'company', value: 'x', parent: MIA })).status).toBe(403)
    expect((await call('set_default', { value: 'x' })).status).toBe(417)
    const mia = await world.session(MIA)
    expect((await mia.post('frappe.client.set_default', { key: 'company', value: 'Northern', parent: ALICE })).status).toBe(200)
    expect((await mia.post('frappe.client.set_default', { key: 'company', value: 'x', parent: 'nobody@x.io' })).status).toBe(404)
    const narrow = await world.byToken(ALICE, 'openid')
    expect((await narrow.post('frappe.client.set_default', { key: 'company', value: 'x' })).status).toBe(403)
    const wide = await world.byToken(ALICE, 'openid all')
    expect((await wide.post('frappe.client.set_default', { key: 'company', value: 'South' })).status).toBe(200)
    const chief = await world.byToken(MIA, 'openid all')
    expect((await chief.post('frappe.client.set_default', { key: 'company', value: 'x', parent: ALICE })).status).toBe(403)
  })

  it('does with a token what its scopes cover, one verb at a time', async () => {
    const reader = await world.byToken(ALICE, 'openid Quote:read')
    expect((await reader.get('frappe.client.get', { doctype: 'Quote', name: 'Q1' })).status).toBe(200)
    for (const [fn, values] of [
      ['insert', { doc: { doctype: 'Quote', title: 'Q2' } }],
      ['insert_many', { docs: [{ doctype: 'Quote', title: 'Q2' }] }],
      ['insert', { doc: { doctype: 'Quote Line', title: 'x', parent: 'Q1', parenttype: 'Quote', parentfield: 'lines' } }],
      ['set_value', { doctype: 'Quote', name: 'Q1', fieldname: 'remark', value: 'x' }],
      ['cancel', { doctype: 'Quote', name: 'Q9' }],
      ['bulk_update', { docs: [{ doctype: 'Quote', docname: 'Q1', remark: 'x' }] }],
      ['delete', { doctype: 'Quote', name: 'Q1' }],
      ['rename_doc', { doctype: 'Quote', old_name: 'Q1', new_name: 'Q3' }],
      ['get', { doctype: 'Part', name: 'Axle' }],
    ] as const) {
      const { status, headers } = await reader.post(`frappe.client.${fn}`, values)
      expect([fn, status, headers.get('www-authenticate')]).toEqual([fn, 403, expect.stringContaining('insufficient_scope')])
    }
    const rows = await world.byToken(ALICE, 'openid Quote:create Quote:delete')
    const line = { doctype: 'Quote Line', title: 'x', parenttype: 'Quote', parentfield: 'lines' }
    expect((await rows.post('frappe.client.insert', { doc: { ...line, parent: 'Q1' } })).status).toBe(403)
    const [first] = (await alice.read('Quote', 'Q1'))['lines'] as Values[]
    expect((await rows.post('frappe.client.delete', { doctype: 'Quote Line', name: first?.['name'] })).status).toBe(403)
    const writer = await world.byToken(ALICE, 'openid Quote:write')
    expect((await writer.post('frappe.client.insert', { doc: { ...line, parent: 'Q9' } })).headers.get('www-authenticate')).toContain(
      'Quote:submit',
    )
    const creator = await world.byToken(ALICE, 'openid Item:create')
    const mixed = {
      docs: [
        { doctype: 'Item', title: 'Scoped' },
        { doctype: 'Customer', title: 'Unscoped' },
      ],
    }
    expect((await creator.post('frappe.client.insert_many', mixed)).status).toBe(403)
    expect((await alice.list('Item', { filters: { name: 'Scoped' } })).body['data']).toEqual([])
  })
})
