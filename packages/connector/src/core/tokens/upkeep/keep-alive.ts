import { OAuthError } from '@annex/protocol'
import type { IdlePlace, TenantStore } from '../../../stores/connector-store.ts'
import type { Log } from '../../connector/events.ts'
import { SignInRequired, UpstreamUnavailable } from '../../errors.ts'
import { withLease } from '../../leases/leases.ts'
import type { AccessTokens } from '../access-tokens.ts'

const PAGE = 50
/** For one page: one process at a time renews what nobody uses. */
const LEASE_MS = 60_000

export interface KeepAliveParts {
  readonly store: Pick<TenantStore, 'connections' | 'leases'>
  readonly tokens: Pick<AccessTokens, 'refresh'>
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly log: Log
}

/** Where a round begins; from the start where `after` is absent. */
export interface KeepAliveStart {
  after?: IdlePlace | undefined
}

/** A round's time; what is left over waits for the next. */
const ROUND_MS = 1000
/** So many connections in a row that the site does not renew mean that it renews none now. */
const MAX_FAILURES = 3

/**
 * Renews connections that nobody has used for so long, before the site ends them for it: for a second or so at most, and from
 * there on in the next round.
 *
 * A connection that the site does not renew is passed over. A site that cannot be reached, fails for several in a row or
 * refuses the app ends the round, and nobody's access.
 *
 * @param idleMs how long a connection may go without a renewal
 * @param start is set to where the next round is to begin
 * @returns how many were renewed
 */
export async function keepAlive(parts: KeepAliveParts, idleMs: number, signal: AbortSignal, start: KeepAliveStart = {}): Promise<number> {
  const { store, clock, log } = parts
  const round: Round = { renewedBefore: clock() - idleMs, until: performance.now() + ROUND_MS, signal, start, renewed: 0, failures: 0 }
  let isWhole = start.after === undefined
  try {
    for (;;) {
      const page = await withLease(store.leases, { name: 'keep-alive', leaseMs: LEASE_MS }, () => renewPage(parts, round))
      if (page === undefined || page.done === 'left') return round.renewed
      if (page.done === 'full') continue
      start.after = undefined
      // What the last round left behind itself comes last.
      if (isWhole) return round.renewed
      isWhole = true
    }
  } catch (error) {
    if (!(error instanceof UpstreamUnavailable) && !(error instanceof OAuthError)) throw error
    log('keep-alive-stopped', { reason: error.message })
    return round.renewed
  }
}

interface Round {
  readonly renewedBefore: number
  /** By `performance.now()`. */
  readonly until: number
  readonly signal: AbortSignal
  readonly start: KeepAliveStart
  renewed: number
  /** In a row. */
  failures: number
}

/** One page of those that wait: `left` when the round is over before it, `full` when more may follow. */
async function renewPage(parts: KeepAliveParts, round: Round): Promise<'left' | 'full' | 'last'> {
  const { store, clock } = parts
  const { renewedBefore, until, signal, start } = round
  if (signal.aborted) return 'left'
  const page = await store.connections.idle({ after: start.after, limit: PAGE, renewedBefore })
  for (const { id, renewedAt, retryAt } of page) {
    if (signal.aborted || performance.now() >= until) return 'left'
    // Before it is tried: whatever ends the round, the next begins behind it.
    start.after = { renewedAt, id }
    if (retryAt > clock()) continue
    const outcome = await refresh(parts, id, renewedBefore)
    if (outcome === 'renewed') round.renewed++
    round.failures = outcome === 'failed' ? round.failures + 1 : 0
    if (round.failures === MAX_FAILURES) throw new UpstreamUnavailable('busy', 'The site fails to renew one connection after the other')
  }
  return page.length === PAGE ? 'full' : 'last'
}

/** Whoever has to sign in again is told of it elsewhere. */
async function refresh({ tokens, log }: KeepAliveParts, id: string, renewedBefore: number): Promise<'renewed' | 'failed' | 'left'> {
  try {
    return (await tokens.refresh(id, renewedBefore)) ? 'renewed' : 'left'
  } catch (error) {
    if (error instanceof SignInRequired) return 'left'
    if (!(error instanceof UpstreamUnavailable) || error.code === 'unreachable' || error.code === 'timeout') throw error
    log('keep-alive-failed', { connection: id, reason: error.message })
    return 'failed'
  }
}
