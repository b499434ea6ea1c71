import { OAUTH_PATHS } from '@annex/protocol'
import type { RawAnswer, RawRequest } from './raw-http.ts'

const RFC: ReadonlySet<string> = new Set(Object.values(OAUTH_PATHS))
/** What would show the inside of the site. */
const INSIDE = /node_modules|node:internal|\bat \S+ \(|SQLITE|PostgreSQL|syntax error at|\.ts:\d+|select .+ from/i

/** What is wrong with an answer to a request that was wrong; undefined when nothing is. */
export function faultOf(request: RawRequest, answer: RawAnswer): string | undefined {
  const { status, body } = answer
  if (status >= 500 && status !== 501) return `status ${status}`
  if (status < 400) return undefined
  if (answer.headers.get('x-content-type-options') !== 'nosniff') return 'no security headers'
  if (request.method === 'HEAD') return undefined
  if (INSIDE.test(body.replaceAll(echoOf(request), ''))) return 'shows the inside of the site'
  const type = answer.headers.get('content-type') ?? 'none'
  if (type.startsWith('text/html')) return /<p[^>]*>[^<]{10,}/.test(body) ? undefined : 'a page without a sentence'
  if (type !== 'application/json') return `content type ${type}`
  const json = parse(body)
  if (json === undefined) return 'a body that is not JSON'
  return shapeFault(RFC.has(request.target.split('?', 1)[0] ?? ''), json)
}

function shapeFault(rfc: boolean, json: Readonly<Record<string, unknown>>): string | undefined {
  const { error, error_description: description, description: shown, errors } = json
  // Version 2 has one error in a list.
  const [second] = Array.isArray(errors) ? (errors as readonly Readonly<Record<string, unknown>>[]) : []
  const [name, exception] = second ? [second['type'], second['exception']] : [json['exc_type'], json['exception']]
  if (rfc && typeof error === 'string') return isSentence(description ?? shown) ? undefined : 'an RFC error without a sentence'
  if (typeof name !== 'string' || typeof exception !== 'string') return 'not in Frappe’s shape'
  if (!exception.startsWith(`frappe.exceptions.${name}: `)) return 'an exception by another name'
  return isSentence(exception.slice(exception.indexOf(': ') + 2)) ? undefined : 'no sentence'
}

/** A few words at least, and none that JavaScript puts where a value is missing. */
const isSentence = (text: unknown): boolean =>
  typeof text === 'string' && text.trim().split(/\s+/).length >= 3 && !/\bundefined\b|\[object /.test(text)

/** What the caller sent may stand in the answer. */
const echoOf = (request: RawRequest): RegExp =>
  new RegExp(request.target.includes('select') || request.body.includes('select') ? 'select [^,]*' : '$^', 'gi')

function parse(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
