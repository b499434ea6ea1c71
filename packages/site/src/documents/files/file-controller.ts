import type { Dialect } from '@annex/database'
import { FrappeError, invalid, notPermitted, type Document } from '@annex/protocol'
import type { Change, Controller } from '../../doctypes/controller.ts'
import { holdPlace, isLocal, isPrivate, keepContent, moveContent, releasePlace, type Kept, type NewFile } from './file-contents.ts'
import { cleanFileName, extensionOf } from './file-name.ts'

export interface FileParts {
  readonly dialect: Dialect
  /** Bytes that one file may have. */
  readonly maxSize: number
}

const LONGEST_URL = 2000
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/**
 * The behaviour of the DocType File. What its fields say of a content (address, size, hash) is set here and nowhere else,
 * so that an address in a document is proof that its writer had the content, or could read it there.
 */
export function fileController(parts: FileParts): Controller {
  const release = ({ connection }: Change, document: Document | undefined): Promise<void> =>
    releasePlace(connection, parts.dialect, textOf(document?.['file_url']))
  return {
    beforeInsert: (change) => settleNew(change, parts),
    beforeUpdate: (change) => settleChanged(change, parts),
    afterUpdate: async (change) => {
      if (change.document['file_url'] !== change.previous?.['file_url']) await release(change, change.previous)
    },
    afterRemove: (change) => release(change, change.previous),
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const isOn = (value: unknown): boolean => Number(value ?? 0) === 1

async function settleNew(change: Change, parts: FileParts): Promise<void> {
  const { document, sent } = change
  document['file_name'] = textOf(document['file_name']) === '' ? null : cleanFileName(textOf(document['file_name']))
  const bytes = contentIn(sent)
  const url = textOf(document['file_url']).trim()
  if (bytes) await settleContent(change, bytes, parts)
  else if (url === '') throw new FrappeError('MandatoryError', 'A File needs its content or a file_url; send one of them')
  else if (isLocal(url)) await settlePointer(change, url, parts)
  else settleLink(document, url)
}

/** Bytes as a method hands them over; as JSON they are text, or base64 beside `decode`. */
function contentIn({ content, decode }: Change['sent']): Buffer | undefined {
  if (content === undefined || content === null || content === '') return undefined
  if (Buffer.isBuffer(content)) return content
  if (typeof content !== 'string') throw invalid('content must be text, or base64 beside decode: 1')
  if (![1, '1', true, 'true'].includes(decode as string)) return Buffer.from(content)
  return decodeContent(content)
}

/**
 * Base64, also as the browser's data URL.
 *
 * @throws {FrappeError} `ValidationError` for what is none
 */
export function decodeContent(text: string): Buffer {
  const encoded = text.slice(text.startsWith('data:') ? text.indexOf(',') + 1 : 0).replaceAll(/\s/g, '')
  if (!BASE64.test(encoded)) throw invalid('The content of a file that is to be decoded must be base64')
  return Buffer.from(encoded, 'base64')
}

async function settleContent({ connection, document, user }: Change, bytes: Buffer, { dialect, maxSize }: FileParts): Promise<void> {
  if (bytes.length > maxSize)
    throw new FrappeError(
      'MaxFileSizeReachedError',
      `A file may have at most ${maxSize / 1024 / 1024} MiB on this site; send a smaller one`,
    )
  describe(document, await keepContent(connection, dialect, bytes, newFile(document, user)))
}

const newFile = (document: Document, user: string): NewFile => ({
  user,
  name: textOf(document['file_name']) || 'file',
  isPrivate: isOn(document['is_private']),
})

function describe(document: Document, { place, name }: Kept): void {
  Object.assign(document, { file_name: name, file_type: extensionOf(name) || null })
  Object.assign(document, { file_url: place.url, file_size: place.size, content_hash: place.content_hash })
  document['is_private'] = isPrivate(place.url) ? 1 : 0
}

/** A second File document of one content. Who may point at a private one is judged after the write, as one who may read it. */
async function settlePointer({ connection, document }: Change, url: string, { dialect }: FileParts): Promise<void> {
  const place = await holdPlace(connection, dialect, url)
  if (!place) throw isPrivate(url) ? nothingThere() : invalid(`There is no file at ${url.slice(0, 140)}; upload it first`)
  const name = textOf(document['file_name']) || url.slice(url.lastIndexOf('/') + 1)
  describe(document, { place, name })
}

/** The same whether there is none or another's, so that nobody learns what others keep. */
export const nothingThere = (): FrappeError => notPermitted('There is no private file of yours at this file_url; upload it')

function settleLink(document: Document, url: string): void {
  const link = url.length <= LONGEST_URL && URL.canParse(url) ? new URL(url) : undefined
  if (link?.protocol !== 'https:' && link?.protocol !== 'http:')
    throw invalid('file_url must be an http or https URL, or the address of a file of this site (/files/…)')
  const name = textOf(document['file_name']) || cleanFileName(lastPart(link.pathname))
  Object.assign(document, { file_name: name, file_type: extensionOf(name) || null, file_url: url, file_size: 0, content_hash: null })
}

function lastPart(path: string): string {
  const last = path.slice(path.lastIndexOf('/') + 1)
  try {
    return decodeURIComponent(last)
  } catch {
    return last
  }
}

/** A content never changes: its address would mean another file to whoever holds it. */
async function settleChanged(change: Change, parts: FileParts): Promise<void> {
  const { connection, document, previous, sent, user } = change
  if (contentIn(sent)) throw invalid('The content of a File cannot be changed; upload a new one and remove this')
  const url = textOf(previous?.['file_url'])
  if (textOf(document['file_url']) !== url) throw invalid('The file_url of a File cannot be changed; upload a new one and remove this')
  document['file_name'] = cleanFileName(textOf(document['file_name']))
  for (const field of ['file_type', 'file_size', 'content_hash']) document[field] = previous?.[field] ?? null
  if (!isLocal(url) || isOn(document['is_private']) === isPrivate(url)) return
  const kept = await moveContent(connection, parts.dialect, url, newFile(document, user))
  if (!kept) throw invalid('The content of this File has gone; upload it again')
  describe(document, kept)
}
