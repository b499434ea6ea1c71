import type { DocType, Right } from '@annex/protocol'
import { isFenced, isFencedRight } from './fence.ts'
import type { Principal, TokenRights } from './principal.ts'

/**
 * Whether the scopes of a token open a right on a DocType; what its user may do is judged elsewhere.
 *
 * @param doctypeId of the DocType as it stands now: a namesake of the one that was consented to is another
 * @param definition its name and shape alone, which are open through the fence
 */
export const tokenCovers = (
  token: TokenRights,
  doctype: string,
  doctypeId: string | undefined,
  right: Right,
  definition = false,
): boolean => lackOf(token, doctype, doctypeId, right, definition) === undefined

/** Why scopes do not open a right: none speaks of it, one stops at the fence, or one is of a namesake that was there before. */
export type Lack = 'scope' | 'fence' | 'namesake'

/** As `tokenCovers`, with the reason; undefined when the right is open. */
export function lackOf(
  { scopes, unfenced, doctypeIds }: TokenRights,
  doctype: string,
  doctypeId: string | undefined,
  right: Right,
  definition = false,
): Lack | undefined {
  const opensEvery = scopes.opensEvery(right)
  if (opensEvery && (definition || unfenced || !(isFenced(doctype) || isFencedRight(right)))) return undefined
  if (!scopes.names(doctype, right)) return opensEvery ? 'fence' : 'scope'
  return doctypeIds[doctype] === doctypeId ? undefined : 'namesake'
}

/** The same of whoever calls: without a token nothing is left out. */
export const covers = ({ token }: Principal, doctype: DocType, right: Right): boolean =>
  token === undefined || tokenCovers(token, doctype.name, doctype.id, right)

/**
 * The DocTypes whose scopes a right on documents takes: a child table follows its parents; whose a row is shows only when it is
 * read, so its documents need the scopes of all.
 */
export const judgedBy = (doctype: string, isTable: boolean, parents: readonly string[]): readonly string[] =>
  isTable && parents.length > 0 ? parents : [doctype]
