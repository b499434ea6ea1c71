import { STANDARD_FIELDS, type Document } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import type { Person } from './world.fixture.ts'
import { opened, refused, run, verbsOf, type World } from './verbs.fixture.ts'

export function readContract(name: string, make: () => Promise<World>): void {
  describe(`${name}: a document`, () => {
    const world = opened(make)
    const { read } = verbsOf(world)

    it('comes whole, in Frappe’s order of keys, with null for what is empty', async () => {
      const document = await read('lead', 'Client', 'Acme')
      expect(Object.keys(document)).toEqual([
        ...STANDARD_FIELDS,
        'client_name',
        'client_type',
        'region',
        'email',
        'since',
        'last_seen',
        'payload',
        'tax_id',
        'doctype',
      ])
      expect(document).toMatchObject({
        name: 'Acme',
        docstatus: 0,
        idx: 0,
        client_type: 'Company',
        since: '2026-01-31',
        last_seen: '2026-02-03 04:05:06',
        email: null,
        doctype: 'Client',
      })
      expect(document.modified).toMatch(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{6}$/)
    })

    it('comes with its rows in order', async () => {
      const document = await read('lead', 'Quote', 'QTN-00001')
      expect(document['lines']).toMatchObject([
        {
          idx: 1,
          item: 'ITEM-001',
          item_name: 'Bolt 1',
          qty: 2,
          price: 10.5,
          parent: 'QTN-00001',
          parentfield: 'lines',
          parenttype: 'Quote',
          doctype: 'Quote Line',
        },
        { idx: 2, item: 'ITEM-002', item_name: 'Nut 2', qty: 3, price: 21 },
      ])
      expect(document).toMatchObject({ client_region: 'North', total: 0.1 })
    })

    it('lacks the fields above the reader’s level, in rows too', async () => {
      expect(await read('lead', 'Stock Item', 'ITEM-001')).toMatchObject({ cost: 0.5 })
      expect(await read('clerk', 'Stock Item', 'ITEM-001')).not.toHaveProperty('cost')
      expect((await read('admin', 'Quote', 'QTN-00001'))['lines']).toMatchObject([{ margin: 7 }, { margin: 0 }])
      expect((await read('lead', 'Quote', 'QTN-00001'))['lines']).not.toMatchObject([{ margin: 7 }, {}])
    })

    it.each<[Person, string, string, string, number]>([
      ['nobody', 'Stock Item', 'ITEM-001', 'PermissionError', 403],
      ['nobody', 'Stock Item', 'NOPE', 'PermissionError', 403],
      ['clerk', 'Region', 'North', 'PermissionError', 403],
      ['lead', 'Stock Item', 'NOPE', 'DoesNotExistError', 404],
      ['lead', 'Stock Item', 'item-001', 'DoesNotExistError', 404],
      ['lead', 'Nope', 'X', 'DoesNotExistError', 404],
      ['nobody', 'Quote Line', 'x', 'PermissionError', 403],
    ])('as %s: %s %s is refused', async (person, doctype, document, excType, status) => {
      await expect(read(person, doctype, document)).rejects.toEqual(refused(excType, status))
    })

    it('that is a row is read as a part of its parent', async () => {
      const lines = (await read('lead', 'Quote', 'QTN-00001'))['lines'] as Document[]
      expect(await read('lead', 'Quote Line', String(lines[0]!.name))).toEqual(lines[0])
    })
  })

  describe(`${name}: a DocType`, () => {
    const world = opened(make)
    const define = (person: Person, doctype: string): Promise<unknown> =>
      run(world(), person, (backend, who) => backend.doctype(who, doctype))

    it('is known to who may read or select its documents', async () => {
      expect(await define('clerk', 'Stock Item')).toMatchObject({
        name: 'Stock Item',
        title_field: 'item_name',
        search_fields: ['item_name', 'item_group'],
      })
      expect(await define('clerk', 'Region')).toMatchObject({ name: 'Region' })
      expect(await define('clerk', 'Quote Line')).toMatchObject({ istable: true })
    })

    it('is not known to others', async () => {
      await expect(define('nobody', 'Stock Item')).rejects.toEqual(refused('PermissionError', 403))
      await expect(define('nobody', 'Quote Line')).rejects.toEqual(refused('PermissionError', 403))
      await expect(define('admin', 'Nope')).rejects.toEqual(refused('DoesNotExistError', 404))
    })
  })
}
