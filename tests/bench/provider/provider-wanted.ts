import { percent, type Wanted } from '../figures.ts'
import type { Comparison, SizeReport } from '../report.ts'

/** Of the bare handler's requests a second, and of the peer's. */
const LEAST: Readonly<Record<string, { readonly bare: number; readonly peer: number }>> = {
  introspect: { bare: 0.6, peer: 2 },
  refresh: { bare: 0.6, peer: 1 },
  exchange: { bare: 0.6, peer: 1 },
  credentials: { bare: 0.6, peer: 2 },
}
const MOST_P99 = 30

/** What was promised of the provider, beside what was measured. */
export function wantedOfProvider({ documents, comparisons }: SizeReport): Wanted[] {
  return comparisons.flatMap((comparison) => wantedOfKind(comparison, `with ${documents} documents`))
}

function wantedOfKind({ name, site, peer, ratio }: Comparison, at: string): Wanted[] {
  const least = LEAST[name]
  if (!least) return []
  const p99 = { what: `${name} p99 ${at}`, limit: `under ${MOST_P99} ms`, measured: `${site.p99.toFixed(1)} ms`, met: site.p99 < MOST_P99 }
  const ofPeer = peer ? [atLeast(`${name} beside the peer ${at}`, site.requestsPerSecond / peer.requestsPerSecond, least.peer)] : []
  return [atLeast(`${name} beside the bare handler ${at}`, ratio, least.bare), ...ofPeer, p99]
}

const atLeast = (what: string, ratio: number, least: number): Wanted => ({
  what,
  limit: `at least ${percent(least)}`,
  measured: percent(ratio),
  met: ratio >= least,
})
