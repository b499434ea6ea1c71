import { describe, expect, it } from 'vitest'
import { parseListArguments } from './list-arguments.ts'

describe('the arguments of a list', () => {
  it.each([
    [{}, 20],
    [{ limit: '2' }, 2],
    [{ limit_page_length: '3', limit: '2' }, 3],
    [{ limit_page_length: 0 }, null],
    [{ limit_page_length: '' }, null],
    [{ limit_page_length: 'many' }, null],
  ])('%j make a page of %s', (args, limit) => {
    expect(parseListArguments('Item', args).limit).toBe(limit)
  })

  it.each([
    ['["name","rate"]', ['name', 'rate']],
    ['"*"', ['*']],
    ['*', ['*']],
    [['name'], ['name']],
    ['', undefined],
  ])('take fields as %j', (fields, expected) => {
    expect(parseListArguments('Item', { fields }).fields).toEqual(expected)
  })

  it.each([{ limit: -1 }, { limit_start: '-5' }, { fields: 'a,b' }, { fields: '[1]' }, { filters: '[[' }, { order_by: ['x'] }])(
    'are refused with a sentence: %j',
    (args) => {
      expect(() => parseListArguments('Item', args)).toThrow(expect.objectContaining({ status: 417 }))
    },
  )
})
