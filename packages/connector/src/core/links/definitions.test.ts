import { beforeEach, describe, expect, test } from 'vitest'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import { TestClock } from '../../testing/test-clock.ts'
import { UpstreamClient } from '../upstream/upstream-client.ts'
import type { LinkOptions } from './link-options.ts'
import { ConfiguredLinks } from './open-links.ts'

let site: FakeUpstream
let client: UpstreamClient
const clock = new TestClock()
const GETDOCTYPE = '/api/method/frappe.desk.form.load.getdoctype'

beforeEach(() => {
  site = new FakeUpstream({ clock })
  client = new UpstreamClient({ url: site.issuer, credentials: { apiKey: site.users[0]!.apiKey }, fetch: site.fetch, retries: 0 })
  site.documents.define({
    name: 'Sales Invoice',
    fields: [
      { fieldname: 'customer', fieldtype: 'Link', options: 'Customer' },
      { fieldname: 'title', fieldtype: 'Data' },
      { fieldname: 'items', fieldtype: 'Table', options: 'Sales Invoice Item' },
      { fieldname: 'party', fieldtype: 'Dynamic Link', options: 'party_type' },
    ],
  })
  site.documents.define({
    name: 'Sales Invoice Item',
    istable: 1,
    fields: [
      { fieldname: 'item_code', fieldtype: 'Link', options: 'Item' },
      { fieldname: 'qty', fieldtype: 'Float' },
    ],
  })
})

const configured = (options: LinkOptions): ConfiguredLinks => new ConfiguredLinks(options, clock.now)

describe('the three cases of the published thread', () => {
  test('all link fields of a DocType, those of its rows included', async () => {
    const links = configured({ 'Sales Invoice.*': { limit: 20 } })
    expect(await links.read('Sales Invoice.customer', client)).toEqual({
      key: 'Sales Invoice.customer',
      doctype: 'Customer',
      options: { limit: 20, referenceDoctype: 'Sales Invoice' },
    })
    expect(await links.read('Sales Invoice.items.item_code', client)).toMatchObject({
      doctype: 'Item',
      options: { referenceDoctype: 'Sales Invoice Item' },
    })
    for (const other of [
      'Sales Invoice.title',
      'Sales Invoice.party',
      'Sales Invoice.items.qty',
      'Sales Invoice.items',
      'Sales Invoice.*',
      'Sales Invoice',
    ])
      expect(await links.read(other, client), other).toBeUndefined()
    expect(site.count(GETDOCTYPE)).toBe(1)
  })

  test('one field with a query and a filter', async () => {
    const field = { doctype: 'Item', query: 'erpnext.controllers.queries.item_query', filters: { is_sales_item: 1 } }
    expect(await configured({ 'Visit.item': field }).read('Visit.item', client)).toEqual({
      key: 'Visit.item',
      doctype: 'Item',
      options: field,
    })
    expect(site.requests).toHaveLength(0)
  })

  test('a field in a child table', async () => {
    const links = configured({ 'Visit.items.item_code': { doctype: 'Item' } })
    expect(await links.read('Visit.items.item_code', client)).toMatchObject({ doctype: 'Item' })
    expect(await links.read('Visit.item_code', client)).toBeUndefined()
  })
})

describe('a key', () => {
  test('of a DocType holds for whatever links to it, and the more precise one wins option by option', async () => {
    const links = configured({
      Customer: { searchFields: ['email_id'], limit: 5, shared: true },
      'Sales Invoice.*': { limit: 20, fetch: ['territory'] },
      'Sales Invoice.customer': { limit: 30 },
    })
    expect((await links.read('Sales Invoice.customer', client))!.options).toEqual({
      searchFields: ['email_id'],
      shared: true,
      fetch: ['territory'],
      referenceDoctype: 'Sales Invoice',
      limit: 30,
    })
    expect((await links.read('Sales Invoice.items.item_code', client))!.options.limit).toBe(20)
    expect((await links.read('Customer', client))!.options.limit).toBe(5)
  })

  test('of one field needs no doctype where the site has that field, and says so where it has not', async () => {
    const links = configured({ 'Sales Invoice.items.item_code': {}, 'Sales Invoice.title': {} })
    expect(await links.read('Sales Invoice.items.item_code', client)).toMatchObject({ doctype: 'Item' })
    await expect(links.read('Sales Invoice.title', client)).rejects.toThrow('links: “Sales Invoice.title” needs a doctype')
  })

  test('D22 that is not configured is nothing, whatever it is called', async () => {
    const links = configured({ Customer: {} })
    for (const key of ['Item', 'User', '__proto__', 'constructor', 'Customer.name', '', '.', 'Customer.*'])
      expect(await links.read(key, client), key).toBeUndefined()
    expect(site.requests).toHaveLength(0)
  })

  test.each([
    ['', {}],
    ['A.', {}],
    ['A.b.c.d', {}],
    ['A.*.b', {}],
    ['A', { limit: 51 }],
    ['A', { limit: 0 }],
    ['A.*', { doctype: 'B' }],
    ['A.b', { shared: true }],
  ])('%j with %j is refused with a sentence that names it', (key, field) => {
    expect(() => configured({ [key]: field })).toThrow(`links: “${key}”`)
  })
})

test('filters that cannot be read are told with the first use of a link field, by its key', async () => {
  const links = configured({ A: { filters: [['a', 'resembles', 1]] }, B: {} })
  await expect(links.read('B', client)).rejects.toThrow('links: “A” has filters that cannot be read: Operator must be one of')
})

test('D15 what an app alters afterwards alters no link field, and nobody can alter what is configured', async () => {
  const filters: unknown[][] = [['Item', 'disabled', '=', 0]]
  const options = { 'Visit.item': { doctype: 'Item', filters, searchFields: ['item_name'] } }
  const links = configured(options)
  filters.push(['Item', 'is_stock_item', '=', 1])
  filters[0]![3] = 1
  options['Visit.item'].searchFields.push('secret')
  const source = (await links.read('Visit.item', client))!
  expect(source.options).toMatchObject({ filters: [['Item', 'disabled', '=', 0]], searchFields: ['item_name'] })
  expect(() => (source.options.filters as unknown[][])[0]!.push('x')).toThrow(TypeError)
  expect(() => (source.options.searchFields as string[]).push('x')).toThrow(TypeError)
})

test('a definition of the site is asked for again after ten minutes; while the site is away the old one counts', async () => {
  const links = configured({ 'Sales Invoice.*': {} })
  await links.read('Sales Invoice.customer', client)
  clock.advance(599_000)
  await links.read('Sales Invoice.customer', client)
  expect(site.count(GETDOCTYPE)).toBe(1)
  clock.advance(2_000)
  site.faults.down = true
  expect(await links.read('Sales Invoice.customer', client)).toMatchObject({ doctype: 'Customer' })
  site.faults.down = false
  await links.read('Sales Invoice.customer', client)
  expect(site.count(GETDOCTYPE)).toBe(3)
})
