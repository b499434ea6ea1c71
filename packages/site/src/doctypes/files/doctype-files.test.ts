import type { Document, Values } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { planImport, withRowNames, type ImportPremises } from './plan-import.ts'
import { readDocTypeFile, type DocTypeFile } from './read-doctype-file.ts'
import { writeDocTypeFile } from './write-doctype-file.ts'

const fileOf = (values: Values): DocTypeFile => readDocTypeFile(JSON.stringify({ doctype: 'DocType', ...values }))[0]!
const link = (fieldname: string, options: string, fieldtype = 'Link'): Values => ({ fieldname, fieldtype, options })
const data = (fieldname: string): Values => ({ fieldname, fieldtype: 'Data' })
const stored = (file: DocTypeFile): Document =>
  ({ ...file.values, name: file.name, doctype: 'DocType', doctype_id: 'x' }) as unknown as Document
const premises: ImportPremises = { stored: new Map(), isThere: () => false, roles: new Set(['All']), linksAsData: false }

/** As Frappe writes one, with much that this site does not keep. */
const FRAPPE = {
  actions: [],
  allow_rename: 1,
  autoname: 'field:title',
  creation: '2013-05-02 17:53:24',
  doctype: 'DocType',
  document_type: 'Setup',
  engine: 'InnoDB',
  field_order: ['title', 'section', 'total'],
  fields: [
    { fieldname: 'title', fieldtype: 'Data', label: 'Title', reqd: 1, in_global_search: 1, oldfieldname: 'title' },
    { fieldname: 'section', fieldtype: 'Section Break', collapsible: 1 },
    { fieldname: 'total', fieldtype: 'Currency', is_virtual: 1 },
    { fieldname: 'note', fieldtype: 'Data', mask: 1 },
  ],
  icon: 'fa fa-truck',
  modified: '2024-01-01 00:00:00',
  module: 'Stock',
  name: 'Shipping Note',
  permissions: [{ role: 'Stock User', read: 1 }],
  restrict_to_domain: 'Retail',
  states: [],
}

describe('A DocType’s file', () => {
  it('of a Frappe app is read: looks are passed over, what is not kept is told', () => {
    const { name, definition, notes } = readDocTypeFile(JSON.stringify(FRAPPE))[0]!
    expect(name).toBe('Shipping Note')
    expect(definition.fields.map((field) => field.fieldname)).toEqual(['title', 'section', 'note'])
    expect(notes).toEqual([
      'restrict_to_domain is not kept',
      'field total is left out: a virtual field is made by code',
      'field note: mask is not kept',
    ])
  })

  it('grants no right, and switches nothing on, that it leaves out', () => {
    const { definition, values } = fileOf({ name: 'Plain', fields: [data('a')], permissions: [{ role: 'All', read: 1 }] })
    expect([...definition.permissions[0]!.rights]).toEqual(['read'])
    expect(values).toMatchObject({ allow_rename: 0, permissions: [{ role: 'All', read: 1, write: 0, share: 0 }] })
  })

  it.each(['{', '{"doctype":"DocType","name":"A B","fields":3}', '{"doctype":"DocType","name":"1"}'])(
    'that is wrong is refused: %s',
    (text) => {
      expect(() => readDocTypeFile(text)).toThrow(/JSON|must be a list|a name begins/)
    },
  )

  it.each(['3', '{}', '[]', '{"doctype":"Report","name":"X"}', '{"doctype":"DocType","name":"User","fields":[]}'])(
    'of something else, or of a DocType that comes with the site, is none: %s',
    (text) => expect(readDocTypeFile(text)).toEqual([]),
  )

  it('may hold several', () => {
    expect(readDocTypeFile(JSON.stringify([FRAPPE, { ...FRAPPE, name: 'Other' }])).map((file) => file.name)).toEqual([
      'Shipping Note',
      'Other',
    ])
  })

  it('is written in a form that reads back as the same', () => {
    const file = fileOf(FRAPPE)
    const text = writeDocTypeFile(stored(file))
    const again = readDocTypeFile(text)[0]!
    expect(again.definition).toEqual(file.definition)
    expect(writeDocTypeFile(stored(again))).toBe(text)
    expect(Object.keys(JSON.parse(text) as object)).toEqual(Object.keys(JSON.parse(text) as object).toSorted())
    expect(text).not.toMatch(/doctype_id|null|: 0/)
  })
})

describe('The plan of an import', () => {
  const acts = (files: readonly DocTypeFile[], more: Partial<ImportPremises> = {}): string[] =>
    planImport(files, { ...premises, ...more }).steps.map(({ act, name }) => `${act} ${name}`)

  it('makes row types first, then what is linked to', () => {
    const order = fileOf({ name: 'Order', fields: [link('lines', 'Line', 'Table'), link('buyer', 'Buyer')] })
    const line = fileOf({ name: 'Line', istable: 1, fields: [link('item', 'Item')] })
    const [buyer, item] = [fileOf({ name: 'Buyer', fields: [data('a')] }), fileOf({ name: 'Item', fields: [data('a')] })]
    expect(acts([order, line, buyer, item])).toEqual(['insert Item', 'insert Line', 'insert Buyer', 'insert Order'])
  })

  it('begins with text where two link to each other, and sets the link afterwards', () => {
    const [a, b] = [fileOf({ name: 'Aa', fields: [link('b', 'Bb')] }), fileOf({ name: 'Bb', fields: [link('a', 'Aa')] })]
    const { steps } = planImport([a, b], premises)
    expect(steps.map(({ act, name }) => `${act} ${name}`)).toEqual(['insert Bb', 'insert Aa', 'update Bb'])
    expect(steps[0]?.values['fields']).toMatchObject([{ fieldname: 'a', fieldtype: 'Data', options: null }])
    expect(steps[2]?.values['fields']).toMatchObject([{ fieldname: 'a', fieldtype: 'Link', options: 'Aa' }])
    const line = fileOf({ name: 'Line', istable: 1, fields: [link('order', 'Order')] })
    const order = fileOf({ name: 'Order', fields: [link('lines', 'Line', 'Table')] })
    for (const files of [
      [line, order],
      [order, line],
    ])
      expect(acts(files)).toEqual(['insert Line', 'insert Order', 'update Line'])
  })

  it('does not wait for a link to itself', () => {
    expect(acts([fileOf({ name: 'Tree', fields: [link('parent_tree', 'Tree')] })])).toEqual(['insert Tree'])
  })

  it('refuses what points nowhere, or keeps links as text when asked', () => {
    const file = fileOf({ name: 'Stray', fields: [link('x', 'Nowhere')] })
    expect(() => planImport([file], premises)).toThrow(/field x needs the DocType Nowhere.*--links-as-data/)
    const plan = planImport([file], { ...premises, linksAsData: true })
    expect(plan.steps[0]?.values['fields']).toMatchObject([{ fieldtype: 'Data' }])
    expect(plan.changes[0]?.notes).toEqual(['field x is kept as Data: there is no DocType Nowhere'])
    const table = fileOf({ name: 'Stray', fields: [link('x', 'Nowhere', 'Table')] })
    expect(() => planImport([table], { ...premises, linksAsData: true })).toThrow(/field x needs the DocType Nowhere/)
    expect(acts([file], { isThere: (name) => name === 'Nowhere' })).toEqual(['insert Stray'])
  })

  it('names roles that are not there', () => {
    const file = fileOf({
      name: 'Roled',
      fields: [data('a')],
      permissions: [
        { role: 'All', read: 1 },
        { role: 'New', read: 1 },
      ],
    })
    expect(planImport([file], premises).roles).toEqual(['New'])
  })

  it('tells what is added, changed and gone, and what may be lost', () => {
    const before = fileOf({
      name: 'Thing',
      fields: [data('a'), { ...data('b'), label: 'Bee' }, data('c'), { fieldname: 's', fieldtype: 'Section Break' }],
      permissions: [
        { role: 'All', read: 1 },
        { role: 'Old', read: 1 },
      ],
    })
    const after = fileOf({
      name: 'Thing',
      is_submittable: 1,
      fields: [{ ...data('b'), label: 'B', reqd: 1 }, { fieldname: 'c', fieldtype: 'Int' }, data('d')],
      permissions: [
        { role: 'All', read: 1, write: 1 },
        { role: 'New', read: 1 },
      ],
    })
    const [changes] = planImport([after], { ...premises, stored: new Map([['Thing', stored(before)]]) }).changes
    expect(changes?.lines).toEqual([
      '~ is_submittable: nothing → yes',
      '+ field d (Data)',
      '~ field b: label: Bee → B; reqd: nothing → yes',
      '~ field c: fieldtype: Data → Int',
      '- field a (Data)',
      '- field s (Section Break)',
      '+ permission of New: read',
      '~ permission of All: read → read write',
      '- permission of Old',
    ])
    expect(changes?.losses).toEqual(['a goes', 'c changes from Data to Int'])
  })

  it('does nothing where nothing changes', () => {
    const file = fileOf(FRAPPE)
    expect(acts([file], { stored: new Map([[file.name, stored(file)]]) })).toEqual([])
    const turned = fileOf({ ...FRAPPE, fields: FRAPPE.fields.toReversed() })
    expect(planImport([turned], { ...premises, stored: new Map([[file.name, stored(file)]]) }).changes[0]?.lines).toEqual([
      '~ order of the fields',
    ])
  })

  it('keeps rows that are there', () => {
    const file = fileOf({ name: 'Kept', fields: [data('a'), data('b')], permissions: [{ role: 'All', read: 1 }] })
    const known = {
      ...stored(file),
      fields: [{ fieldname: 'b', name: 'row-b' }],
      permissions: [{ role: 'All', permlevel: 0, if_owner: 0, name: 'perm' }],
    }
    expect(withRowNames(file.values, known as unknown as Document)).toMatchObject({
      fields: [{ fieldname: 'a' }, { fieldname: 'b', name: 'row-b' }],
      permissions: [{ name: 'perm' }],
    })
  })
})
