import { isRecord } from '@annex/protocol'
import type { Filters } from '../upstream/types.ts'
import type { UpstreamClient } from '../upstream/upstream-client.ts'

/** The most that one page of suggestions holds. */
export const MAX_LIMIT = 50

/** How link fields of the app look things up. */
export interface LinkFieldOptions {
  /** Whose documents are looked for, where the key does not say it. */
  readonly doctype?: string
  /**
   * Fields to look into and to show; without any the site's own search is asked. What is saved is the docname, always.
   * With `label` or `fetch`, name some: the site's own search tells no fields, so that they take a second round trip after it.
   */
  readonly searchFields?: readonly string[]
  /** The field shown first; else the site's title, where its own search tells one, else the docname. */
  readonly label?: string
  /** Fields to bring along. */
  readonly fetch?: readonly string[]
  /** Fixed, or from the values of other fields of the form: of those that `dependsOn` names, and no others. */
  readonly filters?: Filters | ((form: Readonly<Record<string, string>>) => Filters | undefined)
  readonly dependsOn?: readonly string[]
  /** A whitelisted method of the site that answers in place of its search, as `erpnext.controllers.queries.item_query`. */
  readonly query?: string
  /** The DocType of the form, for user permissions that hold for one DocType. */
  readonly referenceDoctype?: string
  /** Suggestions on a page: 10 when absent, 50 at most. */
  readonly limit?: number
  /** Every person of the app may see names of the DocType that any of them has seen. */
  readonly shared?: boolean
}

/**
 * Link fields by key: `Customer` (whatever links to it), `Visit.customer` (one field), `Visit.items.item_code` (a field of a
 * child table), `Sales Invoice.*` (every link field of a DocType of the site, those of its rows included).
 * Where several speak of a field, the more precise one wins, option by option.
 */
export type LinkOptions = Readonly<Record<string, LinkFieldOptions>>

/** One link field, ready to be asked. */
export interface LinkSource {
  readonly key: string
  readonly doctype: string
  readonly options: LinkFieldOptions
}

/** The link fields of an app. */
export interface LinkDefinitions {
  readonly keys: readonly string[]
  /**
   * Undefined for a key that is not configured: nothing else can be searched.
   *
   * @throws {Error} one sentence, when neither the configuration nor the site says what the field links to
   */
  read(key: string, client: UpstreamClient): Promise<LinkSource | undefined>
}

const KEY = /^[^.]+(?:\.(?:\*|[^.*]+(?:\.[^.*]+)?))?$/

/**
 * A copy of the configuration that nobody can alter, neither the app nor what uses it.
 *
 * @throws {Error} one sentence that names the key which is wrong
 */
export function readLinkOptions(options: LinkOptions): ReadonlyMap<string, LinkFieldOptions> {
  return new Map(Object.entries(options).map(([key, field]) => [key, readField(key, field)]))
}

function readField(key: string, field: LinkFieldOptions): LinkFieldOptions {
  const { doctype, limit = 1, shared } = field
  if (!KEY.test(key)) throw wrong(key, 'is no key: write “Customer”, “Visit.customer”, “Visit.items.item_code” or “Sales Invoice.*”')
  if (key.endsWith('.*') && doctype !== undefined) throw wrong(key, 'must have no doctype: the site says what its fields link to')
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) throw wrong(key, `must have a limit from 1 to ${MAX_LIMIT}`)
  if (shared === true && doctype === undefined && key.includes('.')) throw wrong(key, 'must say the doctype that is shared')
  return frozen(field) as LinkFieldOptions
}

/** What is wrong with a link field of the configuration. */
export const wrong = (key: string, sentence: string): Error => new Error(`links: “${key}” ${sentence}`)

function frozen(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(frozen))
  return isRecord(value) ? Object.freeze(Object.fromEntries(Object.entries(value).map(([name, each]) => [name, frozen(each)]))) : value
}
