import { parseFilters } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import type { Person } from './world.fixture.ts'
import { item, opened, refused, run, verbsOf, type World } from './verbs.fixture.ts'

export function searchLinkContract(name: string, make: () => Promise<World>): void {
  describe(`${name}: a link search`, () => {
    const world = opened(make)
    const { search } = verbsOf(world)
    const matches = (person: Person, doctype: string, text: string): Promise<unknown> =>
      run(world(), person, (backend, who) => backend.searchLink(who, { doctype, text, limit: 10 }))

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
      expect(await search('lead', 'Stock Item', 'Consulting', { filters: parseFilters([['Stock Item', 'rate', '>', 200]]) })).toEqual(
        [20, 25].map(item),
      )
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
