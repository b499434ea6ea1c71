import { describe, expect, it } from 'vitest'
import { fillFormat, fillSeries } from './series.ts'

const FACTS = { values: { cust: 'ACME', code: '##', number: 7, empty: null }, now: Date.parse('2026-01-01T23:30:00Z') * 1000, zone: 'UTC' }

describe('a series', () => {
  it.each([
    ['QTN-.#####', { prefix: 'QTN-', digits: 5, suffix: '' }],
    ['QTN-', { prefix: 'QTN-', digits: 5, suffix: '' }],
    ['INV-.YYYY.-.MM.DD.-.###', { prefix: 'INV-2026-0101-', digits: 3, suffix: '' }],
    ['INV-.YY.WW.-.##.-X', { prefix: 'INV-2601-', digits: 2, suffix: '-X' }],
    ['.cust.-.{number}.-.####', { prefix: 'ACME-7-', digits: 4, suffix: '' }],
    ['.{nothing}.A.empty.-.#', { prefix: 'A-', digits: 1, suffix: '' }],
    ['A.##.B.###', { prefix: 'A', digits: 2, suffix: 'B' }],
    ['.code.-.###', { prefix: '##-', digits: 3, suffix: '' }],
  ])('%s is filled', (series, filled) => {
    expect(fillSeries(series, FACTS)).toEqual(filled)
  })

  it('takes its date parts in the zone', () => {
    expect(fillSeries('.YYYY.-.DD.-.#', { ...FACTS, zone: 'Asia/Kolkata' }).prefix).toBe('2026-02-')
  })

  it('refuses characters that would not do in a name', () => {
    for (const series of ['A<.##', "A'.##", 'A%.##', '']) expect(() => fillSeries(series, FACTS)).toThrow(/^Naming series/)
  })
})

describe('a format', () => {
  it.each([
    ['INV-{YYYY}-{cust}-{####}', { prefix: 'INV-2026-ACME-', digits: 4, suffix: '' }],
    ['{cust}/{ MM }', { prefix: 'ACME/01', digits: 0, suffix: '' }],
    ['{##}-{cust}', { prefix: '', digits: 2, suffix: '-ACME' }],
    ['#{cust}-{code}-{#}', { prefix: '#ACME-##-', digits: 1, suffix: '' }],
    ['{nothing}X', { prefix: 'X', digits: 0, suffix: '' }],
  ])('%s is filled', (format, filled) => {
    expect(fillFormat(format, FACTS)).toEqual(filled)
  })
})
