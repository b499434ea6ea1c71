import { FrappeError, notPermitted, scopeName, type Right } from '@annex/protocol'
import type { Principal } from '../policy/principal.ts'
import type { Backend, CallRequest, UploadedFile } from './backend.ts'

/** What Frappe lets a function be called by unless it says otherwise. */
export const HTTP_METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const
export type HttpMethod = (typeof HTTP_METHODS)[number]

/**
 * What a method uses, for the guard to judge a token by:
 * `open` needs no scope; `verbs` touches documents through the given backend alone, whose verbs are judged;
 * a list names the rights, and a function what one call of one caller needs; `undeclared` needs a `method:` scope, or `all`
 * without its fence.
 */
export type MethodRights = 'open' | 'verbs' | NamedRights | ((args: Readonly<Record<string, unknown>>, principal: Principal) => NamedRights)
type NamedRights = 'undeclared' | readonly MethodRight[]

export interface MethodRight {
  readonly doctype: string
  readonly right: Right
}

export interface MethodCall {
  readonly principal: Principal
  readonly args: Readonly<Record<string, unknown>>
  readonly files: ReadonlyMap<string, UploadedFile>
  readonly httpMethod: string
  /** The guarded backend: a method can do nothing through it that its caller could not. */
  readonly backend: Backend
}

const NO_FILES: ReadonlyMap<string, UploadedFile> = new Map()

export interface ReplyParts {
  /** What other methods return alone. */
  readonly message?: unknown
  /** Top-level keys of the answer besides (`docs`, `docinfo`). */
  readonly body?: Readonly<Record<string, unknown>>
  /** Sentences for the person, on success. */
  readonly messages?: readonly string[]
  readonly file?: ReplyFile
}

/** Bytes in place of JSON. */
export interface ReplyFile {
  readonly filename: string
  readonly contentType: string
  readonly bytes: Buffer
  /** `inline` shows it in a browser, where its type is harmless. */
  readonly disposition: 'inline' | 'attachment'
}

/** What a method answers when it is more than one value. */
export class MethodReply {
  readonly parts: ReplyParts

  constructor(parts: ReplyParts) {
    this.parts = parts
  }
}

/** A function that callers reach by its dotted name, under `/api/method/`. */
export interface Method {
  readonly name: string
  readonly httpMethods: readonly HttpMethod[]
  /** Whether it may be called without signing in. */
  readonly guest: boolean
  readonly rights: MethodRights
  /** The DocType of whose documents it is a method: a token needs besides the scope to read them by GET, else to write them. */
  readonly documentsOf?: string
  handler(call: MethodCall): Promise<unknown>
}

/** What every document offers by name. */
export const OWN_DOCUMENT_METHODS = ['submit', 'cancel', 'rename', 'add_comment'] as const

/** What Frappe's documents have by these names, and open to nobody. */
export const CLOSED_DOCUMENT_METHODS: ReadonlySet<string> = new Set(['insert', 'save', 'delete', 'db_set', 'db_insert', 'db_update'])

/**
 * The name by which a method of documents is called, and stands in a scope: `Sales.Order.close`. Its arguments are
 * `dn`, the document's name, and `args`, an object of its own.
 */
export const documentMethodName = (doctype: string, method: string): string => `${scopeName(doctype)}.${method}`

/**
 * Finds a method by name and calls it, when its HTTP method and its caller are allowed.
 *
 * @throws {FrappeError} `DoesNotExistError` for an unknown name, `PermissionError` otherwise
 */
export async function callMethod(
  methods: ReadonlyMap<string, Method>,
  backend: Backend,
  principal: Principal,
  request: CallRequest,
): Promise<unknown> {
  const method = methods.get(request.method)
  if (!method) throw new FrappeError('DoesNotExistError', `There is no method ${request.method.slice(0, 140)}; check its dotted name`)
  if (!method.guest && principal.user === 'Guest') throw notPermitted('Sign in first: this method is not open to guests')
  if (!(method.httpMethods as readonly string[]).includes(request.httpMethod))
    throw notPermitted(`Call this method by ${method.httpMethods.join(' or ')}`)
  const { args, files = NO_FILES, httpMethod } = request
  return method.handler({ principal, args, files, httpMethod, backend })
}
