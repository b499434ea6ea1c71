import { type Document, type Values } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { opened, refused, run, verbsOf, type World } from './verbs.fixture.ts'
import type { Person } from './world.fixture.ts'

export function updateContract(name: string, make: () => Promise<World>): void {
  describe(`${name}: to update`, () => {
    const world = opened(make)
    const { insert, update, read, list, search } = verbsOf(world)

    it('changes what was sent and nothing else', async () => {
      const before = await read('lead', 'Client', 'Acme')
      const after = await update('lead', 'Client', 'Acme', { region: 'North-West', no_such_field: 1 })
      expect(after).toEqual({ ...before, region: 'North-West', modified: after.modified, modified_by: world().as('lead').principal.user })
      expect(after.modified > before.modified).toBe(true)
      expect(await read('lead', 'Client', 'Acme')).toEqual(after)
      expect(await search('lead', 'Client', 'h-west')).toEqual(['Acme'])
    })

    it('clears what is null', async () => {
      expect(await update('lead', 'Client', 'Acme', { since: null })).toMatchObject({ since: null })
      expect(await update('lead', 'Stock Item', 'ITEM-001', { rate: null })).toMatchObject({ rate: 0 })
      await expect(update('lead', 'Stock Item', 'ITEM-001', { unit: null })).rejects.toEqual(refused('MandatoryError', 417))
    })

    it('is refused from a stale copy', async () => {
      const { modified } = await read('lead', 'Client', 'Bluth')
      await update('lead', 'Client', 'Bluth', { region: 'A', modified })
      await expect(update('lead', 'Client', 'Bluth', { region: 'B', modified })).rejects.toEqual(refused('TimestampMismatchError', 417))
      expect(await read('lead', 'Client', 'Bluth')).toMatchObject({ region: 'A' })
    })

    it('of one stale copy by many changes it once', async () => {
      for (let round = 0; round < 4; round++) {
        const { modified } = await read('lead', 'Client', 'Clark')
        const changes = Array.from({ length: 8 }, (_, index) => update('lead', 'Client', 'Clark', { region: `R${index}`, modified }))
        const outcomes = await Promise.allSettled(changes)
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      }
    })

    it.each<[string, Values, string, number]>([
      ['the owner', { owner: 'x' }, 'CannotChangeConstantError', 417],
      ['the time of making', { creation: '2001-01-01 00:00:00.000000' }, 'CannotChangeConstantError', 417],
      ['a field that is set once', { tax_id: '1' }, 'CannotChangeConstantError', 417],
      ['the name', { name: 'Other' }, 'DoesNotExistError', 404],
      ['a draft to cancelled', { docstatus: 2 }, 'DocstatusTransitionError', 417],
    ])('does not change %s', async (_, values, excType, status) => {
      await expect(update('lead', 'Client', 'Dunder', values)).rejects.toEqual(refused(excType, status))
    })

    it('keeps the field that a document is named after equal to its name', async () => {
      expect(await update('lead', 'Client', 'Dunder', { client_name: 'Other' })).toMatchObject({ client_name: 'Dunder' })
    })

    it('keeps the stored value of a field above the writer’s level', async () => {
      await update('admin', 'Client', 'Dunder', { credit: 5 })
      await update('lead', 'Client', 'Dunder', { credit: 1_000_000 })
      expect(await read('admin', 'Client', 'Dunder')).toMatchObject({ credit: 5 })
    })

    it('replaces the rows of a table: known ones change, new ones come, others go', async () => {
      const lines = (await read('lead', 'Quote', 'QTN-00001'))['lines'] as Document[]
      const after = await update('lead', 'Quote', 'QTN-00001', {
        lines: [
          { item: 'ITEM-003', qty: 1 },
          { name: lines[0]!.name, item: 'ITEM-001', qty: 5 },
        ],
      })
      expect(after['lines']).toMatchObject([
        { idx: 1, item: 'ITEM-003', qty: 1, item_name: 'Washer 3' },
        { idx: 2, name: lines[0]!.name, qty: 5, price: 0 },
      ])
      expect((await read('lead', 'Quote', 'QTN-00001'))['lines']).toEqual(after['lines'])
      expect((await read('admin', 'Quote', 'QTN-00001'))['lines']).toMatchObject([{ margin: 0 }, { margin: 7 }])
      expect(await update('lead', 'Quote', 'QTN-00001', { total: 3 })).toMatchObject({ lines: [{}, {}] })
    })

    it('loses no row for a name that is unknown', async () => {
      const before = await read('lead', 'Quote', 'QTN-00002')
      const foreign = (await read('lead', 'Quote', 'QTN-00001'))['lines'] as Document[]
      for (const line of ['nope', foreign[0]!.name]) {
        await expect(update('lead', 'Quote', 'QTN-00002', { lines: [{ name: line, item: 'ITEM-001', qty: 5 }] })).rejects.toEqual(
          refused('ValidationError', 417),
        )
      }
      expect(await read('lead', 'Quote', 'QTN-00002')).toEqual(before)
    })

    it('fetches what another link brings along', async () => {
      expect(await update('lead', 'Quote', 'QTN-00002', { client: 'Dunder' })).toMatchObject({ client_region: 'East' })
      await expect(update('lead', 'Quote', 'QTN-00002', { client: 'NOPE' })).rejects.toEqual(refused('LinkValidationError', 417))
    })

    it('needs the right to, and the document', async () => {
      await expect(update('clerk', 'Stock Item', 'ITEM-001', { rate: 1 })).rejects.toEqual(refused('PermissionError', 403))
      await expect(update('clerk', 'Stock Item', 'NOPE', { rate: 1 })).rejects.toEqual(refused('PermissionError', 403))
      await expect(update('lead', 'Stock Item', 'NOPE', { rate: 1 })).rejects.toEqual(refused('DoesNotExistError', 404))
    })

    it('puts the document first in a list', async () => {
      await insert('lead', 'Client', { client_name: 'Newer' })
      await update('lead', 'Client', 'Acme', {})
      expect(await list('lead', 'Client', { limit: 2 })).toEqual([{ name: 'Acme' }, { name: 'Newer' }])
    })
  })

  describe(`${name}: to submit`, () => {
    const world = opened(make)
    const { insert, update, remove, read } = verbsOf(world)
    const draft = (): Promise<Document> => insert('lead', 'Quote', { client: 'Acme', lines: [{ item: 'ITEM-001', qty: 2, price: 3 }] })
    const set = (person: Person, quote: Document, docstatus: 1 | 2): Promise<Document> =>
      run(world(), person, (backend, who) => backend.setDocstatus(who, { doctype: 'Quote', name: String(quote.name) }, docstatus))

    it('fixes a document until it is cancelled', async () => {
      const quote = await draft()
      await expect(update('clerk', 'Quote', quote.name, { docstatus: 1 })).rejects.toEqual(refused('PermissionError', 403))
      expect(await update('lead', 'Quote', quote.name, { docstatus: 1 })).toMatchObject({ docstatus: 1, lines: [{ docstatus: 1 }] })
      await expect(update('lead', 'Quote', quote.name, { total: 99 })).rejects.toEqual(refused('UpdateAfterSubmitError', 417))
      await expect(update('lead', 'Quote', quote.name, { lines: [] })).rejects.toEqual(refused('UpdateAfterSubmitError', 417))
      expect(await update('lead', 'Quote', quote.name, { remarks: 'seen' })).toMatchObject({ remarks: 'seen', docstatus: 1 })
      await expect(update('lead', 'Quote', quote.name, { docstatus: 0 })).rejects.toEqual(refused('DocstatusTransitionError', 417))
      await expect(remove('lead', 'Quote', quote.name)).rejects.toEqual(refused('ValidationError', 417))
      await expect(set('clerk', quote, 2)).rejects.toEqual(refused('PermissionError', 403))
      expect(await set('lead', quote, 2)).toMatchObject({ docstatus: 2, remarks: 'seen', lines: [{ docstatus: 2 }] })
      await expect(set('lead', quote, 2)).rejects.toEqual(refused('ValidationError', 417))
      await expect(update('lead', 'Quote', quote.name, { remarks: 'late' })).rejects.toEqual(refused('ValidationError', 417))
    })

    it('leaves open the rows of a table that may change after it, and in them the fields that may', async () => {
      const open = { allow_on_submit: 1 }
      const fields = [{ fieldname: 'step' }, { fieldname: 'done', fieldtype: 'Check', ...open }]
      await insert('admin', 'DocType', { name: 'Job Step', istable: 1, fields })
      await insert('admin', 'DocType', {
        name: 'Job',
        is_submittable: 1,
        fields: [
          { fieldname: 'steps', fieldtype: 'Table', options: 'Job Step', ...open },
          { fieldname: 'parts', fieldtype: 'Table', options: 'Job Step' },
        ],
        permissions: [{ role: 'Sales Lead', submit: 1, cancel: 1 }],
      })
      const job = await insert('lead', 'Job', { docstatus: 1, steps: [{ step: 'a' }], parts: [{ step: 'p' }] })
      const [step, part] = ['steps', 'parts'].map((table) => (job[table] as Document[])[0])
      const change = (values: Values): Promise<Document> => update('lead', 'Job', job.name, values)
      expect(await change({ steps: [{ ...step, done: 1 }, { step: 'b' }] })).toMatchObject({
        steps: [
          { step: 'a', done: 1, docstatus: 1 },
          { step: 'b', docstatus: 1 },
        ],
      })
      await expect(change({ steps: [{ ...step, step: 'x' }] })).rejects.toEqual(refused('UpdateAfterSubmitError', 417))
      expect(await change({ steps: [] })).toMatchObject({ steps: [] })
      expect(await change({ parts: [{ ...part, done: 1 }] })).toMatchObject({ parts: [{ done: 1 }] })
      for (const parts of [[], [part, { step: 'q' }], [{ ...part, step: 'x' }]])
        await expect(change({ parts })).rejects.toEqual(refused('UpdateAfterSubmitError', 417))
      const row = await insert('lead', 'Job Step', { parent: job.name, parenttype: 'Job', parentfield: 'steps', step: 'c' })
      expect(await update('lead', 'Job Step', row.name, { done: 1 })).toMatchObject({ done: 1, docstatus: 1 })
      await expect(update('lead', 'Job Step', row.name, { step: 'd' })).rejects.toEqual(refused('UpdateAfterSubmitError', 417))
    })

    it('makes an amendment of what was cancelled, once', async () => {
      const quote = await insert('lead', 'Quote', { client: 'Acme', docstatus: 1 })
      const amend = (from: Document): Promise<Document> => insert('lead', 'Quote', { client: 'Acme', amended_from: from.name })
      await expect(amend(quote)).rejects.toEqual(refused('ValidationError', 417))
      await set('lead', quote, 2)
      const first = await amend(quote)
      expect(first).toMatchObject({ name: `${quote.name}-1`, docstatus: 0, amended_from: quote.name })
      await expect(amend(quote)).rejects.toEqual(refused('DuplicateEntryError', 409))
      await set('lead', first, 1)
      await set('lead', first, 2)
      expect(await amend(first)).toMatchObject({ name: `${quote.name}-2` })
    })

    it('lets a cancelled document be removed, and nothing link to it', async () => {
      const quote = await draft()
      await set('lead', quote, 1)
      await set('lead', quote, 2)
      await remove('lead', 'Quote', quote.name)
      await expect(read('lead', 'Quote', String(quote.name))).rejects.toEqual(refused('DoesNotExistError', 404))
    })
  })
}
