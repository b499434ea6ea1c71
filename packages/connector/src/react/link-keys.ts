import type { KeyboardEvent } from 'react'
import type { Actions } from './link-actions.ts'
import type { LinkState } from './link-state.ts'

/** Keys that the field takes for itself; every other is the text's, as all are while an input method composes. */
export function press(event: KeyboardEvent, value: string, { open, active, more, items }: LinkState, actions: Actions): void {
  // Safari ends the composition before it tells of the Enter that ended it; that one is known by 229 alone.
  if (event.nativeEvent.isComposing || event.keyCode === 229) return
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
  const keys: Readonly<Record<string, (() => void) | false>> = {
    ArrowDown: () => (open ? actions.move(active + 1) : actions.ask('first')),
    ArrowUp: () => (open ? actions.move(active < 0 ? -1 : active - 1) : actions.ask('last')),
    PageDown: open && more && (() => actions.showMore('next')),
    Enter: open && active >= 0 && (() => actions.choose(items[active])),
    Escape: open ? actions.close : value !== '' && actions.clear,
  }
  const act = Object.hasOwn(keys, event.key) && keys[event.key]
  if (!act) return
  event.preventDefault()
  act()
}
