import { beforeEach, describe, expect, test } from 'vitest'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import { listen } from '../../../testing/listen.ts'
import { memoryStore } from '../../../stores/memory.ts'
import type { DocnameStore } from '../../../stores/connector-store.ts'
import { UpstreamClient } from '../../upstream/upstream-client.ts'
import type { FakeKind } from '../../../testing/fake/kinds.ts'
import type { LinkOptions } from '../link-options.ts'
import type { LinkSearch } from '../link-answer.ts'
import type { Links } from '../link-search.ts'
import { ConfiguredLinks, openLinks } from '../open-links.ts'

let site: FakeUpstream
let links: Links
let logged: string[]

function open(options: LinkOptions = {}, kind: FakeKind = 'annex'): void {
  site = new FakeUpstream({ kind })
  links = linksAt(site.issuer, options, site.fetch)
}

type Send = (url: string, init?: RequestInit) => Promise<Response>

function linksAt(url: string, options: LinkOptions, send: Send, store: DocnameStore = memoryStore().of('').docnames): Links {
  const apiKey = 'fakekey:fakesecret'
  return openLinks({
    connection: 'c1',
    client: new UpstreamClient({ url, credentials: { apiKey }, fetch: send }),
    store,
    configured: new ConfiguredLinks(options, Date.now),
    scopes: async () => ['all'],
    limitsTokens: async () => true,
    clock: Date.now,
    log: (event) => logged.push(event),
  }).links
}

const values = async (key: string, search: LinkSearch): Promise<string[]> =>
  (await links.search(key, search)).items.map(({ value }) => value)
const sent = () => site.requests.at(-1)!.query

beforeEach(() => {
  logged = []
  open()
})

describe.each(['annex', 'frappe-15'] as const)('at %s', (kind) => {
  test('D13 among 100,000 documents what is typed is found wherever it stands, and page 2 is not page 1', async () => {
    open({ Customer: { searchFields: ['customer_name'] } }, kind)
    site.documents.fill('Customer', 100_000, (at) => ({ name: `CUST-${String(at).padStart(6, '0')}`, customer_name: `Firm ${at}` }))
    expect(await values('Customer', { text: 'firm 98765' })).toEqual(['CUST-098765'])
    const [first, second] = [await values('Customer', { text: 'firm' }), await values('Customer', { text: 'firm', start: 10 })]
    expect([first.length, second.length, new Set([...first, ...second]).size]).toEqual([10, 10, 20])
  })

  test.each(['Item', 'Customer'])('200 suggestions of a %s come on pages that share none, and then no more', async (doctype) => {
    open({ Customer: { searchFields: ['title'] } }, kind)
    site.documents.fill(doctype, 300, (at) => ({ name: `N-${String(at).padStart(3, '0')}`, title: `Bolt ${(at * 7) % 300}` }))
    for (const text of ['bolt', '']) {
      const found: string[] = []
      for (let start = 0; start < 200; start += 20) {
        const { items, more } = await links.search(doctype, { text, start, limit: 20 })
        expect([items.length, more]).toEqual([20, start < 180])
        found.push(...items.map(({ value }) => value))
      }
      expect(new Set(found).size).toBe(200)
      expect(await links.search(doctype, { text, start: 200 })).toMatchObject({ items: [], more: false })
    }
  })
})

test('a name that begins with the text comes first, also when more match than can be ranked', async () => {
  open({ Item: { searchFields: ['title'] } })
  site.documents.fill('Item', 500, (at) => ({ name: `A-${at}`, title: 'with bolt' }))
  site.documents.set('Item', { name: 'Bolt', title: 'the one' })
  expect((await values('Item', { text: 'bolt' }))[0]).toBe('Bolt')
})

test('where the last search found more than can be ranked, the next one asks both of its questions side by side', async () => {
  open({ Item: { searchFields: ['title'] } })
  site.documents.fill('Item', 500, (at) => ({ name: `A-${at}`, title: at < 300 ? 'with bolt' : 'with nut' }))
  let [under, most] = [0, 0]
  const counted = linksAt(site.issuer, { Item: { searchFields: ['title'] } }, async (url, init) => {
    most = Math.max(most, ++under)
    try {
      return await site.fetch(url, init)
    } finally {
      under--
    }
  })
  const costs = async (text: string): Promise<number[]> => {
    const before = site.requests.length
    most = 0
    await counted.search('Item', { text })
    return [site.requests.length - before, most]
  }
  expect([await costs('bolt'), await costs('bol'), await costs('A-499'), await costs('A-498')]).toEqual([
    [2, 1],
    [2, 2],
    [2, 2],
    [1, 1],
  ])
})

describe('search fields', () => {
  test('D14 are looked into and shown, and the value is the docname, always', async () => {
    open({ Contact: { searchFields: ['first_name', 'last_name'] } })
    site.documents.set('Contact', { name: 'CON-1', first_name: 'Ada', last_name: 'Lovelace' })
    site.documents.set('Contact', { name: 'CON-2', first_name: 'Ada', last_name: null })
    const { items } = await links.search('Contact', { text: 'ada' })
    expect(items).toEqual([
      { value: 'CON-1', label: 'CON-1', description: 'Ada, Lovelace' },
      { value: 'CON-2', label: 'CON-2', description: 'Ada' },
    ])
    expect(await values('Contact', { text: 'lovel' })).toEqual(['CON-1'])
  })

  test('T1 D15 go to the site as one list with its order, its length and filters in their one safe form', async () => {
    const filters = { disabled: 0 }
    open({ Contact: { searchFields: ['first_name'], label: 'full_name', fetch: ['phone'], filters } })
    await links.search('Contact', { text: 'a&b', filters: [['Dynamic Link', 'link_name', '=', 'X & Y']] })
    expect(Object.fromEntries(sent())).toEqual({
      fields: '["name","full_name","first_name","phone","modified","creation"]',
      filters: '[["Contact","disabled","=",0],["Dynamic Link","link_name","=","X & Y"]]',
      or_filters: '[["Contact","name","like","%a&b%"],["Contact","full_name","like","%a&b%"],["Contact","first_name","like","%a&b%"]]',
      order_by: 'name asc',
      limit_start: '0',
      limit_page_length: '201',
    })
    expect(filters).toEqual({ disabled: 0 })
  })

  test('D16 names that are numbers, numbers and nothing in fields, and DocTypes of any name', async () => {
    open({ 'ERPNext Lager & Größe': { searchFields: ['size', 'note'] } })
    site.documents.set('ERPNext Lager & Größe', { name: 7, size: 42, note: null })
    site.documents.set('ERPNext Lager & Größe', { name: 8, size: 0, note: '' })
    const { items } = await links.search('ERPNext Lager & Größe', { text: '' })
    expect(items).toEqual([
      { value: '8', label: '8', description: '0' },
      { value: '7', label: '7', description: '42' },
    ])
    expect(await values('ERPNext Lager & Größe', { text: '42' })).toEqual(['7'])
  })

  test('bring fields along, and show another field first', async () => {
    open({
      Customer: { searchFields: ['email_id'], label: 'customer_name', fetch: ['territory', 'credit'] },
      Item: { label: 'title', fetch: ['uom'] },
    })
    site.documents.set('Customer', { name: 'C1', customer_name: 'Apple', email_id: 'a@x.com', territory: 'North' })
    site.documents.set('Item', { name: 'I1', title: 'Bolt', uom: 'Nos' })
    expect((await links.search('Customer', { text: 'app' })).items).toEqual([
      { value: 'C1', label: 'Apple', description: 'a@x.com', fields: { territory: 'North', credit: null } },
    ])
    expect((await links.search('Item', { text: 'bolt' })).items).toEqual([
      { value: 'I1', label: 'Bolt', description: 'Bolt', fields: { uom: 'Nos' } },
    ])
  })
})

describe('what is typed', () => {
  test.each(['Item', 'Customer'])('of a %s is text: percent signs and underlines are letters like others', async (doctype) => {
    open({ Customer: { searchFields: ['title'] } })
    site.documents.fill(doctype, 150, (at) => ({ name: `N${at}`, title: `fifty ${at}` }))
    site.documents.set(doctype, { name: 'P1', title: 'rebate 50%' })
    site.documents.set(doctype, { name: 'P2', title: 'a_b' })
    expect(await values(doctype, { text: '%' })).toEqual(['P1'])
    expect(await values(doctype, { text: '50%' })).toEqual(['P1'])
    expect(await values(doctype, { text: 'a_b' })).toEqual(['P2'])
  })

  test.each(['Item', 'Customer'])('of a %s is found from right to left, wide, and with ligatures', async (doctype) => {
    open({ Customer: { searchFields: ['title'] } })
    site.documents.set(doctype, { name: 'R1', title: 'شركة النور' })
    site.documents.set(doctype, { name: 'W1', title: 'ACME office' })
    site.documents.set(doctype, { name: 'W2', title: 'Ｗｉｄｅ' })
    expect(await values(doctype, { text: '\u202Bشركة\u202C' })).toEqual(['R1'])
    expect(await values(doctype, { text: 'ＡＣＭＥ' })).toEqual(['W1'])
    expect(await values(doctype, { text: 'oﬃce' })).toEqual(['W1'])
    expect(await values(doctype, { text: 'Ｗｉ' })).toEqual(['W2'])
  })
})

describe('a query', () => {
  const query = 'erpnext.controllers.queries.item_query'
  const rows = [
    { value: 'Z', description: 'popular' },
    { value: 'A', description: '' },
  ]

  test('of the site’s own is asked by name, gets the filters as they are written, and orders as it likes', async () => {
    open({ 'Visit.item': { doctype: 'Item', query, filters: { is_sales_item: 1 }, referenceDoctype: 'Quotation' } })
    site.override = () => ({ json: { message: rows } })
    expect(await values('Visit.item', { text: 'a' })).toEqual(['Z', 'A'])
    expect(Object.fromEntries(sent())).toEqual({
      doctype: 'Item',
      txt: 'a',
      query,
      filters: '{"is_sales_item":1}',
      page_length: '51',
      reference_doctype: 'Quotation',
    })
  })

  test('that the site does not know is told in a sentence, and is no outage', async () => {
    open({ 'Visit.item': { doctype: 'Item', query: 'no.such.query' } })
    await expect(links.search('Visit.item', { text: 'a' })).rejects.toThrow('The site has no method no.such.query')
  })

  test('T5 its answer may be called results, as Frappe 14 does', async () => {
    open({ 'Visit.item': { doctype: 'Item', query } })
    site.override = () => ({ json: { results: rows } })
    expect(await values('Visit.item', { text: '' })).toEqual(['Z', 'A'])
  })
})

test('T5 what the site refuses comes as the class it was there, with its sentence', async () => {
  site.override = () => ({
    status: 417,
    json: { exc_type: 'DataError', _server_messages: '["{\\"message\\": \\"Unknown <b>column</b>\\"}"]' },
  })
  await expect(links.search('Item', { text: 'a' })).rejects.toMatchObject({ excType: 'DataError', message: 'Unknown column' })
})

describe('filters', () => {
  const options: LinkOptions = {
    'Visit.address': {
      doctype: 'Address',
      dependsOn: ['customer'],
      filters: (form) => (form['customer'] === undefined ? undefined : { customer: form['customer'] }),
    },
  }

  test('follow the form’s other fields, of those named alone', async () => {
    const seen: object[] = []
    const filters = (form: object) => (seen.push(form), undefined)
    open({ ...options, 'Visit.other': { doctype: 'Address', dependsOn: ['customer', 'absent'], filters } })
    site.documents.set('Address', { name: 'A1', customer: 'C1' })
    site.documents.set('Address', { name: 'A2', customer: 'C2' })
    expect(await values('Visit.address', { text: '', form: { customer: 'C2', name: 'A1' } })).toEqual(['A2'])
    expect(await values('Visit.address', { text: '' })).toEqual(['A1', 'A2'])
    await links.search('Visit.other', { text: '', form: { customer: 'C1', secret: 'x', ['__proto__']: 'y' } })
    expect(seen).toEqual([{ customer: 'C1' }])
  })

  test('of another choice have names of their own when the site is away', async () => {
    open(options)
    site.documents.set('Address', { name: 'A1', customer: 'C1' })
    await links.search('Visit.address', { text: '', form: { customer: 'C1' } })
    site.faults.down = true
    expect(await values('Visit.address', { text: '', form: { customer: 'C1' } })).toEqual(['A1'])
    await expect(links.search('Visit.address', { text: '', form: { customer: 'C2' } })).rejects.toMatchObject({ code: 'unreachable' })
  })
})

describe('a store that fails', () => {
  const broken = (): Links => {
    const store = memoryStore().of('').docnames
    store.keep = () => Promise.reject(new Error('the database is away'))
    return linksAt(site.issuer, {}, site.fetch, store)
  }

  test('takes no answer of the site from the person', async () => {
    site.documents.set('Item', { name: 'I1', title: 'Bolt' })
    expect(await broken().search('Item', { text: 'bolt' })).toMatchObject({ items: [{ value: 'I1' }], source: 'upstream' })
    expect(logged).toEqual(['docname-store-failed'])
  })

  test('does not hide that the site refuses', async () => {
    site.override = () => ({ status: 403, json: { exc_type: 'PermissionError' } })
    await expect(broken().search('Item', { text: 'bolt' })).rejects.toMatchObject({ excType: 'PermissionError' })
    expect(logged).toEqual(['docname-store-failed'])
  })

  test('does not hide that the site is away', async () => {
    const store = memoryStore().of('').docnames
    store.list = () => Promise.reject(new Error('the database is away'))
    site.faults.down = true
    await expect(linksAt(site.issuer, {}, site.fetch, store).search('Item', { text: 'bolt' })).rejects.toMatchObject({
      code: 'unreachable',
    })
    expect(logged).toEqual(['docname-store-failed'])
  })
})

test('a key that is not configured is no DocType', async () => {
  await expect(links.search('Visit.customer', { text: '' })).rejects.toThrow('links: “Visit.customer” is not configured')
  expect(site.requests).toHaveLength(0)
})

test('at Frappe 15 no start is sent, which it would not heed', async () => {
  open({}, 'frappe-15')
  await links.search('Item', { text: 'a', start: 60 })
  expect(site.requests.map(({ query }) => [query.get('start'), query.get('page_length')])).toEqual([
    [null, '51'],
    [null, '201'],
  ])
})

test('a search that is given up is given up at the site too', async () => {
  let abort!: () => void
  const seen = new Promise<void>((resolve) => (abort = resolve))
  let asked!: () => void
  const arrived = new Promise<void>((resolve) => (asked = resolve))
  const server = await listen(async ({ signal }) => {
    asked()
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    abort()
    return new Response()
  }, 0)
  try {
    const giveUp = new AbortController()
    const search = linksAt(server.url, {}, fetch).search('Item', { text: 'a', signal: giveUp.signal })
    await arrived
    giveUp.abort()
    await expect(search).rejects.toMatchObject({ name: 'AbortError' })
    await seen
  } finally {
    await server.close()
  }
})
