import { describe, expect, it } from 'vitest'
import { UseCounts } from './use-counts.ts'

const TOKEN = { client: 'c', grant: 'g', hash: 'h' }
const KINDS = 200
const bySubject = <T extends { subject: string }>(rows: readonly T[]): T[] => rows.toSorted((a, b) => (a.subject < b.subject ? -1 : 1))

describe('what is counted in memory', () => {
  it('is nothing at first, and nothing but calls of a call', () => {
    const counts = new UseCounts(7)
    expect([counts.day, counts.size, counts.rows()]).toEqual([7, 0, { days: [], spans: [], networks: [] }])
    counts.call(TOKEN, '10.0.0', 5)
    counts.call(TOKEN, '10.0.0', 9)
    const { days, spans, networks } = counts.rows()
    const day = { day: 7, outcome: 'call', what: '', right: '', count: 2 }
    const span = { first_used: 5, last_used: 9, calls: 2 }
    expect(bySubject(days)).toEqual(['c', 'g'].map((subject) => ({ subject, ...day })))
    expect(bySubject(spans)).toEqual(['c', 'g', 'h'].map((subject) => ({ subject, ...span })))
    expect(networks).toEqual([{ subject: 'g', network: '10.0.0', ...span }])
    expect(counts.size).toBeGreaterThan(0)
  })

  it('the count of a grant and a client is the sum of their tokens, from the first use to the last', () => {
    const counts = new UseCounts(7)
    for (const [grant, hash, now] of [
      ['g', 'h', 5],
      ['g', 'i', 3],
      ['other', 'j', 8],
    ] as const)
      counts.call({ client: 'c', grant, hash }, '', now)
    const spans = bySubject(counts.rows().spans).map(({ subject, first_used: first, last_used: last, calls }) => [
      subject,
      first,
      last,
      calls,
    ])
    expect(spans.filter(([subject]) => subject === 'c' || subject === 'other' || subject === 'j')).toEqual([
      ['c', expect.any(Number), 8, 3],
      ['j', 8, 8, 1],
      ['other', 8, 8, 1],
    ])
    expect(spans.find(([subject]) => subject === 'g')?.[3]).toBe(2)
  })

  it('a token that moves to and fro is counted where it came from', () => {
    const counts = new UseCounts(7)
    for (const [network, now] of [
      ['10.0.0', 1],
      ['10.0.1', 2],
      ['', 3],
      ['10.0.0', 4],
      ['10.0.0', 5],
    ] as const)
      counts.call(TOKEN, network, now)
    expect(counts.rows().networks).toEqual([
      { subject: 'g', network: '10.0.0', first_used: 1, last_used: 5, calls: 3 },
      { subject: 'g', network: '10.0.1', first_used: 2, last_used: 2, calls: 1 },
    ])
    expect(counts.rows().spans.find(({ subject }) => subject === 'h')).toMatchObject({ first_used: 1, last_used: 5, calls: 5 })
  })

  it('has no network where none is known', () => {
    const counts = new UseCounts(7)
    counts.call(TOKEN, '', 5)
    counts.network('c', '', 5)
    expect(counts.rows().networks).toEqual([])
  })

  it('has a row for each right and reason, without a call where none was counted', () => {
    const counts = new UseCounts(7)
    counts.used('c', 'g', 'Item', 'read')
    counts.used('c', 'g', 'Item', 'write')
    counts.used('c', 'g', 'Item', 'read')
    counts.refused('c', 'g', 'limit')
    counts.refused('c', 'g', 'scope', 'list Item', 'Item:read')
    counts.refused('c', 'g', 'scope', 'list Item', 'Item:write')
    counts.refused('c', 'g', 'scope', 'list Item', 'Item:read')
    counts.refused('c', 'g', 'permission', 'list Item')
    const rows = counts.rows().days.filter(({ subject }) => subject === 'g')
    expect(rows.map(({ outcome, what, right, count }) => [outcome, what, right, count])).toEqual([
      ['used', 'Item', 'read', 2],
      ['used', 'Item', 'write', 1],
      ['limit', '', '', 1],
      ['scope', 'list Item', 'Item:read', 2],
      ['scope', 'list Item', 'Item:write', 1],
      ['permission', 'list Item', '', 1],
    ])
    expect(new Set(rows.map(({ day }) => day))).toEqual(new Set([7]))
  })

  it('the count of a client is the sum of its grants', () => {
    const counts = new UseCounts(7)
    for (const grant of ['g', 'other']) {
      counts.call({ ...TOKEN, grant }, '', 5)
      counts.used('c', grant, 'Item', 'read')
    }
    const rows = counts.rows().days.filter(({ subject }) => subject === 'c')
    expect(rows).toEqual([
      { subject: 'c', day: 7, outcome: 'call', what: '', right: '', count: 2 },
      { subject: 'c', day: 7, outcome: 'used', what: 'Item', right: 'read', count: 2 },
    ])
  })

  it('the count of one grant names two hundred kinds, and counts those beyond together', () => {
    const counts = new UseCounts(7)
    for (let number = 0; number <= KINDS; number += 1) {
      counts.used('c', 'g', `Type ${number}`, 'read')
      counts.refused('c', 'g', 'scope', `list ${number}`, 'Item:read')
    }
    counts.used('c', 'g', 'Type 0', 'write')
    counts.used('c', 'g', 'Type more', 'write')
    counts.refused('c', 'g', 'scope', 'list 0', 'Item:read')
    counts.refused('c', 'g', 'scope', 'list more', 'Item:write')
    counts.refused('c', 'g', 'permission', 'list more')
    const rows = counts.rows().days.filter(({ subject }) => subject === 'g')
    const named = rows.map(({ outcome, what, right, count }) => `${outcome} ${what} ${right} ${count}`)
    for (const row of ['used Type 0 read 1', 'used Type 0 write 1', 'used Type 199 read 1', 'used other read 1', 'used other write 1'])
      expect(named).toContain(row)
    for (const row of ['scope list 0 Item:read 2', 'scope list 199 Item:read 1', 'scope other  2', 'permission other  1'])
      expect(named).toContain(row)
    expect(rows).toHaveLength(2 * KINDS + 1 + 2 + 2)
  })

  it('the count of one subject names two hundred networks, and goes on counting those', () => {
    const counts = new UseCounts(7)
    for (let number = 0; number <= KINDS; number += 1) counts.network('g', `10.0.${number}`, 5)
    counts.network('g', '10.0.0', 9)
    const { networks } = counts.rows()
    expect(networks).toHaveLength(KINDS)
    expect(networks[0]).toEqual({ subject: 'g', network: '10.0.0', first_used: 5, last_used: 9, calls: 2 })
    expect(networks.at(-1)).toMatchObject({ network: '10.0.199' })
  })
})
