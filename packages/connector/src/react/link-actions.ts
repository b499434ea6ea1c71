import { useEffect, useRef, useState, type Dispatch } from 'react'
import { Asking } from './asking.ts'
import type { LinkItem } from '../core/docnames/shown-fields.ts'
import { useLinkSettings } from './link-provider.tsx'
import type { Landing, LinkEvent, LinkState } from './link-state.ts'
import type { UseLinkOptions } from './link-types.ts'

const DEBOUNCE_MS = 200

/** What a person can do with a link field. */
export interface Actions {
  readonly type: (text: string) => void
  /** Asks for what stands in the field. */
  readonly ask: (landing: Landing) => void
  readonly showMore: (landing: Landing) => void
  readonly move: (to: number) => void
  readonly choose: (item: LinkItem | undefined) => void
  readonly clear: () => void
  readonly close: () => void
}

export function useActions(
  { field, value, onChange, form, debounceMs = DEBOUNCE_MS }: UseLinkOptions,
  state: LinkState,
  dispatch: Dispatch<LinkEvent>,
): Actions {
  const { base, fetch } = useLinkSettings()
  const [asking] = useState(() => new Asking())
  const told = useOutsideChanges(value, `${field} ${JSON.stringify(form)}`, asking, dispatch)

  const ask = async (text: string, start: number, landing: Landing, delayMs: number): Promise<void> => {
    const question = { base, fetch, field, text, start, form }
    const outcome = await asking.ask(question, delayMs, () => dispatch({ type: 'asked', text }))
    if (outcome === undefined) return
    if ('answer' in outcome) dispatch({ type: 'answered', answer: outcome.answer, start, landing })
    else dispatch({ type: 'refused', refusal: outcome.refusal })
  }
  const tell = (text: string, item: LinkItem | undefined): void => {
    told.current = text
    onChange(text, item)
  }
  const leave = (event: LinkEvent): void => {
    asking.stop()
    dispatch(event)
  }
  return {
    type(text) {
      dispatch({ type: 'typed' })
      tell(text, undefined)
      void ask(text, 0, 'none', debounceMs)
    },
    ask: (landing) => void ask(value, 0, landing, 0),
    showMore: (landing) => void (state.phase === 'searching' || ask(state.text, state.next, landing, 0)),
    move: (to) => dispatch({ type: 'moved', to: (to + state.items.length) % state.items.length }),
    choose(item) {
      if (item === undefined) return
      leave({ type: 'chosen', item })
      tell(item.value, item)
    },
    clear() {
      leave({ type: 'reset' })
      tell('', undefined)
    },
    close: () => leave({ type: 'closed' }),
  }
}

/**
 * A value, field or form that changes from outside makes what is shown wrong. What changes together with the text just typed is
 * no change from outside: an app may give its whole form, this field included. Gives the value last told.
 */
function useOutsideChanges(value: string, about: string, asking: Asking, dispatch: Dispatch<LinkEvent>): { current: string } {
  const told = useRef(value)
  const known = useRef({ value, about })
  useEffect(() => {
    const before = known.current
    known.current = { value, about }
    const isOwn = value === told.current && (value !== before.value || about === before.about)
    if (isOwn) return
    told.current = value
    asking.stop()
    dispatch({ type: 'reset' })
  }, [value, about, asking, dispatch])
  useEffect(() => () => asking.stop(), [asking])
  return told
}
