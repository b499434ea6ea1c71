import type { DocField } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { spanOf } from './query-spans.ts'

const field = { label: 'Day' } as DocField

describe('A span of time', () => {
  // A Wednesday.
  it.each<[string, string, string]>([
    ['today', '2026-02-18', '2026-02-18'],
    ['yesterday', '2026-02-17', '2026-02-17'],
    ['tomorrow', '2026-02-19', '2026-02-19'],
    ['this week', '2026-02-15', '2026-02-21'],
    ['last week', '2026-02-08', '2026-02-14'],
    ['next week', '2026-02-22', '2026-02-28'],
    ['this month', '2026-02-01', '2026-02-28'],
    ['last month', '2026-01-01', '2026-01-31'],
    ['next month', '2026-03-01', '2026-03-31'],
    ['this quarter', '2026-01-01', '2026-03-31'],
    ['last quarter', '2025-10-01', '2025-12-31'],
    ['next quarter', '2026-04-01', '2026-06-30'],
    ['last 6 months', '2025-07-01', '2025-12-31'],
    ['next 6 months', '2026-04-01', '2026-09-30'],
    ['this year', '2026-01-01', '2026-12-31'],
    ['last year', '2025-01-01', '2025-12-31'],
    ['next year', '2027-01-01', '2027-12-31'],
    ['last 7 days', '2026-02-11', '2026-02-18'],
    ['last 14 days', '2026-02-04', '2026-02-18'],
    ['last 30 days', '2026-01-19', '2026-02-18'],
    ['next 7 days', '2026-02-18', '2026-02-25'],
    ['next 14 days', '2026-02-18', '2026-03-04'],
    ['next 30 days', '2026-02-18', '2026-03-20'],
    [' Next  Week ', '2026-02-22', '2026-02-28'],
    ['last fortnight', '2026-02-18', '2026-02-18'],
    ['this 7 days', '2026-02-18', '2026-02-18'],
    ['last 6 week', '2026-02-18', '2026-02-18'],
    ['', '2026-02-18', '2026-02-18'],
  ])('%j is from %s to %s', (span, from, to) => {
    expect(spanOf(field, 'timespan', span, '2026-02-18')).toEqual([from, to])
  })

  it('of a week begins on the Sunday itself, and ends with the Saturday', () => {
    expect(spanOf(field, 'timespan', 'this week', '2026-02-15')).toEqual(['2026-02-15', '2026-02-21'])
    expect(spanOf(field, 'timespan', 'this week', '2026-02-21')).toEqual(['2026-02-15', '2026-02-21'])
  })

  it('keeps to the calendar over years and leap days', () => {
    expect(spanOf(field, 'timespan', 'last month', '2028-03-31')).toEqual(['2028-02-01', '2028-02-29'])
    expect(spanOf(field, 'timespan', 'last quarter', '2026-01-01')).toEqual(['2025-10-01', '2025-12-31'])
    expect(spanOf(field, 'timespan', 'next month', '2026-12-31')).toEqual(['2027-01-01', '2027-01-31'])
  })

  it.each<['previous' | 'next', string, string, string]>([
    ['previous', '1 week', '2026-02-08', '2026-02-14'],
    ['previous', '1 month', '2026-01-01', '2026-01-31'],
    ['previous', '3 months', '2025-10-01', '2025-12-31'],
    ['previous', '6 months', '2025-07-01', '2025-12-31'],
    ['previous', '1 year', '2025-01-01', '2025-12-31'],
    ['next', '1 week', '2026-02-22', '2026-02-28'],
    ['next', '6 months', '2026-04-01', '2026-09-30'],
  ])('%s %s is from %s to %s', (operator, length, from, to) => {
    expect(spanOf(field, operator, length, '2026-02-18')).toEqual([from, to])
  })

  it.each(['2 weeks', '', 7, null])('before or after takes no length such as %j', (length) => {
    expect(() => spanOf(field, 'next', length, '2026-02-18')).toThrow(expect.objectContaining({ status: 417 }))
  })
})
