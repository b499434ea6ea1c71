import { notFound, type Document } from '@annex/protocol'
import type { Calls } from '../calls/calls.ts'
import { failureOf } from '../calls/failures.ts'
import { pathPart } from '../calls/paths.ts'
import type { CallOptions, UploadOptions } from '../types.ts'
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

/** A file's address holds its name as it is: `#`, `%` and spaces would mean something else in a path. */
export async function download(calls: Calls, fileUrl: string, { signal }: Pick<CallOptions, 'signal'>): Promise<Blob> {
  const [, place, name] = /^(\/(?:private\/)?files\/)(.+)$/.exec(fileUrl) ?? []
  if (place === undefined || name === undefined)
    throw new TypeError(`${fileUrl} is not a file that the site keeps (/files/… or /private/files/…): fetch it without the connector`)
  const path = place + name.split('/').map(pathPart).join('/')
  const answer = await pass(calls, path, { headers: { accept: 'application/json' }, ...(signal === undefined ? {} : { signal }) })
  if (answer.status === 200) return answer.blob()
  if (answer.status === 404) throw notFound('File', fileUrl)
  throw failureOf({ status: answer.status, headers: answer.headers, json: await answer.json().catch(() => undefined) }, calls.parts)
}
