'use client'
import { useEffect, useId, useReducer, useRef, type ChangeEvent, type KeyboardEvent, type MouseEvent } from 'react'
import { useActions } from './link-actions.ts'
import { press } from './link-keys.ts'
import { useLinkSettings } from './link-provider.tsx'
import { saidOf } from './link-said.ts'
import { closedState, reduceLink } from './link-state.ts'
import type { UseLinkOptions, UseLinkResult } from './link-types.ts'

/**
 * A link field without looks: props for an ARIA 1.2 combobox with a listbox, and what is to be shown.
 *
 * Keys: the arrows open the list and go round in it, Enter chooses, Escape closes, then clears, Page Down shows more; all others,
 * and all while an input method composes, are left to the text. Each letter ends the request of the one before.
 */
export function useLink(options: UseLinkOptions): UseLinkResult {
  const { texts } = useLinkSettings()
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [state, dispatch] = useReducer(reduceLink, closedState)
  const actions = useActions(options, state, dispatch)
  const optionId = (index: number): string => `${id}-option-${index}`
  const { open, active } = state

  useEffect(() => {
    if (active < 0) return
    const root = input.current?.getRootNode() as Document | ShadowRoot | undefined
    root?.getElementById(`${id}-option-${active}`)?.scrollIntoView({ block: 'nearest' })
  }, [id, active])

  return {
    inputProps: {
      ref: input,
      id,
      role: 'combobox',
      autoComplete: 'off',
      spellCheck: false,
      'aria-autocomplete': 'list',
      'aria-expanded': open,
      'aria-controls': `${id}-list`,
      'aria-activedescendant': active < 0 ? undefined : optionId(active),
      value: options.value,
      onChange: (event: ChangeEvent<HTMLInputElement>) => actions.type(event.target.value),
      onKeyDown: (event: KeyboardEvent<HTMLInputElement>) => press(event, options.value, state, actions),
      onClick: () => !open && actions.ask('none'),
      onBlur: actions.close,
    },
    // The input keeps the focus while an option is pressed, or its blur would take the list away first.
    listProps: { id: `${id}-list`, role: 'listbox', hidden: !open, onMouseDown: (event: MouseEvent) => event.preventDefault() },
    optionProps: (index) => ({
      id: optionId(index),
      role: 'option',
      'aria-selected': index === active,
      onClick: () => actions.choose(state.items[index]),
    }),
    items: state.items,
    active,
    open,
    ...saidOf(state, texts),
    more: open && state.more,
    showMore: () => actions.showMore('none'),
  }
}
