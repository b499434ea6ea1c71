import type { HTMLAttributes, InputHTMLAttributes, Ref } from 'react'
import type { LinkItem } from '../core/docnames/shown-fields.ts'

/** One link field. */
export interface UseLinkOptions {
  /** The key of its configuration in the app's connector: `Customer`, `Visit.customer`, `Visit.items.item_code`. */
  readonly field: string
  /** What stands in the field: the docname, once one is chosen. Another value than the one last told closes the list. */
  readonly value: string
  /** Told of each letter typed, then without an item, and of a choice, then with the item whose docname it is. */
  readonly onChange: (value: string, item: LinkItem | undefined) => void
  /** Values of other fields of the form, for filters that depend on them; they travel in the address, 4096 characters at most. */
  readonly form?: Readonly<Record<string, string>>
  /** How long after the last letter the app is asked, in milliseconds; 200 when absent. */
  readonly debounceMs?: number
}

/** Why a link field has no suggestions, to be shown as text. */
export interface LinkProblem {
  readonly message: string
  /** Where it can be mended, at the app itself: the sign-in, or the consent for a right that is missing. */
  readonly url?: string
  /** What to write on the link to `url`. */
  readonly action?: string
}

/** What to put on the elements of a link field, and what to show. */
export interface UseLinkResult {
  /** For the `<input>`. Its label is the caller's to give. */
  readonly inputProps: InputHTMLAttributes<HTMLInputElement> & { readonly ref: Ref<HTMLInputElement>; readonly id: string }
  /** For the element around the options. It needs a name too: `aria-label` or `aria-labelledby`. */
  readonly listProps: HTMLAttributes<HTMLElement> & { readonly id: string }
  /** For the option of `items[index]`. */
  readonly optionProps: (index: number) => HTMLAttributes<HTMLElement> & { readonly id: string }
  readonly items: readonly LinkItem[]
  /** The place in `items` that the keyboard stands on; -1 is none. */
  readonly active: number
  readonly open: boolean
  /** What is to be said, for an element with `role="status"` that is always there. */
  readonly status: string
  /** The site is away: these are docnames that the person saw before. */
  readonly stale: boolean
  /** When the newest of them was seen. */
  readonly staleSince?: Date
  readonly problem?: LinkProblem
  /** There are more suggestions than those shown. */
  readonly more: boolean
  readonly showMore: () => void
}
