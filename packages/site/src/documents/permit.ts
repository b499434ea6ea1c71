import type { Connection } from '@annex/database'
import { RIGHTS, notFound, notPermitted, type DocType, type FrappeError, type Right } from '@annex/protocol'
import { judge, refusedBy, type Judged } from '../policy/judge.ts'
import { isGuest, type Principal } from '../policy/principal.ts'
import { can } from '../policy/role-rights.ts'
import { isLimited } from '../policy/row-filters.ts'
import { canSome, mayBeShared, sharedRightFor } from '../policy/shares.ts'
import type { ChildOf } from '../policy/user-permissions.ts'
import { judged, type Held } from './held.ts'
import { isReached, readReached, requireReached } from './limits/reached.ts'
import type { Premises } from './premises.ts'
import { readSharedRights } from './shares/share-store.ts'

export const childOf =
  (premises: Premises): ChildOf =>
  (name) =>
    premises.doctypes.get(name)

/**
 * The DocType, for a caller who wants the right on its documents. A guest who has it on none is told the same of a DocType
 * that is there and of one that is not, or the answers would be a list of this site's DocTypes.
 *
 * @throws {FrappeError} `DoesNotExistError`; `PermissionError` for a guest
 */
export function requireDocType(premises: Premises, principal: Principal, name: string, right: Right): DocType {
  if (!isGuest(principal)) return premises.doctypes.require(name)
  const doctype = premises.doctypes.get(name)
  if (doctype && canSome(principal, doctype, right)) return doctype
  throw refusal({ name: name.slice(0, 140) }, right)
}

const ownRights = (premises: Premises, principal: Principal, doctype: DocType, name: string | undefined): readonly Right[] =>
  (name === undefined ? undefined : premises.controllers.get(doctype.name)?.ownRights?.(principal.user, name)) ?? []

/** Refuses what no document of the DocType could allow, before any is looked for. */
export function requireSome(premises: Premises, principal: Principal, doctype: DocType, right: Right, name?: string): void {
  if (!hasSome(premises, principal, doctype, right, name)) throw refusal(doctype, right, name)
}

/** Whether some document of the DocType could allow it, or this one by its name alone. */
export const hasSome = (premises: Premises, principal: Principal, doctype: DocType, right: Right, name?: string): boolean =>
  canSome(principal, doctype, right) || ownRights(premises, principal, doctype, name).includes(right)

/**
 * Shares are looked for, on the given connection, only where roles do not give the right already.
 *
 * @throws {FrappeError} `PermissionError` when the principal does not have the right on this very document; `DoesNotExistError`
 * when row filters hold their app and they may not even read it
 */
export async function requireRight(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  right: Right,
  document: Judged,
): Promise<void> {
  const limited = isLimited(principal, doctype.name)
  if (limited) await requireWithinReach(premises, connection, principal, doctype, document)
  if (hasByRole(premises, principal, doctype, right, document)) return
  if (await hasByShare(connection, principal, doctype, right, document)) return
  if (limited) await requireSeen(premises, connection, principal, doctype, document)
  const refused = can(principal, doctype, right) === 'no' ? undefined : refusedBy(principal, doctype, document, childOf(premises))
  throw refused ? restricted(doctype, right, refused.fieldname) : refusal(doctype, right, nameOf(document))
}

/**
 * The filters may be of the user's own making: a refusal of what meets them, beside a "not there" of what does not, would tell
 * what stands in documents that the user may not read.
 */
async function requireSeen(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  document: Judged,
): Promise<void> {
  const name = nameOf(document)
  if (name === undefined || (await hasPermission(premises, connection, principal, doctype, 'read', document))) return
  throw notFound(doctype.name, name.slice(0, 140))
}

/** A document that is yet to be named stands nowhere: where it will is asked behind its write. */
async function requireWithinReach(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  document: Judged,
): Promise<void> {
  const name = nameOf(document)
  if (name !== undefined) await requireReached(premises, connection, principal, doctype, name)
}

/**
 * Reads a document that a caller names beside the one that they work on. To an app that row filters hold, one that its user may
 * not read is as one that is not there, like one outside of the filters.
 */
export async function readSeen(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  name: string,
): Promise<Held | undefined> {
  const held = await readReached(premises, connection, principal, doctype, name)
  if (!held || !isLimited(principal, doctype.name)) return held
  return (await hasPermission(premises, connection, principal, doctype, 'read', judged(held))) ? held : undefined
}

/**
 * Whether the principal has the right on this very document, by role, by themselves or by a share, and the row filters of
 * their app let them reach it.
 */
export async function hasRight(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  right: Right,
  document: Judged,
): Promise<boolean> {
  const name = isLimited(principal, doctype.name) ? nameOf(document) : undefined
  if (name !== undefined && !(await isReached(premises, connection, principal, doctype, name))) return false
  return hasPermission(premises, connection, principal, doctype, right, document)
}

async function hasPermission(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  right: Right,
  document: Judged,
): Promise<boolean> {
  return hasByRole(premises, principal, doctype, right, document) || (await hasByShare(connection, principal, doctype, right, document))
}

async function hasByShare(
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  right: Right,
  document: Judged,
): Promise<boolean> {
  const name = nameOf(document)
  const shared = sharedRightFor(right)
  if (name === undefined || shared === undefined || !mayBeShared(principal, doctype, right)) return false
  return (await readSharedRights(connection, principal.user, { doctype: doctype.name, name })).has(shared)
}

/** The same without shares. */
export function hasByRole(premises: Premises, principal: Principal, doctype: DocType, right: Right, document: Judged): boolean {
  const own = ownRights(premises, principal, doctype, nameOf(document))
  return judge(principal, doctype, right, document, { childOf: childOf(premises), ownRights: own })
}

/** Every right that the principal has on this very document; shares are looked for once. */
export async function rightsOn(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  document: Judged,
): Promise<ReadonlySet<Right>> {
  const name = nameOf(document)
  if (name !== undefined && !(await isReached(premises, connection, principal, doctype, name))) return new Set()
  const byShare: ReadonlySet<Right> =
    name !== undefined && mayBeShared(principal, doctype, 'read')
      ? await readSharedRights(connection, principal.user, { doctype: doctype.name, name })
      : new Set<Right>()
  const holds = (right: Right): boolean =>
    hasByRole(premises, principal, doctype, right, document) ||
    (mayBeShared(principal, doctype, right) && byShare.has(sharedRightFor(right) ?? right))
  return new Set(RIGHTS.filter(holds))
}

const nameOf = ({ name }: Judged): string | undefined => (name === undefined ? undefined : String(name))

export function refusal(doctype: Pick<DocType, 'name'>, right: Right, name?: string): FrappeError {
  const what = name === undefined ? `documents of ${doctype.name}` : `${doctype.name} ${name.slice(0, 140)}`
  return notPermitted(`You need the '${right}' permission on ${what}; ask a System Manager for a role that has it`)
}

const restricted = (doctype: DocType, right: Right, fieldname: string): FrappeError =>
  notPermitted(
    `You need the '${right}' permission on this ${doctype.name}: a user permission restricts you to other values of ${fieldname}`,
  )
