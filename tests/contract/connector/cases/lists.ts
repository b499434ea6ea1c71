import { expect } from 'vitest'
import { clientOf } from '../app-at.ts'
import type { Case } from '../upstream-under-test.ts'

const names = (rows: readonly Record<string, unknown>[]): unknown[] => rows.map((row) => row['name'])
const numbered = (...numbers: readonly number[]): string[] => numbers.map((number) => `ITEM-${String(number).padStart(3, '0')}`)
const from = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, at) => first + at)

export const listCases: readonly Case[] = [
  {
    title: 'D19 a list has 20 rows unless it says otherwise, in the order that was asked for',
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      expect(names(await client.list('Stock Item', { orderBy: 'name asc' }))).toEqual(numbered(...from(1, 20)))
    },
  },
  {
    title: 'T1 a list is of the fields asked for, numbers as numbers, nothing left out',
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      const fields = ['name', 'item_name', 'rate', 'disabled', 'stock_qty', 'reorder_level']
      expect((await client.list<string>('Stock Item', { fields, orderBy: 'name asc', limit: 3 }))[0]).toEqual({
        name: 'ITEM-001',
        item_name: 'Bolt 1',
        rate: 10.5,
        disabled: 0,
        stock_qty: 0,
        reorder_level: 0,
      })
    },
  },
  {
    title: 'T1 pages follow each other, and all rows come when no limit is set',
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      expect(names(await client.list('Stock Item', { orderBy: 'name asc', start: 20, limit: 20 }))).toEqual(numbered(...from(21, 25)))
      expect(await client.list('Stock Item', { orderBy: 'name asc', limit: null })).toHaveLength(25)
      expect(await client.list('Stock Item', { orderBy: 'name asc', limit: 0 })).toEqual([])
    },
  },
  {
    title: 'T1 filters hold as they are written: equal, greater, like, in, not in, set',
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      const found = async (filters: readonly (readonly unknown[])[]): Promise<unknown[]> =>
        names(await client.list('Stock Item', { filters, orderBy: 'name asc' }))
      expect(await found([['item_group', '=', 'Services']])).toEqual(numbered(5, 10, 15, 20, 25))
      expect(await found([['rate', '>', 250]])).toEqual(numbered(24, 25))
      expect(await found([['item_name', 'like', '%Bolt%']])).toEqual(numbered(1, 6, 11, 16, 21))
      expect(await found([['name', 'in', ['ITEM-001', 'ITEM-002', 'NOPE']]])).toEqual(numbered(1, 2))
      expect(await found([['item_group', 'not in', ['Products', 'Services']]])).toEqual(numbered(4, 9, 14, 19, 24))
      expect(await found([['description', 'is', 'set']])).toEqual([])
    },
  },
  {
    title: 'T1 filters given as an object all hold, and of or-filters one',
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      const filters = { item_group: 'Services', unit: 'Hour' }
      expect(names(await client.list('Stock Item', { filters, orderBy: 'name asc' }))).toEqual(numbered(5, 10, 15, 20, 25))
      const orFilters = [
        ['name', '=', 'ITEM-001'],
        ['name', '=', 'ITEM-025'],
      ]
      expect(names(await client.list('Stock Item', { orFilters, orderBy: 'name asc' }))).toEqual(numbered(1, 25))
    },
  },
  {
    title: 'T1 a list is ordered by two fields, and grouped',
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      const fields = ['name', 'item_group', 'rate']
      const rows = await client.list<string>('Stock Item', { fields, orderBy: 'item_group asc, rate desc', limit: 5 })
      expect(rows.slice(0, 2)).toEqual([
        { name: 'ITEM-023', item_group: 'Products', rate: 241.5 },
        { name: 'ITEM-022', item_group: 'Products', rate: 231 },
      ])
      const grouped = { fields: ['item_group', 'count(name) as n'], groupBy: 'item_group', orderBy: 'item_group asc' }
      expect(await client.list<string>('Stock Item', grouped)).toEqual([
        { item_group: 'Products', n: 15 },
        { item_group: 'Raw Material', n: 5 },
        { item_group: 'Services', n: 5 },
      ])
    },
  },
  {
    title: 'every row is met once, page by page',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      const met: unknown[] = []
      for await (const row of client.each('Stock Item', { limit: 7 })) met.push(row['name'])
      expect(met).toEqual(numbered(...from(1, 25)))
    },
  },
  {
    title: 'T1 a count is of what the person may read',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      expect(await (await clientOf(upstream, 'bob')).count('Stock Item', { filters: { item_group: 'Services' } })).toBe(5)
      await expect((await clientOf(upstream, 'carol')).count('Stock Item')).rejects.toMatchObject({ excType: 'PermissionError' })
    },
  },
]
