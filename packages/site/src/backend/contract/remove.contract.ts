import { describe, expect, it } from 'vitest'
import { opened, refused, verbsOf, type World } from './verbs.fixture.ts'

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

    it('advises to disable what can be disabled', async () => {
      await expect(remove('lead', 'Stock Item', 'ITEM-002')).rejects.toMatchObject({
        options: { messages: [expect.stringContaining('links to it'), 'You can disable this Stock Item instead of removing it.'] },
      })
      await expect(remove('lead', 'Client', 'Acme')).rejects.toMatchObject({ options: { messages: [expect.any(String)] } })
    })

    it('keeps what a document held, for System Managers', async () => {
      const quote = await insert('lead', 'Quote', { client: 'Acme', remarks: 'gone', lines: [{ item: 'ITEM-001', qty: 2 }] })
      await remove('lead', 'Quote', quote.name)
      const where = { deleted_doctype: 'Quote', deleted_name: quote.name }
      const [kept] = await list('admin', 'Deleted Document', { where, fields: ['data', 'owner', 'restored'] })
      expect(kept).toMatchObject({ owner: world().as('lead').principal.user, restored: 0 })
      expect(JSON.parse(String(kept?.['data']))).toMatchObject({
        doctype: 'Quote',
        name: quote.name,
        remarks: 'gone',
        lines: [{ item: 'ITEM-001', qty: 2, doctype: 'Quote Line' }],
      })
      await expect(list('lead', 'Deleted Document')).rejects.toEqual(refused('PermissionError', 403))
    })

    it('keeps nothing of what was written about others', async () => {
      const comment = await insert('admin', 'Comment', { content: 'x' })
      await remove('admin', 'Comment', comment.name)
      expect(await list('admin', 'Deleted Document', { where: { deleted_name: comment.name } })).toEqual([])
    })

    it('is not held up by what is written about a document', async () => {
      await insert('lead', 'Client', { client_name: 'Talked Of' })
      const about = { reference_doctype: 'Client', reference_name: 'Talked Of', reference_type: 'Client' }
      await insert('admin', 'Comment', { ...about, content: 'hello' })
      await insert('admin', 'ToDo', { ...about, description: 'call' })
      await remove('lead', 'Client', 'Talked Of')
      await expect(read('lead', 'Client', 'Talked Of')).rejects.toEqual(refused('DoesNotExistError', 404))
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
}
