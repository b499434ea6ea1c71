import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api, type Values } from '../../support/callers/api.ts'
import { ALICE, BOB, doctype, MIA, World } from '../attacks/world.fixture.ts'

/** What Frappe's Desk calls, and programs that learnt from it. */
describe('The Desk’s methods', () => {
  let world: World
  let alice: Api
  beforeAll(async () => {
    world = await World.open('sqlite')
    await world.admin.insert('DocType', doctype('Part', [{ fieldname: 'size', fieldtype: 'Data', label: 'Size' }], { allow_rename: 1 }))
    alice = await world.session(ALICE)
    for (const title of ['Axle', 'Belt', 'Cog']) await alice.insert('Part', { title, size: title === 'Axle' ? 'L' : 'M' })
  })
  afterAll(() => world.close())

  const ask = async (method: string, query: Values): Promise<unknown> => (await alice.get(method, query)).body['message']

  it('list as a table, as rows and as a number', async () => {
    const query = { doctype: 'Part', fields: ['name', 'size'], filters: { size: 'M' } }
    expect(await ask('frappe.desk.reportview.get', query)).toEqual({
      keys: ['name', 'size'],
      values: [
        ['Cog', 'M'],
        ['Belt', 'M'],
      ],
      user_info: {},
    })
    expect(await ask('frappe.desk.reportview.get', { ...query, filters: { size: 'None' } })).toEqual([])
    expect(await ask('frappe.desk.reportview.get_list', { ...query, order_by: 'name asc', page_length: 1, start: 1 })).toEqual([
      { name: 'Cog', size: 'M' },
    ])
    expect(await ask('frappe.desk.reportview.get_count', query)).toBe(2)
    expect(await ask('frappe.desk.reportview.get_count', { ...query, limit: 1 })).toBe(1)
  })

  it('remove items, each on its own', async () => {
    await alice.insert('Part', { title: 'Doomed' })
    const { status, body } = await alice.post('frappe.desk.reportview.delete_items', {
      doctype: 'Part',
      items: JSON.stringify(['Doomed', 'Nothing']),
    })
    expect([status, JSON.parse(String(body['_server_messages']))]).toMatchObject([200, [expect.stringContaining('Nothing not found')]])
    expect((await alice.send('GET', '/api/resource/Part/Doomed')).status).toBe(404)
  })

  it('tell a DocType with its child tables to whoever may know it', async () => {
    const { body } = await alice.get('frappe.desk.form.load.getdoctype', { doctype: 'Quote' })
    expect(body).toMatchObject({ docs: [{ name: 'Quote' }, { name: 'Quote Line', istable: 1 }], user_settings: '{}' })
    expect((await alice.get('frappe.desk.form.load.getdoctype', { doctype: 'Role' })).status).toBe(403)
    expect((await alice.get('frappe.desk.form.load.getdoctype', { doctype: 'Nothing' })).status).toBe(404)
  })

  it('tell of a child table its parent, when that is asked for, and of each link what finds its documents', async () => {
    const load = async (caller: Api, query: Values): Promise<Values> => (await caller.get('frappe.desk.form.load.getdoctype', query)).body
    const line = await load(alice, { doctype: 'Quote Line', with_parent: 1 })
    expect(line).toMatchObject({ docs: [{ name: 'Quote' }, { name: 'Quote Line' }], parent_dt: 'Quote' })
    expect(await load(alice, { doctype: 'Quote Line' })).not.toHaveProperty('parent_dt')
    expect(await load(alice, { doctype: 'Item', with_parent: 1 })).not.toHaveProperty('parent_dt')
    await world.admin.update('DocType', 'Customer', { search_fields: 'title' })
    const linkOf = (body: Values): unknown =>
      (body['docs'] as { fields: Values[] }[])[0]?.fields.find(({ fieldname }) => fieldname === 'customer')
    const quote = await load(alice, { doctype: 'Quote' })
    expect(linkOf(quote)).toMatchObject({ search_fields: ['title'], linked_document_type: '' })
    const narrow = await world.byToken(ALICE, 'openid Quote:read')
    const { reply, changed, events } = await world.watch(() => narrow.get('frappe.desk.form.load.getdoctype', { doctype: 'Quote' }))
    expect([linkOf(reply.body), changed, events]).toMatchObject([{ search_fields: [], linked_document_type: '' }, [], []])
  })

  it('save a form for who may not read it again', async () => {
    const blind = await world.byToken(ALICE, 'openid Item:create')
    const saved = await blind.post('frappe.desk.form.save.savedocs', {
      doc: { doctype: 'Item', title: 'Unseen', __islocal: 1 },
      action: 'Save',
    })
    expect([saved.status, saved.body]).toMatchObject([200, { docs: [{ name: 'Unseen' }] }])
    expect(saved.body).not.toHaveProperty('docinfo')
  })

  it('save a form, submit it and cancel it', async () => {
    const save = async (doc: Values, action: string): Promise<Values> => {
      const { body } = await alice.post('frappe.desk.form.save.savedocs', { doc: JSON.stringify(doc), action })
      return (body['docs'] as Values[])[0] ?? {}
    }
    const draft = await save({ doctype: 'Quote', title: 'Form', name: 'new-quote-1', __islocal: 1 }, 'Save')
    expect(draft).toMatchObject({ name: 'Form', docstatus: 0, localname: 'new-quote-1' })
    expect(await save(draft, 'Submit')).toMatchObject({ docstatus: 1 })
    const { body } = await alice.post('frappe.desk.form.save.cancel', { doctype: 'Quote', name: 'Form' })
    expect(body).toMatchObject({ docs: [{ docstatus: 2 }], docinfo: { doctype: 'Quote', name: 'Form', permissions: { cancel: 1 } } })
    expect((await alice.post('frappe.desk.form.save.savedocs', { doc: draft, action: 'Burn' })).status).toBe(417)
  })

  it('call methods of a document at its address and by name', async () => {
    await alice.insert('Quote', { title: 'Doc' })
    expect((await alice.send('GET', '/api/resource/Quote/Doc?run_method=submit')).status).toBe(403)
    expect((await alice.send('POST', '/api/resource/Quote/Doc', { run_method: 'submit' })).body['data']).toMatchObject({ docstatus: 1 })
    expect((await alice.send('POST', '/api/resource/Quote/Doc', { run_method: 'explode' })).body['exc_type']).toBe('DoesNotExistError')
    expect((await alice.send('POST', '/api/resource/Quote/Doc', {})).status).toBe(417)
    expect((await alice.send('POST', '/api/resource/Quote/Doc', { run_method: 'db_set' })).body['exc_type']).toBe('PermissionError')
    const { body } = await alice.post('run_doc_method', { dt: 'Quote', dn: 'Doc', method: 'cancel' })
    expect([body['docs'], body['message']]).toMatchObject([[{ docstatus: 2 }], { docstatus: 2 }])
    const renamed = await alice.post('runserverobj', { dt: 'Part', dn: 'Cog', method: 'rename', args: { name: 'Cogwheel' } })
    expect(renamed.body).toMatchObject({ message: 'Cogwheel', docs: [{ name: 'Cogwheel' }] })
    const back = await alice.send('POST', '/api/resource/Part/Cogwheel', { run_method: 'rename', name: 'Cog' })
    expect(Object.keys(back.body)).toEqual(['_server_messages'])
    const comment = await alice.send('POST', '/api/resource/Part/Axle', {
      run_method: 'add_comment',
      comment_type: 'Comment',
      text: 'Well made',
    })
    expect(comment.body['data']).toMatchObject({ doctype: 'Comment', reference_name: 'Axle', comment_email: ALICE })
    expect((await alice.get('run_doc_method', { dt: 'Part', dn: 'Cog', method: 'rename', args: { name: 'X' } })).status).toBe(403)
  })

  it('submit nothing by GET or HEAD, whether the document is named or sent', async () => {
    const draft = await alice.insert('Quote', { title: 'Drafted' })
    for (const docs of [draft, { doctype: 'Quote', title: 'New by GET' }])
      expect((await alice.get('run_doc_method', { docs: JSON.stringify(docs), method: 'submit' })).status).toBeOneOf([403, 417])
    for (const path of ['/api/resource/Quote/Drafted?run_method=submit', '/api/v2/document/Quote/Drafted/method/submit'])
      expect((await alice.send('HEAD', path)).status).toBe(403)
    expect(await alice.read('Quote', 'Drafted')).toMatchObject({ docstatus: 0 })
    expect((await alice.send('GET', '/api/resource/Quote/New by GET')).status).toBe(404)
  })

  it('refuse PATCH as Frappe does, and a document that calls itself new under a name that is taken', async () => {
    expect((await alice.send('PATCH', '/api/resource/Part/Axle', { size: 'M' })).status).toBe(404)
    for (const path of ['/api/method/ping', '/api/v2/method/ping']) expect((await alice.send('PATCH', path, {})).status).toBe(403)
    const taken = await alice.send('PUT', '/api/resource/Part/Axle', { __islocal: 1, size: 'M' })
    expect([taken.status, taken.body['exc_type']]).toEqual([409, 'DuplicateEntryError'])
    expect((await alice.send('PUT', '/api/resource/Part/None', { __islocal: 1 })).status).toBe(404)
    expect(await ask('frappe.client.get_value', { doctype: 'Part', filters: 'Axle', fieldname: 'size' })).toEqual({ size: 'L' })
  })

  it('search by another method only what that method reads', async () => {
    const search = (query: string): Promise<unknown> => ask('frappe.desk.search.search_link', { doctype: 'Part', txt: 'x', query })
    expect(await search('frappe.client.get_list')).toEqual(['Cog', 'Belt', 'Axle'].map((value) => ({ value, description: '' })))
    const posted = await alice.post('frappe.desk.search.search_link', {
      doctype: 'Part',
      txt: '',
      query: 'frappe.client.delete',
      filters: {},
    })
    expect(posted.status).toBe(403)
    expect((await alice.get('frappe.desk.search.search_link', { doctype: 'Part', txt: '', query: 'frappe.ping' })).status).toBe(417)
    expect((await alice.get('frappe.desk.search.search_link', { doctype: 'Part', txt: '', query: 'no.such' })).status).toBe(404)
    expect(await ask('frappe.desk.search.get_link_title', { doctype: 'Part', docname: 'Axle' })).toBe('Axle')
  })

  it('tell one’s own roles, and those of others to a System Manager', async () => {
    const roles = 'frappe.core.doctype.user.user.get_roles'
    expect(await ask(roles, {})).toContain('All')
    expect((await alice.get(roles, { uid: BOB })).status).toBe(403)
    const mia = await world.session(MIA)
    expect((await mia.get(roles, { uid: BOB })).body['message']).toEqual(['All', 'Guest'])
    expect((await mia.get(roles, { uid: ALICE })).body['message']).toEqual(await ask(roles, {}))
    expect((await mia.get('frappe.core.doctype.user.user.get_all_roles')).body['message']).toContain('System Manager')
    for (const [scope, status] of [
      ['Item:read', 403],
      ['openid Item:read', 200],
      ['all', 200],
    ] as const)
      expect((await (await world.byToken(ALICE, scope)).get(roles)).status).toBe(status)
  })

  it('tell versions and the time zone to clients that ask for them', async () => {
    const guest = new Api(world.site.url)
    expect((await guest.get('version')).body['message']).toMatch(/^15\./)
    expect((await guest.get('frappe.handler.version')).body['message']).toMatch(/^15\./)
    expect((await guest.get('frappe.client.get_time_zone')).body['message']).toEqual({ time_zone: expect.any(String) })
    expect((await guest.get('frappe.utils.change_log.get_versions')).status).toBe(403)
    expect(await ask('frappe.utils.change_log.get_versions', {})).toMatchObject({ frappe: { version: expect.stringMatching(/^15\./) } })
    expect((await alice.get('frappe.client.get_js', { items: [] })).status).toBe(417)
  })
})
