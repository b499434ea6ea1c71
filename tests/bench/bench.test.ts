import { describe, expect, it } from 'vitest'
import { runBench } from './bench.ts'
import { parseOptions } from './options.ts'
import { figuresOf, textOf } from './report.ts'

describe('the bench', () => {
  it('measures every kind of request on the site and on the bare handler, on a small scale', async () => {
    const report = await runBench({ seconds: 0.4, documents: [100, 200], postgres: true }, () => undefined)
    const kinds = ['list', 'filtered', 'document', 'search', 'token', 'insert', 'refresh']
    for (const { comparisons, tokenCheck, memory } of report.sizes) {
      expect(comparisons.map(({ name }) => name)).toEqual(kinds)
      for (const { site, bare, ratio } of comparisons) {
        for (const figure of [...Object.values(site), ...Object.values(bare), ratio]) expect(figure).toBeGreaterThan(0)
      }
      expect(tokenCheck.site).toBeGreaterThan(0)
      expect(memory.site.atRest).toBeGreaterThan(0)
    }
    expect(report.processes.map(({ name }) => name)).toEqual(['list', 'document', 'insert'])
    for (const { one, two } of report.processes)
      for (const figure of [...Object.values(one), ...Object.values(two)]) expect(figure).toBeGreaterThan(0)
    expect(textOf(report)).toContain('token check inside the process')
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
    expect(parseOptions(['--only', 'list,document'])).toEqual({
      seconds: 4,
      documents: [10_000],
      only: ['list', 'document'],
      postgres: false,
    })
    expect(parseOptions(['--documents', '1000,1000000', '--postgres'])).toEqual({
      seconds: 4,
      documents: [1000, 1_000_000],
      postgres: true,
    })
  })
})
