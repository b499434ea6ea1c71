import { OPERATORS } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { filterWords, type ShownFilter } from './filter-words.ts'

describe('a filter in words', () => {
  it.each<[operator: ShownFilter['operator'], value: unknown, words: string]>([
    ['=', 'Meadow', 'Company is Meadow'],
    ['=', null, 'Company is empty'],
    ['=', '', 'Company is empty'],
    ['=', 0, 'Company is 0'],
    ['!=', '{label}', 'Company is not {label}'],
    ['in', ['A', 'B', 'C'], 'Company is A, B or C'],
    ['in', ['A'], 'Company is A'],
    ['not in', [], 'Company is not empty'],
    ['like', 'North%', 'Company begins with North'],
    ['like', '%North%', 'Company contains North'],
    ['like', '%North', 'Company ends with North'],
    ['like', 'No_th%', 'Company looks like No_th%'],
    ['like', '%', 'Company looks like %'],
    ['not like', '%North%', 'Company does not contain North'],
    ['not like', 'North%', 'Company does not look like North%'],
    ['is', 'set', 'Company is filled in'],
    ['is', 'not set', 'Company is empty'],
    ['between', ['2026-01-01', '2026-02-01'], 'Company is between 2026-01-01 and 2026-02-01'],
    ['between', '2026', 'Company is between 2026'],
    ['timespan', 'last month', 'Company is in: last month'],
    ['descendants of (inclusive)', 'Europe', 'Company is Europe or below it'],
  ])('%s %j reads “%s”', (operator, value, words) => {
    expect(filterWords({ label: 'Company', operator, value })).toBe(words)
  })

  it('is there for every operator', () => {
    for (const operator of OPERATORS) expect(filterWords({ label: 'Company', operator, value: 'x' })).toMatch(/^Company .+/)
  })
})
