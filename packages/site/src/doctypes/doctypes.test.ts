import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import { DocTypes } from './doctypes.ts'
import { insertDocType, removeDocType, startSite, updateDocType } from './doctypes.fixture.ts'
import type { TestSite } from './doctypes.fixture.ts'

describe.each(engines)('the registry on %s', (engine) => {
  let site: TestSite
  beforeAll(async () => {
    site = await startSite(engine)
  })
  afterAll(() => site.close())

  it('knows the DocTypes that come with the site, and says what it does not know', () => {
    expect(site.doctypes.names()).toContain('OAuth Client')
    expect(site.doctypes.get('Elephant')).toBeUndefined()
    expect(() => site.doctypes.require('Elephant')).toThrow('DocType Elephant not found')
  })

  it('has documents for them, so that links to them hold', async () => {
    const rows = await site.database.connection
      .withTables<{ tabDocType: { name: string; doctype_id: string }; tabRole: { name: string } }>()
      .selectFrom('tabDocType')
      .select(['name', 'doctype_id'])
      .execute()
    expect(rows.map((row) => row.name).toSorted()).toEqual(site.doctypes.names().toSorted())
    expect(rows.every((row) => site.doctypes.get(row.name)?.id === row.doctype_id)).toBe(true)
  })

  it('gives back what was defined, in its order', async () => {
    const fields = ['b', 'a', 'c'].map((fieldname) => ({ fieldname, label: fieldname, fieldtype: 'Data' }))
    await insertDocType(site, {
      name: 'Ordered',
      fields,
      permissions: [{ role: 'System Manager', write: 0 }],
      search_fields: 'a,c',
      autoname: 'field:b',
    })
    const ordered = site.doctypes.require('Ordered')
    expect(ordered.fields.map((field) => field.fieldname)).toEqual(['b', 'a', 'c'])
    expect(ordered).toMatchObject({ autoname: 'field:b', search_fields: ['a', 'c'], allow_rename: true })
    expect([...(ordered.permissions[0]?.rights ?? [])]).toEqual(['read', 'create', 'delete', 'print', 'email', 'report', 'export', 'share'])
  })

  it('knows who links to a DocType and whose rows a child is', async () => {
    await insertDocType(site, { name: 'Shelf' })
    await insertDocType(site, { name: 'Shelf Line', istable: 1, fields: [{ fieldname: 'to', fieldtype: 'Link', options: 'Shelf' }] })
    await insertDocType(site, { name: 'Room', fields: [{ fieldname: 'lines', fieldtype: 'Table', options: 'Shelf Line' }] })
    expect(site.doctypes.linksTo('Shelf').map(({ doctype, field }) => [doctype.name, field.fieldname])).toEqual([['Shelf Line', 'to']])
    expect(site.doctypes.parentsOf('Shelf Line').map(({ doctype, field }) => [doctype.name, field.fieldname])).toEqual([['Room', 'lines']])
    expect(site.doctypes.linksTo('Room')).toEqual([])
  })

  it('of another process follows when that process sees the generation, and not before', async () => {
    const other = await site.join()
    await other.generation.observe(await other.generation.read())
    const made = await insertDocType(site, { name: 'Shared', fields: [{ fieldname: 'a' }] })
    expect(other.doctypes.get('Shared')).toBeUndefined()
    await other.generation.observe(await other.generation.read())
    expect(other.doctypes.require('Shared').id).toBe(site.doctypes.require('Shared').id)

    const changed = await updateDocType(other, made, { fields: [{ fieldname: 'a' }, { fieldname: 'b' }] })
    expect(site.doctypes.require('Shared').fields).toHaveLength(1)
    await site.generation.observe(await site.generation.read())
    expect(site.doctypes.require('Shared').fields).toHaveLength(2)

    await removeDocType(site, changed)
    await other.generation.observe(await other.generation.read())
    expect(other.doctypes.get('Shared')).toBeUndefined()
  })

  it('never shows a definition half changed, when it changes between two reads of one load', async () => {
    const made = await insertDocType(site, { name: 'Busy', search_fields: 'a', fields: [{ fieldname: 'a' }] })
    let reads = 0
    const connection = site.database.connection.withPlugin({
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        // The first reads the generation, the second the DocTypes; their fields come after.
        if (++reads === 2) await updateDocType(site, made, { search_fields: 'b', fields: [{ fieldname: 'b' }] })
        return result
      },
    })
    const registry = new DocTypes({
      place: '',
      engine,
      connection,
      transaction: () => Promise.reject(new Error('unused')),
      snapshot: site.database.snapshot.bind(site.database),
      close: async () => {},
    })
    await registry.load()
    expect(registry.require('Busy')).toEqual(site.doctypes.require('Busy'))
    expect(registry.require('Busy').search_fields).toEqual(['b'])
  })

  it('gives a namesake made later an id of its own', async () => {
    const first = await insertDocType(site, { name: 'Phoenix' })
    const id = site.doctypes.require('Phoenix').id
    await removeDocType(site, first)
    await insertDocType(site, { name: 'Phoenix', doctype_id: id })
    expect(site.doctypes.require('Phoenix').id).not.toBe(id)
  })
})
