import { ScopeSet, splitScope, type Filter } from '@annex/protocol'
import { mergeRowFilters, parseRowFilters, scopesUnderFilters } from '../../../policy/row-filters.ts'

/** What a token opens: rights, and on which documents. */
export interface Narrowed {
  readonly scopes: ScopeSet
  /** Absent when every document of a DocType may be reached. */
  readonly rowFilters?: ReadonlyMap<string, readonly Filter[]>
}

/** Texts that together say what a token opens; null and empty are no filters. */
interface Texts {
  readonly scope: string
  /** Of the grant: what its user, or the request, narrowed it to. */
  readonly filters: string | null
  /** Of the client: what a System Manager holds all of its tokens to. */
  readonly row_filters: string | null
}

const KEPT = 2000
const CLOSED: Narrowed = { scopes: new ScopeSet([]) }

/** Such texts are few and what they say does not change: each is read once. */
export class NarrowedScopes {
  readonly #plain = new Map<string, Narrowed>()
  readonly #filtered = new Map<string, Narrowed>()

  get(texts: Texts): Narrowed {
    const { scope, filters, row_filters: ofClient } = texts
    if (!filters && !ofClient) return kept(this.#plain, scope, () => ({ scopes: new ScopeSet(splitScope(scope)) }))
    return kept(this.#filtered, JSON.stringify([scope, filters, ofClient]), () => narrow(texts))
  }
}

/** A token whose filters cannot be read opens nothing: what they would have held back is not known. */
function narrow({ scope, filters, row_filters: ofClient }: Texts): Narrowed {
  const read = [ofClient, filters].flatMap((text) => (text ? [parseRowFilters(text)] : []))
  const known = read.filter((each) => each !== undefined)
  if (known.length < read.length) return CLOSED
  const rowFilters = mergeRowFilters(known)
  if (rowFilters.size === 0) return { scopes: new ScopeSet(splitScope(scope)) }
  return { scopes: new ScopeSet(scopesUnderFilters(splitScope(scope), rowFilters)), rowFilters }
}

function kept(known: Map<string, Narrowed>, key: string, read: () => Narrowed): Narrowed {
  const found = known.get(key)
  if (found) return found
  if (known.size >= KEPT) known.clear()
  const narrowed = read()
  known.set(key, narrowed)
  return narrowed
}
