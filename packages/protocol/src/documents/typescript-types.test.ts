import { expect, test } from 'vitest'
import { typeNames, writeInterface, writeKey, writeUnion } from './typescript-types.ts'

test('DocTypes become names of types, each its own', () => {
  const names = ['Sales Invoice', 'Sales.Invoice', 'GL Entry', 'gl-entry', '3D Model', 'Größe', '文書']
  expect([...typeNames(names).values()]).toEqual(['SalesInvoice', 'SalesInvoice2', 'GLEntry', 'GlEntry', '_3DModel', 'Gre', '_'])
})

test('an interface says what is known of each property, and no text of a site ends its comment', () => {
  const properties = [
    { key: 'name', type: 'string', comment: ['Its name', undefined, ''] },
    { key: 'first-day', type: 'string | null', comment: ['Day', 'a */ b\n  c'] },
  ]
  expect(writeInterface({ name: 'Trip', comment: [], properties })).toBe(
    'export interface Trip {\n  /** Its name */\n  name: string\n  /** Day. a *\u200b/ b c */\n  "first-day"?: string | null\n}\n',
  )
})

test('keys and choices are quoted where they have to be', () => {
  expect([writeKey('qty'), writeKey('2nd'), writeKey('a"b')]).toEqual(['qty', '"2nd"', '"a\\"b"'])
  expect(writeUnion(['', 'a "b"', 0, null])).toBe('"" | "a \\"b\\"" | 0 | null')
})
