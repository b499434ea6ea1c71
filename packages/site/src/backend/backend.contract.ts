import type { Document, Filter, Values } from '@annex/protocol'
import { parseFilters } from '@annex/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Principal } from '../policy/principal.ts'
import type { Backend, ListRequest, Row } from './backend.ts'
import type { Person } from './backend-world.fixture.ts'

/** A Backend whose documents are those of `fillWorld`, and how to act on it as each person. */
export interface World {
  /** A remote Backend acts as its own user: it may be another object for each person. */
  as(person: Person): { readonly backend: Backend; readonly principal: Principal }
  close(): Promise<void>
}

export type Refused = { readonly status: number; readonly excType?: string }

/** What every Backend promises; a remote one runs the reading part alone while it cannot write. */
export function backendContract(name: string, make: () => Promise<World>): void {
  backendReadingContract(name, make)
  backendWritingContract(name, make)
}

const names = (rows: readonly Row[]): unknown[] => rows.map((row) => row['name'])
const item = (number: number): string => `ITEM-${String(number).padStart(3, '0')}`
const refused = (excType: string, status: number): Refused => expect.objectContaining({ excType, status }) as Refused

interface Verbs {
  read(person: Person, doctype: string, name: string): Promise<Document>
  list(person: Person, doctype: string, request?: Omit<ListRequest, 'doctype'> & { readonly where?: unknown; readonly whereAny?: unknown }): Promise<Row[]>
  count(person: Person, doctype: string, where?: unknown): Promise<number>
  search(person: Person, doctype: string, text: string, more?: { limit?: number; filters?: Filter[]; start?: number }): Promise<string[]>
  insert(person: Person, doctype: string, ...documents: Values[]): Promise<Document>
  update(person: Person, doctype: string, name: string | number, values: Values): Promise<Document>
  remove(person: Person, doctype: string, name: string | number): Promise<void>
}

function verbsOf(world: () => World): Verbs {
  return {
    read: (person, doctype, name) => run(world(), person, (backend, who) => backend.read(who, { doctype, name })),
    list: (person, doctype, { where, whereAny, ...request } = {}) =>
      run(world(), person, (backend, who) => backend.list(who, { doctype, limit: null, filters: parseFilters(where), orFilters: parseFilters(whereAny), ...request })),
    count: (person, doctype, where) => run(world(), person, (backend, who) => backend.count(who, { doctype, filters: parseFilters(where) })),
    search: async (person, doctype, text, more = {}) => {
      const matches = await run(world(), person, (backend, who) => backend.searchLink(who, { doctype, text, limit: 10, ...more }))
      return matches.map((match) => match.value)
    },
    insert: async (person, doctype, ...documents) => (await run(world(), person, (backend, who) => backend.insert(who, doctype, documents)))[0]!,
    update: (person, doctype, name, values) => run(world(), person, (backend, who) => backend.update(who, { doctype, name: String(name), values })),
    remove: (person, doctype, name) => run(world(), person, (backend, who) => backend.remove(who, { doctype, name: String(name) })),
  }
}

const run = <T>(world: World, person: Person, act: (backend: Backend, principal: Principal) => Promise<T>): Promise<T> => {
  const { backend, principal } = world.as(person)
  return act(backend, principal)
}

function opened(make: () => Promise<World>): () => World {
  let world: World
  beforeAll(async () => {
    world = await make()
  })
  afterAll(() => world.close())
  return () => world
}

export function backendReadingContract(name: string, make: () => Promise<World>): void {
  describe(`${name}: a document`, () => {
    const world = opened(make)
    const { read } = verbsOf(world)

    it('comes whole, in Frappe’s order of keys, with null for what is empty', async () => {
      const document = await read('lead', 'Client', 'Acme')
      expect(Object.keys(document)).toEqual([
        ...['name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx'],
        ...['client_name', 'client_type', 'region', 'email', 'since', 'last_seen', 'payload', 'tax_id', 'doctype'],
      ])
      expect(document).toMatchObject({ name: 'Acme', docstatus: 0, idx: 0, client_type: 'Company', since: '2026-01-31', last_seen: '2026-02-03 04:05:06', email: null, doctype: 'Client' })
      expect(document.modified).toMatch(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{6}$/)
    })

    it('comes with its rows in order', async () => {
      const document = await read('lead', 'Quote', 'QTN-00001')
      expect(document['lines']).toMatchObject([
        { idx: 1, item: 'ITEM-001', item_name: 'Bolt 1', qty: 2, price: 10.5, parent: 'QTN-00001', parentfield: 'lines', parenttype: 'Quote', doctype: 'Quote Line' },
        { idx: 2, item: 'ITEM-002', item_name: 'Nut 2', qty: 3, price: 21 },
      ])
      expect(document).toMatchObject({ client_region: 'North', total: 0.1 })
    })

    it('lacks the fields above the reader’s level, in rows too', async () => {
      expect(await read('lead', 'Stock Item', 'ITEM-001')).toMatchObject({ cost: 0.5 })
      expect(await read('clerk', 'Stock Item', 'ITEM-001')).not.toHaveProperty('cost')
      expect((await read('admin', 'Quote', 'QTN-00001'))['lines']).toMatchObject([{ margin: 7 }, { margin: 0 }])
      expect((await read('lead', 'Quote', 'QTN-00001'))['lines']).not.toMatchObject([{ margin: 7 }, {}])
    })

    it.each<[Person, string, string, string, number]>([
      ['nobody', 'Stock Item', 'ITEM-001', 'PermissionError', 403],
      ['nobody', 'Stock Item', 'NOPE', 'PermissionError', 403],
      ['clerk', 'Region', 'North', 'PermissionError', 403],
      ['lead', 'Stock Item', 'NOPE', 'DoesNotExistError', 404],
      ['lead', 'Stock Item', 'item-001', 'DoesNotExistError', 404],
      ['lead', 'Nope', 'X', 'DoesNotExistError', 404],
      ['nobody', 'Quote Line', 'x', 'PermissionError', 403],
    ])('as %s: %s %s is refused', async (person, doctype, document, excType, status) => {
      await expect(read(person, doctype, document)).rejects.toEqual(refused(excType, status))
    })

    it('that is a row is read as a part of its parent', async () => {
      const lines = (await read('lead', 'Quote', 'QTN-00001'))['lines'] as Document[]
      expect(await read('lead', 'Quote Line', String(lines[0]!.name))).toEqual(lines[0])
    })
  })

  describe(`${name}: a DocType`, () => {
    const world = opened(make)
    const define = (person: Person, doctype: string): Promise<unknown> => run(world(), person, (backend, who) => backend.doctype(who, doctype))

    it('is known to who may read or select its documents', async () => {
      expect(await define('clerk', 'Stock Item')).toMatchObject({ name: 'Stock Item', title_field: 'item_name', search_fields: ['item_name', 'item_group'] })
      expect(await define('clerk', 'Region')).toMatchObject({ name: 'Region' })
      expect(await define('clerk', 'Quote Line')).toMatchObject({ istable: true })
    })

    it('is not known to others', async () => {
      await expect(define('nobody', 'Stock Item')).rejects.toEqual(refused('PermissionError', 403))
      await expect(define('nobody', 'Quote Line')).rejects.toEqual(refused('PermissionError', 403))
      await expect(define('admin', 'Nope')).rejects.toEqual(refused('DoesNotExistError', 404))
    })
  })

  describe(`${name}: a list`, () => {
    const world = opened(make)
    const { list, count } = verbsOf(world)

    it('shows names, the latest change first', async () => {
      expect(await list('lead', 'Client')).toEqual([{ name: 'Dunder' }, { name: 'Clark' }, { name: 'Bluth' }, { name: 'Acme' }])
    })

    it('has pages', async () => {
      const page = (start: number, limit: number | null): Promise<Row[]> => list('lead', 'Stock Item', { orderBy: 'name asc', start, limit })
      expect(names(await page(0, 2))).toEqual(['ITEM-001', 'ITEM-002'])
      expect(names(await page(23, 20))).toEqual(['ITEM-024', 'ITEM-025'])
      expect(await page(20, null)).toHaveLength(5)
      expect(await page(0, null)).toHaveLength(25)
    })

    it('shows the fields that are asked for, under their aliases', async () => {
      const rows = await list('lead', 'Stock Item', { fields: ['name', 'item_name as title', 'rate', 'disabled', '_user_tags'], orderBy: 'name', limit: 1 })
      expect(rows).toEqual([{ name: 'ITEM-001', title: 'Bolt 1', rate: 10.5, disabled: 0 }])
    })

    it('shows all fields', async () => {
      const [row] = await list('lead', 'Stock Item', { fields: ['*'], orderBy: 'name', limit: 1 })
      expect(Object.keys(row!)).toEqual([
        ...['name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx'],
        ...['item_code', 'item_name', 'item_group', 'unit', 'barcode', 'rate', 'stock_qty', 'reorder_level', 'disabled', 'description', 'cost'],
      ])
      expect(row).toMatchObject({ description: null, rate: 10.5, modified: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/) as string })
    })

    it('lacks the fields above the reader’s level', async () => {
      expect(await list('clerk', 'Stock Item', { fields: ['name', 'cost'], orderBy: 'name', limit: 1 })).toEqual([{ name: 'ITEM-001' }])
      expect(await list('clerk', 'Stock Item', { fields: ['cost', 'sum(cost)'], orderBy: 'name', limit: 1 })).toEqual([{ name: 'ITEM-001' }])
      expect((await list('clerk', 'Stock Item', { fields: ['*'], limit: 1 }))[0]).not.toHaveProperty('cost')
      expect(await list('lead', 'Stock Item', { fields: ['name', 'cost'], orderBy: 'name', limit: 1 })).toEqual([{ name: 'ITEM-001', cost: 0.5 }])
    })

    it.each<Omit<ListRequest, 'doctype'>>([
      { filters: [{ fieldname: 'cost', operator: '>', value: 1 }] },
      { orFilters: [{ fieldname: 'cost', operator: '>', value: 1 }] },
      { orderBy: 'cost desc' },
      { groupBy: 'cost' },
    ])('does not tell such a field by other means: %j', async (request) => {
      await expect(list('clerk', 'Stock Item', request)).rejects.toEqual(refused('PermissionError', 403))
    })

    it('shows who may only select names and what links show', async () => {
      expect(await list('clerk', 'Region', { fields: ['name', 'owner', 'secret_note', 'region_name'], orderBy: 'name' })).toEqual([{ name: 'North' }, { name: 'South' }])
      expect(Object.keys((await list('clerk', 'Region', { fields: ['*'] }))[0]!)).toEqual(['name'])
      await expect(list('clerk', 'Region', { where: { secret_note: 'hidden' } })).rejects.toEqual(refused('PermissionError', 403))
      expect(names(await list('clerk', 'Region', { orderBy: 'modified desc' }))).toEqual(['South', 'North'])
    })

    it.each<[Person, string]>([
      ['nobody', 'Stock Item'],
      ['nobody', 'Region'],
      ['lead', 'DocType'],
      ['lead', 'Quote Line'],
    ])('as %s of %s is refused', async (person, doctype) => {
      await expect(list(person, doctype)).rejects.toEqual(refused('PermissionError', 403))
      await expect(count(person, doctype)).rejects.toEqual(refused('PermissionError', 403))
    })

    it('of an unknown DocType is refused', async () => {
      await expect(list('admin', 'Nope')).rejects.toEqual(refused('DoesNotExistError', 404))
    })

    it.each([['no_such_field'], ['sleep(1)'], ['(select password from __Auth)'], ['client.region'], ['unit.no_such_field'], ['`tabUser`.name'], ['count(*)'], ['sum(item_name)'], ['name; drop table x'], ["concat('a')"]])(
      'does not know the field %s',
      async (field) => {
        await expect(list('lead', 'Stock Item', { fields: ['name', field] })).rejects.toEqual(refused('DataError', 417))
      },
    )

    it.each([[{ orderBy: '(select 1)' }], [{ orderBy: 'no_such_field' }], [{ groupBy: 'rate; --' }], [{ filters: [{ fieldname: 'no_such_field', operator: '=' as const, value: 1 }] }]])(
      'does not know the name in %j',
      async (request) => {
        await expect(list('lead', 'Stock Item', request)).rejects.toEqual(refused('DataError', 417))
      },
    )

    it('is ordered by several fields, ties by name', async () => {
      const rows = await list('lead', 'Stock Item', { fields: ['name', 'item_group', 'rate'], orderBy: 'item_group asc, rate desc', limit: 3 })
      expect(names(rows)).toEqual(['ITEM-023', 'ITEM-022', 'ITEM-021'])
      expect(names(await list('lead', 'Stock Item', { orderBy: '`tabStock Item`.`item_group` desc', limit: 2 }))).toEqual(['ITEM-005', 'ITEM-010'])
    })

    it('puts what is empty first, and last the other way round', async () => {
      expect(names(await list('lead', 'Client', { orderBy: 'since' }))).toEqual(['Clark', 'Dunder', 'Acme', 'Bluth'])
      expect(names(await list('lead', 'Client', { orderBy: 'since desc' }))).toEqual(['Bluth', 'Acme', 'Clark', 'Dunder'])
    })

    const services = [5, 10, 15, 20, 25].map(item)
    it.each<[unknown, string[]]>([
      [[['item_group', '=', 'Services']], services],
      [[['Stock Item', 'item_group', '=', 'Services', false]], services],
      [{ item_group: 'Services', unit: 'Hour' }, services],
      [{ rate: ['>', 250] }, [24, 25].map(item)],
      [{ rate: ['>=', '252'] }, [24, 25].map(item)],
      [[['item_name', 'like', '%bOLT%']], [1, 6, 11, 16, 21].map(item)],
      [[['item_name', 'like', 'bolt _']], [1, 6].map(item)],
      [[['item_name', 'not like', '%t%']], [3, 4, 8, 9, 13, 14, 18, 19, 23, 24].map(item)],
      [[['name', 'in', ['ITEM-001', 'ITEM-002', 'NOPE']]], [1, 2].map(item)],
      [[['name', 'in', 'ITEM-001, ITEM-002']], [1, 2].map(item)],
      [[['name', 'in', []]], []],
      [[['item_group', 'not in', ['Products', 'Services']]], [4, 9, 14, 19, 24].map(item)],
      [[['rate', 'between', [20, 50]]], [2, 3, 4].map(item)],
      [[['rate', '=', '1,0.5']], [item(1)]],
      [[['reorder_level', '<', 0.5]], [item(1)]],
      [[['reorder_level', '>', 1e30]], []],
      [[['reorder_level', 'in', [0, '1']]], [1, 2].map(item)],
      [[['reorder_level', 'is', 'not set']], [item(1)]],
      [[['reorder_level', '=', '']], [item(1)]],
      [[['description', 'is', 'set']], []],
      [[['description', '=', 'x']], []],
      [[['name', '<', 'ITEM-002'], ['description', '=', '']], [item(1)]],
      [[['name', '<', 'ITEM-002'], ['description', '!=', 'x']], [item(1)]],
      [[['name', '<', 'ITEM-002'], ['description', 'not in', ['x']]], [item(1)]],
      [[['name', '<', 'ITEM-002'], ['description', 'in', ['x', '']]], [item(1)]],
      [[['name', '<', 'ITEM-002'], ['description', 'like', '%']], [item(1)]],
      [[['name', '<', 'ITEM-002'], ['description', '<', 'a']], [item(1)]],
      [[['description', '!=', '']], []],
      [[['description', '=', null]], []],
      [[['name', '=', 'item-001']], []],
      [[['item_group', '=', 'Products'], ['rate', '>=', 200]], [21, 22, 23].map(item)],
      [[['unit.unit_name', '=', 'Hour'], ['rate', '<', 60]], [item(5)]],
    ])('filtered by %j', async (where, expected) => {
      expect(names(await list('lead', 'Stock Item', { where, orderBy: 'name asc' }))).toEqual(expected)
      expect(await count('lead', 'Stock Item', where)).toBe(expected.length)
    })

    it.each<[unknown, string[]]>([
      [{ since: '2026-01-31' }, ['Acme']],
      [{ since: ['between', ['2026-01-01', '2026-01-31']] }, ['Acme']],
      [{ since: ['>', '2026-02-01'] }, ['Bluth']],
      [{ since: ['is', 'not set'] }, ['Clark', 'Dunder']],
      [{ since: ['!=', '2026-01-31'] }, ['Bluth', 'Clark', 'Dunder']],
      [{ last_seen: ['between', ['2026-02-03', '2026-02-03']] }, ['Acme']],
      [{ last_seen: '2026-02-03 04:05:06' }, ['Acme']],
      [{ last_seen: ['>', '2026-02-03 04:05:06'] }, []],
      [{ creation: ['<', '2001-01-01'] }, []],
      [{ creation: ['>', '2001-01-01 10:00:00.5'] }, ['Acme', 'Bluth', 'Clark', 'Dunder']],
    ])('filtered by times: %j', async (where, expected) => {
      expect(names(await list('lead', 'Client', { where, orderBy: 'name asc' }))).toEqual(expected)
    })

    it.each<[unknown]>([
      [{ rate: 'twelve' }],
      [{ rate: ['between', [1]] }],
      [{ rate: ['like', '1%'] }],
      [{ rate: { a: 1 } }],
      [{ item_name: ['in', [[1]]] }],
      [{ creation: ['<', 'yesterday-ish'] }],
      [{ description: ['is', 'empty'] }],
      [{ item_name: 'a\0b' }],
      [Array.from({ length: 101 }, () => ['name', '=', 'x'])],
      [{ name: ['in', Array.from({ length: 5001 }, (_, index) => `x${index}`)] }],
    ])('refuses a filter of the wrong kind: %j', async (where) => {
      await expect(list('lead', 'Stock Item', { where })).rejects.toEqual(refused('ValidationError', 417))
    })

    it('takes filters of which one must hold, beside those that all must', async () => {
      const whereAny = [
        ['name', '=', 'ITEM-001'],
        ['name', '=', 'ITEM-025'],
      ]
      expect(names(await list('lead', 'Stock Item', { whereAny, orderBy: 'name' }))).toEqual(['ITEM-001', 'ITEM-025'])
      expect(names(await list('lead', 'Stock Item', { whereAny, where: { unit: 'Nos' } }))).toEqual(['ITEM-001'])
    })

    it('counts by groups', async () => {
      const rows = await list('lead', 'Stock Item', { fields: ['item_group', 'count(name) as n'], groupBy: 'item_group', orderBy: 'item_group asc' })
      expect(rows).toEqual([
        { item_group: 'Products', n: 15 },
        { item_group: 'Raw Material', n: 5 },
        { item_group: 'Services', n: 5 },
      ])
      expect(await list('lead', 'Stock Item', { fields: ['item_group', 'count(name) as n'], groupBy: 'item_group', orderBy: 'n desc', limit: 1 })).toEqual([{ item_group: 'Products', n: 15 }])
    })

    it('adds up money exactly', async () => {
      expect(await list('lead', 'Quote', { fields: ['sum(total) as total', 'avg(total)', 'min(total) as least', 'max(name) as last'] })).toEqual([{ total: 0.3, 'avg(total)': 0.15, least: 0.1, last: 'QTN-00002' }])
      expect(await list('lead', 'Stock Item', { fields: ['sum(stock_qty) as qty', 'sum(reorder_level)', 'max(creation) as last'] })).toMatchObject([{ qty: 600, 'sum(reorder_level)': 300, last: expect.stringContaining('.') as string }])
      expect(await list('lead', 'Quote', { fields: ['sum(total) as total'], where: { name: 'NOPE' } })).toEqual([{ total: null }])
    })

    it('shows values that differ once', async () => {
      expect(await list('lead', 'Stock Item', { fields: ['distinct unit'] })).toEqual([{ unit: 'Hour' }, { unit: 'Nos' }])
      expect(await list('lead', 'Stock Item', { fields: ['unit'], distinct: true, orderBy: 'rate desc' })).toHaveLength(2)
      expect(await list('lead', 'Stock Item', { fields: ['count(distinct unit) as units'] })).toEqual([{ units: 2 }])
    })

    it('groups by a field and shows others of the group', async () => {
      expect(await list('lead', 'Stock Item', { fields: ['unit', 'name'], groupBy: 'unit', orderBy: 'unit desc' })).toEqual([
        { unit: 'Nos', name: 'ITEM-001' },
        { unit: 'Hour', name: 'ITEM-005' },
      ])
    })

    it('reaches into child rows', async () => {
      const rows = [
        { name: 'QTN-00001', item: 'ITEM-001', qty: 2 },
        { name: 'QTN-00001', item: 'ITEM-002', qty: 3 },
      ]
      const where = { name: 'QTN-00001' }
      expect(await list('lead', 'Quote', { fields: ['name', '`tabQuote Line`.item', '`tabQuote Line`.`qty`'], where, orderBy: '`tabQuote Line`.idx asc' })).toEqual(rows)
      expect(await list('lead', 'Quote', { fields: ['name', 'lines.item', 'lines.qty'], where })).toEqual(rows)
      expect(names(await list('lead', 'Quote', { where: [['Quote Line', 'item', '=', 'ITEM-003']] }))).toEqual(['QTN-00002'])
      expect(names(await list('lead', 'Quote', { where: [['lines.qty', '>', 2]] }))).toEqual(['QTN-00001'])
      expect(names(await list('lead', 'Quote', { where: [['Quote Line', 'qty', '>', 0]], groupBy: 'name', orderBy: 'name' }))).toEqual(['QTN-00001', 'QTN-00002'])
      expect(await count('lead', 'Quote', [['Quote Line', 'qty', '>', 0]])).toBe(3)
    })

    it('keeps the levels of fields in child rows', async () => {
      expect(await list('admin', 'Quote', { fields: ['lines.margin'], where: { name: 'QTN-00001' } })).toEqual([{ margin: 7 }, { margin: 0 }])
      expect(await list('lead', 'Quote', { fields: ['name', 'lines.margin'], where: { name: 'QTN-00002' } })).toEqual([{ name: 'QTN-00002' }])
      await expect(list('lead', 'Quote', { where: [['Quote Line', 'margin', '>', 1]] })).rejects.toEqual(refused('PermissionError', 403))
      await expect(list('lead', 'Quote', { where: [['Stock Item', 'rate', '>', 1]] })).rejects.toEqual(refused('DataError', 417))
    })

    it('lists child rows when their parent is named', async () => {
      const request = { fields: ['item', 'qty', 'margin', 'parent'], parent: 'Quote', orderBy: 'item', limit: 1 }
      expect(await list('lead', 'Quote Line', request)).toEqual([{ item: 'ITEM-001', qty: 2, parent: 'QTN-00001' }])
      await expect(list('lead', 'Quote Line', { parent: 'Stock Item' })).rejects.toEqual(refused('PermissionError', 403))
      await expect(list('nobody', 'Quote Line', { parent: 'Quote' })).rejects.toEqual(refused('PermissionError', 403))
    })

    it('reaches through links', async () => {
      expect(await list('lead', 'Quote', { fields: ['name', 'client.region', 'client.client_type as kind'], orderBy: 'name' })).toEqual([
        { name: 'QTN-00001', region: 'North', kind: 'Company' },
        { name: 'QTN-00002', region: 'South', kind: 'Company' },
      ])
      expect(names(await list('lead', 'Quote', { orderBy: 'client.region desc' }))).toEqual(['QTN-00002', 'QTN-00001'])
      expect(await list('lead', 'Quote', { fields: ['client.credit', 'name'], orderBy: 'name', limit: 1 })).toEqual([{ name: 'QTN-00001' }])
      await expect(list('lead', 'Quote', { where: [['client.credit', '>', 1]] })).rejects.toEqual(refused('PermissionError', 403))
    })

    it('counts all', async () => {
      expect(await count('lead', 'Stock Item')).toBe(25)
    })
  })

  describe(`${name}: a link search`, () => {
    const world = opened(make)
    const { search } = verbsOf(world)
    const matches = (person: Person, doctype: string, text: string): Promise<unknown> => run(world(), person, (backend, who) => backend.searchLink(who, { doctype, text, limit: 10 }))

    it('without text offers the latest, by alphabet', async () => {
      expect(await matches('lead', 'Unit', '')).toEqual([
        { value: 'Hour', description: '' },
        { value: 'Kg', description: '' },
        { value: 'Nos', description: '' },
      ])
      expect(await search('lead', 'Stock Item', '', { limit: 3 })).toEqual([23, 24, 25].map(item))
    })

    it.each<[string, number[]]>([
      ['ITEM-01', [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]],
      ['item-00', [1, 2, 3, 4, 5, 6, 7, 8, 9]],
      ['EM-02', [20, 21, 22, 23, 24, 25]],
      ['gear', [4, 9, 14, 19, 24]],
      ['ge', [4, 9, 14, 19, 24]],
      ['r 4', [4]],
      ['raw mat', [4, 9, 14, 19, 24]],
      ['zzz', []],
      ['%', []],
      ['_', []],
      ['%%%', []],
      ["'", []],
    ])('finds %j in names, titles and search fields', async (text, expected) => {
      expect(await search('lead', 'Stock Item', text)).toEqual(expected.map(item))
    })

    it('describes a match by its title and search fields', async () => {
      expect(await matches('lead', 'Stock Item', 'ITEM-001')).toEqual([{ value: 'ITEM-001', description: 'Bolt 1, Products' }])
      expect(await matches('lead', 'Client', 'Ac')).toEqual([{ value: 'Acme', description: 'North' }])
    })

    it('has pages and filters', async () => {
      expect(await search('lead', 'Stock Item', 'ITEM-', { limit: 2, start: 2 })).toEqual([22, 23].map(item))
      expect(await search('lead', 'Stock Item', 'Consulting', { filters: parseFilters([['Stock Item', 'rate', '>', 200]]) })).toEqual([20, 25].map(item))
    })

    it('is open to who may select', async () => {
      expect(await search('clerk', 'Region', 'No')).toEqual(['North'])
      await expect(search('nobody', 'Region', '')).rejects.toEqual(refused('PermissionError', 403))
      await expect(search('lead', 'Nope', '')).rejects.toEqual(refused('DoesNotExistError', 404))
    })

    it('over DocTypes offers those whose documents the caller may see', async () => {
      expect(await search('clerk', 'DocType', 'stock')).toEqual(['Stock Item'])
      expect(await search('clerk', 'DocType', 'OAuth')).toEqual([])
      expect(await search('nobody', 'DocType', 'stock')).toEqual([])
      expect(await search('admin', 'DocType', 'OAuth Cl')).toEqual(['OAuth Client', 'OAuth Client Role'])
    })
  })
}

export function backendWritingContract(name: string, make: () => Promise<World>): void {
  describe(`${name}: to insert`, () => {
    const world = opened(make)
    const { insert, read, list, count } = verbsOf(world)

    it('answers the document as it is read afterwards', async () => {
      const inserted = await insert('lead', 'Quote', { client: 'Acme', quote_date: '2026-03-01', lines: [{ item: 'ITEM-001', qty: '3', price: 10.5 }, { item: 'ITEM-002', qty: 1 }] })
      expect(inserted).toMatchObject({ client_region: 'North', total: 0, remarks: null, naming_series: 'QTN-.#####', lines: [{ idx: 1, qty: 3, item_name: 'Bolt 1' }, { idx: 2, price: 0 }] })
      expect(await read('lead', 'Quote', String(inserted.name))).toEqual(inserted)
    })

    it('ignores what no field has, and what the site sets itself', async () => {
      const sent = { client_name: 'Ignored', owner: 'x', creation: 'x', modified: '2001-01-01', modified_by: 'x', idx: 7, no_such_field: 1, doctype: 'Unit', name: 'Other' }
      const document = await insert('lead', 'Client', sent)
      expect(document).toMatchObject({ name: 'Ignored', owner: world().as('lead').principal.user, idx: 0, doctype: 'Client' })
      expect(document).not.toHaveProperty('no_such_field')
    })

    it('takes defaults for what is null or missing', async () => {
      expect(await insert('lead', 'Client', { client_name: 'Defaults', client_type: null })).toMatchObject({ client_type: 'Company' })
    })

    it('keeps the default of a field above the writer’s level', async () => {
      await insert('clerk', 'Client', { client_name: 'Levelled', credit: 1_000_000 })
      expect(await read('admin', 'Client', 'Levelled')).toMatchObject({ credit: 100 })
    })

    it('keeps all or none of many', async () => {
      await expect(run(world(), 'lead', (backend, who) => backend.insert(who, 'Unit', [{ unit_name: 'First' }, { unit_name: 'Nos' }]))).rejects.toEqual(refused('DuplicateEntryError', 409))
      expect(await count('lead', 'Unit', { unit_name: 'First' })).toBe(0)
    })

    it.each<[string, string, Values, string, number]>([
      ['without a name', 'Client', { region: 'West' }, 'ValidationError', 417],
      ['with a name that is taken', 'Client', { client_name: 'Acme' }, 'DuplicateEntryError', 409],
      ['with a name that is taken in other capitals', 'Client', { client_name: 'ACME' }, 'DuplicateEntryError', 409],
      ['with a bad name', 'Client', { client_name: '<b>' }, 'NameError', 409],
      ['with a choice that is not offered', 'Client', { client_name: 'X', client_type: 'Alien' }, 'ValidationError', 417],
      ['with a bad e-mail', 'Client', { client_name: 'X', email: 'not an address' }, 'InvalidEmailAddressError', 417],
      ['with a bad date', 'Client', { client_name: 'X', since: 'yesterday-ish' }, 'ValidationError', 417],
      ['with a list for text', 'Client', { client_name: 'X', region: ['a'] }, 'ValidationError', 417],
      ['with a zero character', 'Client', { client_name: 'X', region: 'a\0' }, 'ValidationError', 417],
      ['with text in a number', 'Stock Item', { item_code: 'X', unit: 'Nos', rate: 'twelve' }, 'ValidationError', 417],
      ['with a link to nothing', 'Stock Item', { item_code: 'X', unit: 'Furlong' }, 'LinkValidationError', 417],
      ['without a required link', 'Stock Item', { item_code: 'X' }, 'MandatoryError', 417],
      ['with a row that links to nothing', 'Quote', { client: 'Acme', lines: [{ item: 'NOPE', qty: 1 }] }, 'LinkValidationError', 417],
      ['with a row that lacks a number', 'Quote', { client: 'Acme', lines: [{ item: 'ITEM-001' }] }, 'MandatoryError', 417],
      ['with rows that are none', 'Quote', { client: 'Acme', lines: 'x' }, 'ValidationError', 417],
      ['as cancelled', 'Quote', { client: 'Acme', docstatus: 2 }, 'DocstatusTransitionError', 417],
      ['with a docstatus that is none', 'Quote', { client: 'Acme', docstatus: 7 }, 'ValidationError', 417],
      ['as submitted where nothing is', 'Client', { client_name: 'X', docstatus: 1 }, 'PermissionError', 403],
      ['as a child row', 'Quote Line', { item: 'ITEM-001', qty: 1 }, 'ValidationError', 417],
    ])('%s is refused and leaves nothing', async (_, doctype, values, excType, status) => {
      const before = doctype === 'Quote Line' ? 0 : await count('lead', doctype)
      await expect(insert('lead', doctype, values)).rejects.toEqual(refused(excType, status))
      if (doctype !== 'Quote Line') expect(await count('lead', doctype)).toBe(before)
    })

    it('says each field that is missing', async () => {
      const failed = insert('lead', 'Quote', { lines: [{ qty: 1 }] })
      await expect(failed).rejects.toMatchObject({ message: expect.stringMatching(/\]: client, item$/) as string, options: { messages: [expect.stringContaining('Client'), expect.stringContaining('Item')] } })
    })

    it('keeps a unique value apart from a name that is taken', async () => {
      await insert('lead', 'Stock Item', { item_code: 'B1', unit: 'Nos', barcode: '123' })
      await insert('lead', 'Stock Item', { item_code: 'B2', unit: 'Nos', barcode: '' })
      await insert('lead', 'Stock Item', { item_code: 'B3', unit: 'Nos', barcode: '' })
      await expect(insert('lead', 'Stock Item', { item_code: 'B4', unit: 'Nos', barcode: '123' })).rejects.toEqual(refused('UniqueValidationError', 417))
    })

    it.each<[Person, string]>([
      ['clerk', 'Stock Item'],
      ['nobody', 'Client'],
    ])('as %s a %s needs the right to', async (person, doctype) => {
      await expect(insert(person, doctype, { item_code: 'N', client_name: 'N', unit: 'Nos' })).rejects.toEqual(refused('PermissionError', 403))
    })

    it('makes the new one the first of a list', async () => {
      await insert('lead', 'Client', { client_name: 'Latest' })
      expect(await list('lead', 'Client', { limit: 1 })).toEqual([{ name: 'Latest' }])
    })
  })

  describe(`${name}: one’s own`, () => {
    const world = opened(make)
    const { insert, update, read, list, remove } = verbsOf(world)

    it('documents are one’s own alone where the right comes through ownership', async () => {
      const note = await insert('clerk', 'Note Card', { subject: 'mine' })
      const name = String(note.name)
      expect(await list('clerk', 'Note Card')).toEqual([{ name }])
      expect(await list('lead', 'Note Card')).toEqual([])
      await expect(read('lead', 'Note Card', name)).rejects.toEqual(refused('PermissionError', 403))
      await expect(update('lead', 'Note Card', name, { subject: 'x' })).rejects.toEqual(refused('PermissionError', 403))
      await expect(remove('lead', 'Note Card', name)).rejects.toEqual(refused('PermissionError', 403))
      expect(await update('clerk', 'Note Card', name, { subject: 'still mine' })).toMatchObject({ subject: 'still mine' })
      await remove('clerk', 'Note Card', name)
      await expect(read('clerk', 'Note Card', name)).rejects.toEqual(refused('DoesNotExistError', 404))
    })
  })

  describe(`${name}: to update`, () => {
    const world = opened(make)
    const { insert, update, read, list, search } = verbsOf(world)

    it('changes what was sent and nothing else', async () => {
      const before = await read('lead', 'Client', 'Acme')
      const after = await update('lead', 'Client', 'Acme', { region: 'North-West', no_such_field: 1 })
      expect(after).toEqual({ ...before, region: 'North-West', modified: after.modified, modified_by: world().as('lead').principal.user })
      expect(after.modified > before.modified).toBe(true)
      expect(await read('lead', 'Client', 'Acme')).toEqual(after)
      expect(await search('lead', 'Client', 'h-west')).toEqual(['Acme'])
    })

    it('clears what is null', async () => {
      expect(await update('lead', 'Client', 'Acme', { since: null })).toMatchObject({ since: null })
      expect(await update('lead', 'Stock Item', 'ITEM-001', { rate: null })).toMatchObject({ rate: 0 })
      await expect(update('lead', 'Stock Item', 'ITEM-001', { unit: null })).rejects.toEqual(refused('MandatoryError', 417))
    })

    it('is refused from a stale copy', async () => {
      const { modified } = await read('lead', 'Client', 'Bluth')
      await update('lead', 'Client', 'Bluth', { region: 'A', modified })
      await expect(update('lead', 'Client', 'Bluth', { region: 'B', modified })).rejects.toEqual(refused('TimestampMismatchError', 417))
      expect(await read('lead', 'Client', 'Bluth')).toMatchObject({ region: 'A' })
    })

    it('of one stale copy by many changes it once', async () => {
      const { modified } = await read('lead', 'Client', 'Clark')
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => update('lead', 'Client', 'Clark', { region: `R${index}`, modified })))
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    })

    it.each<[string, Values, string, number]>([
      ['the owner', { owner: 'x' }, 'CannotChangeConstantError', 417],
      ['the time of making', { creation: '2001-01-01 00:00:00.000000' }, 'CannotChangeConstantError', 417],
      ['a field that is set once', { tax_id: '1' }, 'CannotChangeConstantError', 417],
      ['the name', { name: 'Other' }, 'DoesNotExistError', 404],
      ['a draft to cancelled', { docstatus: 2 }, 'DocstatusTransitionError', 417],
    ])('does not change %s', async (_, values, excType, status) => {
      await expect(update('lead', 'Client', 'Dunder', values)).rejects.toEqual(refused(excType, status))
    })

    it('keeps the field that a document is named after equal to its name', async () => {
      expect(await update('lead', 'Client', 'Dunder', { client_name: 'Other' })).toMatchObject({ client_name: 'Dunder' })
    })

    it('keeps the stored value of a field above the writer’s level', async () => {
      await update('admin', 'Client', 'Dunder', { credit: 5 })
      await update('lead', 'Client', 'Dunder', { credit: 1_000_000 })
      expect(await read('admin', 'Client', 'Dunder')).toMatchObject({ credit: 5 })
    })

    it('replaces the rows of a table: known ones change, new ones come, others go', async () => {
      const lines = (await read('lead', 'Quote', 'QTN-00001'))['lines'] as Document[]
      const after = await update('lead', 'Quote', 'QTN-00001', { lines: [{ item: 'ITEM-003', qty: 1 }, { name: lines[0]!.name, item: 'ITEM-001', qty: 5 }] })
      expect(after['lines']).toMatchObject([
        { idx: 1, item: 'ITEM-003', qty: 1, item_name: 'Washer 3' },
        { idx: 2, name: lines[0]!.name, qty: 5, price: 0 },
      ])
      expect((await read('lead', 'Quote', 'QTN-00001'))['lines']).toEqual(after['lines'])
      expect((await read('admin', 'Quote', 'QTN-00001'))['lines']).toMatchObject([{ margin: 0 }, { margin: 7 }])
      expect(await update('lead', 'Quote', 'QTN-00001', { total: 3 })).toMatchObject({ lines: [{}, {}] })
    })

    it('loses no row for a name that is unknown', async () => {
      const before = await read('lead', 'Quote', 'QTN-00002')
      const foreign = (await read('lead', 'Quote', 'QTN-00001'))['lines'] as Document[]
      for (const line of ['nope', foreign[0]!.name]) {
        await expect(update('lead', 'Quote', 'QTN-00002', { lines: [{ name: line, item: 'ITEM-001', qty: 5 }] })).rejects.toEqual(refused('ValidationError', 417))
      }
      expect(await read('lead', 'Quote', 'QTN-00002')).toEqual(before)
    })

    it('fetches what another link brings along', async () => {
      expect(await update('lead', 'Quote', 'QTN-00002', { client: 'Dunder' })).toMatchObject({ client_region: 'East' })
      await expect(update('lead', 'Quote', 'QTN-00002', { client: 'NOPE' })).rejects.toEqual(refused('LinkValidationError', 417))
    })

    it('needs the right to, and the document', async () => {
      await expect(update('clerk', 'Stock Item', 'ITEM-001', { rate: 1 })).rejects.toEqual(refused('PermissionError', 403))
      await expect(update('clerk', 'Stock Item', 'NOPE', { rate: 1 })).rejects.toEqual(refused('PermissionError', 403))
      await expect(update('lead', 'Stock Item', 'NOPE', { rate: 1 })).rejects.toEqual(refused('DoesNotExistError', 404))
    })

    it('puts the document first in a list', async () => {
      await insert('lead', 'Client', { client_name: 'Newer' })
      await update('lead', 'Client', 'Acme', {})
      expect(await list('lead', 'Client', { limit: 2 })).toEqual([{ name: 'Acme' }, { name: 'Newer' }])
    })
  })

  describe(`${name}: to submit`, () => {
    const world = opened(make)
    const { insert, update, remove, read } = verbsOf(world)
    const draft = (): Promise<Document> => insert('lead', 'Quote', { client: 'Acme', lines: [{ item: 'ITEM-001', qty: 2, price: 3 }] })
    const set = (person: Person, quote: Document, docstatus: 1 | 2): Promise<Document> => run(world(), person, (backend, who) => backend.setDocstatus(who, { doctype: 'Quote', name: String(quote.name) }, docstatus))

    it('fixes a document until it is cancelled', async () => {
      const quote = await draft()
      await expect(update('clerk', 'Quote', quote.name, { docstatus: 1 })).rejects.toEqual(refused('PermissionError', 403))
      expect(await update('lead', 'Quote', quote.name, { docstatus: 1 })).toMatchObject({ docstatus: 1, lines: [{ docstatus: 1 }] })
      await expect(update('lead', 'Quote', quote.name, { total: 99 })).rejects.toEqual(refused('UpdateAfterSubmitError', 417))
      await expect(update('lead', 'Quote', quote.name, { lines: [] })).rejects.toEqual(refused('UpdateAfterSubmitError', 417))
      expect(await update('lead', 'Quote', quote.name, { remarks: 'seen' })).toMatchObject({ remarks: 'seen', docstatus: 1 })
      await expect(update('lead', 'Quote', quote.name, { docstatus: 0 })).rejects.toEqual(refused('DocstatusTransitionError', 417))
      await expect(remove('lead', 'Quote', quote.name)).rejects.toEqual(refused('ValidationError', 417))
      await expect(set('clerk', quote, 2)).rejects.toEqual(refused('PermissionError', 403))
      expect(await set('lead', quote, 2)).toMatchObject({ docstatus: 2, remarks: 'seen', lines: [{ docstatus: 2 }] })
      await expect(set('lead', quote, 2)).rejects.toEqual(refused('ValidationError', 417))
      await expect(update('lead', 'Quote', quote.name, { remarks: 'late' })).rejects.toEqual(refused('ValidationError', 417))
    })

    it('makes an amendment of what was cancelled, once', async () => {
      const quote = await insert('lead', 'Quote', { client: 'Acme', docstatus: 1 })
      const amend = (from: Document): Promise<Document> => insert('lead', 'Quote', { client: 'Acme', amended_from: from.name })
      await expect(amend(quote)).rejects.toEqual(refused('ValidationError', 417))
      await set('lead', quote, 2)
      const first = await amend(quote)
      expect(first).toMatchObject({ name: `${quote.name}-1`, docstatus: 0, amended_from: quote.name })
      await expect(amend(quote)).rejects.toEqual(refused('DuplicateEntryError', 409))
      await set('lead', first, 1)
      await set('lead', first, 2)
      expect(await amend(first)).toMatchObject({ name: `${quote.name}-2` })
    })

    it('lets a cancelled document be removed, and nothing link to it', async () => {
      const quote = await draft()
      await set('lead', quote, 1)
      await set('lead', quote, 2)
      await remove('lead', 'Quote', quote.name)
      await expect(read('lead', 'Quote', String(quote.name))).rejects.toEqual(refused('DoesNotExistError', 404))
    })
  })

  describe(`${name}: to remove`, () => {
    const world = opened(make)
    const { insert, remove, list, read } = verbsOf(world)

    it('is refused while another document links there, which is named', async () => {
      await expect(remove('lead', 'Stock Item', 'ITEM-003')).rejects.toMatchObject({ excType: 'LinkExistsError', status: 417, message: expect.stringContaining('Quote QTN-00002') as string })
      await expect(remove('lead', 'Client', 'Acme')).rejects.toEqual(refused('LinkExistsError', 417))
      expect(await read('lead', 'Client', 'Acme')).toMatchObject({ name: 'Acme' })
    })

    it('takes the rows along', async () => {
      await remove('lead', 'Quote', 'QTN-00002')
      expect(await list('admin', 'Quote Line', { where: { parent: 'QTN-00002' } })).toEqual([])
      await remove('lead', 'Stock Item', 'ITEM-003')
      await expect(remove('lead', 'Stock Item', 'ITEM-003')).rejects.toEqual(refused('DoesNotExistError', 404))
    })

    it('gives the last number of a series back', async () => {
      const quote = await insert('lead', 'Quote', { client: 'Acme' })
      await remove('lead', 'Quote', quote.name)
      expect(await insert('lead', 'Quote', { client: 'Acme' })).toMatchObject({ name: quote.name })
    })

    it('needs the right to', async () => {
      await expect(remove('clerk', 'Stock Item', 'ITEM-001')).rejects.toEqual(refused('PermissionError', 403))
      await expect(remove('clerk', 'Client', 'Dunder')).rejects.toEqual(refused('PermissionError', 403))
    })
  })

  describe(`${name}: to rename`, () => {
    const world = opened(make)
    const { read, search, list } = verbsOf(world)
    const rename = (person: Person, doctype: string, from: string, to: string): Promise<string> => run(world(), person, (backend, who) => backend.rename(who, { doctype, name: from }, to))

    it('takes every link along', async () => {
      expect(await rename('lead', 'Client', 'Acme', ' Acme Ltd ')).toBe('Acme Ltd')
      expect(await read('lead', 'Client', 'Acme Ltd')).toMatchObject({ client_name: 'Acme Ltd' })
      expect(await read('lead', 'Quote', 'QTN-00001')).toMatchObject({ client: 'Acme Ltd' })
      await expect(read('lead', 'Client', 'Acme')).rejects.toEqual(refused('DoesNotExistError', 404))
      expect(await search('lead', 'Client', 'me lt')).toEqual(['Acme Ltd'])
    })

    it('changes capitals alone', async () => {
      expect(await rename('lead', 'Client', 'Dunder', 'DUNDER')).toBe('DUNDER')
      expect(await list('lead', 'Client', { where: { name: 'DUNDER' } })).toHaveLength(1)
    })

    it.each<[Person, string, string, string, string, number]>([
      ['lead', 'Client', 'Bluth', 'Clark', 'ValidationError', 417],
      ['lead', 'Client', 'Bluth', 'CLARK', 'DuplicateEntryError', 409],
      ['lead', 'Client', 'Bluth', 'Bluth', 'ValidationError', 417],
      ['lead', 'Client', 'Bluth', '<x>', 'NameError', 409],
      ['lead', 'Client', 'Nope', 'X', 'DoesNotExistError', 404],
      ['nobody', 'Client', 'Bluth', 'X', 'PermissionError', 403],
    ])('as %s: %s %s to %s is refused', async (person, doctype, from, to, excType, status) => {
      await expect(rename(person, doctype, from, to)).rejects.toEqual(refused(excType, status))
    })
  })
}
