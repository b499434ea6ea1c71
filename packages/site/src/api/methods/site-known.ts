import { FrappeError, type DocType, type Right } from '@annex/protocol'
import type { MethodCall } from '../../backend/method.ts'
import { tokenCovers } from '../../policy/covers.ts'
import type { Principal } from '../../policy/principal.ts'

/** What methods know of their site besides what they ask the backend for. */
export interface SiteKnown {
  /** IANA name of the zone in which times are shown. */
  readonly zone: string
  /** A DocType that is kept here; undefined for one of an upstream site. */
  readonly doctypeOf: (name: string) => DocType | undefined
  /** DocTypes kept here that have the child table among their rows. */
  readonly parentsOf: (child: string) => readonly string[]
}

/** Whether the scopes of a token, if that is how the caller comes, leave the right open: asked before what may be left out is tried. */
export const isCovered = (site: SiteKnown, { token }: Principal, doctype: string, right: Right, definition = false): boolean =>
  token === undefined || tokenCovers(token, doctype, site.doctypeOf(doctype)?.id, right, definition)

/** What a caller gets when they may; nothing, when they may not or there is none. */
export async function ifAllowed<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof FrappeError && (error.status === 403 || error.status === 404)) return undefined
    throw error
  }
}

/** The definition of a DocType, when the caller may know it. */
export async function findDefinition(site: SiteKnown, { principal, backend }: MethodCall, name: string): Promise<DocType | undefined> {
  return isCovered(site, principal, name, 'select', true) ? ifAllowed(() => backend.doctype(principal, name)) : undefined
}
