import { readScope, type DocType } from '@annex/protocol'
import type { Principal } from '../../policy/principal.ts'
import { can } from '../../policy/role-rights.ts'

/** Whether the user's own roles allow nothing of what was granted on documents; false when nothing on documents was granted by name. */
export function isPowerless(principal: Principal, scopes: readonly string[], doctypeOf: (name: string) => DocType | undefined): boolean {
  const named = scopes.map(readScope)
  if (named.some((scope) => scope?.kind === 'all' || scope?.kind === 'method' || (scope?.kind === 'document' && scope.doctype === '*')))
    return false
  const documents = named.filter((scope) => scope?.kind === 'document')
  if (documents.length === 0) return false
  return documents.every((scope) => {
    const doctype = doctypeOf(scope.doctype)
    if (!doctype) return true
    return can(principal, doctype, scope.right) === 'no' && !principal.sharedDoctypes.has(doctype.name)
  })
}
