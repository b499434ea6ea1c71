import { FrappeError, notPermitted, type Right } from '@annex/protocol'
import type { Principal } from '../policy/principal.ts'
import type { Backend, CallRequest } from './backend.ts'

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE'

/**
 * What a method uses, for the guard to judge a token by:
 * `open` needs no scope; `verbs` touches documents through the given backend alone, whose verbs are judged;
 * a list names the rights; `undeclared` needs a `method:` scope, or `all` without its fence.
 */
export type MethodRights = 'open' | 'verbs' | 'undeclared' | readonly { readonly doctype: string; readonly right: Right }[]

export interface MethodCall {
  readonly principal: Principal
  readonly args: Readonly<Record<string, unknown>>
  /** The guarded backend: a method can do nothing through it that its caller could not. */
  readonly backend: Backend
}

/** A function that callers reach by its dotted name, under `/api/method/`. */
export interface Method {
  readonly name: string
  readonly httpMethods: readonly HttpMethod[]
  /** Whether it may be called without signing in. */
  readonly guest: boolean
  readonly rights: MethodRights
  handler(call: MethodCall): Promise<unknown>
}

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
  return method.handler({ principal, args: request.args, backend })
}
