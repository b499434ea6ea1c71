import type { Connection } from '@annex/database'
import { documentScope, invalid, notFound, notPermitted, type DocType, type Right } from '@annex/protocol'
import { covers } from '../../policy/covers.ts'
import type { Principal } from '../../policy/principal.ts'
import { judged, type Held } from '../held.ts'
import { readReached } from '../limits/reached.ts'
import { requireDocType, requireRight, requireSome } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { readDocument } from '../verbs/read.ts'

export interface Referred {
  readonly doctype: string
  readonly name: string
}

/** @throws {FrappeError} `PermissionError` when a token's scopes do not open the right */
export function requireCovered(principal: Principal, doctype: DocType, right: Right): void {
  if (covers(principal, doctype, right)) return
  throw notPermitted(`This app was not granted ${documentScope(doctype.name, right)}; ask the user for it`)
}

/**
 * Sees that the caller, and the app they call through, may read the document that a note is about.
 *
 * @throws {FrappeError} `PermissionError`, `DoesNotExistError`; `ValidationError` for what no note can be about
 */
export async function requireReadable(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  { doctype: doctypeName, name }: Referred,
): Promise<void> {
  const doctype = requireNotable(premises, principal, doctypeName)
  requireCovered(principal, doctype, 'read')
  requireSome(premises, principal, doctype, 'read', name)
  if (doctype.virtual || doctype.issingle) await readDocument(premises, principal, { doctype: doctype.name, name })
  else await requireHeld(premises, connection, principal, doctype, name, 'read')
}

/**
 * The document stays until the transaction ends, so that no note outlives it.
 *
 * @throws {FrappeError} as `requireReadable`
 */
export async function requireHeld(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  name: string,
  right: Right,
): Promise<Held> {
  const held = await readReached(premises, connection, principal, doctype, name, true)
  if (!held) throw notFound(doctype.name, name.slice(0, 140))
  await requireRight(premises, connection, principal, doctype, right, judged(held))
  return held
}

export function requireNotable(premises: Premises, principal: Principal, name: string): DocType {
  const elsewhere = premises.doctypes.get(name) === undefined && premises.isElsewhere?.(name) === true
  if (elsewhere)
    throw invalid(`${name.slice(0, 140)} lives at the upstream site; comments and assignments are kept for documents of this one`)
  const doctype = requireDocType(premises, principal, name, 'read')
  if (doctype.istable) throw invalid(`${doctype.name} is a child table; name the document that its rows belong to`)
  return doctype
}
