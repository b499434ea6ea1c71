import type { DocType } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import {
  defaultOrder,
  parseCountArguments,
  parseListArguments,
  parseResourceArguments,
  parseReportArguments,
  parseV2ListArguments,
  shapeRows,
} from './list-arguments.ts'

describe('the arguments of a list', () => {
  it.each([
    [{}, 20],
    [{ limit: '2' }, 2],
    [{ limit: 0 }, 20],
    [{ limit: '0' }, null],
    [{ page_length: '4', limit: '2' }, 4],
    [{ limit_page_length: '3', page_length: '4', limit: '2' }, 3],
    [{ limit_page_length: 0 }, null],
    [{ limit_page_length: '' }, null],
    [{ limit_page_length: 'many' }, null],
  ])('%j make a page of %s', (args, limit) => {
    expect(parseListArguments('Item', args).limit).toBe(limit)
  })

  it.each([
    [{}, 0],
    [{ start: '7' }, 7],
    [{ limit_start: '5', start: '7' }, 5],
    [{ limit_start: '' }, 0],
  ])('%j begin at %s', (args, start) => {
    expect(parseListArguments('Item', args).start).toBe(start)
  })

  it.each([
    ['["name","rate"]', ['name', 'rate']],
    ['"*"', ['*']],
    ['*', ['*']],
    ['"name"', ['name']],
    ['"name, rate"', ['name', 'rate']],
    [['name'], ['name']],
    ['', undefined],
  ])('take fields as %j', (fields, expected) => {
    expect(parseListArguments('Item', { fields }).fields).toEqual(expected)
  })

  it.each<[unknown, unknown[]]>([
    [undefined, []],
    ['', []],
    [1, [1]],
    ['0', [0]],
    ['[0, 1]', [0, 1]],
    ['1,2', [1, 2]],
    [
      [0, '2'],
      [0, 2],
    ],
  ])('take docstatus as %j', (docstatus, value) => {
    const filters = value.length === 0 ? [] : [{ fieldname: 'docstatus', operator: 'in', value }]
    expect(parseListArguments('Item', { docstatus }).filters).toEqual(filters)
  })

  it('select the field to be plucked, unless fields are named', () => {
    expect(parseListArguments('Item', { pluck: 'rate' }).fields).toEqual(['rate'])
    expect(parseListArguments('Item', { pluck: 'rate', fields: '["name"]' }).fields).toEqual(['name'])
  })

  it('name all fields in JSON at an address of documents', () => {
    expect(parseResourceArguments('Item', { fields: '"*"' }).fields).toEqual(['*'])
    for (const parse of [parseResourceArguments, parseV2ListArguments])
      expect(() => parse('Item', { fields: '*' })).toThrow(expect.objectContaining({ status: 417 }))
  })

  it.each([
    { limit: -1 },
    { limit_start: '-5' },
    { start: -1 },
    { fields: 'a,b' },
    { fields: '[1]' },
    { filters: '[[' },
    { order_by: ['x'] },
    { docstatus: 3 },
    { docstatus: { a: 1 } },
    { docstatus: '[[1]]' },
  ])('are refused with a sentence: %j', (args) => {
    expect(() => parseListArguments('Item', args)).toThrow(expect.objectContaining({ status: 417 }))
  })
})

describe('the arguments of a list in version 2', () => {
  it('say with limit alone how long a page is', () => {
    expect(parseV2ListArguments('Item', { limit_page_length: '3' }).limit).toBe(20)
    expect(parseV2ListArguments('Item', { limit_page_length: '3', limit: 2, start: 4 })).toMatchObject({ limit: 2, start: 4 })
  })
})

describe('the arguments of a report', () => {
  it('ask for all unless they name a page', () => {
    expect(parseReportArguments('Item', {}).limit).toBeNull()
    expect(parseReportArguments('Item', { page_length: '20', start: '40' })).toMatchObject({ limit: 20, start: 40 })
  })

  it('name an aggregate beside the groups', () => {
    const args = { fields: '["item_group"]', group_by: 'item_group', aggregate_function: 'sum', aggregate_on_field: 'rate' }
    expect(parseReportArguments('Item', args).fields).toEqual(['item_group', 'sum(`rate`) as _aggregate_column'])
    expect(parseReportArguments('Item', { ...args, aggregate_on_doctype: 'Item Price' }).fields?.[1]).toBe(
      'sum(`tabItem Price`.`rate`) as _aggregate_column',
    )
    expect(parseReportArguments('Item', { ...args, aggregate_function: 'count' }).fields?.[1]).toBe('count(`name`) as _aggregate_column')
    expect(() => parseReportArguments('Item', { ...args, aggregate_function: 'sleep' })).toThrow(
      expect.objectContaining({ excType: 'DataError' }),
    )
    expect(() => parseReportArguments('Item', { ...args, aggregate_on_field: '' })).toThrow(expect.objectContaining({ status: 417 }))
  })

  it('come in the order of the DocType', () => {
    expect(defaultOrder({ sort_field: 'rate', sort_order: 'DESC' } as DocType)).toBe('rate DESC')
    expect(defaultOrder({ sort_field: '', sort_order: 'DESC' } as DocType)).toBe('modified DESC')
  })
})

describe('the arguments of a count', () => {
  it('are those of a list, without fields and order', () => {
    expect(parseCountArguments('Item', { filters: { a: 1 }, distinct: 'true', order_by: 'x', fields: '["a"]' })).toEqual({
      doctype: 'Item',
      filters: [{ fieldname: 'a', operator: '=', value: 1 }],
      orFilters: [],
      distinct: true,
      limit: null,
    })
    expect(parseCountArguments('Row', { limit: '5', parent: 'Item' })).toMatchObject({ limit: 5, parent: 'Item', distinct: false })
  })
})

describe('rows', () => {
  const rows = [{ name: 'A', rate: 1 }, { name: 'B' }]
  it.each<[Record<string, unknown>, unknown[]]>([
    [{}, rows],
    [{ as_dict: '1' }, rows],
    [{ as_dict: 'false' }, [['A', 1], ['B']]],
    [{ as_dict: 0 }, [['A', 1], ['B']]],
    [{ pluck: 'rate', as_dict: 0 }, [1, null]],
  ])('are shaped as %j asks', (args, shaped) => {
    expect(shapeRows(rows, args)).toEqual(shaped)
  })

  it('tell how many comments there are', () => {
    const commented = ['[{"comment":"x"},{"comment":"y"}]', null, 'not JSON', '{}'].map((_comments) => ({ _comments }))
    expect(shapeRows(commented, { with_comment_count: '1' })).toMatchObject([2, 0, 0, 0].map((_comment_count) => ({ _comment_count })))
  })
})
