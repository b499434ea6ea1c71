import { describe, expect, it } from 'vitest'
import { UseCounts } from './use-counts.ts'

const TOKEN = { client: 'c', grant: 'g', hash: 'h' }
const KINDS = 200
const bySubject = <T extends { subject: string }>(rows: readonly T[]): T[] => rows.toSorted((a, b) => (a.subject < b.subject ? -1 : 1))

describe('what is counted in memory', () => {
  it('is nothing at first, and nothing but calls of a call', () => {
    const counts = new UseCounts(7)
    expect([counts.day, counts.size, counts.rows()]).toEqual([7, 0, { tokens: [], days: [], spans: [], networks: [] }])
    counts.call(TOKEN, '10.0.0', 5)
    counts.call(TOKEN, '10.0.0', 9)
    const { tokens, days, spans, networks } = counts.rows()
    const day = { day: 7, outcome: 'call', what: '', right: '', count: 2 }
    const span = { first_used: 5, last_used: 9, calls: 2 }
    expect(bySubject(days)).toEqual(['c', 'g'].map((subject) => ({ subject, ...day })))
    expect(tokens).toEqual([{ token: 'h', ...day, first_used: 5, last_used: 9 }])
    expect(bySubject(spans)).toEqual(['c', 'g'].map((subject) => ({ subject, ...span })))
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
    expect(spans).toEqual([
      ['c', 3, 8, 3],
      ['g', 3, 5, 2],
      ['other', 8, 8, 1],
    ])
    expect(counts.rows().tokens.map(({ token, count, first_used: first, last_used: last }) => [token, count, first, last])).toEqual([
      ['h', 1, 5, 5],
      ['i', 1, 3, 3],
      ['j', 1, 8, 8],
    ])
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
    expect(counts.rows().tokens).toMatchObject([{ token: 'h', first_used: 1, last_used: 5, count: 5 }])
  })

  it('has no network where none is known', () => {
    const counts = new UseCounts(7)
    counts.call(TOKEN, '', 5)
    counts.network('c', '', 5)
    expect(counts.rows().networks).toEqual([])
  })

  it('has a row for each right and reason, without a call where none was counted', () => {
    const counts = new UseCounts(7)
    counts.used(TOKEN, 'Item', 'read')
    counts.used(TOKEN, 'Item', 'write')
    counts.used(TOKEN, 'Item', 'read')
    counts.refused(TOKEN, 'limit')
    counts.refused(TOKEN, 'scope', 'list Item', 'Item:read')
    counts.refused(TOKEN, 'scope', 'list Item', 'Item:write')
    counts.refused(TOKEN, 'scope', 'list Item', 'Item:read')
    counts.refused(TOKEN, 'permission', 'list Item')
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
    const ofToken = counts.rows().tokens.map(({ token, first_used: first, last_used: last, ...row }) => [token, first, last, row])
    const ofGrant = rows.map(({ day, outcome, what, right, count }) => ['h', null, null, { day, outcome, what, right, count }])
    expect(ofToken).toEqual(ofGrant)
  })

  it('has no row twice, though a method has the name of what is counted together', () => {
    const counts = new UseCounts(7)
    counts.refused(TOKEN, 'permission', 'other')
    for (let act = 0; act < 201; act += 1) counts.refused(TOKEN, 'permission', `list ${act}`)
    const kinds = counts.rows().tokens.map(({ outcome, what, right }) => `${outcome} ${what} ${right}`)
    expect(new Set(kinds).size).toBe(kinds.length)
  })

  it('a right that is used in between is counted where it was counted before', () => {
    const counts = new UseCounts(7)
    for (const [what, right] of [
      ['Item', 'read'],
      ['Item', 'read'],
      ['Item', 'write'],
      ['Deal', 'write'],
      ['Item', 'read'],
    ] as const)
      counts.used(TOKEN, what, right)
    expect(counts.rows().tokens.map(({ what, right, count }) => `${what} ${right} ${count}`)).toEqual([
      'Item read 3',
      'Item write 1',
      'Deal write 1',
    ])
  })

  it('has the first use of a token whose right or refusal was noted before its call', () => {
    const counts = new UseCounts(7)
    counts.refused(TOKEN, 'limit')
    expect(counts.rows()).toMatchObject({ tokens: [{ outcome: 'limit' }], spans: [] })
    counts.call(TOKEN, '', 8)
    expect(counts.rows().tokens[0]).toEqual({
      token: 'h',
      day: 7,
      outcome: 'call',
      what: '',
      right: '',
      count: 1,
      first_used: 8,
      last_used: 8,
    })
    expect(counts.rows().spans).toMatchObject([{ first_used: 8 }, { first_used: 8 }])
  })

  it('is kept apart by token, and together by grant', () => {
    const counts = new UseCounts(7)
    for (const hash of ['h', 'i']) {
      counts.used({ ...TOKEN, hash }, 'Item', 'read')
      counts.refused({ ...TOKEN, hash }, 'scope', 'list Item', 'Item:read')
    }
    const { tokens, days } = counts.rows()
    expect(tokens.map(({ token, outcome, count }) => `${token} ${outcome} ${count}`)).toEqual([
      'h used 1',
      'h scope 1',
      'i used 1',
      'i scope 1',
    ])
    expect(days.filter(({ subject }) => subject === 'g').map(({ outcome, count }) => `${outcome} ${count}`)).toEqual(['used 2', 'scope 2'])
  })

  it('the count of a client is the sum of its grants', () => {
    const counts = new UseCounts(7)
    for (const grant of ['g', 'other']) {
      const token = { ...TOKEN, grant, hash: `h of ${grant}` }
      counts.call(token, '', 5)
      counts.used(token, 'Item', 'read')
    }
    const rows = counts.rows().days.filter(({ subject }) => subject === 'c')
    expect(rows).toEqual([
      { subject: 'c', day: 7, outcome: 'call', what: '', right: '', count: 2 },
      { subject: 'c', day: 7, outcome: 'used', what: 'Item', right: 'read', count: 2 },
    ])
  })

  it('the count of one token names two hundred kinds, and counts those beyond together', () => {
    const counts = new UseCounts(7)
    for (let number = 0; number <= KINDS; number += 1) {
      counts.used(TOKEN, `Type ${number}`, 'read')
      counts.refused(TOKEN, 'scope', `list ${number}`, 'Item:read')
    }
    counts.used(TOKEN, 'Type 0', 'write')
    counts.used(TOKEN, 'Type more', 'write')
    counts.refused(TOKEN, 'scope', 'list 0', 'Item:read')
    counts.refused(TOKEN, 'scope', 'list more', 'Item:write')
    counts.refused(TOKEN, 'permission', 'list more')
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
