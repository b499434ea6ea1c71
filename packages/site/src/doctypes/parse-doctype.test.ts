import { FrappeError } from '@annex/protocol'
import type { Values } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { coreDefinitions, coreDocType, coreDocTypes } from './core-doctypes.ts'
import { parseDocType } from './parse-doctype.ts'
import type { DefinitionOptions } from './parse-doctype.ts'

const API: DefinitionOptions = { origin: 'api', id: 'x' }
const FILE: DefinitionOptions = { origin: 'file', id: 'x' }
const withFields = (...fields: Values[]): Values => ({ name: 'Book', fields })
const TITLE = { fieldname: 'title', fieldtype: 'Data' }

describe('a definition', () => {
  it('has every default filled in', () => {
    const book = parseDocType(withFields({ label: 'Shelf Mark' }, { fieldtype: 'Section Break' }), API)
    expect(book).toMatchObject({
      id: 'x',
      name: 'Book',
      istable: false,
      autoname: '',
      sort_field: 'modified',
      sort_order: 'DESC',
      search_fields: [],
      permissions: [],
    })
    expect(book.fields[0]).toMatchObject({
      fieldname: 'shelf_mark',
      fieldtype: 'Data',
      label: 'Shelf Mark',
      default: null,
      reqd: false,
      permlevel: 0,
      length: 0,
    })
    expect(book.fields[1]).toMatchObject({ fieldname: 'section_break_2', fieldtype: 'Section Break' })
  })

  it('takes flags as numbers, text and booleans, and ignores keys that it does not know', () => {
    const book = parseDocType(
      { name: 'Book', istable: '1', track_changes: true, no_such_key: 1, fields: [{ ...TITLE, reqd: '1', bold: 1 }] },
      API,
    )
    expect(book).toMatchObject({ istable: true, track_changes: true })
    expect(book.fields[0]).toMatchObject({ reqd: true })
    expect(book).not.toHaveProperty('no_such_key')
  })

  it('keeps the rule by which forms show a field, whatever it says', () => {
    const [field] = parseDocType(withFields({ ...TITLE, depends_on: 'eval:frappe.boot.x()' }), API).fields
    expect(field?.depends_on).toBe('eval:frappe.boot.x()')
  })

  it('reads search fields apart by commas, once each', () => {
    const book = parseDocType({ ...withFields(TITLE, { fieldname: 'isbn' }), search_fields: ' title, isbn,,title' }, API)
    expect(book.search_fields).toEqual(['title', 'isbn'])
  })

  it('does not grant a right that is null, which is one that was taken out of a row', () => {
    const definition = { name: 'Book', permissions: [{ role: 'Clerk', read: 1, write: null, delete: '' }] }
    const rights = parseDocType(definition, API).permissions[0]?.rights
    expect([rights?.has('write'), rights?.has('delete'), rights?.has('create')]).toEqual([false, false, true])
  })

  it('grants what a row leaves out through the API as Frappe does, and nothing in a file', () => {
    const definition = { name: 'Book', permissions: [{ role: 'Clerk', write: 0, submit: 1 }] }
    expect([...(parseDocType(definition, API).permissions[0]?.rights ?? [])]).toEqual([
      'read',
      'create',
      'delete',
      'submit',
      'print',
      'email',
      'report',
      'export',
      'share',
    ])
    expect([...(parseDocType(definition, FILE).permissions[0]?.rights ?? [])]).toEqual(['submit'])
  })
})

describe('a definition is refused with a sentence that names the place', () => {
  it.each<[why: string, definition: Values, says: RegExp]>([
    ['without a name', {}, /^DocType: give it a name/],
    ['with a name that is no name', { name: '1 Book' }, /^DocType 1 Book: a name begins with a letter/],
    ['with a dot in its name, which stands for a space in scopes', { name: 'Book.Shelf' }, /^DocType Book\.Shelf: /],
    ['with a name of 62 characters', { name: 'B'.repeat(62) }, /2 to 61/],
    ['with a word of the scopes as name', { name: 'Method' }, /^DocType Method: this name is reserved/],
    ['with fields that are no list', { name: 'Book', fields: 'title' }, /^DocType Book: fields must be a list of rows/],
    ['with a field without a name', withFields({ fieldtype: 'Data' }), /^Field 1: give it a fieldname/],
    ['with a fieldname that is SQL', withFields({ fieldname: 'a" int); --' }), /^Field a" int/],
    ['with a fieldname of ours', withFields({ fieldname: 'modified' }), /^Field modified: this name is taken/],
    ['with a fieldname that every object has', withFields({ fieldname: 'constructor' }), /^Field constructor: this name is taken/],
    ['with a hidden column as fieldname', withFields({ fieldname: '_key' }), /^Field _key: a fieldname begins with a letter/],
    ['with a field twice, in other case', withFields(TITLE, { fieldname: 'Title' }), /^Field title: appears twice/],
    ['with a type that is none', withFields({ fieldname: 'a', fieldtype: 'Blob' }), /^Field a: Blob is not a field type/],
    ['with a Link to nowhere', withFields({ fieldname: 'a', fieldtype: 'Link' }), /^Field a: options must name the DocType/],
    ['with a Table of nothing', withFields({ fieldname: 'a', fieldtype: 'Table' }), /^Field a: options must name the DocType/],
    [
      'with a Dynamic Link by no field',
      withFields({ fieldname: 'a', fieldtype: 'Dynamic Link', options: 'b' }),
      /^Field a: options name b/,
    ],
    [
      'with a default that is not offered',
      withFields({ fieldname: 'a', fieldtype: 'Select', options: 'X\nY', default: 'Z' }),
      /^A \(default\): "Z" is not offered/,
    ],
    [
      'with a default that is no number',
      withFields({ fieldname: 'a', fieldtype: 'Int', default: 'ten' }),
      /^A \(default\): "ten" is not a number/,
    ],
    ['with a Check that begins as 2', withFields({ fieldname: 'a', fieldtype: 'Check', default: '2' }), /^Field a: the default of a Check/],
    ['with a level of 10', withFields({ ...TITLE, permlevel: 10 }), /^Field title: permlevel must be a whole number from 0 to 9/],
    [
      'with a unique text',
      withFields({ fieldname: 'a', fieldtype: 'Text', unique: 1 }),
      /^Field a: a Text field of any characters cannot be unique/,
    ],
    [
      'with a unique field of 501 characters',
      withFields({ fieldname: 'a', unique: 1, length: 501 }),
      /^Field a: a Data field of 501 characters cannot be unique/,
    ],
    ['with a title that is no field', { ...withFields(TITLE), title_field: 'name_of_book' }, /title_field names name_of_book/],
    ['with a search field that is no field', { ...withFields(TITLE), search_fields: 'title,b' }, /search_fields names b/],
    ['with an order that is SQL', { ...withFields(TITLE), sort_field: '(select 1)' }, /sort_field names \(select 1\)/],
    ['named after a field that it lacks', { ...withFields(TITLE), autoname: 'field:isbn' }, /autoname needs the field isbn/],
    ['named by a series that it lacks', { ...withFields(TITLE), autoname: 'naming_series:' }, /autoname needs the field naming_series/],
    ['named by an unknown rule', { ...withFields(TITLE), autoname: 'counting' }, /autoname counting is not known/],
    ['named by a series with a quote', { ...withFields(TITLE), autoname: "A'.####" }, /^Naming series "A'/],
    ['with a row for no role', { name: 'Book', permissions: [{ read: 1 }] }, /^Permission 1: name the role/],
    [
      'with two rows for one role',
      { name: 'Book', permissions: [{ role: 'A' }, { role: 'A' }] },
      /^Permissions: role A has two rows at level 0/,
    ],
    [
      'with a higher level alone',
      { name: 'Book', permissions: [{ role: 'A', permlevel: 1 }] },
      /^Permissions: role A has a row at level 1 but none at level 0/,
    ],
    ['that has no documents of its own to keep', { name: 'Book', is_virtual: 1 }, /virtual DocTypes come with the site/],
    ['that is Single and a child table', { name: 'Book', issingle: 1, istable: 1 }, /a child table cannot be Single/],
    [
      'with a rule that is a program',
      withFields({ ...TITLE, mandatory_depends_on: 'eval:fetch("/")' }),
      /^Field title: mandatory_depends_on cannot be read: "fetch" is not understood/,
    ],
    [
      'with a rule that does not end',
      withFields({ ...TITLE, read_only_depends_on: 'eval:(doc.a' }),
      /^Field title: read_only_depends_on cannot be read: the expression ends too soon/,
    ],
    [
      'with a password that everybody knows',
      withFields({ fieldname: 'a', fieldtype: 'Password', default: 'x' }),
      /^Field a: a Password has no default/,
    ],
    ['with a unique password', withFields({ fieldname: 'a', fieldtype: 'Password', unique: 1 }), /cannot be unique/],
    [
      'sorted by a password',
      { ...withFields({ fieldname: 'a', fieldtype: 'Password' }), sort_field: 'a' },
      /sort_field names a, which is not a field with a value/,
    ],
    [
      'named by a password',
      { ...withFields({ fieldname: 'a', fieldtype: 'Password' }), autoname: 'field:a' },
      /autoname needs the field a/,
    ],
    ['with too many fields', withFields(...Array.from({ length: 401 }, (_, index) => ({ fieldname: `f${index}` }))), /at most 400 fields/],
  ])('%s', (_, definition, says) => {
    const refused = (): unknown => parseDocType(definition, API)
    expect(refused).toThrow(FrappeError)
    expect(refused).toThrow(says)
  })
})

describe('the DocTypes that come with the site', () => {
  it('point only at one another', () => {
    const names = new Map(coreDocTypes.map((doctype) => [doctype.name, doctype]))
    for (const { fields } of coreDocTypes) {
      for (const field of fields.filter(({ fieldtype }) => fieldtype === 'Link' || fieldtype === 'Table'))
        expect(names.get(field.options)?.istable).toBe(field.fieldtype === 'Table')
    }
  })

  it('have fields for every key that their own files use', () => {
    const unknown = (doctype: string, values: Values): string[] => {
      const known = new Set(['name', 'fields', 'permissions', ...coreDocType(doctype).fields.map((field) => field.fieldname)])
      return Object.keys(values).filter((key) => !known.has(key))
    }
    for (const definition of coreDefinitions) {
      expect(unknown('DocType', definition)).toEqual([])
      for (const row of definition['fields'] as Values[]) expect(unknown('DocField', row)).toEqual([])
      for (const row of definition['permissions'] as Values[]) expect(unknown('DocPerm', row)).toEqual([])
    }
  })

  it.each(['Role', 'DocType', 'User Permission', 'OAuth Client', 'OAuth Bearer Token'])('%s is for System Managers alone', (name) => {
    expect(new Set(coreDocType(name).permissions.map((row) => row.role))).toEqual(new Set(['System Manager']))
  })

  it('show tokens, and let nobody write them', () => {
    expect(coreDocType('OAuth Bearer Token')).toMatchObject({
      virtual: true,
      permissions: [{ rights: new Set(['read', 'report', 'export']) }],
    })
  })

  it('show of a user their name alone to everybody', () => {
    const user = coreDocType('User')
    expect(user.permissions.find((row) => row.role === 'All')?.rights).toEqual(new Set(['select']))
    const open = user.fields.filter((field) => field.permlevel === 0).map((field) => field.fieldname)
    expect(open).toEqual(['first_name', 'last_name', 'full_name', 'language', 'user_image', 'new_password'])
  })
})
