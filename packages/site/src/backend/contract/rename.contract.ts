import { describe, expect, it } from 'vitest'
import type { Person } from './world.fixture.ts'
import { opened, refused, run, verbsOf, type World } from './verbs.fixture.ts'

export function renameContract(name: string, make: () => Promise<World>): void {
  describe(`${name}: to rename`, () => {
    const world = opened(make)
    const { insert, read, search, list } = verbsOf(world)
    const rename = (person: Person, doctype: string, from: string, to: string, merge = false): Promise<string> =>
      run(world(), person, (backend, who) => backend.rename(who, { doctype, name: from }, to, { merge }))

    it('takes every link along', async () => {
      expect(await rename('lead', 'Client', 'Acme', ' Acme Ltd ')).toBe('Acme Ltd')
      expect(await read('lead', 'Client', 'Acme Ltd')).toMatchObject({ client_name: 'Acme Ltd' })
      expect(await read('lead', 'Quote', 'QTN-00001')).toMatchObject({ client: 'Acme Ltd' })
      await expect(read('lead', 'Client', 'Acme')).rejects.toEqual(refused('DoesNotExistError', 404))
      expect(await search('lead', 'Client', 'me lt')).toEqual(['Acme Ltd'])
    })

    it('takes along what is written about the document, and its rows', async () => {
      await insert('lead', 'Client', { client_name: 'Written' })
      const about = { reference_doctype: 'Client', reference_type: 'Client', reference_name: 'Written' }
      const comment = await insert('admin', 'Comment', { ...about, content: 'x' })
      const toDo = await insert('admin', 'ToDo', { ...about, description: 'x' })
      const version = await insert('admin', 'Version', { ref_doctype: 'Client', docname: 'Written', data: '{}' })
      const share = await insert('admin', 'DocShare', { share_doctype: 'Client', share_name: 'Written', everyone: 1, read: 1 })
      await rename('lead', 'Client', 'Written', 'Rewritten')
      expect(await read('admin', 'Comment', String(comment.name))).toMatchObject({ reference_name: 'Rewritten' })
      expect(await read('admin', 'ToDo', String(toDo.name))).toMatchObject({ reference_name: 'Rewritten' })
      expect(await read('admin', 'Version', String(version.name))).toMatchObject({ docname: 'Rewritten' })
      expect(await read('admin', 'DocShare', String(share.name))).toMatchObject({ share_name: 'Rewritten' })
    })

    it('into a document that is there joins the two: all links point at it, and one is gone', async () => {
      await insert('lead', 'Client', { client_name: 'Doubled', region: 'Here' }, { client_name: 'Kept', region: 'There' })
      const quote = await insert('lead', 'Quote', { client: 'Doubled', lines: [{ item: 'ITEM-001', qty: 1 }] })
      const comment = await insert('admin', 'Comment', { reference_doctype: 'Client', reference_name: 'Doubled', content: 'x' })
      await insert('admin', 'DocShare', { share_doctype: 'Client', share_name: 'Doubled', everyone: 1, read: 1 })
      expect(await rename('lead', 'Client', 'Doubled', 'Kept', true)).toBe('Kept')
      expect(await list('admin', 'DocShare', { where: { share_doctype: 'Client', share_name: 'Kept' } })).toEqual([])
      expect(await read('lead', 'Quote', String(quote.name))).toMatchObject({ client: 'Kept' })
      expect(await read('admin', 'Comment', String(comment.name))).toMatchObject({ reference_name: 'Kept' })
      expect(await read('lead', 'Client', 'Kept')).toMatchObject({ client_name: 'Kept', region: 'There' })
      await expect(read('lead', 'Client', 'Doubled')).rejects.toEqual(refused('DoesNotExistError', 404))
      expect(await list('admin', 'Deleted Document', { where: { deleted_name: 'Doubled' } })).toHaveLength(1)
    })

    it('does not join what is submitted, or what would make a unique link the same twice', async () => {
      await insert('admin', 'DocType', {
        name: 'Badge',
        autoname: 'prompt',
        is_submittable: 1,
        fields: [{ fieldname: 'client', fieldtype: 'Link', options: 'Client', unique: 1 }],
        permissions: [{ role: 'Sales Lead', submit: 1 }],
      })
      await insert('lead', 'Client', { client_name: 'One' }, { client_name: 'Two' })
      await insert('lead', 'Badge', { name: 'B1', client: 'One', docstatus: 1 }, { name: 'B2', client: 'Two' })
      await expect(rename('lead', 'Badge', 'B1', 'B2', true)).rejects.toEqual(refused('ValidationError', 417))
      await expect(rename('lead', 'Client', 'One', 'Two', true)).rejects.toEqual(refused('UniqueValidationError', 417))
      expect(await read('lead', 'Client', 'One')).toMatchObject({ name: 'One' })
    })

    it.each<[string, Person, string, string, string, number]>([
      ['what is not there', 'lead', 'Nope', 'Clark', 'DoesNotExistError', 404],
      ['into what is not there', 'lead', 'Clark', 'Nope', 'ValidationError', 417],
      ['into itself', 'lead', 'Clark', 'Clark', 'ValidationError', 417],
      ['without the right to remove', 'clerk', 'Clark', 'Bluth', 'PermissionError', 403],
      ['without any right', 'nobody', 'Clark', 'Bluth', 'PermissionError', 403],
    ])('to join %s is refused', async (_, person, from, to, excType, status) => {
      await expect(rename(person, 'Client', from, to, true)).rejects.toEqual(refused(excType, status))
      expect(await read('lead', 'Client', 'Clark')).toMatchObject({ name: 'Clark' })
    })

    it('changes capitals alone', async () => {
      expect(await rename('lead', 'Client', 'Dunder', 'DUNDER')).toBe('DUNDER')
      expect(await list('lead', 'Client', { where: { name: 'DUNDER' } })).toHaveLength(1)
    })

    it.each<[Person, string, string, string, string, number]>([
      ['lead', 'Client', 'Bluth', 'Clark', 'ValidationError', 417],
      ['lead', 'Client', 'Bluth', 'CLARK', 'DuplicateEntryError', 409],
      ['lead', 'Client', 'Bluth', 'Bluth', 'ValidationError', 417],
      ['lead', 'Client', 'Bluth', '<x>', 'NameError', 409],
      ['lead', 'Client', 'Nope', 'X', 'DoesNotExistError', 404],
      ['nobody', 'Client', 'Bluth', 'X', 'PermissionError', 403],
    ])('as %s: %s %s to %s is refused', async (person, doctype, from, to, excType, status) => {
      await expect(rename(person, doctype, from, to)).rejects.toEqual(refused(excType, status))
    })
  })
}
