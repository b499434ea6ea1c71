import { FrappeError } from './errors.ts'
import { isRecord } from './documents/document.ts'

/** The body of an error in Frappe's first API version. */
export interface FrappeErrorBody {
  readonly exc_type: string
  readonly exception?: string
  readonly exc?: string
  readonly _server_messages?: string
  readonly _error_message?: string
  readonly [key: string]: unknown
}

/**
 * The body that Frappe's clients read an error from.
 *
 * `exc` holds one short line and never a traceback: the Python clients notice an error by it alone.
 */
export function encodeError(error: FrappeError): FrappeErrorBody {
  const exception = `frappe.exceptions.${error.excType}: ${error.message}`
  const messages = error.options.messages ?? [error.message]
  return {
    ...error.options.body,
    exception,
    exc_type: error.excType,
    exc: JSON.stringify([exception]),
    ...(messages.length > 0 ? { _server_messages: encodeMessages(messages) } : {}),
    ...(error.options.errorMessage === true ? { _error_message: error.message } : {}),
  }
}

const encodeMessages = (messages: readonly string[]): string =>
  JSON.stringify(messages.map((message) => JSON.stringify({ message, title: 'Message', indicator: 'red', raise_exception: 1 })))

/** The body of an error in Frappe's second API version: one error, with the sentence for the person in it. */
export function encodeV2Error(error: FrappeError): Readonly<Record<string, unknown>> {
  const [message = error.message, ...more] = error.options.messages ?? []
  const exception = `frappe.exceptions.${error.excType}: ${error.message}`
  return {
    ...error.options.body,
    errors: [{ type: error.excType, exception, message, title: 'Message', indicator: 'red' }],
    ...(more.length > 0 ? { messages: more.map(toV2Message) } : {}),
  }
}

/** What a call that succeeded answers. */
export interface Reply {
  /** Absent or null: the answer has no such key, as in Frappe. */
  readonly value?: unknown
  /** Further top-level keys. */
  readonly body?: Readonly<Record<string, unknown>>
  /** Sentences for the person. */
  readonly messages?: readonly string[]
}

/**
 * The body of a success in either version.
 *
 * @param key - under which the value stands: `message` of a method, `data` of a document and of all of version 2
 */
export function encodeReply({ value, body, messages = [] }: Reply, key: 'message' | 'data', api: 1 | 2): Readonly<Record<string, unknown>> {
  return {
    ...body,
    ...(value === undefined || value === null ? {} : { [key]: value }),
    ...(messages.length === 0 ? {} : api === 1 ? { _server_messages: encodeNotes(messages) } : { messages: messages.map(toV2Message) }),
  }
}

const encodeNotes = (messages: readonly string[]): string =>
  JSON.stringify(messages.map((message) => JSON.stringify({ message, title: 'Message' })))

const toV2Message = (message: string): Readonly<Record<string, string>> => ({ message, title: 'Message' })

/** The texts in `_server_messages`; empty when there are none or they cannot be read. */
export function decodeMessages(encoded: unknown): string[] {
  if (typeof encoded !== 'string') return []
  try {
    const list: unknown = JSON.parse(encoded)
    return Array.isArray(list) ? list.flatMap(decodeMessage) : []
  } catch {
    return []
  }
}

function decodeMessage(text: unknown): string[] {
  if (typeof text !== 'string') return []
  const message: unknown = JSON.parse(text)
  return isRecord(message) && typeof message['message'] === 'string' ? [message['message']] : []
}

/** What an error without a name is, where the status says it. */
const NAMELESS: Readonly<Record<number, string>> = {
  401: 'AuthenticationError',
  403: 'PermissionError',
  404: 'DoesNotExistError',
  429: 'TooManyRequestsError',
}

/**
 * The error that a Frappe site answered in either version of its API, as the class it was on the other side.
 *
 * Its sentences are text: tags that a site writes into them are taken out. Whoever shows them in a page escapes them all the same.
 */
export function decodeError(status: number, body: unknown): FrappeError {
  // An older site may say 200 beside an error.
  const known = status >= 400 ? { status } : {}
  if (!isRecord(body))
    return new FrappeError('UpstreamUnavailableError', `The site answered ${status} without a body that Frappe sends`, known)
  const raised = raisedIn(body)
  const excType = raised.type ?? NAMELESS[status] ?? 'ValidationError'
  const text = raised.messages.at(-1) ?? raised.text ?? excType
  return new FrappeError(excType, text, { ...known, messages: raised.messages })
}

interface Raised {
  readonly type: string | undefined
  readonly messages: readonly string[]
  /** What is said where there is no message for the person. */
  readonly text: string | undefined
}

function raisedIn(body: Readonly<Record<string, unknown>>): Raised {
  const [error] = Array.isArray(body['errors']) ? (body['errors'] as unknown[]).filter(isRecord) : []
  return error === undefined ? raisedInV1(body) : raisedInV2(error, body['messages'])
}

function raisedInV1(body: Readonly<Record<string, unknown>>): Raised {
  const exception = textOf(body['exception']) ?? lastLine(decodeTexts(body['exc']).at(-1))
  return {
    type: textOf(body['exc_type']) ?? classOf(exception),
    messages: decodeMessages(body['_server_messages']).map(withoutTags),
    text: plain(body['_error_message']) ?? plain(body['message']) ?? plain(afterColon(exception)),
  }
}

/** The sentence stands in the error itself, further ones beside it; `exception` is a whole traceback. */
function raisedInV2(error: Readonly<Record<string, unknown>>, others: unknown): Raised {
  const exception = lastLine(textOf(error['exception']))
  const beside = (Array.isArray(others) ? (others as unknown[]) : []).flatMap((other) =>
    isRecord(other) ? (plain(other['message']) ?? []) : [],
  )
  const own = plain(error['message'])
  return {
    type: textOf(error['type']) ?? classOf(exception),
    messages: own === undefined ? beside : [...beside, own],
    text: plain(afterColon(exception)),
  }
}

const decodeTexts = (encoded: unknown): string[] => {
  try {
    const list: unknown = JSON.parse(textOf(encoded) ?? '[]')
    return Array.isArray(list) ? list.filter((text) => typeof text === 'string') : []
  } catch {
    return []
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
const plain = (value: unknown): string | undefined => textOf(withoutTags(textOf(value) ?? ''))
const lastLine = (text: string | undefined): string | undefined => text?.trim().split('\n').at(-1)
const afterColon = (text: string | undefined): string | undefined => text?.slice(text.indexOf(':') + 1).trim()
/** `MandatoryError` of `frappe.exceptions.MandatoryError: [Item, x]: title`. */
const classOf = (line: string | undefined): string | undefined => /^(?:\w+\.)*([A-Z]\w*)(?::|$)/.exec(line ?? '')?.[1]

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', '#39': "'", nbsp: ' ' }

/** Tags are taken out before what they might be made of is read: what was text stays text. */
function withoutTags(text: string): string {
  if (!/[<&]/.test(text)) return text
  return text
    .replaceAll(/<(?:br|\/p|\/li|\/div|\/tr)\b[^<>]*>/gi, ' ')
    .replaceAll(/<\/?[a-z][^<>]*>/gi, '')
    .replaceAll(/&(lt|gt|amp|quot|#39|nbsp);/g, (_, name: string) => ENTITIES[name]!)
    .replaceAll(/\s+/g, ' ')
    .trim()
}
