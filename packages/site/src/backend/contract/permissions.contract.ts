import { describe, expect, it } from 'vitest'
import { opened, refused, verbsOf, type World } from './verbs.fixture.ts'

type List = Parameters<ReturnType<typeof verbsOf>['list']>[2]

/** What is above a caller's level shows on no road; who may only select sees what a link shows, on every road. */
export function permissionsContract(name: string, make: () => Promise<World>): void {
  describe(`${name}: what a caller may see`, () => {
    const { read, list, count, search } = verbsOf(opened(make))
    const where = { name: 'ITEM-002' }

    it.each<[string, List, Record<string, unknown>]>([
      ['by name', { fields: ['name', 'cost'] }, { name: 'ITEM-002' }],
      ['under another name', { fields: ['name', 'cost as price'] }, { name: 'ITEM-002' }],
      ['added up', { fields: ['count(name) as n', 'sum(cost) as total', 'max(cost)'] }, { n: 1 }],
      ['once', { fields: ['name', 'cost'], distinct: true, orderBy: 'name' }, { name: 'ITEM-002' }],
      ['alone', { fields: ['cost'] }, { name: 'ITEM-002' }],
    ])('leaves a field above the level out of a list: %s', async (_, request, expected) => {
      expect(await list('clerk', 'Stock Item', { where, ...request })).toEqual([expected])
    })

    it.each<[string, List]>([
      ['filtered', { where: { cost: ['>', 1] } }],
      ['filtered by any of several', { whereAny: { cost: ['is', 'set'] } }],
      ['ordered', { orderBy: 'cost desc' }],
      ['grouped', { groupBy: 'cost' }],
    ])('refuses a list that is %s by one', async (_, request) => {
      await expect(list('clerk', 'Stock Item', request)).rejects.toEqual(refused('PermissionError', 403))
    })

    it('refuses to count and to search by one', async () => {
      await expect(count('clerk', 'Stock Item', { cost: ['>', 1] })).rejects.toEqual(refused('PermissionError', 403))
      const filters = [{ fieldname: 'cost', operator: '>' as const, value: 1 }]
      await expect(search('clerk', 'Stock Item', '', { filters })).rejects.toEqual(refused('PermissionError', 403))
    })

    it('leaves it out of a document, and shows it with the level', async () => {
      expect(await read('clerk', 'Stock Item', 'ITEM-002')).not.toHaveProperty('cost')
      expect(await read('lead', 'Stock Item', 'ITEM-002')).toMatchObject({ cost: 1.5 })
      expect(await list('lead', 'Stock Item', { where, fields: ['name', 'cost as price'] })).toEqual([{ name: 'ITEM-002', price: 1.5 }])
    })

    it('shows who may only select the name, and what a link shows', async () => {
      await expect(read('clerk', 'Region', 'North')).rejects.toEqual(refused('PermissionError', 403))
      expect(await list('clerk', 'Region', { fields: ['*', 'secret_note', 'max(secret_note) as m'], where: { name: 'North' } })).toEqual([
        { name: 'North' },
      ])
      expect(await count('clerk', 'Region')).toBe(2)
      expect(await search('clerk', 'Region', 'hidden')).toEqual([])
      for (const request of [
        { where: { secret_note: 'hidden' } },
        { orderBy: 'secret_note' },
        { groupBy: 'secret_note' },
        { where: { owner: 'x' } },
      ])
        await expect(list('clerk', 'Region', request)).rejects.toEqual(refused('PermissionError', 403))
    })
  })
}
