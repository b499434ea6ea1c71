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
    ['count(name) as n', { kind: 'aggregate', aggregate: 'count', path: { fieldname: 'name' }, distinct: false, alias: 'n' }],
    [
      'COUNT( distinct `tabItem`.`name` )',
      { kind: 'aggregate', aggregate: 'count', path: { fieldname: 'name', doctype: 'Item' }, distinct: true },
    ],
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
  ])('%s is refused', (text) => {
    expect(() => parseFieldExpression(text)).toThrow(expect.objectContaining({ excType: 'DataError', status: 417 }))
  })
})

describe('an order', () => {
  it('is a list of fields with their direction', () => {
    expect(parseOrderBy('item_group asc, `tabItem`.`rate` DESC')).toEqual([
      { path: { fieldname: 'item_group' }, descending: false },
      { path: { fieldname: 'rate', doctype: 'Item' }, descending: true },
    ])
    expect(parseOrderBy('')).toEqual([])
  })

  it('holds no expression', () => {
    expect(() => parseOrderBy('(select 1)')).toThrow(expect.objectContaining({ excType: 'DataError' }))
    expect(() => parseOrderBy('name desc nulls last')).toThrow()
    expect(() => parseGroupBy('name having 1')).toThrow()
  })
})
