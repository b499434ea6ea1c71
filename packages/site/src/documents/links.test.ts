import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import type { World } from '../backend/backend.contract.ts'
import { PEOPLE, startWorld, type TestDocuments } from './documents.fixture.ts'

const { admin, lead } = PEOPLE

describe.each(engines)('Links on %s', (engine) => {
  let world: World & TestDocuments
  beforeAll(async () => {
    world = await startWorld(engine)
    const fields = [
      { fieldname: 'kind', fieldtype: 'Link', options: 'DocType' },
      { fieldname: 'about', fieldtype: 'Dynamic Link', options: 'kind' },
      { fieldname: 'quote', fieldtype: 'Link', options: 'Quote' },
    ]
    await world.documents.insert(admin, 'DocType', [
      {
        name: 'Remark',
        autoname: 'prompt',
        is_submittable: 1,
        allow_rename: 1,
        search_fields: 'quote',
        fields,
        permissions: [{ role: 'Sales Lead', submit: 1, cancel: 1 }],
      },
    ])
    await world.documents.insert(admin, 'Remark', [{ name: 'R1', kind: 'Client', about: 'Bluth', quote: 'QTN-00001' }])
  })
  afterAll(() => world.close())

  it('to any DocType need both the DocType and the document', async () => {
    const insert = (values: Record<string, unknown>): Promise<unknown> =>
      world.documents.insert(lead, 'Remark', [{ name: 'R2', ...values }])
    await expect(insert({ about: 'Bluth' })).rejects.toMatchObject({ excType: 'ValidationError' })
    await expect(insert({ kind: 'Client', about: 'Nobody' })).rejects.toMatchObject({ excType: 'LinkValidationError' })
    await expect(insert({ kind: 'Nope', about: 'Bluth' })).rejects.toMatchObject({ excType: 'LinkValidationError' })
    await expect(world.documents.update(lead, { doctype: 'Remark', name: 'R1', values: { kind: 'Unit' } })).rejects.toMatchObject({
      excType: 'LinkValidationError',
    })
  })

  it('to any DocType hold their document as others do, and follow its name', async () => {
    await world.documents.insert(lead, 'Client', [{ client_name: 'Gob' }])
    await world.documents.insert(lead, 'Remark', [{ name: 'R3', kind: 'Client', about: 'Gob' }])
    await expect(world.documents.remove(lead, { doctype: 'Client', name: 'Gob' })).rejects.toMatchObject({
      excType: 'LinkExistsError',
      message: expect.stringContaining('Remark R3') as string,
    })
    await world.documents.rename(lead, { doctype: 'Client', name: 'Gob' }, 'Tobias')
    expect(await world.documents.read(lead, { doctype: 'Remark', name: 'R3' })).toMatchObject({ about: 'Tobias' })
    expect(await world.documents.read(lead, { doctype: 'Remark', name: 'R1' })).toMatchObject({ about: 'Bluth' })
  })

  it('do not point at what is cancelled, and a submitted document holds what it points at', async () => {
    const [quote] = await world.documents.insert(lead, 'Quote', [{ client: 'Acme', docstatus: 1 }])
    const id = { doctype: 'Quote', name: String(quote!.name) }
    const insert = (name: string, docstatus: number): Promise<unknown> =>
      world.documents.insert(lead, 'Remark', [{ name, quote: id.name, docstatus }])
    await insert('draft', 0)
    await insert('submitted', 1)
    await expect(world.documents.setDocstatus(lead, id, 2)).rejects.toMatchObject({
      excType: 'LinkExistsError',
      message: expect.stringContaining('submitted') as string,
    })
    await world.documents.setDocstatus(lead, { doctype: 'Remark', name: 'submitted' }, 2)
    await world.documents.setDocstatus(lead, id, 2)
    await expect(insert('late', 0)).rejects.toMatchObject({ excType: 'CancelledLinkError' })
    await expect(world.documents.setDocstatus(lead, { doctype: 'Remark', name: 'draft' }, 1)).rejects.toMatchObject({
      excType: 'CancelledLinkError',
    })
  })

  it('are found by the new name after a rename', async () => {
    await world.documents.insert(admin, 'DocType', [
      {
        name: 'Shelf',
        autoname: 'prompt',
        search_fields: 'remark',
        fields: [{ fieldname: 'remark', fieldtype: 'Link', options: 'Remark' }],
        permissions: [{ role: 'Sales Lead' }],
      },
    ])
    await world.documents.insert(lead, 'Shelf', [{ name: 'S1', remark: 'R1' }])
    await world.documents.rename(lead, { doctype: 'Remark', name: 'R1' }, 'Remarkable')
    expect(await world.documents.searchLink(lead, { doctype: 'Shelf', text: 'kable', limit: 5 })).toEqual([
      { value: 'S1', description: 'Remarkable' },
    ])
  })

  it('hold while their document is being removed', async () => {
    for (let round = 0; round < 6; round++) {
      const client = `Race ${round}`
      await world.documents.insert(lead, 'Client', [{ client_name: client }])
      const outcomes = await Promise.allSettled([
        world.documents.insert(lead, 'Quote', [{ client }]),
        world.documents.remove(lead, { doctype: 'Client', name: client }),
      ])
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    }
  })

  it('that fetch a value bring the one of the time of writing', async () => {
    const [quote] = await world.documents.insert(lead, 'Quote', [
      { client: 'Bluth', client_region: 'sent', lines: [{ item: 'ITEM-005', qty: 1, item_name: 'sent' }] },
    ])
    expect(quote).toMatchObject({ client_region: 'South', lines: [{ item_name: 'Consulting 5' }] })
  })
})
