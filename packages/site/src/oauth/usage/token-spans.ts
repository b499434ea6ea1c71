import type { SpanRow, TokenDayRow } from './usage-store.ts'

/** First and last use and the number of calls of each token that has any, over all the days of its rows. */
export function tokenSpans(rows: readonly TokenDayRow[]): Map<string, SpanRow> {
  const spans = new Map<string, SpanRow>()
  for (const { token, outcome, count, first_used: first, last_used: last } of rows) {
    if (outcome !== 'call' || first === null || last === null) continue
    const known = spans.get(token)
    if (known) {
      known.first_used = Math.min(known.first_used, first)
      known.last_used = Math.max(known.last_used, last)
      known.calls += count
    } else spans.set(token, { subject: token, first_used: first, last_used: last, calls: count })
  }
  return spans
}
