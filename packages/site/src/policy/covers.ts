import type { DocType, Right } from '@annex/protocol'
import { isFenced, isFencedRight } from './fence.ts'
import type { Principal, TokenRights } from './principal.ts'

/**
 * Whether the scopes of a token open a right on a DocType; what its user may do is judged elsewhere.
 *
 * @param doctypeId of the DocType as it stands now: a namesake of the one that was consented to is another
 * @param definition its name and shape alone, which are open through the fence
 */
export function tokenCovers(token: TokenRights, doctype: string, doctypeId: string | undefined, right: Right, definition = false): boolean {
  if (token.scopes.opensEvery(right) && (definition || token.unfenced || !(isFenced(doctype) || isFencedRight(right)))) return true
  return token.scopes.names(doctype, right) && token.doctypeIds[doctype] === doctypeId
}

/** The same of whoever calls: without a token nothing is left out. */
export const covers = ({ token }: Principal, doctype: DocType, right: Right): boolean =>
  token === undefined || tokenCovers(token, doctype.name, doctype.id, right)
