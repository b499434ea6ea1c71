import { OAuthError, allowsScope, readScope, splitScope, type DocType } from '@annex/protocol'
import type { Client } from '../clients/client.ts'

export type DoctypeOf = (name: string) => DocType | undefined

export interface ScopeFacts {
  readonly client: Client
  /** The `scope` parameter; without one, all that the client is registered for (Frappe's habit). */
  readonly scope: string | undefined
  readonly doctypeOf: DoctypeOf
  /** A System Manager is told which DocType is missing; to others the answer would be a list of this site's DocTypes. */
  readonly tellsMissing: boolean
}

/**
 * The scopes that an authorization request asks for, each once, in its order.
 *
 * @throws {OAuthError} `invalid_scope` for what the grammar, the client's registration or the site does not know
 */
export function resolveScopes(facts: ScopeFacts): string[] {
  const { client } = facts
  const asked = splitScope(facts.scope)
  if (asked.length === 0) return client.scopes.filter((scope) => scopeFault(scope, facts) === undefined)
  for (const scope of asked) {
    const fault = scopeFault(scope, facts)
    if (fault !== undefined) throw new OAuthError('invalid_scope', fault)
  }
  return asked
}

function scopeFault(token: string, { client, doctypeOf, tellsMissing }: ScopeFacts): string | undefined {
  const generic = `The app may not ask for ${printable(token)}`
  const scope = readScope(token)
  if (!scope || !allowsScope(client.scopes, token)) return generic
  if (scope.kind !== 'document' || scope.doctype === '*' || doctypeOf(scope.doctype)) return undefined
  return tellsMissing ? `There is no DocType ${scope.doctype} for the scope ${printable(token)}` : generic
}

/** The ids of the DocTypes that scopes name, to be kept with the grant: a namesake made later is another DocType. */
export function doctypeIdsOf(scopes: readonly string[], doctypeOf: DoctypeOf): Record<string, string> {
  const ids: Record<string, string> = {}
  for (const token of scopes) {
    const doctype = doctypeNamed(token)
    const id = doctype === undefined ? undefined : doctypeOf(doctype)?.id
    if (doctype !== undefined && id !== undefined) ids[doctype] = id
  }
  return ids
}

/** Whether the DocType that a scope names is still the one whose id was kept with a grant. */
export function isSameDocType(token: string, ids: Readonly<Record<string, string>>, doctypeOf: DoctypeOf): boolean {
  const doctype = doctypeNamed(token)
  return doctype === undefined || (doctypeOf(doctype) !== undefined && doctypeOf(doctype)?.id === ids[doctype])
}

function doctypeNamed(token: string): string | undefined {
  const scope = readScope(token)
  return scope?.kind === 'document' && scope.doctype !== '*' ? scope.doctype : undefined
}

/** Error descriptions take a small alphabet (RFC 6749 section 4.1.2.1). */
const printable = (token: string): string => token.slice(0, 80).replace(/[^\x21\x23-\x5b\x5d-\x7e]/g, '?')
