import { describe, expect, it } from 'vitest'
import type { DayRow } from '../../usage/usage-store.ts'
import { useReport, type ReportFacts } from '../use-report.ts'

const sum = (outcome: DayRow['outcome'], count: number, what = '', right = ''): ReportFacts['sums'][number] => ({
  outcome,
  what,
  right,
  count,
})
const report = (facts: Partial<ReportFacts>) =>
  useReport({ sumsByDay: [], rows: [], sums: [], spans: [], today: 19_675, days: 3, ...facts })

describe('the report on an app', () => {
  it('has its days and no use when nothing was done', () => {
    expect(report({})).toEqual({
      firstUsed: undefined,
      lastUsed: undefined,
      calls: 0,
      days: ['2023-11-12', '2023-11-13', '2023-11-14'].map((day) => ({ day, calls: 0, refused: 0 })),
      rights: [],
      refusals: [],
      details: [],
    })
  })

  it('goes from the first use to the last', () => {
    const spans = [
      { subject: 'a', first_used: 5, last_used: 7, calls: 1 },
      { subject: 'b', first_used: 3, last_used: 9, calls: 1 },
      { subject: 'c', first_used: 4, last_used: 4, calls: 1 },
    ]
    expect(report({ spans })).toMatchObject({ firstUsed: 3, lastUsed: 9 })
  })

  it('adds up calls, and apart from them refusals of every kind, by day', () => {
    const day = (number: number, outcome: DayRow['outcome'], count: number): ReportFacts['sumsByDay'][number] => ({
      day: number,
      outcome,
      count,
    })
    const sumsByDay = [
      day(19_672, 'call', 100),
      day(19_673, 'call', 4),
      day(19_673, 'call', 3),
      day(19_673, 'used', 50),
      day(19_675, 'scope', 1),
      day(19_675, 'permission', 2),
      day(19_675, 'limit', 4),
      day(19_675, 'access', 8),
    ]
    expect(report({ sumsByDay, sums: [sum('call', 5), sum('call', 2), sum('used', 9)] })).toMatchObject({
      calls: 7,
      days: [
        { day: '2023-11-12', calls: 7, refused: 0 },
        { day: '2023-11-13', calls: 0, refused: 0 },
        { day: '2023-11-14', calls: 0, refused: 15 },
      ],
    })
  })

  it('names rights and refusals, the most frequent first', () => {
    const sums = [
      sum('used', 2, 'Item', 'read'),
      sum('used', 9, 'Lead', 'write'),
      sum('call', 7),
      sum('scope', 1, 'list Item', 'Item:read'),
      sum('permission', 3, 'read Lead'),
      sum('limit', 2),
    ]
    const { rights, refusals } = report({ sums })
    expect(rights).toEqual([
      { what: 'Lead', right: 'write', count: 9 },
      { what: 'Item', right: 'read', count: 2 },
    ])
    expect(refusals).toEqual([
      { reason: 'permission', act: 'read Lead', scope: '', count: 3 },
      { reason: 'limit', act: '', scope: '', count: 2 },
      { reason: 'scope', act: 'list Item', scope: 'Item:read', count: 1 },
    ])
  })

  it('names fifty of each', () => {
    const many = (outcome: DayRow['outcome']) => Array.from({ length: 60 }, (_, number) => sum(outcome, number, `Type ${number}`))
    const { rights, refusals } = report({ sums: [...many('used'), ...many('scope')] })
    expect([rights.length, rights[0]?.count, refusals.length, refusals[49]?.count]).toEqual([50, 59, 50, 10])
  })

  it('has the details as they are, with their days', () => {
    const row: DayRow = { subject: 's', day: 19_675, outcome: 'scope', what: 'list Item', right: 'Item:read', count: 2 }
    expect(report({ rows: [row] }).details).toEqual([
      { day: '2023-11-14', outcome: 'scope', what: 'list Item', right: 'Item:read', count: 2 },
    ])
  })
})
