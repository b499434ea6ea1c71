import { FrappeError, invalid, isRecord } from '@annex/protocol'
import type { SentFile } from './exchange.ts'
import { parseMultipart } from './multipart/multipart.ts'

/** What the body of a request held; neither when there was none, or a kind that carries no arguments. */
export interface RequestBody {
  readonly form?: URLSearchParams
  readonly json?: unknown
  /** Of a multipart form, by the name of their part. */
  readonly files?: ReadonlyMap<string, SentFile>
}

type Arguments = Readonly<Record<string, unknown>>

const MAX_DEPTH = 64
const JSON_TYPE = /^application\/(?:[^;\s]+\+)?json\b/i

/**
 * Reads a body by its media type: JSON, a form, or (as old clients send it beside a GET) a form without a type.
 *
 * @param isJsonByLook - a JSON object is one whatever its type says: many a script sends one and names no type, or a form's
 * @throws {FrappeError} 400 when it is not what its type says; 413 for a multipart form of too many parts
 */
export function parseBody(contentType: string | undefined, bytes: Buffer, isJsonByLook = false): RequestBody {
  if (bytes.length === 0) return {}
  const seen = isJsonByLook ? jsonObjectIn(bytes) : undefined
  if (seen) return { json: seen }
  if (contentType === undefined || /^application\/x-www-form-urlencoded\b/i.test(contentType))
    return { form: new URLSearchParams(bytes.toString()) }
  if (JSON_TYPE.test(contentType)) return parseJson(bytes.toString())
  if (/^multipart\/form-data\b/i.test(contentType)) return parseMultipart(contentType, bytes)
  return {}
}

/** A form never begins with a brace that is not percent-encoded, nor does a multipart body. */
function jsonObjectIn(bytes: Buffer): Record<string, unknown> | undefined {
  const text = bytes.toString()
  if (!/^\s*\{/.test(text)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function parseJson(text: string): RequestBody {
  if (text.trim() === '') return {}
  try {
    return { json: JSON.parse(text) as unknown }
  } catch {
    throw new FrappeError('JSONDecodeError', 'The body is not valid JSON; check its quotes, commas and brackets', { status: 400 })
  }
}

const STRINGS = /"(?:[^"\\]|\\.)*"/g

/**
 * Refuses JSON that says a name twice within one object: what the parser made of it holds fewer names than the text.
 *
 * @param value - what the text was parsed to
 * @throws {FrappeError} `ValidationError` (400)
 */
export function refuseRepeatedNames(text: string, value: unknown): void {
  const said = text.replace(STRINGS, '').split(':').length - 1
  if (said !== countNames(value)) throw new FrappeError('ValidationError', 'The JSON body says a name twice; say it once', { status: 400 })
}

function countNames(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const held: unknown[] = Object.values(value)
  const own = Array.isArray(value) ? 0 : held.length
  return held.reduce<number>((sum, each) => sum + countNames(each), own)
}

/**
 * Frappe's one argument set: a JSON object alone, or else the query with the form laid over it. Of a
 * repeated key the first value counts; a JSON list becomes the argument `data`.
 *
 * @throws {FrappeError} `ValidationError` for JSON that is neither an object nor a list, or text that no database keeps
 */
export function mergeArguments(query: URLSearchParams, body: RequestBody): Arguments {
  if (body.json === undefined || body.json === null)
    return body.form
      ? Object.fromEntries([...firstValues(query), ...firstValues(body.form)])
      : query.size === 0
        ? NONE
        : Object.fromEntries(firstValues(query))
  checkJson(body.json)
  if (Array.isArray(body.json)) return { data: body.json }
  if (isRecord(body.json)) return body.json
  throw invalid('The JSON body must be one object')
}

const NONE: Arguments = Object.freeze({})

function firstValues(pairs: URLSearchParams): Map<string, string> {
  const values = new Map<string, string>()
  for (const [key, value] of pairs) {
    checkText(key)
    checkText(value)
    if (!values.has(key)) values.set(key, value)
  }
  return values
}

/** Refuses a NUL character, which PostgreSQL cannot store. */
export function checkText(text: string): void {
  if (text.includes('\0')) throw new FrappeError('ValidationError', 'Text must not hold the character NUL; remove it', { status: 400 })
}

/**
 * Refuses NUL in the texts of JSON, and bounds its depth: deeper values would overflow the stack of whoever walks them
 * later. For JSON that came as text within an argument, too.
 *
 * @throws {FrappeError} `ValidationError` (400)
 */
export function checkJson(value: unknown, depth = 0): void {
  if (typeof value === 'string') return checkText(value)
  if (typeof value !== 'object' || value === null) return
  if (depth > MAX_DEPTH)
    throw new FrappeError('ValidationError', `JSON must not be nested deeper than ${MAX_DEPTH} levels`, { status: 400 })
  for (const key in value) {
    checkText(key)
    checkJson((value as Readonly<Record<string, unknown>>)[key], depth + 1)
  }
}
