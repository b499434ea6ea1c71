import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { averageOf, billionthsToText, canonicalDecimal, toBillionths } from './decimal.ts'

describe('canonicalDecimal', () => {
  it.each([
    [0, '0.000000000'],
    [-0, '0.000000000'],
    [0.1, '0.100000000'],
    [-12.5, '-12.500000000'],
    [1.0000000005, '1.000000001'],
    [-1.0000000005, '-1.000000001'],
    [1.00000000049, '1.000000000'],
    [5e-10, '0.000000001'],
    [4.9e-10, '0.000000000'],
    [-4.9e-10, '0.000000000'],
    [123456789012.1, '123456789012.100000000'],
    [1.5e21, '1500000000000000000000.000000000'],
  ])('writes %d as %s', (x, text) => {
    expect(canonicalDecimal(x)).toBe(text)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses %d', (x) => {
    expect(() => canonicalDecimal(x)).toThrow(RangeError)
  })

  it('changes nothing the second time', () => {
    const money = fc.double({ min: -1e12, max: 1e12, noNaN: true })
    fc.assert(fc.property(money, (x) => canonicalDecimal(Number(canonicalDecimal(x))) === canonicalDecimal(x)))
  })

  it('never moves a number by more than half a billionth', () => {
    const money = fc.double({ min: -1000, max: 1000, noNaN: true })
    fc.assert(fc.property(money, (x) => Math.abs(Number(canonicalDecimal(x)) - x) <= 5.001e-10))
  })
})

describe('averageOf', () => {
  it.each([
    ['a third', 1, 3n, '0.333333333'],
    ['two thirds', 2, 3n, '0.666666667'],
    ['half a billionth, away from zero', 1e-9, 2n, '0.000000001'],
    ['minus half a billionth, away from zero', -1e-9, 2n, '-0.000000001'],
  ])('rounds %s', (_what, sum, count, text) => {
    expect(billionthsToText(averageOf(toBillionths(sum), count))).toBe(text)
  })
})
