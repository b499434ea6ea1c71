import type { Docnames } from '../docnames/docnames.ts'
import type { KeptNamesParts } from '../docnames/kept-names.ts'
import type { LinkItem } from '../docnames/shown-fields.ts'
import type { Filters } from '../upstream/types.ts'
import type { UpstreamClient } from '../upstream/upstream-client.ts'
import type { LinkDefinitions } from './link-options.ts'

/** What a search in a link field found, likeliest first. */
export interface LinkAnswer {
  readonly items: readonly LinkItem[]
  /** Whether there are further ones, from `start` plus as many as came. */
  readonly more: boolean
  /** `kept`: the site cannot be reached, and these are names that this person saw before. */
  readonly source: 'upstream' | 'kept'
  /** When the newest of them was seen, in milliseconds since 1970. */
  readonly staleSince?: number
}

/** What is looked for in a link field. */
export interface LinkSearch {
  /** What is typed; empty for the first suggestions. */
  readonly text: string
  /** Suggestions to pass over; beyond 200 there are none. */
  readonly start?: number
  /** That of the configuration when absent, 50 at most. */
  readonly limit?: number
  /** The values of the form's other fields; those that the field does not depend on are left out. */
  readonly form?: Readonly<Record<string, string>>
  /** Besides those of the configuration. */
  readonly filters?: Filters
  readonly signal?: AbortSignal
}

export interface LinksParts extends KeptNamesParts {
  readonly client: UpstreamClient
  readonly definitions: LinkDefinitions
  readonly docnames: Docnames
}
