import { describe, expect, it } from 'vitest'
import { parseFilters } from './filters.ts'

describe('filters', () => {
  it.each([
    [{ status: 'Open' }, [{ fieldname: 'status', operator: '=', value: 'Open' }]],
    [{ amount: ['>', 10] }, [{ fieldname: 'amount', operator: '>', value: 10 }]],
    ['{"title":["like","B%"]}', [{ fieldname: 'title', operator: 'like', value: 'B%' }]],
    [[['status', '=', 'Open']], [{ fieldname: 'status', operator: '=', value: 'Open' }]],
    [[['Quote Line', 'item', 'in', ['A']]], [{ doctype: 'Quote Line', fieldname: 'item', operator: 'in', value: ['A'] }]],
    [[['Quote', 'a', '<>', 1, false]], [{ doctype: 'Quote', fieldname: 'a', operator: '!=', value: 1 }]],
    ['', []],
    ['null', []],
    [undefined, []],
  ])('%j are read', (input, expected) => {
    expect(parseFilters(input)).toEqual(expected)
  })

  it.each(['[[', '7', [['a']], ['status', '=', 'Open'], [[1, '=', 2]], [['a', 'resembles', 1]]])(
    '%j are refused with a sentence',
    (input) => {
      expect(() => parseFilters(input)).toThrow(expect.objectContaining({ status: 417, excType: 'ValidationError' }))
    },
  )
})
