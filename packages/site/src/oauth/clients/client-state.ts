import { invalid, type Document } from '@annex/protocol'
import type { ClientState } from './client.ts'
import { stateOf } from './clients-store.ts'

interface Changing {
  readonly document: Document
  readonly previous?: Document | undefined
  readonly sent: Readonly<Record<string, unknown>>
}

/** What happened to an app's state, as the trail names it. */
export type StateEvent = 'approved' | 'suspended' | 'resumed' | 'retired'

/**
 * Decides the state of an app that is written, and lets `enabled` follow it: 1 exactly while it is active.
 * A program of old knows `enabled` alone: switching it off suspends the app, switching it on ends that.
 *
 * @throws {FrappeError} `ValidationError` for a way that no state goes: a retired app stays so
 */
export function settleState({ document, previous, sent }: Changing): void {
  const before = previous && storedState(previous)
  const state = wantedState(namedState({ document, previous, sent }), before, sent['enabled'])
  if (before === 'Retired') throw invalid('This app is retired for good: its grants and secrets have ended. Register a new one')
  if (before === undefined && state === 'Retired') throw invalid('A new app cannot be retired already')
  if (before !== undefined && before !== 'Pending' && state === 'Pending')
    throw invalid('An app that was approved cannot wait for it again; suspend it instead')
  document['state'] = state
  document['enabled'] = state === 'Active' ? 1 : 0
}

const storedState = ({ state, enabled }: Document): ClientState => stateOf(state, enabled)

/** What a caller says who names the state alone, or another than is stored; else it is as it was. */
function namedState({ document, previous, sent }: Changing): ClientState {
  const isNamed = sent['state'] !== undefined && sent['enabled'] === undefined
  return previous && !isNamed && document['state'] === previous['state'] ? storedState(previous) : stateOf(document['state'], 1)
}

/** The state that is sent wins when it is another than before; else `enabled` speaks, when it was sent. */
function wantedState(state: ClientState, before: ClientState | undefined, enabled: unknown): ClientState {
  if (enabled === undefined || enabled === null || enabled === '') return state
  const on = Number(enabled) === 1 || enabled === true
  if (before === undefined) return state === 'Active' && !on ? 'Suspended' : state
  if (state !== before || on === (before === 'Active')) return state
  if (on) return 'Active'
  return before === 'Active' ? 'Suspended' : state
}

/** What a change of an app did to its state; undefined when nothing. */
export function stateEvent(previous: Document | undefined, document: Document): StateEvent | undefined {
  const [before, after] = [previous && storedState(previous), storedState(document)]
  if (before === after) return undefined
  if (after === 'Retired') return 'retired'
  if (after === 'Active') return before === 'Pending' ? 'approved' : 'resumed'
  return 'suspended'
}
