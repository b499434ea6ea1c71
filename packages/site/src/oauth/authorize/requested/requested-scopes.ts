import { OAuthError, isRecord, readScope, splitScope, type DocType } from '@annex/protocol'
import type { Client } from '../../clients/client.ts'
import { mayHave, mayHaveSet, mayHaveWide } from '../../clients/rules/registration-policy.ts'

export type DoctypeOf = (name: string) => DocType | undefined

/** Scopes under one name that apps may ask for as `set:NAME`, by their names. */
export type ScopeSets = ReadonlyMap<string, { readonly title: string; readonly scopes: readonly string[] }>

export interface ScopeFacts {
  readonly client: Client
  /** The `scope` parameter; without one, all that the client is registered for (Frappe's habit). */
  readonly scope: string | undefined
  readonly doctypeOf: DoctypeOf
  /** Absent where no set can be asked for. */
  readonly sets?: ScopeSets
}

/** As many as one grant keeps (provider.md section 3.2). */
const MAX_SCOPES = 100
const MAX_LENGTH = 4096

/** A scope that the app may not ask for, or that this site has not: the app is not told which. */
export class ScopeRefused extends OAuthError {
  readonly token: string

  constructor(token: string) {
    super('invalid_scope', mayNot(token))
    this.token = token.slice(0, 140)
  }
}

/**
 * The scopes that an authorization request asks for, each once, in its order; a set stands for what it holds now.
 *
 * @throws {OAuthError} `invalid_scope` for what the grammar, the client's registration or the site does not know
 */
export function resolveScopes(facts: ScopeFacts): string[] {
  const asked = splitScope(facts.scope)
  const stray = asked.find((scope) => !mayAskFor(scope, facts))
  if (stray !== undefined) throw new ScopeRefused(stray)
  const usable = asked.length === 0 ? facts.client.scopes.filter((scope) => mayAskFor(scope, facts)) : asked
  return checkNumber(expandSets(usable, facts))
}

/** @throws {OAuthError} `invalid_scope` for more than a grant can keep */
export function checkNumber(scopes: string[]): string[] {
  if (scopes.length > MAX_SCOPES || scopes.join(' ').length > MAX_LENGTH)
    throw new OAuthError('invalid_scope', `Together these are too many rights; ask for at most ${MAX_SCOPES}`)
  return scopes
}

/** Sets give way to what they hold; what is gone from the site since is left out. */
function expandSets(scopes: readonly string[], { client, sets, doctypeOf }: ScopeFacts): string[] {
  const contents = (scope: string): readonly string[] => {
    const held = setOf(scope, sets)?.scopes
    return held?.filter((one) => isThere(one, doctypeOf) && mayHaveWide(client, one)) ?? [scope]
  }
  return [...new Set(scopes.flatMap(contents))]
}

/** Whether the app may ask for a scope, and this site has it. */
export function mayAskFor(token: string, { client, doctypeOf, sets }: ScopeFacts): boolean {
  const scope = readScope(token)
  if (!scope || !isAllowed(token, client, sets)) return false
  return scope.kind === 'set' ? setOf(token, sets) !== undefined : isThere(token, doctypeOf)
}

/** One sentence for all of these: which of them it is would tell of this site's DocTypes, or of who is signed in. */
export const mayNot = (token: string): string => `The app may not ask for ${printable(token)}`

/** By name, by a pattern, or as part of a set that the client may ask for: a step-up names what a set held. */
function isAllowed(token: string, client: Client, sets: ScopeSets | undefined): boolean {
  return mayHave(client, token) || (mayHaveWide(client, token) && setsHolding(token, client, sets).length > 0)
}

/** The names of the client's sets that hold a scope now. */
const setsHolding = (token: string, client: Client, sets: ScopeSets | undefined): string[] =>
  [...(sets ?? [])].filter(([name, { scopes }]) => scopes.includes(token) && mayHaveSet(client, name)).map(([name]) => name)

function setOf(token: string, sets: ScopeSets | undefined): { readonly title: string; readonly scopes: readonly string[] } | undefined {
  const scope = readScope(token)
  return scope?.kind === 'set' ? sets?.get(scope.name) : undefined
}

/** Whether this site has the DocType that a scope names; true of one that names none. */
export const isThere = (token: string, doctypeOf: DoctypeOf): boolean => {
  const doctype = doctypeNamed(token)
  return doctype === undefined || doctypeOf(doctype) !== undefined
}

/** Under which set's title a scope was asked for; one that was asked for by itself, too, is not there. */
export function titlesOf(scope: string | undefined, client: Client, sets: ScopeSets): ReadonlyMap<string, string> {
  const sent = splitScope(scope)
  const asked = sent.length === 0 ? client.scopes : sent
  const titles = new Map<string, string>()
  for (const token of asked) {
    const set = setOf(token, sets)
    for (const held of set?.scopes ?? []) if (set && !titles.has(held) && !asked.includes(held)) titles.set(held, set.title)
  }
  return titles
}

/**
 * What of granted scopes the client may have by its sets alone, by the sets' names. It is kept with the grant: a set that
 * changes later changes nothing that was granted.
 */
export function grantedSets(client: Client, granted: readonly string[], sets: ScopeSets): Readonly<Record<string, readonly string[]>> {
  const bySet: Record<string, string[]> = {}
  for (const scope of granted.filter((one) => !mayHave(client, one)))
    for (const name of setsHolding(scope, client, sets)) (bySet[name] ??= []).push(scope)
  return bySet
}

/** Whether a client may still have a granted scope: by its registration as it is now, or by a set as it was then. */
export function mayHold(client: Client, scope: string, setsOfGrant: string | null): boolean {
  if (mayHave(client, scope)) return true
  if (setsOfGrant === null || !mayHaveWide(client, scope)) return false
  const bySet: unknown = JSON.parse(setsOfGrant)
  if (!isRecord(bySet)) return false
  return Object.entries(bySet).some(([name, held]) => mayHaveSet(client, name) && Array.isArray(held) && held.includes(scope))
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

/**
 * Whether the DocType that a scope names is still the one whose id was kept with a grant. One that is not there is not: a scope of a
 * DocType that never was must say nothing, before somebody makes one of that name as after.
 */
export function isSameDocType(token: string, ids: Readonly<Record<string, string>>, doctypeOf: DoctypeOf): boolean {
  const doctype = doctypeNamed(token)
  return doctype === undefined || (doctypeOf(doctype) !== undefined && doctypeOf(doctype)?.id === ids[doctype])
}

/** The one DocType that a scope speaks of; undefined for scopes of all of them and of none. */
function doctypeNamed(token: string): string | undefined {
  const scope = readScope(token)
  return scope?.kind === 'document' && scope.doctype !== '*' ? scope.doctype : undefined
}

/** Error descriptions take a small alphabet (RFC 6749 section 4.1.2.1). */
const printable = (token: string): string => token.slice(0, 80).replace(/[^\x21\x23-\x5b\x5d-\x7e]/g, '?')
