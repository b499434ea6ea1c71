import { expect } from 'vitest'
import { appAt, clientOf } from '../app-at.ts'
import type { Case } from '../upstream-under-test.ts'

export const docnameCases: readonly Case[] = [
  {
    title: 'D14 a link field by its configuration looks into the fields that it names, and gives the docname',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const app = appAt(upstream, { more: { links: { 'Stock Item': { searchFields: ['item_name'], label: 'item_name' } } } })
      await app.signIn()
      const { items, source } = await (await app.connection()).links.search('Stock Item', { text: 'bolt 1' })
      expect(source).toBe('upstream')
      expect(items.map(({ value, label }) => [value, label])).toEqual([
        ['ITEM-001', 'Bolt 1'],
        ['ITEM-011', 'Bolt 11'],
        ['ITEM-016', 'Bolt 16'],
      ])
    },
  },
  {
    title: 'D17 what a person saw in a link field is offered while the site is away, and marked',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      let isAway = false
      const app = appAt(upstream, {
        fetch: (url, init) => (isAway ? Promise.reject(new TypeError('fetch failed')) : upstream.fetch(url, init)),
      })
      await app.signIn()
      const { links } = await app.connection()
      await links.search('Client', { text: 'Acme' })
      isAway = true
      expect(await links.search('Client', { text: 'Acme' })).toMatchObject({ source: 'kept', items: [{ value: 'Acme' }] })
    },
  },
  {
    title: 'D18 a docname that was renamed at the site is found by its new name, and one that was removed is gone',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const bob = await clientOf(upstream, 'bob')
      const [from, to] = [`Docname ${upstream.run}`, `Renamed ${upstream.run}`]
      await bob.insert('Client', { client_name: from })
      const app = appAt(upstream)
      await app.signIn()
      const { docnames } = await app.connection()
      const verdicts = async (name: string): Promise<unknown> => (await docnames.validate([{ doctype: 'Client', name }]))[0]
      expect(await verdicts(from)).toMatchObject({ verdict: 'there', asked: true, item: { value: from } })
      await bob.rename('Client', from, to)
      expect(await verdicts(from)).toEqual({ verdict: 'renamed', to })
      await bob.remove('Client', to)
      expect(await verdicts(to)).toEqual({ verdict: 'gone' })
      expect(await verdicts(`Never ${upstream.run}`)).toEqual({ verdict: 'gone' })
    },
  },
]
