import type { LinkItem } from '../core/docnames/shown-fields.ts'
import type { LinkAnswer } from '../core/links/link-answer.ts'
import type { Refusal } from './asking.ts'

/** Which suggestion to stand on once the answer is there. */
export type Landing = 'none' | 'first' | 'last' | 'next'

/** What one link field shows. */
export interface LinkState {
  readonly phase: 'idle' | 'searching' | 'answered' | 'refused' | 'chosen'
  readonly open: boolean
  readonly items: readonly LinkItem[]
  /** The suggestion stood on; -1 is none. */
  readonly active: number
  /** What the suggestions are for. */
  readonly text: string
  /** Where the next page begins; not the number of items, for a name that came twice is shown once. */
  readonly next: number
  readonly more: boolean
  readonly stale: boolean
  /** In milliseconds since 1970. */
  readonly staleSince: number | undefined
  readonly refusal: Refusal | undefined
  readonly chosen: LinkItem | undefined
}

export type LinkEvent =
  | { readonly type: 'typed' }
  | { readonly type: 'asked'; readonly text: string }
  | { readonly type: 'answered'; readonly answer: LinkAnswer; readonly start: number; readonly landing: Landing }
  | { readonly type: 'refused'; readonly refusal: Refusal }
  | { readonly type: 'moved'; readonly to: number }
  | { readonly type: 'chosen'; readonly item: LinkItem }
  | { readonly type: 'closed' }
  | { readonly type: 'reset' }

export const closedState: LinkState = {
  phase: 'idle',
  open: false,
  items: [],
  active: -1,
  text: '',
  next: 0,
  more: false,
  stale: false,
  staleSince: undefined,
  refusal: undefined,
  chosen: undefined,
}

export function reduceLink(state: LinkState, event: LinkEvent): LinkState {
  switch (event.type) {
    // What is shown is for another text: Enter must not take it, nor Page Down go on with it.
    case 'typed':
      return { ...state, active: -1, more: false }
    case 'asked':
      return { ...state, phase: 'searching', text: event.text }
    case 'answered':
      return answered(state, event)
    case 'refused':
      return { ...closedState, phase: 'refused', refusal: event.refusal }
    case 'moved':
      return { ...state, active: event.to }
    case 'chosen':
      return { ...closedState, phase: 'chosen', chosen: event.item }
    case 'closed':
      return closed(state)
    default:
      return closedState
  }
}

function answered(state: LinkState, { answer, start, landing }: LinkEvent & { type: 'answered' }): LinkState {
  const before = start > 0 ? state.items : []
  const items = [...new Map([...before, ...answer.items].map((item) => [item.value, item])).values()]
  const places = { none: start > 0 ? state.active : -1, first: 0, last: items.length - 1, next: before.length }
  return {
    ...closedState,
    phase: 'answered',
    open: items.length > 0,
    items,
    active: Math.min(places[landing], items.length - 1),
    text: state.text,
    next: start + answer.items.length,
    more: answer.more,
    stale: answer.source === 'kept',
    staleSince: answer.staleSince,
  }
}

/** What was said of a list goes with it; that nothing was found, or why, stays: a link in it must outlive the press on it. */
const closed = (state: LinkState): LinkState => (state.open || state.phase === 'searching' ? closedState : state)
