import { describe, expect, it } from 'vitest'
import { parseFieldExpression, parseGroupBy, parseOrderBy } from './list-fields.ts'

describe('an entry of fields', () => {
  it.each([
    ['name', { kind: 'column', path: { fieldname: 'name' }, distinct: false }],
    ['`name`', { kind: 'column', path: { fieldname: 'name' }, distinct: false }],
    ['title as t', { kind: 'column', path: { fieldname: 'title' }, distinct: false, alias: 't' }],
    ['`tabQuote Line`.item', { kind: 'column', path: { fieldname: 'item', doctype: 'Quote Line' }, distinct: false }],
    [
      '`tabQuote Line`.`item` as "T t"',
      { kind: 'column', path: { fieldname: 'item', doctype: 'Quote Line' }, distinct: false, alias: 'T t' },
    ],
    ['client.region', { kind: 'column', path: { fieldname: 'region', via: 'client' }, distinct: false }],
    [
      'count(name) as n',
      { kind: 'aggregate', aggregate: 'count', path: { fieldname: 'name' }, distinct: false, text: 'count(name)', alias: 'n' },
    ],
    [
      'COUNT( distinct `tabItem`.`name` )',
      {
        kind: 'aggregate',
        aggregate: 'count',
        path: { fieldname: 'name', doctype: 'Item' },
        distinct: true,
        text: 'COUNT( distinct `tabItem`.`name` )',
      },
    ],
    ['title as `T t`', { kind: 'column', path: { fieldname: 'title' }, distinct: false, alias: 'T t' }],
    ['distinct title', { kind: 'column', path: { fieldname: 'title' }, distinct: true }],
    ['*', { kind: 'all' }],
  ])('%s is read by its form', (text, expected) => {
    expect(parseFieldExpression(text)).toEqual(expected)
  })

  it.each([
    'sleep(1)',
    '(select password from __Auth)',
    'name, owner',
    "'x'",
    '1',
    'count(*)',
    'a.b.c',
    'name; drop table x',
    'name as (x)',
    'if(1,2,3)',
    '"name"',
    `name\u0000`,
    'count(count(name))',
    'year(creation)',
    'date(modified) as day',
    `a${' '.repeat(100_000)}b`,
  ])('%s is refused', (text) => {
    expect(() => parseFieldExpression(text)).toThrow(expect.objectContaining({ excType: 'DataError', status: 417 }))
  })
})

describe('a text of the greatest length', () => {
  const spaces = ' '.repeat(980)

  it.each([`count(${spaces}x`, `count( distinct${spaces}`, `a${spaces}x`, `a as${spaces}-`])(
    'is refused at once whatever stands in it: %s',
    (text) => {
      // A pattern that tries a run of spaces in every way takes seconds for each.
      for (let count = 0; count < 500; count += 1) {
        expect(() => parseFieldExpression(text)).toThrow()
        expect(() => parseOrderBy(text)).toThrow()
      }
    },
  )
})

describe('an order', () => {
  it('is a list of fields with their direction', () => {
    expect(parseOrderBy('item_group asc, `tabItem`.`rate` DESC')).toEqual([
      { path: { fieldname: 'item_group' }, distinct: false, descending: false },
      { path: { fieldname: 'rate', doctype: 'Item' }, distinct: false, descending: true },
    ])
    expect(parseOrderBy('')).toEqual([])
  })

  it('takes aggregates, aliases and DocTypes whose name has a comma', () => {
    expect(parseOrderBy('count(distinct `tabA, B`.`x`) desc, `T t`')).toEqual([
      { path: { fieldname: 'x', doctype: 'A, B' }, aggregate: 'count', distinct: true, descending: true },
      { path: { fieldname: 'T t' }, distinct: false, descending: false },
    ])
    expect(parseGroupBy('`tabA, B`.x, unit')).toEqual([{ fieldname: 'x', doctype: 'A, B' }, { fieldname: 'unit' }])
  })

  it('holds no expression', () => {
    expect(() => parseOrderBy('(select 1)')).toThrow(expect.objectContaining({ excType: 'DataError' }))
    expect(() => parseOrderBy('name desc nulls last')).toThrow()
    expect(() => parseOrderBy('sleep(1)')).toThrow(expect.objectContaining({ excType: 'DataError' }))
    expect(() => parseOrderBy('a,'.repeat(10_000))).toThrow(expect.objectContaining({ excType: 'DataError' }))
    expect(() => parseGroupBy('name having 1')).toThrow()
  })
})
