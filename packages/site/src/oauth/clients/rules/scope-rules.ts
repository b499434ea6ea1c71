import { invalid, readScope, type DocType } from '@annex/protocol'

/** What scopes can speak of on this site. */
export interface KnownNames {
  readonly doctypeOf: (name: string) => DocType | undefined
  /** By the names of the sets in OAuth Settings. */
  readonly scopeSets: { has(name: string): boolean }
}

/**
 * Judges a scope that somebody writes down for later: in the settings or for an app.
 * `Item:*` stands for every right on Item, and is judged as one of them.
 *
 * @throws {FrappeError} `ValidationError` for what the grammar or this site does not know
 */
export function checkKnownScope(token: string, { doctypeOf, scopeSets }: KnownNames): void {
  if (token === '*:*') throw invalid('The scope *:* stands for nothing; write all, or a right on every DocType such as *:read')
  const scope = readScope(token.endsWith(':*') ? `${token.slice(0, -1)}read` : token)
  if (!scope) throw invalid(`${token.slice(0, 100)} is no scope; write openid, all, or a DocType and a right such as Sales.Invoice:read`)
  if (scope.kind === 'document' && scope.doctype !== '*' && !doctypeOf(scope.doctype))
    throw invalid(`The scope ${token} names the DocType ${scope.doctype}, which this site has not`)
  if (scope.kind === 'set' && !scopeSets.has(scope.name))
    throw invalid(`The scope ${token} names a set that OAuth Settings do not have; add it to Scope Sets there`)
}
