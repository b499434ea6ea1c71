import { describe, expect, it } from 'vitest'
import { isTreeOperator, OPERATORS, parseFilters } from './filters.ts'

describe('filters', () => {
  it.each([
    [{ status: 'Open' }, [{ fieldname: 'status', operator: '=', value: 'Open' }]],
    [{ amount: ['>', 10] }, [{ fieldname: 'amount', operator: '>', value: 10 }]],
    ['{"title":["like","B%"]}', [{ fieldname: 'title', operator: 'like', value: 'B%' }]],
    [[['status', '=', 'Open']], [{ fieldname: 'status', operator: '=', value: 'Open' }]],
    [[['Quote Line', 'item', 'in', ['A']]], [{ doctype: 'Quote Line', fieldname: 'item', operator: 'in', value: ['A'] }]],
    [[['Quote', 'a', '<>', 1, false]], [{ doctype: 'Quote', fieldname: 'a', operator: '!=', value: 1 }]],
    [['status', '=', 'Open'], [{ fieldname: 'status', operator: '=', value: 'Open' }]],
    [['Quote', 'status', '=', 'Open'], [{ doctype: 'Quote', fieldname: 'status', operator: '=', value: 'Open' }]],
    [{ day: ['TimeSpan', 'last 7 days'] }, [{ fieldname: 'day', operator: 'timespan', value: 'last 7 days' }]],
    [[['name', 'Not  Descendants of', 'North']], [{ fieldname: 'name', operator: 'not descendants of', value: 'North' }]],
    ['', []],
    ['null', []],
    [undefined, []],
  ])('%j are read', (input, expected) => {
    expect(parseFilters(input)).toEqual(expected)
  })

  it.each(['[[', '7', [['a']], ['status', 'Open'], ['a', 'b', 'c'], [[1, '=', 2]], [['a', 'resembles', 1]], [['a', 'b', '=', 1, 0, 0]]])(
    '%j are refused with a sentence',
    (input) => {
      expect(() => parseFilters(input)).toThrow(expect.objectContaining({ status: 417, excType: 'ValidationError' }))
    },
  )

  it('tell which operators walk a tree', () => {
    expect(OPERATORS.filter(isTreeOperator)).toEqual(OPERATORS.slice(-5))
  })
})
