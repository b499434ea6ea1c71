import { expect } from 'vitest'
import { clientOf } from '../app-at.ts'
import type { Case } from '../upstream-under-test.ts'

export const linkCases: readonly Case[] = [
  {
    title: 'D13 a link field with nothing typed offers the first names, as many as were asked for',
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      const units = await client.searchLink('Unit', { text: '' })
      expect(units).toEqual(['Hour', 'Kg', 'Nos'].map((value) => ({ value, description: '' })))
      expect((await client.searchLink('Stock Item', { text: '', limit: 3 })).map(({ value }) => value)).toEqual([
        'ITEM-023',
        'ITEM-024',
        'ITEM-025',
      ])
    },
  },
  {
    title: 'D13 what is typed is looked for in the name and in the search fields, whatever its case',
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      const found = await client.searchLink('Stock Item', { text: 'ITEM-01' })
      expect(found[0]).toEqual({ value: 'ITEM-010', description: 'Consulting 10, Services' })
      expect(found).toHaveLength(10)
      for (const text of ['Gear', 'gear'])
        expect((await client.searchLink('Stock Item', { text }))[0]).toEqual({ value: 'ITEM-004', description: 'Gear 4, Raw Material' })
      expect(await client.searchLink('Stock Item', { text: 'zzz' })).toEqual([])
    },
  },
  {
    title: 'D15 filters narrow what a link field offers',
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      const services = await client.searchLink('Stock Item', { text: '', filters: { item_group: 'Services' } })
      expect(services.map(({ value }) => value)).toEqual(['ITEM-005', 'ITEM-010', 'ITEM-015', 'ITEM-020', 'ITEM-025'])
      const dear = await client.searchLink('Stock Item', { text: 'Consulting', filters: [['Stock Item', 'rate', '>', 200]] })
      expect(dear.map(({ value }) => value)).toEqual(['ITEM-020', 'ITEM-025'])
    },
  },
  {
    title: 'a link field offers what the person may see, for the form that it stands in',
    run: async (upstream) => {
      const alice = await clientOf(upstream, 'alice')
      expect(await alice.searchLink('Client', { text: 'B' })).toEqual([{ value: 'Bluth', description: 'South' }])
      const bob = await clientOf(upstream, 'bob')
      const all = await bob.searchLink('Client', { text: '', referenceDoctype: 'Quote' })
      expect(all.map(({ value }) => value)).toEqual(['Acme', 'Bluth', 'Clark', 'Dunder'])
      const carol = await clientOf(upstream, 'carol')
      await expect(carol.searchLink('Client', { text: '' })).rejects.toMatchObject({ excType: 'PermissionError', status: 403 })
      await expect(bob.searchLink('Nope', { text: '' })).rejects.toMatchObject({ excType: 'DoesNotExistError' })
    },
  },
]
