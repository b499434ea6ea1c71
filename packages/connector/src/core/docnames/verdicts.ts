import type { UpstreamClient } from '../upstream/upstream-client.ts'
import type { KeptNamesParts } from './kept-names.ts'
import type { LinkItem, ShownFields } from './shown-fields.ts'

/** A document by its name. */
export interface DocnameRef {
  readonly doctype: string
  readonly name: string
}

/** How it stands with a docname that is to be saved. */
export type DocnameVerdict =
  /** `asked` is false when the site cannot be reached, and this person has seen it and still has the right to. */
  | { readonly verdict: 'there'; readonly item: LinkItem; readonly asked: boolean }
  /** The document has another name now, or is spelled otherwise: save that one. */
  | { readonly verdict: 'renamed'; readonly to: string }
  | { readonly verdict: 'gone' }
  /** It is there, and not for this person. */
  | { readonly verdict: 'hidden' }
  /** The site cannot be reached, and this person has never seen it. */
  | { readonly verdict: 'unknown' }

export interface DocnamesParts extends KeptNamesParts {
  readonly client: UpstreamClient
  /** What to show and keep of a DocType's documents; undefined when nobody can tell. */
  readonly shown: (doctype: string, client: UpstreamClient) => Promise<ShownFields | undefined>
}
