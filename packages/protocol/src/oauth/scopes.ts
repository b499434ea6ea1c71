import { OAuthError } from '../errors.ts'
import { isRight, type Right } from '../documents/fields.ts'
import { scopeTexts, type ScopeTexts } from './scope-texts.ts'

/** Scopes that say who the user is; they open no document. */
export const IDENTITY_SCOPES = ['openid', 'profile', 'email', 'roles', 'offline_access'] as const

export type IdentityScope = (typeof IDENTITY_SCOPES)[number]

const MAX_SCOPES = 100
const MAX_LENGTH = 4096
/** Characters in which the same right may come again and again, before it is read once. */
const MAX_SENT = 256 * 1024
const DOCTYPE = /^[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*$/
/** A dotted name of a function; a method of documents has its DocType's name in a scope before it, which may hold hyphens. */
const METHOD = /^method:[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*(?:\.\*)?$/

/** A bundle of scopes that the site's administrator put together. */
const SET = /^set:[A-Za-z][A-Za-z0-9_.-]{0,59}$/

export type Scope =
  | { readonly kind: 'identity'; readonly token: string; readonly name: IdentityScope }
  | { readonly kind: 'all'; readonly token: string }
  | { readonly kind: 'document'; readonly token: string; readonly doctype: string; readonly right: Right }
  | { readonly kind: 'method'; readonly token: string; readonly name: string }
  | { readonly kind: 'set'; readonly token: string; readonly name: string }

/** Which other rights a right includes; `create` and `delete` include nothing. */
const INCLUDES: Readonly<Partial<Record<Right, readonly Right[]>>> = {
  read: ['select'],
  write: ['read', 'select'],
  submit: ['read', 'select'],
  cancel: ['read', 'select'],
  amend: ['read', 'select'],
  print: ['read', 'select'],
  email: ['read', 'select'],
  report: ['read', 'select'],
  export: ['read', 'select'],
  share: ['read', 'select'],
  import: ['create', 'write', 'read', 'select'],
}

/** Whether a scope says who the user is. */
export const isIdentityScope = (token: string): token is IdentityScope => (IDENTITY_SCOPES as readonly string[]).includes(token)

/** `Sales Invoice` as it stands in a scope: `Sales.Invoice`. The dot is never part of a DocType's name. */
export const scopeName = (doctype: string): string => doctype.replaceAll(' ', '.')
export const doctypeOfScope = (name: string): string => name.replaceAll('.', ' ')

/** The scope that covers one right on one DocType, as a step-up asks for it. */
export const documentScope = (doctype: string, right: Right): string => `${scopeName(doctype)}:${right}`

/** The scope that a token of the grammar stands for, or undefined when it is none. */
export function readScope(token: string): Scope | undefined {
  if (isIdentityScope(token)) return { kind: 'identity', token, name: token }
  if (token === 'all') return { kind: 'all', token }
  if (token.startsWith('method:')) return METHOD.test(token) ? { kind: 'method', token, name: token.slice(7) } : undefined
  if (token.startsWith('set:')) return SET.test(token) ? { kind: 'set', token, name: token.slice(4) } : undefined
  const colon = token.indexOf(':')
  if (colon < 0) return undefined
  const name = token.slice(0, colon)
  const right = token.slice(colon + 1)
  if (!isRight(right)) return undefined
  if (name === '*') return { kind: 'document', token, doctype: '*', right }
  if (name.length < 2 || name.length > 61 || !DOCTYPE.test(name)) return undefined
  return { kind: 'document', token, doctype: doctypeOfScope(name), right }
}

/**
 * Splits a scope parameter into its tokens, each once, in the order given.
 *
 * Frappe keeps scopes apart by spaces and line breaks in its client form, so any white space separates.
 *
 * @throws {OAuthError} `invalid_request` when there are too many (100 tokens, 4096 characters, each counted once)
 */
export function splitScope(scope: string | undefined | null): string[] {
  if (scope === undefined || scope === null) return []
  const isLong = scope.length > MAX_LENGTH
  const tokens = scope.length > MAX_SENT ? [] : [...new Set(scope.split(/\s+/).filter((token) => token !== ''))]
  if (isLong && (tokens.length === 0 || tokens.join(' ').length > MAX_LENGTH))
    throw new OAuthError('invalid_request', `scope must be at most ${MAX_LENGTH} characters`)
  if (tokens.length > MAX_SCOPES) throw new OAuthError('invalid_request', `scope must name at most ${MAX_SCOPES} rights`)
  return tokens
}

/** Whether an entry of a client's allow-list (`Item:read`, `Item:*`, `*:read`) allows a requested scope. */
export function allowsScope(allowed: readonly string[], requested: string): boolean {
  if (allowed.includes(requested)) return true
  const scope = readScope(requested)
  if (scope?.kind !== 'document') return false
  const name = requested.slice(0, requested.indexOf(':'))
  return allowed.includes(`${name}:*`) || allowed.includes(`*:${scope.right}`)
}

/**
 * The rights of one token, ready to be asked many times.
 *
 * It says what the scopes open and nothing of what the user may do: an effective right is both.
 */
export class ScopeSet {
  readonly tokens: readonly string[]
  readonly all: boolean
  readonly #documents = new Map<string, Set<Right>>()
  readonly #methods: string[] = []

  constructor(tokens: readonly string[]) {
    this.tokens = tokens
    this.all = tokens.includes('all')
    for (const token of tokens) this.#add(readScope(token))
  }

  #add(scope: Scope | undefined): void {
    if (scope?.kind === 'method') this.#methods.push(scope.name)
    if (scope?.kind !== 'document') return
    const rights = this.#documents.get(scope.doctype) ?? new Set<Right>()
    for (const right of [scope.right, ...(INCLUDES[scope.right] ?? [])]) rights.add(right)
    this.#documents.set(scope.doctype, rights)
  }

  has(token: string): boolean {
    return this.tokens.includes(token)
  }

  /** Whether the scopes name this very DocType with the right. */
  names(doctype: string, right: Right): boolean {
    return this.#documents.get(doctype)?.has(right) === true
  }

  /** Whether `all` or a `*` scope opens the right on any DocType (the fence is the guard's to judge). */
  opensEvery(right: Right): boolean {
    return this.all || this.#documents.get('*')?.has(right) === true
  }

  /** Whether a `method:` scope opens a whitelisted method by name, or by a prefix ending in `.*`. */
  opensMethod(name: string): boolean {
    return this.#methods.some((method) => method === name || (method.endsWith('.*') && name.startsWith(method.slice(0, -1))))
  }
}

/** What a scope lets an app do, in plain words. */
export const describeScope = (token: string): string => scopeWords(token, scopeTexts.en)

/** The same in the words of a language. */
export function scopeWords(token: string, texts: ScopeTexts): string {
  const scope = readScope(token)
  if (scope === undefined) return token
  switch (scope.kind) {
    case 'identity':
      return texts.identity[scope.name]
    case 'all':
      return texts.all
    case 'method':
      return texts.method.replace('{name}', () => scope.name)
    case 'set':
      return texts.set.replace('{name}', () => scope.name)
    default:
      return texts.rights[scope.right].of.replace('{doctype}', () => (scope.doctype === '*' ? texts.everyDoctype : scope.doctype))
  }
}

/** Rights that change something: their boxes on a consent page start empty when the app calls them optional. */
export const CHANGING_RIGHTS: ReadonlySet<Right> = new Set<Right>([
  'write',
  'create',
  'delete',
  'submit',
  'cancel',
  'amend',
  'import',
  'share',
])
