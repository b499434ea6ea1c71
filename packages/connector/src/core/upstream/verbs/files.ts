import { FrappeError, notFound, type Document } from '@annex/protocol'
import type { Calls } from '../calls/calls.ts'
import { failureOf } from '../calls/failures.ts'
import { pathPart } from '../calls/paths.ts'
import { outage, readChunks } from '../transport.ts'
import type { DownloadOptions, UploadOptions } from '../types.ts'
import { documentOf } from './documents.ts'
import { pass } from './passage.ts'

/** A private file unless told otherwise: Frappe's own default shows it to everybody. */
export async function upload(calls: Calls, file: Blob, options: UploadOptions): Promise<Document> {
  const { name, isPrivate = true, folder = 'Home', attachTo } = options
  const form = new FormData()
  const fields = {
    is_private: isPrivate ? '1' : '0',
    folder,
    doctype: attachTo?.doctype,
    docname: attachTo?.name,
    fieldname: attachTo?.field,
  }
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) form.set(key, value)
  form.set('file', file, name)
  return documentOf(await calls.method('upload_file', { method: 'POST', body: form, options }))
}

const WHOLE_MS = 60_000
const MOST_BYTES = 64 << 20

/** A file's address holds its name as it is: `#`, `%` and spaces would mean something else in a path. */
export async function download(
  calls: Calls,
  fileUrl: string,
  { signal: caller, timeoutMs = WHOLE_MS, maxBytes = MOST_BYTES }: DownloadOptions,
): Promise<Blob> {
  const [, place, name] = /^(\/(?:private\/)?files\/)(.+)$/.exec(fileUrl) ?? []
  if (place === undefined || name === undefined)
    throw new TypeError(`${fileUrl} is not a file that the site keeps (/files/… or /private/files/…): fetch it without the connector`)
  const path = place + name.split('/').map(pathPart).join('/')
  const late = AbortSignal.timeout(timeoutMs)
  const signal = caller ? AbortSignal.any([caller, late]) : late
  try {
    const answer = await pass(calls, path, { headers: { accept: 'application/json' }, signal })
    if (answer.status === 200) return await readFile(answer, maxBytes)
    if (answer.status === 404) throw notFound('File', fileUrl)
    const json: unknown = await answer.json().catch(() => undefined)
    throw failureOf({ status: answer.status, headers: answer.headers, json }, calls.parts)
  } catch (error) {
    caller?.throwIfAborted()
    throw late.aborted ? outage(calls.parts.origin, true, error) : error
  }
}

async function readFile({ body, headers }: Response, maxBytes: number): Promise<Blob> {
  return new Blob(await readChunks(body, maxBytes, tooLarge), { type: headers.get('content-type') ?? '' })
}

const tooLarge = (maxBytes: number): FrappeError =>
  new FrappeError('RequestTooLargeError', `The file is larger than ${maxBytes} bytes: set maxBytes higher, or fetch it as a stream`, {
    status: 413,
  })
