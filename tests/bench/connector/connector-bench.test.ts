import { expect, it } from 'vitest'
import { parseOptions } from '../options.ts'
import { runConnectorBench, textOfConnector } from './report.ts'

/** Beside other tests on few cores. */
const PATIENCE = { timeout: 300_000 }

it('measures calls, link search and renewals of the connector, on a small scale', PATIENCE, async () => {
  const report = await runConnectorBench({ documents: [100], seconds: 0.4, calls: 200, callers: 20, expiries: 2 }, () => undefined)
  expect(report.callCost.bare).toBeGreaterThan(0)
  expect(report.callCost.kit).toBeGreaterThan(0)
  expect(report.linkSearch).toMatchObject(
    [1, 16].flatMap((typists) => ['rare', 'common'].map((words) => ({ documents: 100, words, typists, answeredBySite: 100 }))),
  )
  for (const { searches, p50, p99, roundTrip } of report.linkSearch)
    for (const figure of [searches, p50, p99, roundTrip]) expect(figure).toBeGreaterThan(0)
  expect(report.renewals.map(({ home }) => home)).toEqual(expect.arrayContaining(['sqlite', 'postgres']))
  for (const { once, expiries } of report.renewals) expect(once).toBe(expiries)
  expect(textOfConnector(report)).toContain('a call through the kit over bare undici')
})

it('is asked for by name, with a hundred thousand documents unless it is told otherwise', () => {
  expect(parseOptions(['--connector'])).toMatchObject({ connector: true, documents: [100_000] })
  expect(parseOptions(['--connector', '--documents', '1000'])).toMatchObject({ documents: [1000] })
  expect(parseOptions([])).not.toHaveProperty('connector')
})
