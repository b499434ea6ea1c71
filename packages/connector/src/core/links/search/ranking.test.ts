import { describe, expect, test } from 'vitest'
import { fold, holds, rank, readText } from './ranking.ts'

const item = (value: string, label = value, description = '') => ({ value, label, description })

describe('suggestions are ranked', () => {
  const name = item('Bolt M8')
  const title = item('ITEM-3', 'Bolt M6')
  const inName = item('Eye Bolt')
  const word = item('ITEM-1', 'Screw', 'steel, boltless')
  const within = item('ITEM-2', 'Screw', 'a steel bolt')
  const other = item('ITEM-0', 'Schraube')

  test('by the name’s beginning, the label’s, the name, a further word’s beginning, the rest', () => {
    expect(rank([other, within, word, inName, title, name], 'bolt')).toEqual([name, title, inName, word, within, other])
  })

  test.each([
    ['names of one rank by code points, capitals first', ['bolt', 'Bolt B', 'Bolt A', 'BOLT'], ['BOLT', 'Bolt A', 'Bolt B', 'bolt']],
    ['beyond the first 65,536 letters too', ['bolt \u{1F529}', 'bolt \uFF21'], ['bolt \uFF21', 'bolt \u{1F529}']],
    ['the shorter of two with one beginning', ['bolt 10', 'bolt 1', 'bolt'], ['bolt', 'bolt 1', 'bolt 10']],
  ])('%s', (_, names, expected) => {
    expect(
      rank(
        names.map((each) => item(each)),
        'bolt',
      ).map(({ value }) => value),
    ).toEqual(expected)
  })
})

describe('what is typed', () => {
  test.each([
    ['capitals', 'ACME', 'acme'],
    ['wide letters', 'ＡＣＭＥ', 'acme'],
    ['ligatures', 'oﬃce', 'office'],
    ['letters that are put together of two', 'Cafe\u0301', 'café'],
    ['marks of direction', '\u200Fשלום\u202C', 'שלום'],
  ])('is compared without regard to %s', (_, typed, stored) => {
    expect(fold(typed)).toBe(fold(stored))
    expect(holds(item('X', stored), fold(typed))).toBe(true)
  })

  test('is sent in one form, without marks of direction and spaces around it, 140 characters at most', () => {
    expect(readText('  \u202BCafe\u0301\u202C  ')).toBe('Café')
    expect(readText('\u200Fشركة النور')).toBe('شركة النور')
    expect([...readText('\u{1F529}'.repeat(200))]).toHaveLength(140)
  })
})
