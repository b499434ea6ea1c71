import { expect } from 'vitest'
import { clientOf } from '../app-at.ts'
import type { Case } from '../upstream-under-test.ts'

export const documentCases: readonly Case[] = [
  {
    title: 'T3 a document is read, made, changed and removed, and is gone then',
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      expect(await client.read('Stock Item', 'ITEM-001')).toMatchObject({
        doctype: 'Stock Item',
        item_name: 'Bolt 1',
        unit: 'Nos',
        rate: 10.5,
      })
      const name = `Client ${upstream.run}`
      const values = { region: 'West', since: '2026-01-31', opens_at: '08:30:00', last_seen: '2026-02-03 04:05:06', email: 'c@example.com' }
      const made = await client.insert('Client', { client_name: name, ...values })
      expect(made).toMatchObject({
        name,
        owner: 'bob@example.com',
        docstatus: 0,
        client_type: 'Company',
        ...values,
        opens_at: expect.any(String) as string,
      })
      expect(await client.read('Client', name)).toMatchObject({ name, region: 'West', since: '2026-01-31' })
      const changed = await client.update('Client', name, { region: 'North-West' })
      expect(changed).toMatchObject({ name, region: 'North-West', since: '2026-01-31' })
      expect(changed.modified > made.modified).toBe(true)
      await expect(client.update('Client', name, { region: 'East', modified: '2001-01-01 00:00:00.000000' })).rejects.toMatchObject({
        excType: 'TimestampMismatchError',
      })
      await expect(client.insert('Client', { client_name: name })).rejects.toMatchObject({ excType: 'DuplicateEntryError', status: 409 })
      await client.remove('Client', name)
      await expect(client.remove('Client', name)).rejects.toMatchObject({ excType: 'DoesNotExistError' })
    },
  },
  {
    title: 'T1 empty fields are left out of a document, and there as null in a list',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      expect(Object.keys(await client.read('Client', 'Acme'))).not.toContain('email')
      const [row] = await client.list<string>('Client', { fields: ['name', 'email'], filters: { name: 'Acme' }, limit: 1 })
      expect(row).toEqual({ name: 'Acme', email: null })
    },
  },
  {
    title: 'a document with lines keeps them in their order, and a list finds it by a line',
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      const lines = [
        { item: 'ITEM-001', qty: 2, price: 10.5 },
        { item: 'ITEM-002', qty: '3', price: 21 },
      ]
      const quote = await client.insert<string>('Quote', { client: 'Acme', quote_date: '2026-03-01', lines })
      const rows = quote['lines'] as Record<string, unknown>[]
      expect(rows).toMatchObject([
        { item: 'ITEM-001', idx: 1, parent: quote.name },
        { item: 'ITEM-002', idx: 2, parent: quote.name },
      ])
      const [first] = rows
      const next = [
        { name: first!['name'], item: 'ITEM-001', qty: 5, price: 10.5 },
        { item: 'ITEM-003', qty: 1, price: 31.5 },
      ]
      const changed = await client.update<string>('Quote', quote.name, { lines: next })
      expect(changed['lines']).toMatchObject([
        { name: first!['name'], item: 'ITEM-001', qty: 5 },
        { item: 'ITEM-003', idx: 2 },
      ])
      const filters = [
        ['Quote Line', 'item', '=', 'ITEM-003'],
        ['name', '=', quote.name],
      ]
      expect(await client.list<string>('Quote', { fields: ['name', 'client'], filters })).toEqual([{ name: quote.name, client: 'Acme' }])
      await expect(client.remove('Stock Item', 'ITEM-003')).rejects.toMatchObject({ excType: 'LinkExistsError' })
      await client.remove('Quote', quote.name)
    },
  },
  {
    title: 'T6 a document is submitted, fixed then, and cancelled once',
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      const quote = await client.insert<string>('Quote', { client: 'Acme', lines: [{ item: 'ITEM-001', qty: 2, price: 3 }] })
      await expect((await clientOf(upstream, 'alice')).update<string>('Quote', quote.name, { docstatus: 1 })).rejects.toMatchObject({
        excType: 'PermissionError',
      })
      expect(await client.update<string>('Quote', quote.name, { docstatus: 1 })).toMatchObject({ docstatus: 1 })
      await expect(client.update<string>('Quote', quote.name, { total: 99 })).rejects.toMatchObject({ excType: 'UpdateAfterSubmitError' })
      expect(await client.update<string>('Quote', quote.name, { remarks: 'seen' })).toMatchObject({ remarks: 'seen' })
      await expect(client.update<string>('Quote', quote.name, { docstatus: 0 })).rejects.toMatchObject({
        excType: 'DocstatusTransitionError',
      })
      await expect(client.remove('Quote', quote.name)).rejects.toMatchObject({ excType: 'ValidationError' })
      expect(await client.cancel('Quote', quote.name)).toMatchObject({ docstatus: 2 })
      await expect(client.update<string>('Quote', quote.name, { remarks: 'late' })).rejects.toMatchObject({ excType: 'ValidationError' })
    },
  },
  {
    title: 'T6 a document is submitted as it is at the site now, but not from an old copy',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      const old = await client.insert<string>('Quote', { client: 'Acme', lines: [{ item: 'ITEM-001', qty: 2, price: 3 }] })
      await client.update<string>('Quote', old.name, { remarks: 'changed since' })
      await expect(client.submit('Quote', old)).rejects.toMatchObject({ excType: 'TimestampMismatchError' })
      expect(await client.submit('Quote', old.name)).toMatchObject({ docstatus: 1, remarks: 'changed since' })
      await client.cancel('Quote', old.name)
      await client.remove('Quote', old.name)
    },
  },
  {
    title: 'T2 names with slashes, spaces, quotes and letters of any language are found again',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      for (const text of ['A/B', 'Müller & Söhne', `O'Brien "x"`, '100 % ?#', '日本']) {
        const name = `${text} ${upstream.run}`
        expect(await client.insert('Client', { client_name: name })).toMatchObject({ name })
        expect(await client.read('Client', name)).toMatchObject({ name })
        await client.remove('Client', name)
      }
    },
  },
]
