import { invalid, isRecord } from '@annex/protocol'
import { checkKnownScope } from '../clients/rules/scope-rules.ts'
import type { DoctypeOf } from '../authorize/requested/requested-scopes.ts'

/** What apps may ask for under one name, `set:NAME`. */
export interface ScopeBundle {
  /** Shown at consent. */
  readonly title: string
  readonly scopes: readonly string[]
}

export type ScopeBundles = ReadonlyMap<string, ScopeBundle>

const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,59}$/
const MOST_SETS = 100
const MOST_SCOPES = 100
const LONGEST_TITLE = 140

/**
 * Reads `{"sales": {"title": "Sales", "scopes": ["Customer:read"]}}`; nothing = no sets.
 *
 * @throws {FrappeError} `ValidationError` that names the set and what is wrong with it
 */
export function parseScopeSets(json: unknown): ScopeBundles {
  if (json === null || json === undefined || json === '') return new Map()
  const sets = typeof json === 'string' ? parseJson(json) : json
  if (!isRecord(sets)) throw invalid('Scope Sets must be an object of sets by their names')
  const entries = Object.entries(sets)
  if (entries.length > MOST_SETS) throw invalid(`Scope Sets: keep at most ${MOST_SETS}`)
  return new Map(entries.map(([name, set]) => [name, parseSet(name, set)]))
}

/**
 * Judges what the sets hold: scopes that this site knows, and no set in a set.
 *
 * @throws {FrappeError} `ValidationError`
 */
export function checkScopeSets(sets: ScopeBundles, doctypeOf: DoctypeOf): void {
  for (const [name, { scopes }] of sets)
    for (const scope of scopes) {
      if (scope.startsWith('set:')) throw invalid(`The set ${name} holds ${scope.slice(0, 100)}; a set cannot hold another`)
      if (scope.endsWith(':*')) throw invalid(`The set ${name} holds the pattern ${scope.slice(0, 100)}; name each right`)
      checkKnownScope(scope, { doctypeOf, scopeSets: sets })
    }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw invalid('Scope Sets is not valid JSON')
  }
}

function parseSet(name: string, set: unknown): ScopeBundle {
  const shown = name.slice(0, 100)
  if (!NAME.test(name))
    throw invalid(`${shown} cannot name a set: begin with a letter and go on with letters, digits, _ . or -, 60 at most`)
  if (!isRecord(set)) throw invalid(`The set ${shown} must be an object with title and scopes`)
  const { title, scopes } = set
  if (typeof title !== 'string' || title.trim() === '' || title.length > LONGEST_TITLE)
    throw invalid(`The set ${shown} needs a title of 1 to ${LONGEST_TITLE} characters`)
  if (!Array.isArray(scopes) || scopes.length === 0 || scopes.length > MOST_SCOPES)
    throw invalid(`The set ${shown} needs a list of 1 to ${MOST_SCOPES} scopes`)
  const texts = scopes.filter((scope): scope is string => typeof scope === 'string' && /^\S+$/.test(scope))
  if (texts.length < scopes.length) throw invalid(`The set ${shown} holds something that is no scope; each is a text without blanks`)
  return { title: title.trim(), scopes: [...new Set(texts)] }
}
