import type { Method } from '../../backend/method.ts'
import { isGuest, type Principal } from '../../policy/principal.ts'
import type { Schema } from './document-schema.ts'
import { METHOD_ARGUMENTS } from './method-arguments.ts'
import { errorResponses, json, response } from './shared-components.ts'

/** The whitelisted methods that a caller may call. */
export function methodsFor(caller: Principal, methods: Iterable<Method>): Method[] {
  return [...methods].filter((method) => mayCall(caller, method)).toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function mayCall(caller: Principal, { name, guest, rights }: Method): boolean {
  if (isGuest(caller)) return guest
  const { token } = caller
  if (!token || rights !== 'undeclared') return true
  return token.scopes.opensMethod(name) || (token.scopes.all && token.unfenced)
}

/** They send a mail, which a site without a mail server cannot. */
const MAILING: ReadonlySet<string> = new Set(['frappe.core.doctype.user.user.reset_password'])

/** Each method with its arguments, where they are known; others take any. */
export function methodPaths(methods: readonly Method[]): Record<string, Schema> {
  return Object.fromEntries(methods.map((method) => [`/api/method/${encodeURIComponent(method.name)}`, pathOf(method)]))
}

function pathOf(method: Method): Schema {
  const args = METHOD_ARGUMENTS[method.name]
  return Object.fromEntries(method.httpMethods.map((http) => [http.toLowerCase(), operationOf(method, http, args)]))
}

function operationOf({ name, guest, rights }: Method, http: string, args: Readonly<Record<string, Schema>> | undefined): Schema {
  const token = rights === 'undeclared' ? [`method:${name}`] : []
  const known = [{ oauth2: token }, { apiKey: [] }, { session: [] }]
  const inBody = http === 'POST' || http === 'PUT'
  return {
    operationId: `${http.toLowerCase()}.${name}`,
    tags: ['Methods'],
    summary: name,
    security: guest ? [{}, ...known] : known,
    ...(inBody ? bodyOf(args) : args === undefined ? {} : { parameters: queryOf(args) }),
    responses: { 200: response('Message'), ...errorResponses('write', 1), ...(MAILING.has(name) ? { 501: response('501') } : {}) },
  }
}

const bodyOf = (args: Readonly<Record<string, Schema>> | undefined): Schema => ({
  requestBody: { content: json({ type: 'object', ...(args === undefined ? {} : { properties: args }) }) },
})

const queryOf = (args: Readonly<Record<string, Schema>>): Schema[] =>
  Object.entries(args).map(([name, schema]) => ({
    name,
    in: 'query',
    ...(['string', 'integer'].includes(String(schema['type'])) ? { schema } : { content: json(schema) }),
  }))
