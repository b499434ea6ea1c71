import type { DocType } from '@annex/protocol'
import type { Principal } from '../../policy/principal.ts'

const NONE: ReadonlySet<string> = new Set()
const sharers = new WeakMap<Principal, Principal>()

/**
 * Writes shares in a user's name: roles that may write DocShare, and nothing else of theirs.
 *
 * Who may share what is judged for the user themselves (`sharerOf`), so that a deputy opens no document.
 */
export function deputyOf(principal: Principal, docShare: DocType): Principal {
  const roles = new Set(docShare.permissions.map((row) => row.role))
  const deputy: Principal = { ...principal, roles, userPermissions: [], sharedDoctypes: NONE }
  sharers.set(deputy, principal)
  return deputy
}

/** Whom a share that the principal writes is judged by. */
export const sharerOf = (principal: Principal): Principal => sharers.get(principal) ?? principal
