import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import { coreDocType } from './core-doctypes.ts'
import { doctypeController } from './doctype-controller.ts'
import { draft, insertDocType, insertDocument, removeDocType, startSite, updateDocType } from './doctypes.fixture.ts'
import type { TestSite } from './doctypes.fixture.ts'

const link = (options: string, fieldtype = 'Link'): object => ({ fieldname: 'a', fieldtype, options })

describe.each(engines)('saving a DocType on %s', (engine) => {
  let site: TestSite
  beforeAll(async () => {
    site = await startSite(engine)
    await insertDocType(site, { name: 'Some Line', istable: 1, fields: [{ fieldname: 'n', fieldtype: 'Int' }] })
  })
  afterAll(() => site.close())

  it.each([
    ['a Link to a DocType that is not there', link('Nowhere'), 'Field a: there is no DocType Nowhere; make it first'],
    ['a Link to child rows', link('Some Line'), /^Field a: Some Line is a child table, and nothing can link/],
    ['a Table of main documents', link('User', 'Table'), /^Field a: User is not a child table/],
    ['a Table of itself', link('Refused', 'Table'), /^Field a: Refused is not a child table/],
  ])('refuses %s, and nothing is left of it', async (_, field, says) => {
    await expect(insertDocType(site, { name: 'Refused', fields: [field] })).rejects.toThrow(says)
    expect(await site.dialect.tableExists(site.database.connection, 'tabRefused')).toBe(false)
    expect(site.doctypes.get('Refused')).toBeUndefined()
  })

  it('lets a DocType link to itself', async () => {
    await insertDocType(site, { name: 'Node', fields: [link('Node')] })
    expect(site.doctypes.linksTo('Node')).toHaveLength(1)
  })

  it('lets a Link point at a DocType that lives at another site', async () => {
    const controller = doctypeController(site.doctypes, site.generation, site.dialect, (doctype) => doctype === 'Upstream Item')
    await insertDocType({ ...site, controller }, { name: 'Mixed', fields: [link('Upstream Item')] })
    expect(site.doctypes.linksTo('Upstream Item')).toHaveLength(1)
  })

  it('writes what was left out into the rows that are stored', async () => {
    const document = await insertDocType(site, {
      name: 'Terse',
      fields: [{ label: 'Some Thing' }],
      permissions: [{ role: 'All', delete: 0 }],
    })
    expect(document['fields']).toEqual([{ fieldname: 'some_thing', fieldtype: 'Data', label: 'Some Thing' }])
    expect(document['permissions']).toMatchObject([{ role: 'All', read: 1, write: 1, delete: 0, submit: 0, select: 0 }])
  })

  it('does not change what the site comes with', async () => {
    const user = { ...draft(coreDocType('DocType'), {}), name: 'User' }
    for (const work of [
      () => insertDocType(site, { name: 'User' }),
      () => updateDocType(site, user, {}),
      () => removeDocType(site, user),
    ]) {
      await expect(work()).rejects.toMatchObject({
        excType: 'PermissionError',
        message: 'DocType User comes with the site and cannot be changed or removed',
      })
    }
  })

  it('does not make a child table of a DocType with documents of its own, nor the reverse', async () => {
    const document = await insertDocType(site, { name: 'Main One' })
    await expect(updateDocType(site, document, { istable: 1 })).rejects.toThrow('whether it is a child table cannot change')
  })

  it('does not remove a DocType that a field points at, or that has documents', async () => {
    const target = await insertDocType(site, { name: 'Target' })
    const source = await insertDocType(site, { name: 'Source', fields: [link('Target')] })
    await expect(removeDocType(site, target)).rejects.toMatchObject({
      excType: 'LinkExistsError',
      message: 'DocType Target is used by the field a of Source; remove that field first',
    })
    await insertDocument(site, site.doctypes.require('Source'), {})
    await expect(removeDocType(site, source)).rejects.toMatchObject({
      excType: 'LinkExistsError',
      message: 'DocType Source has documents; remove them first',
    })
  })

  it('keeps the id of a DocType that is changed, whatever the caller sends', async () => {
    const document = await insertDocType(site, { name: 'Steady' })
    const id = site.doctypes.require('Steady').id
    await updateDocType(site, document, { doctype_id: 'mine', description: 'changed' })
    expect(site.doctypes.require('Steady').id).toBe(id)
  })
})
