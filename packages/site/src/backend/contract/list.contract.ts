import { STANDARD_FIELDS } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import type { ListRequest, Row } from '../backend.ts'
import { names, opened, refused, verbsOf, type World } from './verbs.fixture.ts'
import type { Person } from './world.fixture.ts'

export function listContract(name: string, make: () => Promise<World>): void {
  describe(`${name}: a list`, () => {
    const { list, count } = verbsOf(opened(make))

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
        fields: ['name', 'item_name as title', 'rate as `The rate`', 'disabled', '`tabStock Item`.`unit`', '_seen'],
        orderBy: 'name',
        limit: 1,
      })
      expect(rows).toEqual([{ name: 'ITEM-001', title: 'Bolt 1', 'The rate': 10.5, disabled: 0, unit: 'Nos' }])
    })

    it('shows tags and their like when they are named, to whoever may read', async () => {
      const fields = ['name', '_user_tags', '_comments', '_assign', '_liked_by']
      expect(await list('lead', 'Stock Item', { fields, limit: 1, orderBy: 'name' })).toEqual([
        { name: 'ITEM-001', _user_tags: null, _comments: null, _assign: null, _liked_by: null },
      ])
      expect(await list('clerk', 'Region', { fields, limit: 1, orderBy: 'name' })).toEqual([{ name: 'North' }])
      expect(await list('lead', 'Quote', { fields: ['lines.item', 'lines._comments'], limit: 1, orderBy: 'name' })).toEqual([
        { item: 'ITEM-001' },
      ])
    })

    it('shows all fields', async () => {
      const [row] = await list('lead', 'Stock Item', { fields: ['*'], orderBy: 'name', limit: 1 })
      expect(Object.keys(row!)).toEqual([
        ...STANDARD_FIELDS,
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
      { orderBy: 'sum(cost) desc' },
      { orderBy: 'count(distinct cost)' },
      { filters: [{ fieldname: 'cost', operator: 'descendants of', value: 'x' }] },
      { filters: [{ fieldname: 'cost', operator: 'between', value: [1, 2] }] },
      { filters: [{ fieldname: 'cost', operator: 'like', value: '1%' }] },
    ])('does not tell such a field by other means: %j', async (request) => {
      await expect(list('clerk', 'Stock Item', request)).rejects.toEqual(refused('PermissionError', 403))
    })

    it('shows who may only select names and what links show', async () => {
      expect(await list('clerk', 'Region', { fields: ['name', 'owner', 'secret_note', 'region_name'], orderBy: 'name' })).toEqual([
        { name: 'North' },
        { name: 'South' },
      ])
      expect(Object.keys((await list('clerk', 'Region', { fields: ['*'] }))[0]!)).toEqual(['name'])
      for (const where of [{ secret_note: 'hidden' }, { _comments: ['like', '%x%'] }, { owner: 'Administrator' }])
        await expect(list('clerk', 'Region', { where })).rejects.toEqual(refused('PermissionError', 403))
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
      ['year(creation) as y'],
      ['date_format(creation, "%Y")'],
      ['sum(rate) + 1'],
      ['rate as `a`, cost as b'],
    ])('does not know the field %s', async (field) => {
      await expect(list('lead', 'Stock Item', { fields: ['name', field] })).rejects.toEqual(refused('DataError', 417))
    })

    it.each([
      [{ orderBy: '(select 1)' }],
      [{ orderBy: 'no_such_field' }],
      [{ groupBy: 'rate; --' }],
      [{ groupBy: 'count(name)' }],
      [{ orderBy: 'sleep(1) desc' }],
      [{ orderBy: 'count(*)' }],
      [{ orderBy: '`nothing by that name`' }],
      [{ orderBy: '`tabUser`.`name`' }],
      [{ filters: [{ fieldname: '_seen', operator: '=' as const, value: 1 }] }],
      [{ filters: [{ doctype: 'User', fieldname: 'name', operator: '=' as const, value: 1 }] }],
      [{ filters: [{ fieldname: 'name) or (1', operator: '=' as const, value: 1 }] }],
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
  })
}
