import type { Document, Values } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import type { Person } from './world.fixture.ts'
import { opened, refused, run, verbsOf, type World } from './verbs.fixture.ts'

export function childRowsContract(name: string, make: () => Promise<World>): void {
  describe(`${name}: a row of a child table`, () => {
    const world = opened(make)
    const { insert, read, update, remove } = verbsOf(world)
    const quoteWith = (...lines: Values[]): Promise<Document> => insert('lead', 'Quote', { client: 'Acme', lines })
    const placed = (quote: Document, values: Values): Values => ({
      parent: quote.name,
      parenttype: 'Quote',
      parentfield: 'lines',
      ...values,
    })
    const set = (quote: Document, docstatus: 1 | 2): Promise<Document> =>
      run(world(), 'lead', (backend, who) => backend.setDocstatus(who, { doctype: 'Quote', name: String(quote.name) }, docstatus))
    const linesOf = async (quote: Document): Promise<Document[]> => (await read('lead', 'Quote', String(quote.name)))['lines'] as Document[]

    it('is added behind the others of its document, which changes with it', async () => {
      const quote = await quoteWith({ item: 'ITEM-001', qty: 1 })
      const row = await insert('lead', 'Quote Line', placed(quote, { item: 'ITEM-002', qty: '2', margin: 9, name: 'mine' }))
      expect(row).toMatchObject({ doctype: 'Quote Line', parent: quote.name, idx: 2, qty: 2, item_name: 'Nut 2' })
      const after = await read('lead', 'Quote', String(quote.name))
      expect(after.modified > quote.modified).toBe(true)
      expect(after['lines']).toMatchObject([{ item: 'ITEM-001' }, { item: 'ITEM-002', name: row.name }])
      expect((await read('admin', 'Quote', String(quote.name)))['lines']).toMatchObject([{}, { margin: 0 }])
      expect(await read('lead', 'Quote Line', String(row.name))).toEqual(row)
    })

    it('is changed and removed through its document', async () => {
      const quote = await quoteWith({ item: 'ITEM-001', qty: 1, price: 5 }, { item: 'ITEM-002', qty: 1 })
      const [first, second] = await linesOf(quote)
      expect(await update('lead', 'Quote Line', first!.name, { qty: 7 })).toMatchObject({ qty: 7, price: 5, item: 'ITEM-001' })
      await remove('lead', 'Quote Line', first!.name)
      expect(await linesOf(quote)).toMatchObject([{ name: second!.name }])
      expect((await read('lead', 'Quote', String(quote.name))).modified > quote.modified).toBe(true)
      await expect(remove('lead', 'Quote Line', first!.name)).rejects.toEqual(refused('DoesNotExistError', 404))
      await expect(update('lead', 'Quote Line', 'nope', { qty: 1 })).rejects.toEqual(refused('DoesNotExistError', 404))
    })

    it('obeys the rules of its document', async () => {
      const quote = await quoteWith({ item: 'ITEM-001', qty: 1 })
      const [line] = await linesOf(quote)
      await expect(insert('lead', 'Quote Line', placed(quote, { item: 'NOPE', qty: 1 }))).rejects.toEqual(
        refused('LinkValidationError', 417),
      )
      await expect(insert('lead', 'Quote Line', placed(quote, { item: 'ITEM-001' }))).rejects.toEqual(refused('MandatoryError', 417))
      await expect(update('lead', 'Quote Line', line!.name, { item: null })).rejects.toEqual(refused('MandatoryError', 417))
      await expect(update('lead', 'Quote Line', line!.name, { docstatus: 1 })).rejects.toEqual(refused('DocstatusTransitionError', 417))
      await update('lead', 'Quote Line', line!.name, { qty: 2, modified: line!.modified })
      await expect(update('lead', 'Quote Line', line!.name, { qty: 3, modified: line!.modified })).rejects.toEqual(
        refused('TimestampMismatchError', 417),
      )
      await set(quote, 1)
      await expect(insert('lead', 'Quote Line', placed(quote, { item: 'ITEM-001', qty: 1 }))).rejects.toEqual(
        refused('UpdateAfterSubmitError', 417),
      )
      await expect(update('lead', 'Quote Line', line!.name, { qty: 9 })).rejects.toEqual(refused('UpdateAfterSubmitError', 417))
      await expect(remove('lead', 'Quote Line', line!.name)).rejects.toEqual(refused('UpdateAfterSubmitError', 417))
      await set(quote, 2)
      await expect(remove('lead', 'Quote Line', line!.name)).rejects.toEqual(refused('ValidationError', 417))
    })

    it('needs the right to change its document', async () => {
      const quote = await quoteWith({ item: 'ITEM-001', qty: 1 })
      const [line] = await linesOf(quote)
      await expect(insert('nobody', 'Quote Line', placed(quote, { item: 'ITEM-001', qty: 1 }))).rejects.toEqual(
        refused('PermissionError', 403),
      )
      await expect(update('nobody', 'Quote Line', line!.name, { qty: 2 })).rejects.toEqual(refused('PermissionError', 403))
      await expect(remove('nobody', 'Quote Line', line!.name)).rejects.toEqual(refused('PermissionError', 403))
      await expect(remove('nobody', 'Quote Line', 'nope')).rejects.toEqual(refused('PermissionError', 403))
      expect(await update('clerk', 'Quote Line', line!.name, { qty: 2 })).toMatchObject({ qty: 2 })
    })

    it.each<[string, Values, string, number]>([
      ['no document', {}, 'PermissionError', 403],
      ['half a document', { parent: 'QTN-00001', parenttype: 'Quote' }, 'PermissionError', 403],
      ['a list as document', { parent: ['QTN-00001'], parenttype: 'Quote', parentfield: 'lines' }, 'PermissionError', 403],
      ['a document that is not there', { parent: 'NOPE', parenttype: 'Quote', parentfield: 'lines' }, 'DoesNotExistError', 404],
      ['a field that is no table', { parent: 'QTN-00001', parenttype: 'Quote', parentfield: 'total' }, 'ValidationError', 417],
      ['a DocType without such rows', { parent: 'Acme', parenttype: 'Client', parentfield: 'lines' }, 'ValidationError', 417],
    ])('with %s is refused', async (_, place, excType, status) => {
      await expect(insert('lead' satisfies Person, 'Quote Line', { item: 'ITEM-001', qty: 1, ...place })).rejects.toEqual(
        refused(excType, status),
      )
    })

    it('of many is added with all the others or not at all', async () => {
      const quote = await quoteWith()
      const rows = [placed(quote, { item: 'ITEM-001', qty: 1 }), placed(quote, { item: 'NOPE', qty: 1 })]
      await expect(run(world(), 'lead', (backend, who) => backend.insert(who, 'Quote Line', rows))).rejects.toEqual(
        refused('LinkValidationError', 417),
      )
      expect(await linesOf(quote)).toEqual([])
    })

    it('keeps the number that was given to it, when each row has one', async () => {
      const quote = await quoteWith({ item: 'ITEM-001', qty: 1, idx: 9 }, { item: 'ITEM-002', qty: 1, idx: 4 })
      expect(await linesOf(quote)).toMatchObject([
        { idx: 4, item: 'ITEM-002' },
        { idx: 9, item: 'ITEM-001' },
      ])
      await update('lead', 'Quote', quote.name, { remarks: 'x' })
      expect(await linesOf(quote)).toMatchObject([{ idx: 4 }, { idx: 9 }])
      for (const given of [[3], [2, 2], [0, 1], ['x', 'y']]) {
        const other = await quoteWith({ item: 'ITEM-001', qty: 1, idx: given[0] }, { item: 'ITEM-002', qty: 1, idx: given[1] })
        expect(await linesOf(other)).toMatchObject([
          { idx: 1, item: 'ITEM-001' },
          { idx: 2, item: 'ITEM-002' },
        ])
      }
    })
  })
}
