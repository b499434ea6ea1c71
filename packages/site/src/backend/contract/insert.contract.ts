import { type Values } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import type { Person } from './world.fixture.ts'
import { opened, refused, run, verbsOf, type World } from './verbs.fixture.ts'

export function insertContract(name: string, make: () => Promise<World>): void {
  describe(`${name}: to insert`, () => {
    const world = opened(make)
    const { insert, read, list, count } = verbsOf(world)

    it('answers the document as it is read afterwards', async () => {
      const inserted = await insert('lead', 'Quote', {
        client: 'Acme',
        quote_date: '2026-03-01',
        lines: [
          { item: 'ITEM-001', qty: '3', price: 10.5 },
          { item: 'ITEM-002', qty: 1 },
        ],
      })
      expect(inserted).toMatchObject({
        client_region: 'North',
        total: 0,
        remarks: null,
        naming_series: 'QTN-.#####',
        lines: [
          { idx: 1, qty: 3, item_name: 'Bolt 1' },
          { idx: 2, price: 0 },
        ],
      })
      expect(await read('lead', 'Quote', String(inserted.name))).toEqual(inserted)
    })

    it('ignores what no field has, and what the site sets itself', async () => {
      const sent = {
        client_name: 'Ignored',
        owner: 'x',
        creation: 'x',
        modified: '2001-01-01',
        modified_by: 'x',
        idx: 7,
        no_such_field: 1,
        doctype: 'Unit',
        name: 'Other',
      }
      const document = await insert('lead', 'Client', sent)
      expect(document).toMatchObject({ name: 'Ignored', owner: world().as('lead').principal.user, idx: 0, doctype: 'Client' })
      expect(document).not.toHaveProperty('no_such_field')
    })

    it('takes defaults for what is null or missing', async () => {
      expect(await insert('lead', 'Client', { client_name: 'Defaults', client_type: null })).toMatchObject({ client_type: 'Company' })
    })

    it('keeps the default of a field above the writer’s level', async () => {
      await insert('clerk', 'Client', { client_name: 'Levelled', credit: 1_000_000 })
      expect(await read('admin', 'Client', 'Levelled')).toMatchObject({ credit: 100 })
    })

    it('keeps all or none of many', async () => {
      await expect(
        run(world(), 'lead', (backend, who) => backend.insert(who, 'Unit', [{ unit_name: 'First' }, { unit_name: 'Nos' }])),
      ).rejects.toEqual(refused('DuplicateEntryError', 409))
      expect(await count('lead', 'Unit', { unit_name: 'First' })).toBe(0)
    })

    it.each<[string, string, Values, string, number]>([
      ['without a name', 'Client', { region: 'West' }, 'ValidationError', 417],
      ['with a name that is taken', 'Client', { client_name: 'Acme' }, 'DuplicateEntryError', 409],
      ['with a name that is taken in other capitals', 'Client', { client_name: 'ACME' }, 'DuplicateEntryError', 409],
      ['with a bad name', 'Client', { client_name: '<b>' }, 'NameError', 409],
      ['with a choice that is not offered', 'Client', { client_name: 'X', client_type: 'Alien' }, 'ValidationError', 417],
      ['with a bad e-mail', 'Client', { client_name: 'X', email: 'not an address' }, 'InvalidEmailAddressError', 417],
      ['with a bad date', 'Client', { client_name: 'X', since: 'yesterday-ish' }, 'ValidationError', 417],
      ['with a list for text', 'Client', { client_name: 'X', region: ['a'] }, 'ValidationError', 417],
      ['with a zero character', 'Client', { client_name: 'X', region: 'a\0' }, 'ValidationError', 417],
      ['with text in a number', 'Stock Item', { item_code: 'X', unit: 'Nos', rate: 'twelve' }, 'ValidationError', 417],
      ['with a link to nothing', 'Stock Item', { item_code: 'X', unit: 'Furlong' }, 'LinkValidationError', 417],
      ['without a required link', 'Stock Item', { item_code: 'X' }, 'MandatoryError', 417],
      ['with a row that links to nothing', 'Quote', { client: 'Acme', lines: [{ item: 'NOPE', qty: 1 }] }, 'LinkValidationError', 417],
      ['with a row that lacks a number', 'Quote', { client: 'Acme', lines: [{ item: 'ITEM-001' }] }, 'MandatoryError', 417],
      ['with rows that are none', 'Quote', { client: 'Acme', lines: 'x' }, 'ValidationError', 417],
      ['as cancelled', 'Quote', { client: 'Acme', docstatus: 2 }, 'DocstatusTransitionError', 417],
      ['with a docstatus that is none', 'Quote', { client: 'Acme', docstatus: 7 }, 'ValidationError', 417],
      ['as submitted where nothing is', 'Client', { client_name: 'X', docstatus: 1 }, 'PermissionError', 403],
    ])('%s is refused and leaves nothing', async (_, doctype, values, excType, status) => {
      const before = await count('lead', doctype)
      await expect(insert('lead', doctype, values)).rejects.toEqual(refused(excType, status))
      expect(await count('lead', doctype)).toBe(before)
    })

    it('says each field that is missing', async () => {
      const failed = insert('lead', 'Quote', { lines: [{ qty: 1 }] })
      await expect(failed).rejects.toMatchObject({
        message: expect.stringMatching(/\]: client, item$/) as string,
        options: { messages: [expect.stringContaining('Client'), expect.stringContaining('Item')] },
      })
    })

    it('keeps a unique value apart from a name that is taken', async () => {
      await insert('lead', 'Stock Item', { item_code: 'B1', unit: 'Nos', barcode: '123' })
      await insert('lead', 'Stock Item', { item_code: 'B2', unit: 'Nos', barcode: '' })
      await insert('lead', 'Stock Item', { item_code: 'B3', unit: 'Nos', barcode: '' })
      await expect(insert('lead', 'Stock Item', { item_code: 'B4', unit: 'Nos', barcode: '123' })).rejects.toEqual(
        refused('UniqueValidationError', 417),
      )
    })

    it.each<[Person, string]>([
      ['clerk', 'Stock Item'],
      ['nobody', 'Client'],
    ])('as %s a %s needs the right to', async (person, doctype) => {
      await expect(insert(person, doctype, { item_code: 'N', client_name: 'N', unit: 'Nos' })).rejects.toEqual(
        refused('PermissionError', 403),
      )
    })

    it('makes the new one the first of a list', async () => {
      await insert('lead', 'Client', { client_name: 'Latest' })
      expect(await list('lead', 'Client', { limit: 1 })).toEqual([{ name: 'Latest' }])
    })
  })

  describe(`${name}: one’s own`, () => {
    const world = opened(make)
    const { insert, update, read, list, remove } = verbsOf(world)

    it('documents are one’s own alone where the right comes through ownership', async () => {
      const note = await insert('clerk', 'Note Card', { subject: 'mine' })
      const own = String(note.name)
      expect(await list('clerk', 'Note Card')).toEqual([{ name: own }])
      expect(await list('lead', 'Note Card')).toEqual([])
      await expect(read('lead', 'Note Card', own)).rejects.toEqual(refused('PermissionError', 403))
      await expect(update('lead', 'Note Card', own, { subject: 'x' })).rejects.toEqual(refused('PermissionError', 403))
      await expect(remove('lead', 'Note Card', own)).rejects.toEqual(refused('PermissionError', 403))
      expect(await update('clerk', 'Note Card', own, { subject: 'still mine' })).toMatchObject({ subject: 'still mine' })
      await remove('clerk', 'Note Card', own)
      await expect(read('clerk', 'Note Card', own)).rejects.toEqual(refused('DoesNotExistError', 404))
    })
  })
}
