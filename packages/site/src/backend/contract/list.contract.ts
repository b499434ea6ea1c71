import { describe, expect, it } from 'vitest'
import type { ListRequest, Row } from '../backend.ts'
import type { Person } from './world.fixture.ts'
import { item, names, opened, refused, verbsOf, type World } from './verbs.fixture.ts'

export function listContract(name: string, make: () => Promise<World>): void {
  describe(`${name}: a list`, () => {
    const world = opened(make)
    const { list, count } = verbsOf(world)

    it('shows names, the latest change first', async () => {
      expect(await list('lead', 'Client')).toEqual([{ name: 'Dunder' }, { name: 'Clark' }, { name: 'Bluth' }, { name: 'Acme' }])
    })

    it('has pages', async () => {
      const page = (start: number, limit: number | null): Promise<Row[]> =>
        list('lead', 'Stock Item', { orderBy: 'name asc', start, limit })
      expect(names(await page(0, 2))).toEqual(['ITEM-001', 'ITEM-002'])
      expect(names(await page(23, 20))).toEqual(['ITEM-024', 'ITEM-025'])
      expect(await page(20, null)).toHaveLength(5)
      expect(await page(0, null)).toHaveLength(25)
    })

    it('shows the fields that are asked for, under their aliases', async () => {
      const rows = await list('lead', 'Stock Item', {
        fields: ['name', 'item_name as title', 'rate', 'disabled', '_user_tags'],
        orderBy: 'name',
        limit: 1,
      })
      expect(rows).toEqual([{ name: 'ITEM-001', title: 'Bolt 1', rate: 10.5, disabled: 0 }])
    })

    it('shows all fields', async () => {
      const [row] = await list('lead', 'Stock Item', { fields: ['*'], orderBy: 'name', limit: 1 })
      expect(Object.keys(row!)).toEqual([
        ...['name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx'],
        ...[
          'item_code',
          'item_name',
          'item_group',
          'unit',
          'barcode',
          'rate',
          'stock_qty',
          'reorder_level',
          'disabled',
          'description',
          'cost',
        ],
      ])
      expect(row).toMatchObject({
        description: null,
        rate: 10.5,
        modified: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/) as string,
      })
    })

    it('lacks the fields above the reader’s level', async () => {
      expect(await list('clerk', 'Stock Item', { fields: ['name', 'cost'], orderBy: 'name', limit: 1 })).toEqual([{ name: 'ITEM-001' }])
      expect(await list('clerk', 'Stock Item', { fields: ['cost', 'sum(cost)'], orderBy: 'name', limit: 1 })).toEqual([
        { name: 'ITEM-001' },
      ])
      expect((await list('clerk', 'Stock Item', { fields: ['*'], limit: 1 }))[0]).not.toHaveProperty('cost')
      expect(await list('lead', 'Stock Item', { fields: ['name', 'cost'], orderBy: 'name', limit: 1 })).toEqual([
        { name: 'ITEM-001', cost: 0.5 },
      ])
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
      expect(await list('clerk', 'Region', { fields: ['name', 'owner', 'secret_note', 'region_name'], orderBy: 'name' })).toEqual([
        { name: 'North' },
        { name: 'South' },
      ])
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

    it.each([
      ['no_such_field'],
      ['sleep(1)'],
      ['(select password from __Auth)'],
      ['client.region'],
      ['unit.no_such_field'],
      ['`tabUser`.name'],
      ['count(*)'],
      ['sum(item_name)'],
      ['name; drop table x'],
      ["concat('a')"],
    ])('does not know the field %s', async (field) => {
      await expect(list('lead', 'Stock Item', { fields: ['name', field] })).rejects.toEqual(refused('DataError', 417))
    })

    it.each([
      [{ orderBy: '(select 1)' }],
      [{ orderBy: 'no_such_field' }],
      [{ groupBy: 'rate; --' }],
      [{ filters: [{ fieldname: 'no_such_field', operator: '=' as const, value: 1 }] }],
    ])('does not know the name in %j', async (request) => {
      await expect(list('lead', 'Stock Item', request)).rejects.toEqual(refused('DataError', 417))
    })

    it('is ordered by several fields, ties by name', async () => {
      const rows = await list('lead', 'Stock Item', {
        fields: ['name', 'item_group', 'rate'],
        orderBy: 'item_group asc, rate desc',
        limit: 3,
      })
      expect(names(rows)).toEqual(['ITEM-023', 'ITEM-022', 'ITEM-021'])
      expect(names(await list('lead', 'Stock Item', { orderBy: '`tabStock Item`.`item_group` desc', limit: 2 }))).toEqual([
        'ITEM-005',
        'ITEM-010',
      ])
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
      [
        [
          ['name', '<', 'ITEM-002'],
          ['description', '=', ''],
        ],
        [item(1)],
      ],
      [
        [
          ['name', '<', 'ITEM-002'],
          ['description', '!=', 'x'],
        ],
        [item(1)],
      ],
      [
        [
          ['name', '<', 'ITEM-002'],
          ['description', 'not in', ['x']],
        ],
        [item(1)],
      ],
      [
        [
          ['name', '<', 'ITEM-002'],
          ['description', 'in', ['x', '']],
        ],
        [item(1)],
      ],
      [
        [
          ['name', '<', 'ITEM-002'],
          ['description', 'like', '%'],
        ],
        [item(1)],
      ],
      [
        [
          ['name', '<', 'ITEM-002'],
          ['description', '<', 'a'],
        ],
        [item(1)],
      ],
      [[['description', '!=', '']], []],
      [[['description', '=', null]], []],
      [[['name', '=', 'item-001']], []],
      [
        [
          ['item_group', '=', 'Products'],
          ['rate', '>=', 200],
        ],
        [21, 22, 23].map(item),
      ],
      [
        [
          ['unit.unit_name', '=', 'Hour'],
          ['rate', '<', 60],
        ],
        [item(5)],
      ],
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
      const rows = await list('lead', 'Stock Item', {
        fields: ['item_group', 'count(name) as n'],
        groupBy: 'item_group',
        orderBy: 'item_group asc',
      })
      expect(rows).toEqual([
        { item_group: 'Products', n: 15 },
        { item_group: 'Raw Material', n: 5 },
        { item_group: 'Services', n: 5 },
      ])
      expect(
        await list('lead', 'Stock Item', {
          fields: ['item_group', 'count(name) as n'],
          groupBy: 'item_group',
          orderBy: 'n desc',
          limit: 1,
        }),
      ).toEqual([{ item_group: 'Products', n: 15 }])
    })

    it('adds up money exactly', async () => {
      expect(
        await list('lead', 'Quote', { fields: ['sum(total) as total', 'avg(total)', 'min(total) as least', 'max(name) as last'] }),
      ).toEqual([{ total: 0.3, 'avg(total)': 0.15, least: 0.1, last: 'QTN-00002' }])
      expect(
        await list('lead', 'Stock Item', { fields: ['sum(stock_qty) as qty', 'sum(reorder_level)', 'max(creation) as last'] }),
      ).toMatchObject([{ qty: 600, 'sum(reorder_level)': 300, last: expect.stringContaining('.') as string }])
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
      expect(
        await list('lead', 'Quote', {
          fields: ['name', '`tabQuote Line`.item', '`tabQuote Line`.`qty`'],
          where,
          orderBy: '`tabQuote Line`.idx asc',
        }),
      ).toEqual(rows)
      expect(await list('lead', 'Quote', { fields: ['name', 'lines.item', 'lines.qty'], where })).toEqual(rows)
      expect(names(await list('lead', 'Quote', { where: [['Quote Line', 'item', '=', 'ITEM-003']] }))).toEqual(['QTN-00002'])
      expect(names(await list('lead', 'Quote', { where: [['lines.qty', '>', 2]] }))).toEqual(['QTN-00001'])
      expect(names(await list('lead', 'Quote', { where: [['Quote Line', 'qty', '>', 0]], groupBy: 'name', orderBy: 'name' }))).toEqual([
        'QTN-00001',
        'QTN-00002',
      ])
      expect(await count('lead', 'Quote', [['Quote Line', 'qty', '>', 0]])).toBe(3)
    })

    it('keeps the levels of fields in child rows', async () => {
      expect(await list('admin', 'Quote', { fields: ['lines.margin'], where: { name: 'QTN-00001' } })).toEqual([
        { margin: 7 },
        { margin: 0 },
      ])
      expect(await list('lead', 'Quote', { fields: ['name', 'lines.margin'], where: { name: 'QTN-00002' } })).toEqual([
        { name: 'QTN-00002' },
      ])
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
}
