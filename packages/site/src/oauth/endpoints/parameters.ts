import { OAuthError, isRecord } from '@annex/protocol'
import type { Exchange } from '../../http/exchange.ts'

const MAX_VALUE = 8192
const MAX_COUNT = 50

/** The parameters of one request to the provider, each once. */
export type Parameters = ReadonlyMap<string, string>

/**
 * Reads the body of a POST to the token, revocation or introspection endpoint: a form, or flat JSON of texts.
 * An empty value counts as absent (RFC 6749 section 3.1).
 *
 * @throws {OAuthError} `invalid_request` for parameters in the address, repeated ones, and other bodies
 */
export function parseParameters(exchange: Pick<Exchange<unknown>, 'headers' | 'query' | 'form' | 'json'>): Parameters {
  if (/^multipart\//i.test(String(exchange.headers['content-type']))) throw wrong('Send a form as application/x-www-form-urlencoded')
  if (exchange.query.size > 0) throw wrong('URL query parameters are not allowed; send them in the body')
  const pairs = exchange.json === undefined ? [...(exchange.form ?? [])] : readJson(exchange.json)
  if (pairs.length > MAX_COUNT) throw wrong(`Send at most ${MAX_COUNT} parameters`)
  const parameters = new Map<string, string>()
  const seen = new Set<string>()
  for (const [name, value] of pairs) {
    // Several resources are lawful (RFC 8707 section 2); no address holds a blank.
    if (name === 'resource' && value !== '' && !/\s/.test(value)) {
      parameters.set(name, [parameters.get(name), value].filter(Boolean).join(' '))
      continue
    }
    if (seen.has(name)) throw wrong(`Duplicate ${printable(name)} parameter`)
    if (value.length > MAX_VALUE) throw wrong(`The parameter ${printable(name)} is too long`)
    seen.add(name)
    if (value !== '') parameters.set(name, value)
  }
  return parameters
}

function readJson(json: unknown): [string, string][] {
  if (!isRecord(json)) throw wrong('The JSON body must be one object')
  return Object.entries(json).map(([name, value]) => {
    if (typeof value !== 'string') throw wrong(`The parameter ${printable(name)} must be text`)
    return [name, value]
  })
}

/** A required parameter. */
export function requireParameter(parameters: Parameters, name: string): string {
  const value = parameters.get(name)
  if (value === undefined) throw wrong(`Missing ${name} parameter.`)
  return value
}

/** A caller's own word in a description: error texts take a small alphabet (RFC 6749 section 5.2). */
const printable = (name: string): string => name.slice(0, 40).replace(/[^A-Za-z0-9_.-]/g, '?')
const wrong = (sentence: string): OAuthError => new OAuthError('invalid_request', sentence)
