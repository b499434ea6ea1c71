import { FrappeError } from '@annex/protocol'
import type { SentFile } from '../exchange.ts'

export interface MultipartForm {
  readonly form: URLSearchParams
  /** The first file of each name. */
  readonly files: ReadonlyMap<string, SentFile>
}

interface Part {
  readonly name: string
  /** Absent for a plain field. */
  readonly filename: string | undefined
  readonly contentType: string
  readonly bytes: Buffer
}

/** As many as Frappe's server takes. */
const MAX_PARTS = 1000
const MAX_HEADER = 8192
const BLANK_LINE = Buffer.from('\r\n\r\n')

/**
 * Reads a multipart form in one pass over its bytes. Files are views of the body: nothing is copied.
 *
 * @throws {FrappeError} 400 for a body that is none; 413 for too many parts
 * @see RFC 7578
 */
export function parseMultipart(contentType: string, body: Buffer): MultipartForm {
  const form = new URLSearchParams()
  const files = new Map<string, SentFile>()
  for (const { name, filename, contentType: type, bytes } of partsOf(body, boundaryOf(contentType))) {
    if (filename === undefined) form.append(name, bytes.toString())
    else if (!files.has(name) && (filename !== '' || bytes.length > 0)) files.set(name, { filename, contentType: type, bytes })
  }
  return { form, files }
}

/** @see RFC 2046 section 5.1.1 */
function boundaryOf(contentType: string): string {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? []
  const boundary = quoted ?? plain
  if (boundary === undefined) throw unreadable()
  return boundary
}

function* partsOf(body: Buffer, boundary: string): Generator<Part> {
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
  // The first delimiter begins the body, or follows a preamble that nobody reads.
  let at = body.indexOf(delimiter.subarray(2))
  if (at < 0) throw unreadable()
  at += delimiter.length - 2
  for (let count = 0; !isClosing(body, at); count += 1) {
    if (count === MAX_PARTS) throw new FrappeError('RequestTooLargeError', `The form has more than ${MAX_PARTS} parts; send fewer`)
    const start = endOfLine(body, at)
    const end = body.indexOf(delimiter, start)
    if (end < 0) throw unreadable()
    yield readPart(body.subarray(start, end))
    at = end + delimiter.length
  }
}

const isClosing = (body: Buffer, at: number): boolean => body[at] === 0x2d && body[at + 1] === 0x2d

/** Where the headers of a part begin, less the line's own end, so that a part without headers has its blank line too. */
function endOfLine(body: Buffer, at: number): number {
  let end = at
  while (body[end] === 0x20 || body[end] === 0x09) end += 1
  if (body[end] !== 0x0d || body[end + 1] !== 0x0a) throw unreadable()
  return end
}

function readPart(part: Buffer): Part {
  const blank = part.subarray(0, MAX_HEADER).indexOf(BLANK_LINE)
  if (blank < 0) throw unreadable()
  const headers = headersOf(part.subarray(0, blank).toString())
  const disposition = headers.get('content-disposition') ?? ''
  const parameters = parametersOf(disposition)
  const name = parameters.get('name')
  if (!/^form-data\s*(?:;|$)/i.test(disposition) || name === undefined) throw unreadable()
  return {
    name,
    filename: decodedName(parameters.get('filename*')) ?? parameters.get('filename'),
    contentType: headers.get('content-type') ?? 'text/plain',
    bytes: part.subarray(blank + BLANK_LINE.length),
  }
}

function headersOf(text: string): Map<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'))
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).trim().toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
}

/** A quote behind a backslash belongs to the value, unless the value ends there: browsers send a backslash as it is. */
const PARAMETER = /;\s*([^\s=;"]+)=(?:"((?:[^"\\]|\\(?!")|\\"(?!\s*(?:;|$)))*\\?)"|([^\s;"]*))/g

/** Browsers write `"` as `%22` and line ends as `%0D%0A`; other programs put a backslash before a quote. */
function parametersOf(header: string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const [, name = '', quoted, plain = ''] of header.matchAll(PARAMETER)) {
    const value = quoted?.replaceAll('\\"', '"') ?? plain
    parameters.set(
      name.toLowerCase(),
      value.replaceAll(/%(22|0d|0a)/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16))),
    )
  }
  return parameters
}

/** `filename*=UTF-8''na%C3%AFve.txt`, which some programs of Python send. @see RFC 8187 */
function decodedName(extended: string | undefined): string | undefined {
  const encoded = /^utf-8'[^']*'(.+)$/i.exec(extended ?? '')?.[1]
  if (encoded === undefined) return undefined
  try {
    return decodeURIComponent(encoded)
  } catch {
    throw unreadable()
  }
}

const unreadable = (): FrappeError =>
  new FrappeError('ValidationError', 'The body is not a valid multipart form; check its boundary', { status: 400 })
