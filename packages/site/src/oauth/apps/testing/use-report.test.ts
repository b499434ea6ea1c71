import { describe, expect, it } from 'vitest'
import type { DayRow, TokenDayRow } from '../../usage/usage-store.ts'
import { tokenReport, useReport, type ReportFacts } from '../use-report.ts'

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

describe('the report on a token', () => {
  const row = (day: number, outcome: DayRow['outcome'], what: string, right: string, count: number): TokenDayRow => {
    const [first, last] = outcome === 'call' ? [day * 10, day * 10 + 5] : [null, null]
    return { token: 't', day, outcome, what, right, count, first_used: first, last_used: last }
  }

  it('adds up its days, and lists them the newest first', () => {
    const rows = [
      row(19_674, 'call', '', '', 2),
      row(19_675, 'used', 'Item', 'read', 4),
      row(19_675, 'scope', 'list Deal', 'Deal:read', 1),
      row(19_674, 'used', 'Item', 'write', 1),
      row(19_675, 'call', '', '', 3),
      row(19_674, 'used', 'Item', 'read', 1),
    ]
    expect(tokenReport(rows, 19_675, 3)).toEqual({
      firstUsed: 196_740,
      lastUsed: 196_755,
      calls: 5,
      days: [
        { day: '2023-11-12', calls: 0, refused: 0 },
        { day: '2023-11-13', calls: 2, refused: 0 },
        { day: '2023-11-14', calls: 3, refused: 1 },
      ],
      rights: [
        { what: 'Item', right: 'read', count: 5 },
        { what: 'Item', right: 'write', count: 1 },
      ],
      refusals: [{ reason: 'scope', act: 'list Deal', scope: 'Deal:read', count: 1 }],
      details: [
        { day: '2023-11-14', outcome: 'scope', what: 'list Deal', right: 'Deal:read', count: 1 },
        { day: '2023-11-14', outcome: 'used', what: 'Item', right: 'read', count: 4 },
        { day: '2023-11-13', outcome: 'used', what: 'Item', right: 'read', count: 1 },
        { day: '2023-11-13', outcome: 'used', what: 'Item', right: 'write', count: 1 },
      ],
    })
  })

  it('is the same in whatever order its rows come: the newest day first, and one order by name where days and numbers are equal', () => {
    const rows = [row(19_675, 'used', 'Lead', 'read', 1), row(19_674, 'used', 'Account', 'read', 1), row(19_675, 'used', 'Item', 'read', 1)]
    for (const each of [rows, rows.toReversed()]) {
      const { rights, details } = tokenReport(each, 19_675, 3)
      expect(rights.map(({ what }) => what)).toEqual(['Account', 'Item', 'Lead'])
      expect(details.map(({ day, what }) => `${day} ${what}`)).toEqual(['2023-11-14 Item', '2023-11-14 Lead', '2023-11-13 Account'])
    }
  })

  it('of one that was never used is empty, and of one that did very much as long as a page can show', () => {
    expect(tokenReport([], 19_675, 3)).toEqual(report({}))
    const many = Array.from({ length: 300 }, (_, index) => row(19_675, 'used', `Type ${index}`, 'read', 1))
    expect(tokenReport(many, 19_675, 3).details).toHaveLength(200)
    expect(tokenReport(many, 19_675, 3).rights).toHaveLength(50)
  })
})
