import type { Duplex } from 'node:stream'
import { FrappeError, encodeError } from '@annex/protocol'

type Facts = readonly [status: string, excType: string, sentence: string]

const FAULTS: Readonly<Record<string, Facts>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'RequestTooLargeError',
    'The address and headers are too long; send arguments in the body, and fewer cookies',
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Payload Too Large', 'RequestTooLargeError', 'The body is cut into too many pieces; send it whole'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'ValidationError', 'The request did not come to its end in time; send it again'],
}
const UNREADABLE: Facts = [
  '400 Bad Request',
  'ValidationError',
  'This is not a request of HTTP/1.1 that can be read; check its method, its address and its headers',
]

/** Answers bytes that are no request: no handler, no header of theirs is known yet. */
export function refuseUnreadable(
  error: Error & { readonly code?: string },
  socket: Duplex,
  headers: Readonly<Record<string, string>>,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, excType, sentence] = FAULTS[error.code ?? ''] ?? UNREADABLE
  const body = JSON.stringify(encodeError(new FrappeError(excType, sentence)))
  const lines = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}
