import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pathOf, type Api, type Reply, type Values } from '../../../support/callers/api.ts'
import { engines } from '../../../support/databases.ts'
import { ALICE, BOB, SECRET, Walled } from './walled.fixture.ts'

type Act = (app: Api, world: Walled) => Promise<Reply>
type Unreached = readonly [what: string, act: Act, status: number]
type Outside = readonly [what: string, act: Act, status: number, sentence: string]

const send =
  (method: string, path: string, values?: Values): Act =>
  (app) =>
    app.send(method, path, values)
const list =
  (doctype: string, query: Values = {}): Act =>
  (app) =>
    app.list(doctype, { limit_page_length: 0, ...query })
const get =
  (method: string, query: Values): Act =>
  (app) =>
    app.get(method, query)
const post =
  (method: string, values: Values): Act =>
  (app) =>
    app.post(method, values)
const deal = (name: string): string => pathOf('Deal', name)
const LIST = 'frappe.client.get_list'
/** Whatever stands there: a document that is not reached is not compared with. */
const NOW = '2026-01-01 00:00:00.000000'
const VIEW = 'frappe.desk.reportview'

/** Answers of lists and counts of one who asks for everything: only company A's come. */
const NARROWED: readonly (readonly [what: string, act: Act, shown: unknown])[] = [
  ['a list', list('Deal', { order_by: 'name' }), [{ name: 'A1' }, { name: 'A2' }]],
  ['a list by what others have', list('Deal', { filters: { company: 'B' } }), []],
  ['a list by name', list('Deal', { filters: { name: ['in', ['A1', 'B1']] } }), [{ name: 'A1' }]],
  [
    'or-filters, which widen nothing',
    list('Deal', {
      or_filters: [
        ['company', '=', 'B'],
        ['name', 'like', '%'],
        ['company', '=', 'A'],
      ],
      order_by: 'name',
    }),
    [{ name: 'A1' }, { name: 'A2' }],
  ],
  ['a list by the names of one’s tags', list('Deal', { filters: { _user_tags: ['like', '%only%'] } }), []],
  ['a list by what rows hold', list('Deal', { filters: [['Deal Line', 'note', '=', SECRET]] }), []],
  ['a list of another DocType, by a field behind a link', list('Visit', { filters: [['deal.secret', 'like', `${SECRET}%`]] }), []],
  [
    'fields behind a link, which are empty',
    list('Visit', { fields: ['name', 'deal.secret', 'deal.amount'], order_by: 'name' }),
    [
      { name: 'To A', secret: 'open', amount: 1 },
      { name: 'To B', secret: null, amount: null },
    ],
  ],
  ['fields behind a link, that are counted over', list('Visit', { fields: ['sum(deal.amount) as total'] }), [{ total: 1 }]],
  [
    'a field behind a link, by which groups are made',
    list('Visit', { fields: ['count(name) as n'], group_by: '`deal`.`secret`', order_by: 'n' }),
    [{ n: 1 }, { n: 1 }],
  ],
  [
    'aggregates',
    list('Deal', { fields: ['count(name) as n', 'sum(amount) as total', 'max(amount) as most'] }),
    [{ n: 2, total: 3, most: 2 }],
  ],
  ['groups', list('Deal', { fields: ['company', 'count(name) as n'], group_by: 'company' }), [{ company: 'A', n: 2 }]],
  ['what there is, once each', list('Deal', { fields: ['company'], distinct: 1 }), [{ company: 'A' }]],
  ['the greatest', list('Deal', { fields: ['name'], order_by: 'amount desc', limit_page_length: 1 }), [{ name: 'A2' }]],
  ['a page behind the last', list('Deal', { limit_start: 2 }), []],
  [
    'child rows',
    list('Deal Line', { parent: 'Deal', fields: ['title'], order_by: 'title' }),
    [{ title: 'line of A1' }, { title: 'line of A2' }],
  ],
  ['child rows by what others have', list('Deal Line', { parent: 'Deal', filters: { note: SECRET } }), []],
  ['comments', list('Comment', { fields: ['reference_name'], filters: { comment_type: 'Comment' } }), [{ reference_name: 'A1' }]],
  ['tasks', list('ToDo', { fields: ['reference_name'] }), [{ reference_name: 'A1' }]],
  ['files', list('File', { fields: ['attached_to_name'], filters: { attached_to_doctype: 'Deal' } }), [{ attached_to_name: 'A1' }]],
  ['versions', list('Version', { fields: ['docname'] }), []],
  ['shares', list('DocShare', { fields: ['share_name'] }), [{ share_name: 'A1' }]],
  ['what was removed', list('Deleted Document', { fields: ['deleted_name'] }), []],
  ['a list by a method', get(LIST, { doctype: 'Deal', fields: ['name'], order_by: 'name' }), [{ name: 'A1' }, { name: 'A2' }]],
  ['a count', get('frappe.client.get_count', { doctype: 'Deal' }), 2],
  ['a count of what others have', get('frappe.client.get_count', { doctype: 'Deal', filters: { company: 'B' } }), 0],
  [
    'a count, once each, through rows',
    get(`${VIEW}.get_count`, { doctype: 'Deal', filters: [['Deal Line', 'title', 'like', '%']], distinct: 1 }),
    2,
  ],
  ['a value', get('frappe.client.get_value', { doctype: 'Deal', filters: { company: 'B' }, fieldname: 'secret' }), {}],
  ['a value by name', get('frappe.client.get_value', { doctype: 'Deal', filters: 'B1', fieldname: ['secret'] }), {}],
  ['what may be linked to', get('frappe.client.validate_link', { doctype: 'Deal', docname: 'B1', fields: ['secret'] }), { name: null }],
  ['a link search', get('frappe.desk.search.search_link', { doctype: 'Deal', txt: 'B' }), []],
  ['a link search for a text of theirs', get('frappe.desk.search.search_link', { doctype: 'Deal', txt: SECRET }), []],
  [
    'a link search in a form of another DocType',
    get('frappe.desk.search.search_link', { doctype: 'Buyer', txt: '', reference_doctype: 'Visit', page_length: 9 }),
    [{ value: 'Buyer A', description: 'Buyer A, open', label: 'open' }],
  ],
  ['tags in use', get('frappe.desk.doctype.tag.tag.get_tags', { doctype: 'Deal', txt: '' }), ['open']],
  ['what has a tag', get('frappe.desk.doctype.tag.tag.get_tagged_docs', { doctype: 'Deal', tag: SECRET.slice(0, 50) }), []],
  ['a document that a form loads', get('frappe.desk.form.load.getdoc', { doctype: 'Deal', name: 'B1' }), []],
]

/** Of a document of company B each of these is refused as if there were none, and changes nothing. */
const UNREACHED: readonly Unreached[] = [
  ['read', send('GET', deal('B1')), 404],
  ['read by a method', get('frappe.client.get', { doctype: 'Deal', name: 'B1' }), 404],
  ['read by /api/v2', send('GET', '/api/v2/document/Deal/B1'), 404],
  ['read with what stands beside it', get('frappe.desk.form.load.get_docinfo', { doctype: 'Deal', name: 'B1' }), 404],
  ['updated', send('PUT', deal('B1'), { amount: 1 }), 404],
  ['moved here', send('PUT', deal('B1'), { company: 'A' }), 404],
  ['saved as it came', post('frappe.client.save', { doc: { doctype: 'Deal', name: 'B1', title: 'B1', company: 'A', modified: NOW } }), 404],
  ['set a value of', post('frappe.client.set_value', { doctype: 'Deal', name: 'B1', fieldname: 'company', value: 'A' }), 404],
  ['removed', send('DELETE', deal('B1')), 404],
  ['removed by a method', post('frappe.client.delete', { doctype: 'Deal', name: 'B1' }), 404],
  ['submitted', post('frappe.client.submit', { doc: { doctype: 'Deal', name: 'B1', modified: NOW } }), 404],
  ['submitted by an update', send('PUT', deal('B1'), { docstatus: 1 }), 404],
  ['renamed', post('frappe.client.rename_doc', { doctype: 'Deal', old_name: 'B1', new_name: 'A7' }), 404],
  ['merged away', post('frappe.client.rename_doc', { doctype: 'Deal', old_name: 'B1', new_name: 'A1', merge: 1 }), 404],
  ['commented on', post('frappe.desk.form.utils.add_comment', { reference_doctype: 'Deal', reference_name: 'B1', content: 'x' }), 404],
  [
    'commented on by a document',
    send('POST', pathOf('Comment'), { comment_type: 'Comment', reference_doctype: 'Deal', reference_name: 'B1', content: 'x' }),
    404,
  ],
  ['assigned', post('frappe.desk.form.assign_to.add', { doctype: 'Deal', name: 'B1', assign_to: [ALICE] }), 404],
  [
    'assigned by a document',
    send('POST', pathOf('ToDo'), { description: 'x', reference_type: 'Deal', reference_name: 'B1', allocated_to: ALICE }),
    417,
  ],
  ['shared', post('frappe.share.add', { doctype: 'Deal', name: 'B1', user: ALICE, write: 1 }), 404],
  ['shared by a document', send('POST', pathOf('DocShare'), { share_doctype: 'Deal', share_name: 'B1', user: ALICE, read: 1 }), 417],
  ['asked for its shares', get('frappe.share.get_users', { doctype: 'Deal', name: 'B1' }), 404],
  ['liked', post('frappe.desk.like.toggle_like', { doctype: 'Deal', name: 'B1', add: 'Yes' }), 404],
  ['tagged', post('frappe.desk.doctype.tag.tag.add_tag', { dt: 'Deal', dn: 'B1', tag: 'x' }), 404],
  [
    'given a file',
    send('POST', pathOf('File'), { file_name: 'x.txt', content: 'x', attached_to_doctype: 'Deal', attached_to_name: 'B1' }),
    404,
  ],
  [
    'given a file by a method',
    post('frappe.client.attach_file', { doctype: 'Deal', docname: 'B1', filename: 'x.txt', filedata: 'x' }),
    404,
  ],
  ['asked for rights on it', get('frappe.client.get_doc_permissions', { doctype: 'Deal', docname: 'B1' }), 404],
  ['asked for one right on it', get('frappe.client.has_permission', { doctype: 'Deal', docname: 'B1' }), 404],
  ['a row of it read', async (app, world) => app.send('GET', pathOf('Deal Line', await rowOf(world, 'B1'))), 404],
  ['a row of it changed', async (app, world) => app.send('PUT', pathOf('Deal Line', await rowOf(world, 'B1')), { note: 'x' }), 404],
  ['a row of it removed', async (app, world) => app.send('DELETE', pathOf('Deal Line', await rowOf(world, 'B1'))), 404],
  ['given a row', send('POST', pathOf('Deal Line'), { title: 'x', parent: 'B1', parenttype: 'Deal', parentfield: 'lines' }), 404],
  ['its file’s document read', (app, { file }) => app.send('GET', pathOf('File', file.b.name)), 404],
  ['its file fetched', (app, { file }) => app.send('GET', file.b.url), 403],
  ['its file fetched by a method', (app, { file }) => app.get('download_file', { file_url: file.b.url }), 403],
  [
    'its file moved to another',
    (app, { file }) => app.send('PUT', pathOf('File', file.b.name), { attached_to_doctype: 'Deal', attached_to_name: 'A1' }),
    404,
  ],
  ['its file taken off', (app, { file }) => app.post('frappe.desk.form.utils.remove_attach', { fid: file.b.name }), 404],
  [
    'its comment changed',
    async (app, world) => app.post('frappe.desk.form.utils.update_comment', { name: await commentOf(world, 'B1'), content: 'x' }),
    404,
  ],
  ['its comment removed', async (app, world) => app.send('DELETE', pathOf('Comment', await commentOf(world, 'B1'))), 404],
  ['a buyer behind a link read', send('GET', pathOf('Buyer', 'Buyer B')), 404],
]

/** What would come to stand outside, and is not written. */
const OUTSIDE: readonly Outside[] = [
  ['an insert', send('POST', pathOf('Deal'), { title: 'B3', company: 'B' }), 403, 'row filter'],
  ['an insert without what is filtered by', send('POST', pathOf('Deal'), { title: 'A3' }), 403, 'row filter'],
  ['an insert by a method', post('frappe.client.insert', { doc: { doctype: 'Deal', title: 'B3', company: 'B' } }), 403, 'row filter'],
  [
    'one insert of many',
    post('frappe.client.insert_many', {
      docs: [
        { doctype: 'Deal', title: 'A3', company: 'A' },
        { doctype: 'Deal', title: 'B3', company: 'B' },
      ],
    }),
    403,
    'row filter',
  ],
  ['an update', send('PUT', deal('A1'), { company: 'B' }), 403, 'row filter'],
  ['an update to nothing', send('PUT', deal('A1'), { company: null }), 403, 'row filter'],
  ['a value', post('frappe.client.set_value', { doctype: 'Deal', name: 'A1', fieldname: 'company', value: 'B' }), 403, 'row filter'],
  ['an update by /api/v2', send('PATCH', '/api/v2/document/Deal/A1', { company: 'B' }), 403, 'row filter'],
  [
    'a task that moves',
    async (app, world) => app.send('PUT', pathOf('ToDo', await taskOf(world, 'A1')), { reference_name: 'B1' }),
    417,
    'Could not find',
  ],
  [
    'a file that moves',
    (app, { file }) => app.send('PUT', pathOf('File', file.a.name), { attached_to_doctype: 'Deal', attached_to_name: 'B1' }),
    404,
    'Deal B1',
  ],
  [
    'a file for a document yet to be made',
    send('POST', pathOf('File'), { file_name: 'x.txt', content: 'x', attached_to_doctype: 'Deal', attached_to_name: 'New' }),
    403,
    'row filter',
  ],
  [
    'a merge into one',
    post('frappe.client.rename_doc', { doctype: 'Deal', old_name: 'A2', new_name: 'B1', merge: 1 }),
    417,
    'to merge A2 into',
  ],
  ['a link to one', send('POST', pathOf('Visit'), { title: 'New', deal: 'B1' }), 417, 'Could not find'],
  ['a changed link to one', send('PUT', pathOf('Visit', 'To A'), { deal: 'B2' }), 417, 'Could not find'],
  ['a link to one by any field', send('PUT', pathOf('Visit', 'To A'), { any_type: 'Deal', any: 'B2' }), 417, 'Could not find'],
  ['a link to a buyer', send('PUT', deal('A1'), { buyer: 'Buyer B' }), 417, 'Could not find'],
  ['an amendment of one', send('POST', pathOf('Deal'), { title: 'x', company: 'A', amended_from: 'B1' }), 417, 'is not cancelled'],
  // Firms are not filtered, but deals are by them: one that took A's name would bring its deals along.
  [
    'another name for what is filtered by',
    post('frappe.client.rename_doc', { doctype: 'Firm', old_name: 'A', new_name: 'Z' }),
    403,
    'row filter',
  ],
  [
    'a merge of what is filtered by',
    post('frappe.client.rename_doc', { doctype: 'Firm', old_name: 'B', new_name: 'A', merge: 1 }),
    403,
    'row filter',
  ],
  ['another place in its tree', send('PUT', pathOf('Firm', 'B'), { parent_firm: 'A' }), 403, 'row filter'],
  ['a key without filters', post('frappe.core.doctype.user.user.generate_keys', { user: ALICE }), 403, 'row filters'],
]

const found = async (world: Walled, doctype: string, filters: Values): Promise<string> => {
  const { body } = await world.admin.list(doctype, { filters, parent: 'Deal' })
  return String((body['data'] as Values[])[0]?.['name'])
}
const rowOf = (world: Walled, name: string): Promise<string> => found(world, 'Deal Line', { parent: name })
const commentOf = (world: Walled, name: string): Promise<string> =>
  found(world, 'Comment', { reference_name: name, comment_type: 'Comment' })
const taskOf = (world: Walled, name: string): Promise<string> => found(world, 'ToDo', { reference_name: name })

const shown = ({ body }: Reply): unknown => body['data'] ?? body['message'] ?? body['results']

describe.each(engines)('An app that is held to company A, on %s', (engine) => {
  let world: Walled

  beforeAll(async () => {
    world = await Walled.open(engine)
  })
  afterAll(() => world.close())

  it.each(NARROWED)('F09 sees, by %s, no other', async (_, act, expected) => {
    const reply = await act(world.app, world)
    expect([reply.status, shown(reply)]).toEqual([200, expected])
    expect(reply.text).not.toContain(SECRET)
  })

  it.each(UNREACHED)('F09 is told of a document of company B that is %s as of one that is not there', async (_, act, status) => {
    const before = await world.stored()
    const reply = await act(world.app, world)
    expect([reply.status, reply.text]).toEqual([status, expect.not.stringContaining(SECRET)])
    expect(await world.stored()).toEqual(before)
  })

  it.each(OUTSIDE)('F09 does not write, by %s, what would be outside', async (_, act, status, sentence) => {
    const before = await world.stored()
    const reply = await act(world.app, world)
    expect([reply.status, reply.text]).toEqual([status, expect.stringContaining(sentence)])
    expect(reply.text).not.toContain(SECRET)
    expect(await world.stored()).toEqual(before)
  })

  it('F09 gets the same words for a document of company B and for none', async () => {
    const words = async (name: string): Promise<string> => (await world.app.send('GET', deal(name))).text.replaceAll(name, 'NAME')
    expect(await words('B1')).toBe(await words('C1'))
  })

  it('F09 reads, changes, renames, comments and removes company A’s', async () => {
    const { app } = world
    expect((await app.send('POST', pathOf('Deal'), { title: 'A3', company: 'A', buyer: 'Buyer A' })).status).toBe(200)
    expect((await app.send('PUT', deal('A3'), { amount: 7, lines: [{ title: 'new' }] })).status).toBe(200)
    const about = { reference_doctype: 'Deal', reference_name: 'A3' }
    expect((await app.post('frappe.desk.form.utils.add_comment', { ...about, content: 'x' })).status).toBe(200)
    expect((await app.post('frappe.desk.form.assign_to.add', { doctype: 'Deal', name: 'A3', assign_to: [BOB] })).status).toBe(200)
    const file = { file_name: 'x.txt', content: 'x', attached_to_doctype: 'Deal', attached_to_name: 'A3' }
    expect((await app.send('POST', pathOf('File'), file)).status).toBe(200)
    expect((await app.post('frappe.client.rename_doc', { doctype: 'Deal', old_name: 'A3', new_name: 'A4' })).status).toBe(200)
    const docinfo = await app.get('frappe.desk.form.load.get_docinfo', { doctype: 'Deal', name: 'A4' })
    expect(docinfo.body['docinfo']).toMatchObject({ attachments: [{ file_name: 'x.txt' }], comments: [{}] })
    expect((await app.send('DELETE', deal('A4'))).status).toBe(202)
  })

  it('F09 cannot move a comment to another document', async () => {
    const reply = await world.app.send('PUT', pathOf('Comment', await commentOf(world, 'A1')), { reference_name: 'B1' })
    expect([reply.status, reply.body['data']]).toEqual([200, expect.objectContaining({ reference_name: 'A1' })])
  })

  it('F09 is not told which document of company B keeps another from being removed', async () => {
    const reply = await world.app.send('DELETE', pathOf('Firm', 'B'))
    expect([reply.status, reply.text]).toEqual([417, expect.stringMatching(/another (Buyer|Deal) links to it/)])
    expect(reply.text).not.toMatch(/Buyer B|B1|B2/)
  })

  it('F09 keeps a link that stood before, and learns nothing more through it', async () => {
    const reply = await world.app.send('PUT', pathOf('Visit', 'To B'), { title: 'To B' })
    expect(reply.status).toBe(200)
    await world.admin.update('Deal', 'B1', { secret: `${SECRET} again` })
    expect((await world.app.send('PUT', pathOf('Visit', 'To B'), { any_type: 'Deal' })).text).not.toContain('again')
  })

  it('F09 is held by filters of a user with every right, and one without a filter is not', async () => {
    expect((await world.free.send('GET', deal('B1'))).status).toBe(200)
    expect(shown(await world.free.list('Deal', { limit_page_length: 0 }))).toHaveLength(4)
  })

  it.each([
    ['a pattern', { Deal: [['name', 'like', 'A%']] }, ['A1', 'A2']],
    ['several at once', { Deal: { company: 'A', amount: ['>', 1] } }, ['A2']],
    ['a list', { Deal: [['company', 'in', ['A', 'Z']]] }, ['A1', 'A2']],
    ['what is not', { Deal: [['company', '!=', 'B']] }, ['A1', 'A2']],
    ['a range', { Deal: [['amount', 'between', [1, 2]]] }, ['A1', 'A2']],
    ['a tree', { Deal: [['company', 'descendants of (inclusive)', 'A']] }, ['A1', 'A2']],
    [
      'no descendant',
      {
        Deal: [
          ['company', 'not descendants of', 'B'],
          ['company', 'not ancestors of', 'A'],
          ['company', '!=', 'B'],
        ],
      },
      ['A1', 'A2'],
    ],
    ['what is set', { Deal: [['secret', 'is', 'not set']] }, []],
  ])('F09 holds by %s', async (_, filters, names) => {
    const app = await world.connect(filters, ['Deal:read', 'Deal:write'])
    expect(shown(await app.list('Deal', { order_by: 'name' }))).toEqual(names.map((name) => ({ name })))
    expect((await app.send('GET', deal('B1'))).status).toBe(404)
    expect((await app.send('PUT', deal('B1'), { amount: 9 })).status).toBe(404)
  })

  it.each([
    ['a field that is not there', { Deal: { nothing: 1 } }, 'no field nothing'],
    ['a table', { Deal: { lines: 1 } }, 'no value'],
    ['a field of rows', { Deal: [['Deal Line', 'note', '=', 'x']] }, 'own fields'],
    ['a field behind a link', { Deal: { 'buyer.company': 'A' } }, 'no field buyer.company'],
    ['a child table', { 'Deal Line': { note: 'x' } }, 'child table'],
    ['what the site makes up', { 'OAuth Bearer Token': { user: 'x' } }, 'no list of stored documents'],
    ['a tree that is none', { Deal: [['buyer', 'descendants of', 'x']] }, 'tree'],
  ])('F09 a filter by %s is refused when it is saved', async (_, filters, sentence) => {
    await expect(world.connect(filters)).rejects.toThrow(sentence)
  })

  it('F09 a filter whose field is gone lets nothing through', async () => {
    const name = `Shed ${engine}`
    const fields = [
      { fieldname: 'title', fieldtype: 'Data', label: 'Title' },
      { fieldname: 'place', fieldtype: 'Data', label: 'Place' },
    ]
    const values = {
      name,
      module: 'Trading',
      custom: 1,
      autoname: 'field:title',
      fields,
      permissions: [{ role: 'All', read: 1, write: 1, create: 1 }],
    }
    await world.admin.insert('DocType', values)
    await world.admin.insert(name, { title: 'one', place: 'here' })
    const scope = `${name.replace(' ', '.')}:read`
    const app = await world.connect({ [name]: { place: 'here' } }, [scope])
    expect(shown(await app.list(name))).toEqual([{ name: 'one' }])
    await world.admin.update('DocType', name, { fields: fields.slice(0, 1) })
    expect(shown(await app.list(name))).toEqual([])
    expect((await app.send('GET', pathOf(name, 'one'))).status).toBe(404)
  })
})
