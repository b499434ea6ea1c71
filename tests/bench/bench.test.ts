import { describe, expect, it } from 'vitest'
import { runBench } from './bench.ts'
import { parseOptions } from './options.ts'
import { PROVIDER_KINDS } from './provider/provider-scenarios.ts'
import { middleOf, rangeOf } from './provider/variants.ts'
import { figuresOf } from './figures.ts'
import { textOf } from './report.ts'

/** Beside other tests on few cores; servers are started a dozen times. */
const PATIENCE = { timeout: 300_000 }

describe('the bench', () => {
  it('measures every kind of request on the site, on the bare handler and on the peer, on a small scale', PATIENCE, async () => {
    const report = await runBench({ seconds: 0.2, documents: [100, 200], postgres: true, tokens: 0, costs: false }, () => undefined)
    const kinds = ['list', 'filtered', 'document', 'search', 'token', 'insert', 'introspect', 'refresh', 'exchange', 'credentials']
    for (const { comparisons, tokenCheck, memory } of report.sizes) {
      expect(comparisons.map(({ name }) => name)).toEqual(kinds)
      for (const { site, bare, peer = site, ratio } of comparisons) {
        for (const figure of [site, bare, peer].flatMap((figures) => Object.values(figures))) expect(figure).toBeGreaterThan(0)
        expect(ratio).toBeGreaterThan(0)
      }
      expect(comparisons.filter(({ peer }) => peer).map(({ name }) => name)).toEqual(PROVIDER_KINDS)
      expect(tokenCheck.site).toBeGreaterThan(0)
      expect(memory.site.atRest).toBeGreaterThan(0)
    }
    expect(report.processes.map(({ name }) => name)).toEqual(['list', 'document', 'insert'])
    for (const { name: _, ...servers } of report.processes)
      for (const figure of Object.values(servers).flatMap((figures) => Object.values(figures))) expect(figure).toBeGreaterThan(0)
    expect(textOf(report)).toContain('token check inside the process')
    const promised = report.wanted.map(({ what, limit }) => `${what}: ${limit}`)
    for (const [kind, least] of Object.entries({ introspect: 200, refresh: 100, exchange: 100, credentials: 200 })) {
      expect(promised).toContain(`${kind} beside the bare handler with 100 documents: at least 60 %`)
      expect(promised).toContain(`${kind} beside the peer with 100 documents: at least ${least} %`)
      expect(promised).toContain(`${kind} p99 with 100 documents: under 30 ms`)
    }
  })

  it('measures many live tokens beside few, what is felt of a sweep, and what single promises cost', PATIENCE, async () => {
    const { tokens, costs, wanted } = await runBench(
      { seconds: 0.2, documents: [], postgres: false, tokens: 10_000, costs: true },
      () => undefined,
    )
    expect(tokens).toMatchObject({ few: 5000, many: 10_000, sweep: { expired: 2000 } })
    expect(tokens?.kinds.map(({ what }) => what)).toEqual(['token', ...PROVIDER_KINDS])
    expect(tokens?.sweep.holds.reduce((sum, { rows }) => sum + rows, 0)).toBe(2000)
    expect(Math.max(...(tokens?.sweep.holds.map(({ rows }) => rows) ?? []))).toBeLessThanOrEqual(100)
    expect(tokens?.sweep.beside.map(({ name }) => name)).toEqual(['document', 'token'])
    expect(costs.map(({ what }) => what)).toEqual([
      'usage counters, token',
      'usage counters, document',
      'row filter, list',
      'row filter, document',
      'audit sealing, exchange',
    ])
    for (const { times, range } of [...(tokens?.kinds ?? []), ...costs]) {
      expect(times).toBeGreaterThan(0)
      expect(range[0]).toBeLessThanOrEqual(times)
      expect(range[1]).toBeGreaterThanOrEqual(times)
    }
    expect(wanted.find(({ what }) => what.startsWith('usage counters, token'))?.measured).toMatch(
      /^\d\.\d\d times \(\d\.\d\d to \d\.\d\d\)$/,
    )
    const limits = wanted.map(({ limit }) => limit)
    expect(new Set(limits)).toEqual(new Set(['at most 1.3 times', 'under 30 ms', 'at most 1.05 times']))
  })

  it('takes the middle of an odd and of an even number of pairs', () => {
    expect(middleOf([3, 1, 2])).toBe(2)
    expect(middleOf([4, 1, 2, 3])).toBe(2.5)
  })

  it('tells how far the middle may be from what it would be in very many pairs', () => {
    const values = Array.from({ length: 40 }, (_, index) => 40 - index)
    expect(rangeOf(values)).toEqual([14, 27])
    expect(rangeOf([3, 1, 2])).toEqual([1, 3])
    expect(rangeOf([8, 1, 2, 3, 4, 5, 6, 7])).toEqual([2, 7])
  })

  it('finds the middle and the slowest hundredth of all rounds together', () => {
    const latencies = Array.from({ length: 100 }, (_, index) => index + 1)
    const rounds = [
      { seconds: 1, cpu: 3000, latencies: latencies.slice(50) },
      { seconds: 1, cpu: 1000, latencies: latencies.slice(0, 50) },
    ]
    expect(figuresOf(rounds)).toEqual({ requestsPerSecond: 50, p50: 51, p99: 100, cpuPerRequest: 40 })
  })

  it('refuses an option that makes no sense, by its name', () => {
    expect(() => parseOptions(['--seconds', 'soon'])).toThrow('--seconds')
    expect(() => parseOptions(['--documents', '3'])).toThrow('--documents')
    expect(() => parseOptions(['--tokens', 'all'])).toThrow('--tokens')
    const usual = { seconds: 4, documents: [10_000], tokens: 0, postgres: false, costs: false }
    expect(parseOptions(['--only', 'list,document'])).toEqual({ ...usual, only: ['list', 'document'] })
    const more = ['--documents', '1000,1000000', '--postgres', '--tokens', '1000000', '--costs']
    expect(parseOptions(more)).toEqual({ ...usual, documents: [1000, 1_000_000], postgres: true, tokens: 1_000_000, costs: true })
  })
})
