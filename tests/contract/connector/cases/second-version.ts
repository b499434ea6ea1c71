import { expect } from 'vitest'
import { clientOf } from '../app-at.ts'
import type { Case } from '../upstream-under-test.ts'

export const secondVersionCases: readonly Case[] = [
  {
    title: 'T5 the second version of the API answers the same documents and the same errors',
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob', 2)
      expect(await client.list<string>('Client', { fields: ['name', 'region'], orderBy: 'name asc', limit: 2 })).toEqual([
        { name: 'Acme', region: 'North' },
        { name: 'Bluth', region: 'South' },
      ])
      expect(await client.read('Client', 'Acme')).toMatchObject({ name: 'Acme', region: 'North' })
      await expect(client.read('Client', 'Nobody')).rejects.toMatchObject({ excType: 'DoesNotExistError', status: 404 })
      expect(await client.user()).toBe('bob@example.com')
      await expect((await clientOf(upstream, 'carol', 2)).list('Client', { orderBy: '' })).rejects.toMatchObject({
        excType: 'PermissionError',
      })
    },
  },
]
