import { beforeEach, describe, expect, test } from 'vitest'
import { FakeUpstream } from './fake/fake-upstream.ts'
import type { FakeKind } from './fake/kinds.ts'

const ITEM = {
  name: 'Item',
  autoname: 'field:code',
  search_fields: 'code,group',
  fields: [
    { fieldname: 'code', fieldtype: 'Data', reqd: 1 },
    { fieldname: 'title', fieldtype: 'Data' },
    { fieldname: 'group', fieldtype: 'Data' },
    { fieldname: 'note', fieldtype: 'Data' },
    { fieldname: 'price', fieldtype: 'Currency' },
    { fieldname: 'disabled', fieldtype: 'Check' },
    { fieldname: 'parts', fieldtype: 'Table', options: 'Part' },
  ],
}
const PART = { name: 'Part', istable: 1, fields: [{ fieldname: 'part', fieldtype: 'Data' }] }

let site: FakeUpstream
async function send(
  method: string,
  path: string,
  json?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; type: string; body: Record<string, unknown> }> {
  const authorization = `token ${site.users[0]!.apiKey}`
  const body = json === undefined ? {} : { body: JSON.stringify(json) }
  const answer = await site.fetch(site.issuer + path, {
    method,
    headers: { authorization, 'content-type': 'application/json', ...headers },
    ...body,
  })
  const type = answer.headers.get('content-type') ?? ''
  return { status: answer.status, type, body: type.includes('json') ? ((await answer.json()) as Record<string, unknown>) : {} }
}
const dataOf = async (path: string): Promise<unknown> => (await send('GET', path)).body['data']
const countOf = async (path: string): Promise<number> => ((await dataOf(path)) as unknown[]).length

function open(kind: FakeKind): void {
  site = new FakeUpstream({ kind })
  for (const doctype of [ITEM, PART]) site.documents.define(doctype)
  site.documents.fill('Item', 30, (index) => ({
    code: `I-${String(index).padStart(2, '0')}`,
    title: `Item ${index}`,
    group: index % 2 ? 'odd' : 'even',
  }))
}

describe.each(['annex', 'frappe-16', 'frappe-15'] as const)('a fake %s', (kind) => {
  beforeEach(() => open(kind))

  test('T1 lists 20 rows, as many as are asked for, or all: 0 says all in version 1 and none in version 2', async () => {
    expect(await countOf('/api/resource/Item')).toBe(20)
    expect(await countOf('/api/resource/Item?limit_page_length=5&limit=7')).toBe(5)
    expect(await countOf('/api/resource/Item?limit=7')).toBe(7)
    expect(await countOf('/api/resource/Item?limit_page_length=0')).toBe(30)
    expect(await countOf('/api/v2/document/Item?limit_page_length=5')).toBe(20)
    expect(await countOf('/api/v2/document/Item?limit=0')).toBe(0)
  })

  test('R1 leaves empty fields out of a document, and has them in what frappe.client gives', async () => {
    expect(Object.keys((await dataOf('/api/resource/Item/I-00')) as object)).not.toContain('note')
    expect((await send('GET', '/api/method/frappe.client.get?doctype=Item&name=I-00')).body['message']).toMatchObject({
      note: null,
      price: 0,
    })
  })

  test('answers 202 to a removal, 409 to a second one of a name, 417 to what is missing', async () => {
    expect(await send('DELETE', '/api/resource/Item/I-00')).toMatchObject({ status: 202, body: { data: 'ok' } })
    expect(await send('POST', '/api/resource/Item', { code: 'I-01' })).toMatchObject({
      status: 409,
      body: { exc_type: 'DuplicateEntryError' },
    })
    expect(await send('POST', '/api/resource/Item', {})).toMatchObject({ status: 417, body: { exc_type: 'MandatoryError' } })
    expect((await send('POST', '/api/v2/document/Item', {})).body).toMatchObject({ errors: [{ type: 'MandatoryError' }] })
  })

  test('R2 answers in HTML where no error of Frappe’s own is sent', async () => {
    expect(await send('PATCH', '/api/resource/Item', {})).toMatchObject({ status: 405, type: 'text/html; charset=utf-8' })
    expect(await send('GET', '/nowhere')).toMatchObject({ status: 404, type: 'text/html; charset=utf-8' })
    const search = '/api/method/frappe.desk.search.search_link?doctype=Item&txt=&query=app.nothing'
    expect(await send('GET', search)).toMatchObject({ status: 404, type: 'text/html; charset=utf-8' })
  })

  test('refuses 401 for a credential that is none, 403 without one', async () => {
    expect((await send('GET', '/api/resource/Item', undefined, { authorization: 'token a:b' })).status).toBe(401)
    expect((await site.fetch(`${site.issuer}/api/resource/Item`)).status).toBe(403)
  })

  test('finds by its name and other fields, of many the newest, and not what is disabled', async () => {
    site.documents.set('Item', { name: 'I-03', disabled: 1 })
    site.documents.set('Item', { code: 'X-1', title: 'goes with I-2' })
    const search = async (text: string): Promise<unknown[]> => {
      const { body } = await send(
        'GET',
        `/api/method/frappe.desk.search.search_link?doctype=Item&page_length=3&txt=${encodeURIComponent(text)}`,
      )
      return (body['message'] as { value: string }[]).map(({ value }) => value)
    }
    expect(await search('i-0')).toEqual(['I-07', 'I-08', 'I-09'])
    expect(await search('goes')).toEqual(['X-1'])
    expect(await search('I-03')).toEqual([])
    expect(await search('I_29')).toEqual(['I-29'])
  })

  test('shows no document to somebody from whom it is hidden', async () => {
    site.documents.hide('Item', 'I-00', site.users[0]!.name)
    expect((await send('GET', '/api/resource/Item/I-00')).status).toBe(403)
    expect(await countOf('/api/resource/Item?limit_page_length=0')).toBe(29)
  })

  test('changes `modified` with each write, later than before, unless it is quiet', () => {
    const modified = (): string => String(site.documents.read('Item', 'I-00')!['modified'])
    const [first, creation] = [modified(), site.documents.read('Item', 'I-00')!['creation']]
    site.documents.set('Item', { name: 'I-00', note: 'a' })
    const second = modified()
    expect(second > first).toBe(true)
    site.documents.set('Item', { name: 'I-00', note: 'b' }, { quietly: true })
    expect(modified()).toBe(second)
    site.documents.rename('Item', 'I-00', 'I-XX')
    expect(site.documents.read('Item', 'I-XX')).toMatchObject({ creation, note: 'b' })
  })
})

describe('a row whose name nobody knows', () => {
  const change = async (): Promise<number> =>
    (await send('PUT', '/api/resource/Item/I-00', { parts: [{ part: 'kept' }, { name: 'unknown', part: 'lost' }] })).status
  const stored = (): unknown[] => (site.documents.read('Item', 'I-00')!['parts'] as { part: string }[]).map(({ part }) => part)

  test('is lost at a Frappe, which says nothing of it', async () => {
    open('frappe-15')
    expect(await change()).toBe(200)
    expect(stored()).toEqual(['kept'])
  })

  test('is refused at an Annex site', async () => {
    open('annex')
    expect(await change()).toBe(417)
    expect(stored()).toEqual([])
  })
})

test('without an order a Frappe has none, an Annex site shows what was changed last', async () => {
  const names = async (kind: FakeKind): Promise<string[]> => {
    open(kind)
    return ((await dataOf('/api/resource/Item?limit=0')) as { name: string }[]).map(({ name }) => name)
  }
  const newest = Array.from({ length: 30 }, (_, index) => `I-${String(29 - index).padStart(2, '0')}`)
  expect(await names('annex')).toEqual(newest.slice(0, 30))
  expect(await names('frappe-15')).not.toEqual(newest)
})

const FILTERS = [
  ['JSON that ends too early', '[["code"', 417, 500],
  ['a condition without the list around it', '["code","=","I-00"]', 200, 404],
  ['the operator <>', '[["code","<>","I-00"]]', 200, 417],
  ['a field behind a dot', '[["parts.part","=","x"]]', 417, 500],
  ['numbers between', '[["price","between",[0,1]]]', 200, 500],
] as const
test.each(FILTERS)(
  '%s is taken by an Annex site as it is meant, and no reason for a 500; a Frappe stumbles',
  async (_what, filters, own, frappe) => {
    const path = `/api/resource/Item?filters=${encodeURIComponent(filters)}`
    open('annex')
    expect((await send('GET', path)).status).toBe(own)
    open('frappe-15')
    expect((await send('GET', path)).status).toBe(frappe)
  },
)

test('get_count of a Frappe counts for anybody', async () => {
  const count = async (kind: FakeKind): Promise<unknown> => {
    open(kind)
    site.documents.define({ ...ITEM, permissions: [{ role: 'Nobody', read: 1 }] })
    return (await send('GET', '/api/method/frappe.client.get_count?doctype=Item')).body['message']
  }
  expect([await count('frappe-15'), await count('annex')]).toEqual([30, undefined])
})

test('a falsy value is stored as nothing by set_value of a Frappe, and as it is where fields are sent', async () => {
  open('frappe-15')
  const set = (fieldname: unknown, value?: unknown) =>
    send('POST', '/api/method/frappe.client.set_value', { doctype: 'Item', name: 'I-00', fieldname, value })
  await set('note', 0)
  expect(site.documents.read('Item', 'I-00')!['note']).toBe('')
  await set({ note: '0' })
  expect(site.documents.read('Item', 'I-00')!['note']).toBe('0')
})

test('a search of a Frappe begins at its beginning, wherever it is told to start', async () => {
  const found = async (kind: FakeKind, start: number): Promise<unknown> => {
    open(kind)
    const path = `/api/method/frappe.desk.search.search_link?doctype=Item&txt=I-0&page_length=2&start=${start}`
    return ((await send('GET', path)).body['message'] as { value: string }[]).map(({ value }) => value)
  }
  expect(await found('frappe-15', 2)).toEqual(await found('frappe-15', 0))
  expect(await found('annex', 2)).not.toEqual(await found('annex', 0))
})

test('a body of more than 25 MB does not reach the site', async () => {
  open('frappe-15')
  expect((await send('POST', '/api/resource/Item', { code: 'x'.repeat(26 * 1024 * 1024) })).status).toBe(413)
})

test('set_default is gone from a Frappe', async () => {
  open('frappe-15')
  expect((await send('POST', '/api/method/frappe.client.set_default', { key: 'a', value: 'b' })).status).toBe(417)
})
