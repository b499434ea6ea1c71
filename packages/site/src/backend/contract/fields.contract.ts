import type { Document, Values } from '@annex/protocol'
import { beforeAll, describe, expect, it } from 'vitest'
import { opened, refused, run, verbsOf, type World } from './verbs.fixture.ts'

const field = (fieldname: string, fieldtype: string, rest: Values = {}): Values => ({ fieldname, fieldtype, ...rest })
const OPEN = [{ role: 'Sales Lead', submit: 1, cancel: 1 }]

const DOCTYPES: readonly Values[] = [
  {
    name: 'Ticket Line',
    istable: 1,
    fields: [
      field('kind', 'Data'),
      field('reason', 'Data', { mandatory_depends_on: 'eval:doc.kind == "odd" && parent.status == "Open"' }),
      field('fixed', 'Data', { read_only_depends_on: 'eval:doc.kind == "kept"' }),
    ],
  },
  { name: 'Ticket Tag', istable: 1, fields: [field('client', 'Link', { options: 'Client' })] },
  {
    name: 'Ticket',
    autoname: 'autoincrement',
    search_fields: 'note',
    fields: [
      field('status', 'Select', { options: 'Open\nClosed' }),
      field('resolution', 'Data', { mandatory_depends_on: 'eval:doc.status == "Closed"' }),
      field('sum', 'Currency', { read_only_depends_on: 'resolution' }),
      field('shown', 'Data', { depends_on: 'eval:doc.status == "Closed"', read_only: 1 }),
      field('client', 'Link', { options: 'Client' }),
      field('region', 'Data', { fetch_from: 'client.region' }),
      field('region_once', 'Data', { fetch_from: 'client.region', fetch_if_empty: 1 }),
      field('client_type', 'Data', { default: ':Client' }),
      field('note', 'Text Editor'),
      field('raw', 'Text', { ignore_xss_filter: 1 }),
      field('lines', 'Table', { options: 'Ticket Line' }),
      field('first_lines', 'Table', { options: 'Ticket Line', set_only_once: 1 }),
      field('clients', 'Table MultiSelect', { options: 'Ticket Tag' }),
      field('kin', 'Link', { options: 'Ticket' }),
    ],
    permissions: OPEN,
  },
]

export function fieldsContract(name: string, make: () => Promise<World>): void {
  describe(`${name}: fields with rules`, () => {
    const world = opened(make)
    const { insert, update, remove } = verbsOf(world)
    beforeAll(async () => {
      for (const doctype of DOCTYPES) await insert('admin', 'DocType', { module: 'Custom', ...doctype })
    })
    const ticket = (values: Values = {}): Promise<Document> => insert('lead', 'Ticket', values)

    it('are required while their rule holds, in rows too', async () => {
      await expect(ticket({ status: 'Closed' })).rejects.toEqual(refused('MandatoryError', 417))
      const open = await ticket({ lines: [{ kind: 'even' }] })
      await expect(update('lead', 'Ticket', open.name, { status: 'Closed' })).rejects.toEqual(refused('MandatoryError', 417))
      await expect(update('lead', 'Ticket', open.name, { lines: [{ kind: 'odd' }] })).rejects.toMatchObject({
        excType: 'MandatoryError',
        message: expect.stringContaining('reason') as string,
      })
      expect(await update('lead', 'Ticket', open.name, { status: 'Closed', resolution: 'done', lines: [{ kind: 'odd' }] })).toMatchObject({
        status: 'Closed',
      })
    })

    it('are read-only while their rule holds for what is stored', async () => {
      const made = await ticket({ sum: 5, lines: [{ kind: 'kept', fixed: 'a' }] })
      expect(await update('lead', 'Ticket', made.name, { sum: 6, resolution: 'settled' })).toMatchObject({ sum: 6 })
      await expect(update('lead', 'Ticket', made.name, { sum: 7 })).rejects.toEqual(refused('CannotChangeConstantError', 417))
      await expect(update('lead', 'Ticket', made.name, { sum: 7, resolution: null })).rejects.toEqual(
        refused('CannotChangeConstantError', 417),
      )
      expect(await update('lead', 'Ticket', made.name, { sum: '6.00', status: 'Closed' })).toMatchObject({ sum: 6, status: 'Closed' })
      const [line] = made['lines'] as Document[]
      await expect(update('lead', 'Ticket', made.name, { lines: [{ name: line!.name, kind: 'kept', fixed: 'b' }] })).rejects.toEqual(
        refused('CannotChangeConstantError', 417),
      )
      await update('lead', 'Ticket', made.name, { lines: [{ name: line!.name, kind: 'free', fixed: 'a' }] })
      await update('lead', 'Ticket', made.name, { resolution: null, status: 'Open' })
      expect(await update('lead', 'Ticket', made.name, { sum: 8 })).toMatchObject({ sum: 8 })
    })

    it('that forms alone show or lock are stored as they are sent', async () => {
      expect(await ticket({ shown: 'x' })).toMatchObject({ shown: 'x' })
    })

    it('fetch from a link, one of them only where nothing stands', async () => {
      const made = await ticket({ client: 'Acme', region: 'mine', region_once: 'mine' })
      expect(made).toMatchObject({ region: 'North', region_once: 'mine' })
      expect(await ticket({ client: 'Acme' })).toMatchObject({ region: 'North', region_once: 'North' })
      await expect(ticket({ client: 'NOPE', region: 'x' })).rejects.toEqual(refused('LinkValidationError', 417))
    })

    it('begin with what the document that they name has, unless they are given', async () => {
      expect(await ticket({ client: 'Clark' })).toMatchObject({ client_type: 'Individual' })
      expect(await ticket({ client: 'Clark', client_type: 'Mine' })).toMatchObject({ client_type: 'Mine' })
      expect(await ticket()).toMatchObject({ client_type: null })
    })

    it('lose what runs in their markup, unless they keep it', async () => {
      const sent = '<p onclick="x()">hi</p><script>alert(1)</script>'
      const made = await ticket({ note: sent, raw: sent, shown: 'a < b & c' })
      const kept = { note: '<p>hi</p>&lt;script&gt;alert(1)&lt;/script&gt;', raw: sent, shown: 'a < b & c' }
      expect(made).toMatchObject(kept)
      expect(await update('lead', 'Ticket', made.name, { ...made, status: 'Open' })).toMatchObject(kept)
      expect(await update('lead', 'Ticket', made.name, { shown: '<img src=x onerror=y>' })).toMatchObject({ shown: '<img src="x" />' })
    })

    it('of a table that is set once keep its rows', async () => {
      const made = await ticket({ first_lines: [{ kind: 'a' }] })
      const rows = made['first_lines'] as Document[]
      expect(await update('lead', 'Ticket', made.name, { first_lines: rows, status: 'Open' })).toMatchObject({
        first_lines: [{ kind: 'a' }],
      })
      for (const first_lines of [[], [{ kind: 'a' }], [{ name: rows[0]!.name, kind: 'b' }], [...rows, { kind: 'c' }]])
        await expect(update('lead', 'Ticket', made.name, { first_lines })).rejects.toEqual(refused('CannotChangeConstantError', 417))
    })

    it('of several links hold them as rows', async () => {
      const made = await ticket({ clients: [{ client: 'Acme' }, { client: 'Bluth' }] })
      expect(made['clients']).toMatchObject([
        { idx: 1, client: 'Acme' },
        { idx: 2, client: 'Bluth' },
      ])
      await expect(ticket({ clients: [{ client: 'NOPE' }] })).rejects.toEqual(refused('LinkValidationError', 417))
      await expect(remove('lead', 'Client', 'Bluth')).rejects.toEqual(refused('LinkExistsError', 417))
    })
  })

  describe(`${name}: documents that are counted`, () => {
    const world = opened(make)
    const { insert, update, read, list, remove, search, count } = verbsOf(world)
    beforeAll(async () => {
      for (const doctype of DOCTYPES) await insert('admin', 'DocType', { module: 'Custom', ...doctype })
      for (let number = 1; number <= 11; number++) await insert('lead', 'Ticket', { name: 'mine', note: `n${number}` })
    })

    it('have numbers for names, wherever they are told', async () => {
      const made = await insert('lead', 'Ticket', { kin: 3, lines: [{ kind: 'x' }] })
      expect(made).toMatchObject({ name: 12, kin: '3', lines: [{ parent: '12' }] })
      expect(await read('lead', 'Ticket', '12')).toEqual(made)
      expect(await update('lead', 'Ticket', 12, { name: '12', status: 'Open' })).toMatchObject({ name: 12 })
      expect(await list('lead', 'Ticket', { where: { name: 12 }, fields: ['name', 'kin', 'kin.note'] })).toMatchObject([
        { name: 12, kin: '3' },
      ])
      expect(await search('lead', 'Ticket', '12')).toEqual(['12'])
      await expect(remove('lead', 'Ticket', 3)).rejects.toEqual(refused('LinkExistsError', 417))
      await remove('lead', 'Ticket', 12)
      expect(await insert('lead', 'Ticket', {})).toMatchObject({ name: 13 })
    })

    it('are ordered by their number', async () => {
      const names = async (orderBy: string): Promise<unknown[]> => (await list('lead', 'Ticket', { orderBy })).map((row) => row['name'])
      expect((await names('name asc')).slice(0, 11)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
      expect((await names('name desc'))[0]).toBe(13)
    })

    it('keep their numbers: they are not renamed, and their DocType keeps its rule', async () => {
      const rename = run(world(), 'lead', (backend, who) => backend.rename(who, { doctype: 'Ticket', name: '1' }, 'One'))
      await expect(rename).rejects.toEqual(refused('ValidationError', 417))
      await expect(update('admin', 'DocType', 'Ticket', { autoname: 'hash' })).rejects.toEqual(refused('ValidationError', 417))
      await expect(update('admin', 'DocType', 'Note Card', { autoname: 'autoincrement' })).resolves.toBeDefined()
      expect(await count('lead', 'Ticket')).toBe(12)
    })
  })
}
