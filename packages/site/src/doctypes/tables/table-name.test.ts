import { expect, it } from 'vitest'
import { tableName } from '../table-name.ts'

it('a table is named for its DocType', () => {
  expect(tableName('Sales Invoice')).toBe('tabSales Invoice')
  expect(tableName('B'.repeat(60))).toBe(`tab${'B'.repeat(60)}`)
})

it('the longest name still fits PostgreSQL, and does not meet another', () => {
  const [one, two] = [tableName(`${'B'.repeat(60)}1`), tableName(`${'B'.repeat(60)}2`)]
  expect(one).not.toBe(two)
  expect(Buffer.byteLength(one)).toBe(63)
})

it('a name that a query builder would take for an alias is told apart', () => {
  expect(tableName('Sold as is')).toMatch(/^tabSold_as_is#[0-9a-f]{12}$/)
})
