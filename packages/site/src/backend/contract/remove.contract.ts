import { describe, expect, it } from 'vitest'
import type { Person } from './world.fixture.ts'
import { opened, refused, run, verbsOf, type World } from './verbs.fixture.ts'

export function removeContract(name: string, make: () => Promise<World>): void {
  describe(`${name}: to remove`, () => {
    const world = opened(make)
    const { insert, remove, list, read } = verbsOf(world)

    it('is refused while another document links there, which is named', async () => {
      await expect(remove('lead', 'Stock Item', 'ITEM-003')).rejects.toMatchObject({
        excType: 'LinkExistsError',
        status: 417,
        message: expect.stringContaining('Quote QTN-00002') as string,
      })
      await expect(remove('lead', 'Client', 'Acme')).rejects.toEqual(refused('LinkExistsError', 417))
      expect(await read('lead', 'Client', 'Acme')).toMatchObject({ name: 'Acme' })
    })

    it('takes the rows along', async () => {
      await remove('lead', 'Quote', 'QTN-00002')
      expect(await list('admin', 'Quote Line', { where: { parent: 'QTN-00002' } })).toEqual([])
      await remove('lead', 'Stock Item', 'ITEM-003')
      await expect(remove('lead', 'Stock Item', 'ITEM-003')).rejects.toEqual(refused('DoesNotExistError', 404))
    })

    it('gives the last number of a series back', async () => {
      const quote = await insert('lead', 'Quote', { client: 'Acme' })
      await remove('lead', 'Quote', quote.name)
      expect(await insert('lead', 'Quote', { client: 'Acme' })).toMatchObject({ name: quote.name })
    })

    it('needs the right to', async () => {
      await expect(remove('clerk', 'Stock Item', 'ITEM-001')).rejects.toEqual(refused('PermissionError', 403))
      await expect(remove('clerk', 'Client', 'Dunder')).rejects.toEqual(refused('PermissionError', 403))
    })
  })

  describe(`${name}: to rename`, () => {
    const world = opened(make)
    const { read, search, list } = verbsOf(world)
    const rename = (person: Person, doctype: string, from: string, to: string): Promise<string> =>
      run(world(), person, (backend, who) => backend.rename(who, { doctype, name: from }, to))

    it('takes every link along', async () => {
      expect(await rename('lead', 'Client', 'Acme', ' Acme Ltd ')).toBe('Acme Ltd')
      expect(await read('lead', 'Client', 'Acme Ltd')).toMatchObject({ client_name: 'Acme Ltd' })
      expect(await read('lead', 'Quote', 'QTN-00001')).toMatchObject({ client: 'Acme Ltd' })
      await expect(read('lead', 'Client', 'Acme')).rejects.toEqual(refused('DoesNotExistError', 404))
      expect(await search('lead', 'Client', 'me lt')).toEqual(['Acme Ltd'])
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
