import { OAuthError } from '@annex/protocol'
import type { TenantStore } from '../../../stores/connector-store.ts'
import type { Log } from '../../connector/events.ts'
import { SignInRequired, UpstreamUnavailable } from '../../errors.ts'
import { randomToken } from '../../sealing/base64.ts'
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
export async function keepAlive(
  parts: KeepAliveParts,
  idleMs: number,
  signal: AbortSignal,
  start: { after: string } = { after: '' },
): Promise<number> {
  const { store, clock, log } = parts
  const holder = randomToken()
  const renewedBefore = clock() - idleMs
  const until = performance.now() + ROUND_MS
  let [renewed, failures, isWhole] = [0, 0, start.after === '']
  while (!signal.aborted && (await store.leases.acquire('keep-alive', holder, LEASE_MS))) {
    try {
      const page = await store.connections.list({ after: start.after, limit: PAGE, renewedBefore })
      for (const { id, retryAt } of page) {
        if (signal.aborted || performance.now() >= until) return renewed
        // Before it is tried: whatever ends the round, the next begins behind it.
        start.after = id
        if (retryAt > clock()) continue
        const outcome = await refresh(parts, id, renewedBefore)
        if (outcome === 'renewed') renewed++
        failures = outcome === 'failed' ? failures + 1 : 0
        if (failures === MAX_FAILURES) throw new UpstreamUnavailable('busy', 'The site fails to renew one connection after the other')
      }
      if (page.length === PAGE) continue
      start.after = ''
      // What the last round left behind itself comes last.
      if (isWhole) return renewed
      isWhole = true
    } catch (error) {
      if (!(error instanceof UpstreamUnavailable) && !(error instanceof OAuthError)) throw error
      log('keep-alive-stopped', { reason: error.message })
      return renewed
    } finally {
      await store.leases.release('keep-alive', holder)
    }
  }
  return renewed
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
