import type { LeaseStore, StoredConnection, TenantStore } from '../../../stores/connector-store.ts'
import type { ConnectorEvents, Listeners } from '../../connector/events.ts'
import type { SignInReason } from '../../errors.ts'
import { withLease } from '../../leases/leases.ts'
import type { Vault } from '../token-vault.ts'

const PAGE = 100
/** Longer than a listener should take; one that takes longer may hear of the same state twice. */
const LEASE_MS = 60_000

export interface TellingParts {
  readonly vault: Vault
  readonly leases: LeaseStore
  readonly listeners: Listeners
  /** Drops what was kept for a person whose access has ended, before the app is told; absent where it is to stay. */
  readonly forget?: ((connection: string) => Promise<void>) | undefined
}

/**
 * Tells the app of a connection's state, once for each change: again only when the process that told has died before it
 * could write that down. A process in which nobody listens leaves it to those that have listeners.
 *
 * @returns whether it told
 */
export async function tell(parts: TellingParts, id: string): Promise<boolean> {
  const own = await withLease(parts.leases, { name: `tell:${id}`, leaseMs: LEASE_MS }, () => tellAlone(parts, id))
  return own?.done ?? false
}

async function tellAlone({ vault, listeners, forget }: TellingParts, id: string): Promise<boolean> {
  const connection = await vault.connection(id)
  if (connection === undefined) return false
  const { untold, unforgotten, sealed } = connection
  const hears = untold !== null && listeners.hears(eventOf(connection))
  // An earlier version that runs beside leaves `unforgotten` as it was, when somebody signs in and when access ends: the tokens say which.
  const isToForget = forget !== undefined && sealed === null && (unforgotten || hears)
  if (isToForget) await forget(id)
  // Else what is told says so too. Should another writer be first, it is forgotten once more.
  if (!hears && unforgotten && (isToForget || sealed !== null)) await vault.forgotten(connection)
  if (!hears) return false
  await emit(listeners, connection)
  for (let now = await vault.connection(id); isSame(now, connection) && !(await vault.told(now));) now = await vault.connection(id)
  return true
}

/** A round's time; what is left over waits for the next. */
const ROUND_MS = 1000

/**
 * Tells of every state that nobody has been told of, for a second or so at most, and drops what is kept for those whose access has
 * ended, also where nobody listens. Gives how many it told.
 *
 * @param start is set to where the next round is to begin
 */
export async function tellUntold(
  parts: TellingParts & { readonly store: TenantStore },
  signal: AbortSignal,
  start: { after: string } = { after: '' },
): Promise<number> {
  const { store, listeners, forget } = parts
  let told = 0
  const hears = EVENTS.some((event) => listeners.hears(event))
  if (forget === undefined && !hears) return told
  const until = performance.now() + ROUND_MS
  let isWhole = start.after === ''
  while (!signal.aborted) {
    const page = await store.connections.list({ after: start.after, limit: PAGE, only: hears ? 'untold' : 'unforgotten' })
    for (const connection of page) {
      if (signal.aborted || performance.now() >= until) return told
      start.after = connection.id
      const isForgotten = forget === undefined || !connection.unforgotten
      if (isForgotten && !listeners.hears(eventOf(connection))) continue
      if (await tell(parts, connection.id)) told++
    }
    if (page.length === PAGE) continue
    start.after = ''
    // What the last round left behind itself comes last.
    if (isWhole) return told
    isWhole = true
  }
  return told
}

const EVENTS = ['degraded', 'recovered', 'needs-sign-in', 'revoked'] as const

const eventOf = ({ untold }: StoredConnection): keyof ConnectorEvents => (untold === 'active' || untold === null ? 'recovered' : untold)

const isSame = (now: StoredConnection | undefined, told: StoredConnection): now is StoredConnection =>
  now !== undefined && now.untold === told.untold && now.stateAt === told.stateAt

async function emit(listeners: Listeners, { id: connection, untold, reason, retryAt }: StoredConnection): Promise<void> {
  if (untold === 'degraded') return listeners.emit('degraded', { connection, reason: reason ?? '', retryAt })
  if (untold === 'active') return listeners.emit('recovered', { connection })
  if (untold === 'revoked') return listeners.emit('revoked', { connection, reason: reason ?? '' })
  // What ended access is written by this package alone.
  return listeners.emit('needs-sign-in', { connection, reason: (reason ?? 'expired') as SignInReason })
}
