import { describe, expect, it } from 'vitest'
import { item, names, opened, refused, verbsOf, type World } from './verbs.fixture.ts'

export function listFiltersContract(name: string, make: () => Promise<World>): void {
  describe(`${name}: a filtered list`, () => {
    const { list, count } = verbsOf(opened(make))

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
      [[['rate', 'between', '20, 50']], [2, 3, 4].map(item)],
      [[['name', 'between', ['ITEM-002', 'ITEM-003']]], [2, 3].map(item)],
      [[['rate', 'like', '10.5']], [item(1)]],
      [[['rate', 'like', '1%.5']], [1, 11, 13, 15, 17, 19].map(item)],
      [[['stock_qty', 'like', '0']], [item(1)]],
      [[['reorder_level', 'like', '2_']], [21, 22, 23, 24, 25].map(item)],
      [
        [
          ['rate', 'not like', '%_'],
          ['name', 'like', '%'],
        ],
        [],
      ],
      [['item_group', '=', 'Services'], services],
      [['Stock Item', 'item_group', '=', 'Services'], services],
      [[['unit', '<>', 'Nos']], services],
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
      [{ since: ['<', '2026-02-01'] }, ['Acme', 'Clark', 'Dunder']],
      [{ since: ['<=', '2026-01-30'] }, ['Clark', 'Dunder']],
      [{ since: ['is', 'not set'] }, ['Clark', 'Dunder']],
      [{ since: ['!=', '2026-01-31'] }, ['Bluth', 'Clark', 'Dunder']],
      [{ last_seen: ['between', ['2026-02-03', '2026-02-03']] }, ['Acme']],
      [{ last_seen: '2026-02-03 04:05:06' }, ['Acme']],
      [{ last_seen: ['>', '2026-02-03 04:05:06'] }, []],
      [{ last_seen: ['<', '2026-02-03 04:05:06'] }, ['Bluth', 'Clark', 'Dunder']],
      [{ last_seen: ['like', '2026-02-03%'] }, ['Acme']],
      [{ last_seen: ['like', '%2026-02-%'] }, ['Acme']],
      [{ last_seen: ['like', '2026%'] }, ['Acme']],
      [{ last_seen: ['like', '2026-02-30%'] }, []],
      [{ last_seen: ['like', '2025%'] }, []],
      [{ last_seen: ['not like', '2026-02%'] }, ['Bluth', 'Clark', 'Dunder']],
      [{ last_seen: ['like', '%'] }, ['Acme', 'Bluth', 'Clark', 'Dunder']],
      [{ since: ['like', '2026-0_-28'] }, ['Bluth']],
      [{ since: ['between', ['2026-02-01']] }, ['Bluth']],
      [{ since: ['between', ['2026-02-01', '']] }, ['Bluth']],
      [{ creation: ['between', ['2001-01-01']] }, ['Acme', 'Bluth', 'Clark', 'Dunder']],
      [{ creation: ['timespan', 'last 7 days'] }, ['Acme', 'Bluth', 'Clark', 'Dunder']],
      [{ modified: ['timespan', 'this year'], creation: ['Timespan', 'next 7 days'] }, ['Acme', 'Bluth', 'Clark', 'Dunder']],
      [{ modified: ['previous', '1 year'] }, []],
      [{ since: ['next', '6 months'] }, []],
      [{ since: ['timespan', 'tomorrow'] }, []],
      [{ creation: ['<', '2001-01-01'] }, []],
      [{ creation: ['>', '2001-01-01 10:00:00.5'] }, ['Acme', 'Bluth', 'Clark', 'Dunder']],
    ])('filtered by times: %j', async (where, expected) => {
      expect(names(await list('lead', 'Client', { where, orderBy: 'name asc' }))).toEqual(expected)
    })

    it.each<[unknown]>([
      [{ rate: 'twelve' }],
      [{ rate: ['between', [1]] }],
      [{ rate: ['between', ['', 2]] }],
      [{ rate: ['between', [1, 2, 3]] }],
      [{ creation: ['like', '%03%'] }],
      [{ creation: ['between', []] }],
      [{ creation: ['between', ['soon']] }],
      [{ rate: ['timespan', 'today'] }],
      [{ item_name: ['next', '1 week'] }],
      [{ creation: ['previous', '2 weeks'] }],
      [{ name: ['descendants of', 'ITEM-001'] }],
      [{ unit: ['not ancestors of', 'Nos'] }],
      [{ rate: ['ancestors of', 'Nos'] }],
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
  })
}
