import { beforeEach, describe, expect, test } from 'vitest'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import type { FakeKind } from '../../../testing/fake/kinds.ts'
import type { FakeRequest } from '../../../testing/fake/replies.ts'
import { UpstreamClient } from '../upstream-client.ts'

const SITES: readonly (readonly [FakeKind, 1 | 2])[] = [
  ['annex', 1],
  ['annex', 2],
  ['frappe-16', 1],
  ['frappe-16', 2],
  ['frappe-15', 1],
  ['frappe-15', 2],
]
const ALL_RIGHTS = [{ role: 'All', read: 1, write: 1, create: 1, delete: 1, submit: 1, cancel: 1 }]

const clientOf = (site: FakeUpstream, api: 1 | 2 = 1): UpstreamClient =>
  new UpstreamClient({ url: site.issuer, credentials: { apiKey: site.users[0]!.apiKey }, fetch: site.fetch, api })
const bodyOf = (request: FakeRequest): unknown => JSON.parse(request.body)

describe.each(SITES)('at %s, by version %i of its API,', (kind, api) => {
  let site: FakeUpstream
  let client: UpstreamClient
  const last = (): FakeRequest => site.requests.at(-1)!

  beforeEach(() => {
    site = new FakeUpstream({ kind })
    client = clientOf(site, api)
    site.documents.define({
      name: 'Order',
      autoname: 'field:title',
      is_submittable: 1,
      fields: [
        { fieldname: 'title', fieldtype: 'Data' },
        { fieldname: 'qty', fieldtype: 'Int' },
        { fieldname: 'note', fieldtype: 'Data' },
      ],
      permissions: ALL_RIGHTS,
    })
    site.documents.define({
      name: 'Shop Settings',
      issingle: 1,
      fields: [{ fieldname: 'desks', fieldtype: 'Int' }],
      permissions: ALL_RIGHTS,
    })
    site.documents.fill('Order', 3, (index) => ({ name: `O-${index}`, title: `Order ${index}`, qty: index }))
  })

  test('documents are made, read, changed and removed', async () => {
    expect(await client.insert('Order', { title: 'New', qty: 2 })).toMatchObject({ name: 'New', qty: 2, doctype: 'Order' })
    expect(await client.read('Order', 'New')).toMatchObject({ title: 'New' })
    expect(await client.update('Order', 'New', { qty: 0 })).toMatchObject({ qty: 0 })
    expect(await client.exists('Order', 'New')).toBe(true)
    await client.remove('Order', 'New')
    expect(await client.exists('Order', 'New')).toBe(false)
    await expect(client.read('Order', 'New')).rejects.toMatchObject({ excType: 'DoesNotExistError', status: 404 })
    expect(site.requests.every((request) => request.path.startsWith(api === 1 ? '/api/resource/' : '/api/v2/document/'))).toBe(true)
  })

  test('values are read by name, by filters, and of what was made last', async () => {
    expect(await client.readValue('Order', 'O-1', ['qty', 'title'])).toEqual({ qty: 1, title: 'Order 1' })
    expect(await client.readValue('Order', { qty: ['>', 1] }, ['title'])).toEqual({ title: 'Order 2' })
    expect(await client.readValue('Order', { qty: 9 }, ['title'])).toBeUndefined()
    expect(await client.readLast('Order')).toMatchObject({ name: 'O-2' })
    expect(await client.readLast('Order', { filters: { qty: 9 } })).toBeUndefined()
  })

  test('a Single is read whole and by field', async () => {
    site.documents.set('Shop Settings', { name: 'Shop Settings', desks: 5 })
    expect(await client.readSingle('Shop Settings')).toMatchObject({ desks: 5 })
    expect(await client.readSingleValue('Shop Settings', 'desks')).toBe(5)
  })

  test('T1 a list of no rows has none, and one of a part of a row is refused, before the site is asked', async () => {
    expect(await client.list('Order', { limit: 0 })).toEqual([])
    for await (const row of client.each('Order', { limit: 0 })) expect(row).toBeUndefined()
    for (const limit of [-1, 1.5, NaN]) await expect(client.list('Order', { limit })).rejects.toThrow(TypeError)
    expect(site.requests).toHaveLength(0)
  })

  test('T1 a list without a limit brings 20 rows, and with null all, however many', async () => {
    site.documents.fill('Order', 1100, (index) => ({ name: `P-${index}`, qty: 7 }))
    expect(await client.list('Order')).toHaveLength(20)
    expect(await client.list('Order', { limit: null, filters: { qty: 7 } })).toHaveLength(1100)
    expect(await client.list('Order', { limit: 2, start: 1, orderBy: 'name asc', filters: { qty: ['<', 3] } })).toEqual([
      { name: 'O-1' },
      { name: 'O-2' },
    ])
    expect(await client.count('Order', { filters: { qty: 7 } })).toBe(1100)
  })

  test('many are made at once, all or none', async () => {
    expect(
      await client.insertMany([
        { doctype: 'Order', title: 'A' },
        { doctype: 'Order', title: 'B' },
      ]),
    ).toEqual(['A', 'B'])
    const half = [
      { doctype: 'Order', title: 'C' },
      { doctype: 'Order', title: 'A' },
    ]
    await expect(client.insertMany(half)).rejects.toThrow()
    expect(await client.exists('Order', 'C')).toBe(false)
  })

  test('many are changed each by itself, and those that failed are named with a sentence', async () => {
    const failed = await client.updateMany([
      { doctype: 'Order', docname: 'O-0', qty: 50 },
      { doctype: 'Order', docname: 'nowhere', qty: 50 },
    ])
    expect(failed).toEqual([{ doctype: 'Order', docname: 'nowhere', message: 'Order nowhere not found' }])
    expect(await client.readValue('Order', 'O-0', ['qty'])).toEqual({ qty: 50 })
  })

  test('D20 zero, false and empty text arrive as they are', async () => {
    await client.setValue('Order', 'O-2', { qty: 0, note: '', title: false })
    expect(bodyOf(last())).toEqual({ doctype: 'Order', name: 'O-2', fieldname: { qty: 0, note: '', title: false } })
    expect(site.documents.read('Order', 'O-2')).toMatchObject({ qty: 0, note: '', title: false })
  })

  test('T6 R9 a document is submitted whole with the modified that it has now, and cancelled by its name', async () => {
    const submitted = await client.submit('Order', 'O-1')
    expect(submitted.docstatus).toBe(1)
    expect(bodyOf(last())).toMatchObject({
      doc: { doctype: 'Order', name: 'O-1', title: 'Order 1', modified: expect.any(String) as string },
    })
    expect((await client.cancel('Order', 'O-1')).docstatus).toBe(2)
    expect(bodyOf(last())).toEqual({ doctype: 'Order', name: 'O-1' })
  })

  test('T6 R8 a document that others have changed since it was read is neither submitted nor changed over', async () => {
    const read = await client.read('Order', 'O-1')
    await client.update('Order', 'O-1', { note: 'by somebody else' })
    await expect(client.submit('Order', read)).rejects.toMatchObject({ excType: 'TimestampMismatchError' })
    await expect(client.update('Order', 'O-1', { qty: 3, modified: read.modified })).rejects.toMatchObject({
      excType: 'TimestampMismatchError',
    })
    expect(read.modified).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/)
  })

  test('a rename gives the new name, and what is there already is joined only when that is meant', async () => {
    expect(await client.rename('Order', 'O-1', 'O-one')).toBe('O-one')
    await expect(client.rename('Order', 'O-one', 'O-2')).rejects.toThrow('already exists')
    expect(await client.rename('Order', 'O-one', 'O-2', { merge: true })).toBe('O-2')
  })

  test('a document is given to people to do', async () => {
    expect(await client.assign('Order', 'O-1', ['lea@example.com'], { priority: 'High', date: '2026-12-01' })).toEqual(['lea@example.com'])
    expect(bodyOf(last())).toEqual({
      doctype: 'Order',
      name: 'O-1',
      assign_to: '["lea@example.com"]',
      priority: 'High',
      date: '2026-12-01',
    })
  })

  test('R10 a link is looked up: its name as it is stored, the fields wanted, or nothing', async () => {
    expect(await client.validateLink('Order', 'O-2', ['qty'])).toEqual({ name: 'O-2', qty: 2 })
    expect(await client.validateLink('Order', 'nowhere')).toBeUndefined()
  })

  test('a default is kept where the site keeps any, else that is said', async () => {
    if (kind === 'annex') await expect(client.setDefault('company', 'Acme')).resolves.toBeUndefined()
    else await expect(client.setDefault('company', 'Acme')).rejects.toMatchObject({ name: 'NotSupported', code: 'not_supported' })
  })

  test('R11 the zone of its times and the name of the user are told', async () => {
    expect(await client.timeZone()).toBe('Etc/UTC')
    expect(await client.user()).toBe('sam@example.com')
  })

  test('a DocType is described, its rows with it', async () => {
    site.documents.define({ name: 'Line', istable: 1, fields: [{ fieldname: 'item', fieldtype: 'Link', options: 'Item' }] })
    site.documents.define({ name: 'Quote', fields: [{ fieldname: 'lines', fieldtype: 'Table', options: 'Line' }] })
    const { doctype, rows } = await client.doctype('Quote')
    expect([doctype.name, ...rows.map((row) => row.name)]).toEqual(['Quote', 'Line'])
    await expect(client.doctype('Nothing')).rejects.toMatchObject({ excType: 'DoesNotExistError' })
  })
})

describe('what is sent', () => {
  let site: FakeUpstream
  let client: UpstreamClient
  const last = (): FakeRequest => site.requests.at(-1)!
  beforeEach(() => {
    site = new FakeUpstream({ kind: 'frappe-15' })
    client = clientOf(site)
  })

  test.each(['A/B', 'A%2FB', 'what?', 'no #1', '100%', 'ü ß', 'trailing.', "O'Neil", 'a+b', '..a', '文書'])(
    'T2 a document called %j is found by that very name',
    async (name) => {
      await client.insert('Sales Invoice', { name })
      expect(await client.read('Sales Invoice', name)).toMatchObject({ name })
      expect(last().path).toBe(`/api/resource/Sales%20Invoice/${encodeURIComponent(name)}`)
      expect(await client.exists('Sales Invoice', name)).toBe(true)
      await client.remove('Sales Invoice', name)
      expect(await client.exists('Sales Invoice', name)).toBe(false)
    },
  )

  test('T2 R10 a number is a name too', async () => {
    site.documents.define({ name: 'Log', autoname: 'autoincrement', fields: [] })
    const { name } = await client.insert('Log', {})
    expect(await client.read('Log', name)).toMatchObject({ name: 1 })
    expect(last().path).toBe('/api/resource/Log/1')
  })

  test('T3 bodies are JSON, never a form, never within data, and a document may have a field of that name', async () => {
    await client.insert('Note', { name: 'N1', title: 'x' })
    expect([last().headers.get('content-type'), last().body]).toEqual(['application/json', '{"name":"N1","title":"x"}'])
    await client.update('Note', 'N1', { title: 'y' })
    await client.call('ping', { a: 1 })
    await client.setValue('Note', 'N1', { title: 'z' })
    expect(site.requests.map((request) => request.headers.get('content-type'))).toEqual(Array(4).fill('application/json'))
    expect(site.requests.some((request) => /^(data=|\{"data":)/.test(request.body))).toBe(false)
  })

  test('D19 T3 what only asks has no body, and its filters arrive whatever they hold', async () => {
    const filters = { a: 'x & y', b: '50% + 1', c: 'say "hi"', d: "O'Neil", e: 'ü', f: '#1?', g: 'a=b;c' }
    await client.list('Item', { filters })
    await client.call('ping', { text: 'a & b=c+d%' }, { httpMethod: 'GET' })
    await client.validateLink('Item', 'a&b', ['name'])
    for (const request of site.requests)
      expect([request.method, request.body, request.headers.get('content-type')]).toEqual(['GET', '', null])
    const sent = JSON.parse(site.requests[0]!.query.get('filters')!) as unknown[][]
    expect(Object.fromEntries(sent.map(([, field, , value]) => [field, value]))).toEqual(filters)
    expect(site.requests[1]!.query.get('text')).toBe('a & b=c+d%')
  })

  test('R1 a call says that it wants JSON, who calls, and carries no cookie', async () => {
    await client.list('Item')
    expect(last().headers.get('accept')).toBe('application/json')
    expect(last().headers.get('authorization')).toBe(`token ${site.users[0]!.apiKey}`)
    expect(last().headers.get('cookie')).toBeNull()
  })

  test('R11 a Date is refused before anything is sent: its zone is not the site’s', async () => {
    await expect(client.insert('Note', { day: new Date() })).rejects.toThrow(TypeError)
    await expect(client.list('Note', { filters: { day: new Date() } })).rejects.toThrow('timeZone()')
    await expect(client.updateMany([{ doctype: 'Note', docname: 'a', day: new Date() }])).rejects.toThrow(TypeError)
    await expect(client.call('app.do', { rows: [{ at: new Date() }] })).rejects.toThrow('at: write the time as text')
    expect(site.requests).toHaveLength(0)
  })
})

describe('D15 R7 filters', () => {
  const site = new FakeUpstream()
  const client = clientOf(site)
  const sent = async (filters: Parameters<UpstreamClient['list']>[1]): Promise<unknown> => {
    await client.list('Item', filters)
    return JSON.parse(site.requests.at(-1)!.query.get('filters') ?? 'null')
  }

  test.each([
    ['an object', { qty: 1 }, [['Item', 'qty', '=', 1]]],
    ['an object with an operator', { qty: ['>', 1] }, [['Item', 'qty', '>', 1]]],
    ['an object with choices', { size: ['S', 'M', 'L'] }, [['Item', 'size', 'in', ['S', 'M', 'L']]]],
    ['pairs', [['qty', 1]], [['Item', 'qty', '=', 1]]],
    ['triples', [['qty', '>', 1]], [['Item', 'qty', '>', 1]]],
    ['one triple alone', ['qty', '>', 1], [['Item', 'qty', '>', 1]]],
    ['quadruples', [['Item Price', 'rate', '>', 1]], [['Item Price', 'rate', '>', 1]]],
    ['quintuples', [['Item Price', 'rate', '>', 1, false]], [['Item Price', 'rate', '>', 1]]],
    ['parsed ones', [{ fieldname: 'qty', operator: '=', value: 0 }], [['Item', 'qty', '=', 0]]],
    ['unequal as other clients write it', [['qty', '<>', 1]], [['Item', 'qty', '!=', 1]]],
    [
      'false, zero and empty text',
      { a: false, b: 0, c: '', d: null },
      [false, 0, '', null].map((value, at) => ['Item', 'abcd'[at], '=', value]),
    ],
  ])('as %s are sent in the one form that every site takes', async (_, filters, wanted) => {
    expect(await sent({ filters: filters as Record<string, unknown> })).toEqual(wanted)
  })

  test('are not changed, nor are fields, by being sent', async () => {
    const options = freeze({ fields: ['name', 'qty'], filters: { qty: ['>', 1] }, orFilters: [['qty', '=', 3]] as const })
    await client.list('Item', options)
    for await (const row of client.each('Item', options)) expect(row).toBeDefined()
    expect(options).toEqual({ fields: ['name', 'qty'], filters: { qty: ['>', 1] }, orFilters: [['qty', '=', 3]] })
  })
})

function freeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) freeze(inner as object)
  return Object.freeze(value)
}
