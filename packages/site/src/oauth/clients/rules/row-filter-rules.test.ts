import type { DocType } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { docType, field } from '../../../policy/policy.fixture.ts'
import { checkRowFilters } from './row-filter-rules.ts'

const doctypeOf = (name: string): DocType | undefined => (/^(Item|D\d+)$/.test(name) ? docType(name, [field('title', 'Data')]) : undefined)
const many = (count: number): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`D${i}`, [['title', '=', 'X']]]))
const filters = (count: number): unknown[] => Array.from({ length: count }, () => ['title', '=', 'X'])

describe('The row filters of an app', () => {
  it.each<[json: unknown, message: string | RegExp]>([
    ['{"Item":', 'Row Filters is not valid JSON'],
    ['"Item"', 'Row Filters must be an object of filters by DocType'],
    ['[]', 'Row Filters must be an object of filters by DocType'],
    ['null', 'Row Filters must be an object of filters by DocType'],
    [7, 'Row Filters must be an object of filters by DocType'],
    [many(101), 'Row Filters: name at most 100 DocTypes'],
    [{ Ghost: [['title', '=', 'X']] }, 'Row Filters name the DocType Ghost, which this site has not'],
    [{ ['G'.repeat(120)]: [] }, `Row Filters name the DocType ${'G'.repeat(100)}, which this site has not`],
    [{ Item: [] }, 'Row Filters of Item hold no filter; leave the DocType out'],
    [{ Item: null }, 'Row Filters of Item hold no filter; leave the DocType out'],
    [{ Item: filters(21) }, 'Row Filters of Item: write at most 20'],
    [{ Item: 7 }, 'Row Filters of Item: filters must be a JSON object or a JSON list of [field, operator, value]'],
    [{ Item: [['title', 'near', 'X']] }, /^Row Filters of Item: .*(?:operator|must)/i],
    [
      {
        Item: [
          ['title', '=', 'X'],
          ['ghost', '=', 'X'],
        ],
      },
      /^Row Filters: Item has no field ghost/,
    ],
  ])('%j are refused in a sentence', (json, message) => {
    expect(() => checkRowFilters(json, doctypeOf)).toThrow(
      expect.objectContaining({
        excType: 'ValidationError',
        message: typeof message === 'string' ? message : (expect.stringMatching(message) as string),
      }),
    )
  })

  it.each<[json: unknown]>([
    [undefined],
    [null],
    [''],
    ['{}'],
    [{}],
    ['{"Item": [["title", "=", "X"]]}'],
    [{ Item: { title: 'X' } }],
    [{ Item: filters(20) }],
    [many(100)],
  ])('%j are taken', (json) => {
    expect(() => checkRowFilters(json, doctypeOf)).not.toThrow()
  })

  it('that the site itself cannot judge are its own fault', () => {
    const broken = (): never => {
      throw new Error('no DocTypes')
    }
    expect(() => checkRowFilters({ Item: [['title', '=', 'X']] }, broken)).toThrow('no DocTypes')
  })
})
