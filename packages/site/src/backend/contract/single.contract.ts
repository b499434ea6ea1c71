import { beforeAll, describe, expect, it } from 'vitest'
import { opened, refused, run, verbsOf, type World } from './verbs.fixture.ts'

const SETTINGS = {
  name: 'Shop Settings',
  module: 'Custom',
  issingle: 1,
  track_changes: 1,
  fields: [
    { fieldname: 'title', default: 'My Shop' },
    { fieldname: 'opens', fieldtype: 'Time', default: '08:00' },
    { fieldname: 'limit_amount', fieldtype: 'Currency', default: '100' },
    { fieldname: 'is_open', fieldtype: 'Check', default: '1' },
    { fieldname: 'best', fieldtype: 'Link', options: 'Stock Item' },
    { fieldname: 'lines', fieldtype: 'Table', options: 'Quote Line' },
  ],
  permissions: [{ role: 'Sales Lead' }, { role: 'Sales Clerk', write: 0, create: 0, delete: 0 }],
}

export function singleContract(name: string, make: () => Promise<World>): void {
  describe(`${name}: a Single`, () => {
    const world = opened(make)
    const { insert, read, update, remove, list, count } = verbsOf(world)
    beforeAll(async () => {
      await insert('admin', 'DocType', SETTINGS)
    })

    it('has its defaults, typed, before it is saved, under any name', async () => {
      for (const asked of ['Shop Settings', 'whatever']) {
        expect(await read('clerk', 'Shop Settings', asked)).toMatchObject({
          name: 'Shop Settings',
          doctype: 'Shop Settings',
          title: 'My Shop',
          opens: '8:00:00',
          limit_amount: 100,
          is_open: 1,
          best: null,
          lines: [],
          creation: null,
          modified: null,
        })
      }
    })

    it('is made by its first change, and is one for all who change it at once', async () => {
      await expect(update('clerk', 'Shop Settings', 'x', { title: 'No' })).rejects.toEqual(refused('PermissionError', 403))
      const changes = ['a', 'b', 'c', 'd'].map((letter) =>
        update('lead', 'Shop Settings', letter, { [letter === 'a' ? 'title' : 'is_open']: '0' }),
      )
      await Promise.all(changes)
      const saved = await update('lead', 'Shop Settings', 'Shop Settings', { limit_amount: '1,5', lines: [{ item: 'ITEM-001', qty: 1 }] })
      expect(saved).toMatchObject({
        name: 'Shop Settings',
        title: '0',
        is_open: 0,
        limit_amount: 15,
        lines: [{ idx: 1, parent: 'Shop Settings' }],
      })
      expect(await read('clerk', 'Shop Settings', 'x')).toMatchObject({ title: '0', limit_amount: 15, creation: saved.creation })
    })

    it('checks its values, links and copies as every document', async () => {
      await expect(update('lead', 'Shop Settings', 'x', { best: 'NOPE' })).rejects.toEqual(refused('LinkValidationError', 417))
      await expect(update('lead', 'Shop Settings', 'x', { limit_amount: 'much' })).rejects.toEqual(refused('ValidationError', 417))
      const { modified } = await read('lead', 'Shop Settings', 'x')
      await update('lead', 'Shop Settings', 'x', { best: 'ITEM-001' })
      await expect(update('lead', 'Shop Settings', 'x', { modified, title: 'late' })).rejects.toEqual(
        refused('TimestampMismatchError', 417),
      )
      await expect(remove('lead', 'Stock Item', 'ITEM-001')).rejects.toEqual(refused('LinkExistsError', 417))
    })

    it('is neither inserted again nor removed, renamed, listed or counted', async () => {
      await expect(insert('lead', 'Shop Settings', { title: 'Second' })).rejects.toEqual(refused('DuplicateEntryError', 409))
      await expect(remove('lead', 'Shop Settings', 'Shop Settings')).rejects.toEqual(refused('ValidationError', 417))
      const rename = run(world(), 'lead', (backend, who) => backend.rename(who, { doctype: 'Shop Settings', name: 'Shop Settings' }, 'X'))
      await expect(rename).rejects.toEqual(refused('ValidationError', 417))
      await expect(list('lead', 'Shop Settings')).rejects.toEqual(refused('ValidationError', 417))
      await expect(count('lead', 'Shop Settings')).rejects.toEqual(refused('ValidationError', 417))
      await expect(read('nobody', 'Shop Settings', 'Shop Settings')).rejects.toEqual(refused('PermissionError', 403))
    })

    it('goes with its DocType', async () => {
      await insert('admin', 'DocType', { ...SETTINGS, name: 'Old Settings' })
      await update('lead', 'Old Settings', 'Old Settings', { title: 'x' })
      await remove('admin', 'DocType', 'Old Settings')
      await expect(read('lead', 'Old Settings', 'x')).rejects.toEqual(refused('DoesNotExistError', 404))
    })

    it('inserted first is there', async () => {
      await insert('admin', 'DocType', { ...SETTINGS, name: 'New Settings' })
      expect(await insert('lead', 'New Settings', { title: 'x', name: 'y' })).toMatchObject({
        name: 'New Settings',
        title: 'x',
        is_open: 1,
      })
      expect(await read('lead', 'New Settings', 'z')).toMatchObject({ title: 'x' })
    })
  })
}
