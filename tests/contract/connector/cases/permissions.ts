import { expect } from 'vitest'
import { clientOf } from '../app-at.ts'
import type { Case } from '../upstream-under-test.ts'

const REFUSED = { excType: 'PermissionError', status: 403 }

export const permissionCases: readonly Case[] = [
  {
    title: 'T5 without the right nothing is read, made, changed or removed',
    run: async (upstream) => {
      const [alice, carol] = [await clientOf(upstream, 'alice'), await clientOf(upstream, 'carol')]
      await expect(carol.list('Stock Item')).rejects.toMatchObject(REFUSED)
      await expect(carol.read('Stock Item', 'ITEM-001')).rejects.toMatchObject(REFUSED)
      await expect(alice.insert<string>('Stock Item', { item_code: `A-${upstream.run}`, unit: 'Nos' })).rejects.toMatchObject(REFUSED)
      await expect(alice.update<string>('Stock Item', 'ITEM-001', { rate: 1 })).rejects.toMatchObject(REFUSED)
      await expect(alice.remove('Stock Item', 'ITEM-001')).rejects.toMatchObject(REFUSED)
    },
  },
  {
    title: 'a field above the person’s level holds nothing',
    run: async (upstream) => {
      const [alice, bob] = [await clientOf(upstream, 'alice'), await clientOf(upstream, 'bob')]
      // A Frappe shows a number of such a field as 0.
      expect((await alice.read<string>('Stock Item', 'ITEM-001'))['cost'] || null).toBeNull()
      expect(await bob.read('Stock Item', 'ITEM-001')).toMatchObject({ cost: 0.5 })
      expect(await alice.list<string>('Stock Item', { fields: ['name', 'cost'], limit: 1, orderBy: 'name asc' })).toEqual([
        { name: 'ITEM-001' },
      ])
    },
  },
  {
    title: 'what is one person’s own, no other reads or changes',
    run: async (upstream) => {
      const [alice, bob] = [await clientOf(upstream, 'alice'), await clientOf(upstream, 'bob')]
      const { name } = await alice.insert<string>('Note Card', { subject: `mine ${upstream.run}` })
      expect(await alice.list('Note Card', { filters: { name } })).toEqual([{ name }])
      expect(await bob.list('Note Card', { filters: { name } })).toEqual([])
      await expect(bob.read('Note Card', name)).rejects.toMatchObject(REFUSED)
      await expect(bob.update<string>('Note Card', name, { subject: 'x' })).rejects.toMatchObject(REFUSED)
      expect(await alice.update<string>('Note Card', name, { subject: 'mine still' })).toMatchObject({ subject: 'mine still' })
    },
  },
  {
    title: 'the right to select alone is enough to choose, and not to read',
    run: async (upstream) => {
      const alice = await clientOf(upstream, 'alice')
      expect(await alice.searchLink('Region', { text: 'No' })).toEqual([{ value: 'North', description: '' }])
      await expect(alice.read('Region', 'North')).rejects.toMatchObject({ status: 403 })
    },
  },
]
