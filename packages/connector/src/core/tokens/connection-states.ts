import type { ConnectionState, StoredConnection } from '../../stores/connector-store.ts'

/** What may become of a connection by itself. A sign-in makes it active from anywhere. */
const ARROWS: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
  active: ['degraded', 'needs-sign-in', 'revoked'],
  degraded: ['active', 'needs-sign-in', 'revoked'],
  'needs-sign-in': [],
  revoked: [],
}

/** What of a row changes with its state. */
export type StateChange = Pick<StoredConnection, 'state' | 'reason' | 'stateAt' | 'untold' | 'failures' | 'retryAt'> &
  Partial<Pick<StoredConnection, 'unforgotten' | 'sealed' | 'scopes' | 'expiresAt'>>

/** A person has signed in: there is nothing that the app does not know. */
export const signedIn = (at: number): StateChange & Pick<StoredConnection, 'unforgotten'> => ({
  state: 'active',
  reason: null,
  stateAt: at,
  untold: null,
  unforgotten: false,
  failures: 0,
  retryAt: 0,
})

/** The step to another state; undefined where no arrow leads. Tokens are forgotten where access ends. */
export function turn(connection: StoredConnection, to: ConnectionState, reason: string | null, at: number): StateChange | undefined {
  if (!ARROWS[connection.state].includes(to)) return undefined
  const { failures, retryAt } = connection
  if (to === 'degraded' || to === 'active')
    return { state: to, reason, stateAt: at, untold: connection.untold === null ? to : null, failures, retryAt }
  const over = { unforgotten: true, sealed: null, scopes: [], expiresAt: 0 }
  return { state: to, reason, stateAt: at, untold: to, failures: 0, retryAt: 0, ...over }
}

/** The site renewed the tokens. */
export function renewed(connection: StoredConnection, at: number): StateChange {
  const { state, reason, stateAt, untold } = turn(connection, 'active', null, at) ?? connection
  return { state, reason, stateAt, untold, failures: 0, retryAt: 0 }
}

/** A renewal failed by weather: what is still good serves on, and nobody asks again before `retryAt`. */
export function failed(connection: StoredConnection, reason: string, at: number, retryAt: number): StateChange {
  const { state, stateAt, untold } = turn(connection, 'degraded', reason, at) ?? connection
  return { state, reason, stateAt, untold, failures: connection.failures + 1, retryAt }
}
