import { FrappeError } from './errors.ts'
import { isRecord } from './document.ts'

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

/** The error that a Frappe site answered, as the class it was on the other side. */
export function decodeError(status: number, body: unknown): FrappeError {
  if (!isRecord(body))
    return new FrappeError('UpstreamUnavailableError', `The site answered ${status} without a body that Frappe sends`, { status })
  const messages = decodeMessages(body['_server_messages'])
  const excType = typeof body['exc_type'] === 'string' ? body['exc_type'] : 'ValidationError'
  const text =
    messages.at(-1) ?? textOf(body['_error_message']) ?? textOf(body['message']) ?? afterColon(textOf(body['exception'])) ?? excType
  return new FrappeError(excType, text, { status, messages })
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
const afterColon = (text: string | undefined): string | undefined => text?.slice(text.indexOf(':') + 1).trim()
