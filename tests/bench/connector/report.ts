import type { Wanted } from '../figures.ts'
import { machineName } from '../report.ts'
import { measureCallCost, type CallCost } from './call-cost.ts'
import { measureLinkSearch, type LinkSearchFigures } from './link-search.ts'
import { measureRenewals, type Renewals } from './renewals.ts'

/** What of the kit is measured, and how much of it. */
export interface ConnectorBench {
  readonly documents: readonly number[]
  readonly seconds: number
  /** Through the kit, and as many over bare undici. */
  readonly calls: number
  readonly callers: number
  readonly expiries: number
}

export interface ConnectorReport {
  readonly node: string
  readonly machine: string
  readonly callCost: CallCost
  readonly linkSearch: readonly LinkSearchFigures[]
  readonly renewals: readonly Renewals[]
  readonly wanted: readonly Wanted[]
}

const MOST_CALL_US = 150
const MOST_SEARCH_MS = 50

/** @param say - is told what it is doing */
export async function runConnectorBench(bench: ConnectorBench, say: (line: string) => void): Promise<ConnectorReport> {
  say('calls through the kit and over bare undici')
  const callCost = await measureCallCost(bench.calls)
  const linkSearch: LinkSearchFigures[] = []
  for (const documents of bench.documents) {
    say(`link search among ${documents} documents`)
    linkSearch.push(...(await measureLinkSearch(documents, bench.seconds)))
  }
  say('renewals')
  const renewals = await measureRenewals(bench.callers, bench.expiries)
  const measured = { callCost, linkSearch, renewals }
  return { node: process.version, machine: machineName(), ...measured, wanted: wantedOf(measured) }
}

function wantedOf({ callCost, linkSearch, renewals }: Pick<ConnectorReport, 'callCost' | 'linkSearch' | 'renewals'>): Wanted[] {
  return [
    {
      what: 'a call through the kit over bare undici, processor time',
      limit: `at most ${MOST_CALL_US} µs`,
      measured: `${callCost.over.toFixed(0)} µs`,
      met: callCost.over <= MOST_CALL_US,
    },
    ...linkSearch.map(({ documents, words, typists, p99, roundTrip }) => ({
      what: `link search from key to rows among ${documents} documents, ${words} words, ${typists} typing, p99`,
      limit: `at most ${(MOST_SEARCH_MS + roundTrip).toFixed(1)} ms`,
      measured: `${p99.toFixed(1)} ms`,
      met: p99 <= MOST_SEARCH_MS + roundTrip,
    })),
    ...renewals.map(({ home, processes, callers, expiries, once }) => ({
      what: `${processes} processes of ${callers} callers on ${home}, one renewal for each expiry`,
      limit: `${expiries} of ${expiries}`,
      measured: `${once} of ${expiries}`,
      met: once === expiries,
    })),
  ]
}

/** The report as a person reads it. */
export function textOfConnector({ node, machine, callCost, linkSearch, wanted }: ConnectorReport): string {
  const { bare, kit, over } = callCost
  return [
    `Node ${node}, ${machine}`,
    '',
    `one call, processor time of the app: ${bare.toFixed(0)} µs over bare undici, ${kit.toFixed(0)} µs through the kit, ${over.toFixed(0)} µs more`,
    ...linkSearch.map(
      ({ documents, words, typists, searches, p50, p99, roundTrip, answeredBySite }) =>
        `link search among ${documents}, ${words} words, ${typists} typing: ${searches} searches, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ping p50 ${roundTrip.toFixed(1)} ms, ${answeredBySite.toFixed(0)} % answered by the site`,
    ),
    '',
    ...wanted.map(({ what, limit, measured, met }) => `${met ? 'met   ' : 'MISSED'}  ${what}: ${measured}, wanted ${limit}`),
  ].join('\n')
}
