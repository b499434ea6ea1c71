import { expect } from 'vitest'
import { clientOf } from '../app-at.ts'
import type { Case } from '../upstream-under-test.ts'

export const methodCases: readonly Case[] = [
  {
    title: 'several documents are made at once, or none of them',
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      const [one, two, half] = ['Many1', 'Many2', 'Half'].map((word) => `${word} ${upstream.run}`)
      const both = [one, two].map((name) => ({ doctype: 'Client', client_name: name }))
      expect(await client.insertMany(both)).toEqual([one, two])
      const bad = [
        { doctype: 'Client', client_name: half },
        { doctype: 'Client', region: 'x' },
      ]
      await expect(client.insertMany(bad)).rejects.toMatchObject({ status: 417 })
      await expect(client.read('Client', half!)).rejects.toMatchObject({ excType: 'DoesNotExistError' })
      for (const name of [one, two]) await client.call('frappe.client.delete', { doctype: 'Client', name })
    },
  },
  {
    title: 'fields are set, several documents changed, each by itself, and one renamed',
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      const [from, to] = [`Ins ${upstream.run}`, `Ren ${upstream.run}`]
      expect(await client.call('frappe.client.insert', { doc: { doctype: 'Client', client_name: from, region: 'R' } })).toMatchObject({
        name: from,
      })
      expect(await client.setValue('Client', from, { region: 'T', client_type: 'Individual' })).toMatchObject({ region: 'T' })
      const failed = await client.updateMany([
        { doctype: 'Client', docname: from, region: 'V' },
        { doctype: 'Client', docname: 'Nobody', region: 'V' },
      ])
      expect(failed.map(({ docname }) => docname)).toEqual(['Nobody'])
      expect(await client.rename('Client', from, to)).toBe(to)
      expect(await client.read('Client', to)).toMatchObject({ name: to, region: 'V' })
      await client.call('frappe.client.delete', { doctype: 'Client', name: to })
    },
  },
  {
    title: 'nothing, zero and no are stored as they are',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      const name = `Falsy ${upstream.run}`
      await client.insert<string>('Stock Item', { item_code: name, unit: 'Nos', rate: 4, disabled: 1, description: 'text' })
      await client.setValue<string>('Stock Item', name, { rate: 0, disabled: 0, description: '' })
      const fields = ['rate', 'disabled', 'description']
      const [row] = await client.list<string>('Stock Item', { fields, filters: { name } })
      expect([row!['rate'], row!['disabled'], row!['description'] || null]).toEqual([0, 0, null])
      await client.remove('Stock Item', name)
    },
  },
  {
    title: 'a link is validated with the fields to fetch, and one that leads nowhere is undefined',
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      expect(await client.validateLink('Client', 'Acme', ['region'])).toEqual({ name: 'Acme', region: 'North' })
      expect(await client.validateLink('Client', 'Nobody')).toBeUndefined()
    },
  },
  {
    title: 'one value, the last document, and whether there is one',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      expect(await client.readValue('Client', 'Acme', ['client_type', 'region'])).toEqual({ client_type: 'Company', region: 'North' })
      expect(await client.readValue('Client', { name: 'Nobody' }, ['region'])).toBeUndefined()
      expect(await client.readLast('Client', { filters: { region: 'North' } })).toMatchObject({ name: 'Clark' })
      expect([await client.exists('Client', 'Acme'), await client.exists('Client', 'Nobody')]).toEqual([true, false])
    },
  },
  {
    title: 'somebody is given a document to do',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      expect(await client.assign('Client', 'Acme', ['alice@example.com'], { description: 'call' })).toContain('alice@example.com')
    },
  },
  {
    title: 'a DocType is described with those of its rows',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const { doctype, rows } = await (await clientOf(upstream, 'bob')).doctype('Quote')
      expect(doctype.fields.find((field) => field.fieldname === 'client')).toMatchObject({ fieldtype: 'Link', options: 'Client' })
      expect(rows.map((row) => row.name)).toEqual(['Quote Line'])
    },
  },
  {
    title: 'T3 a file comes back as it was sent',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      const bytes = new Uint8Array([0, 255, 13, 10, 0x25])
      const file = await client.upload(new Blob([bytes]), { name: `bytes-${upstream.run}.bin` })
      const back = await client.download(String(file['file_url']))
      expect(new Uint8Array(await back.arrayBuffer())).toEqual(bytes)
    },
  },
]
