import { createHash } from 'node:crypto'
import type { Connection, Dialect } from '@annex/database'
import { randomName } from '../../doctypes/naming/name-for.ts'
import {
  insertContent,
  insertPlace,
  listFilesAt,
  listPlaces,
  lockContent,
  readPlace,
  removeContent,
  removePlace,
  type FilePlace,
} from './file-store.ts'
import { pathNameOf, withDigits } from './file-name.ts'

const PUBLIC = '/files/'
const PRIVATE = '/private/files/'

/** Whether the address is one of this site's own, whose content it holds. */
export const isLocal = (url: string): boolean => url.startsWith(PUBLIC) || url.startsWith(PRIVATE)
export const isPrivate = (url: string): boolean => url.startsWith(PRIVATE)

/** Whose file it will be, and what it is called. */
export interface NewFile {
  readonly user: string
  readonly name: string
  readonly isPrivate: boolean
}

/** Where a content is served, and the file's name there: a name that another content has gets digits. */
export interface Kept {
  readonly place: FilePlace
  readonly name: string
}

/** Stores a content, once however often it comes, and gives it an address. */
export async function keepContent(connection: Connection, dialect: Dialect, bytes: Buffer, file: NewFile): Promise<Kept> {
  const hash = createHash('sha256').update(bytes).digest('hex')
  // Until the transaction ends nobody else gives this content an address, or takes its last one away.
  while (!(await lockContent(connection, dialect, hash))) await insertContent(connection, hash, bytes)
  return placeContent(connection, { hash, content_hash: createHash('md5').update(bytes).digest('hex'), size: bytes.length }, file)
}

/** Gives the content of one address an address in the other folder; undefined when it has gone. */
export async function moveContent(connection: Connection, dialect: Dialect, url: string, file: NewFile): Promise<Kept | undefined> {
  const place = await holdPlace(connection, dialect, url)
  return place && placeContent(connection, place, file)
}

/** The place at an address, held until the transaction ends. */
export async function holdPlace(connection: Connection, dialect: Dialect, url: string): Promise<FilePlace | undefined> {
  const place = await readPlace(connection, url)
  if (!place || !(await lockContent(connection, dialect, place.hash))) return undefined
  return readPlace(connection, url)
}

/** Takes an address away when no File document has it any more, and its content with the last of its addresses. */
export async function releasePlace(connection: Connection, dialect: Dialect, url: string): Promise<void> {
  const place = isLocal(url) ? await holdPlace(connection, dialect, url) : undefined
  if (!place || (await listFilesAt(connection, place)).length > 0) return
  await removePlace(connection, url)
  if ((await listPlaces(connection, place.hash)).length === 0) await removeContent(connection, place.hash)
}

async function placeContent(connection: Connection, content: Omit<FilePlace, 'url'>, file: NewFile): Promise<Kept> {
  const known = await knownPlace(connection, content.hash, file)
  if (known) return { place: known, name: file.name }
  for (const digits of digitsToTry(content.content_hash)) {
    const name = digits === '' ? file.name : withDigits(file.name, digits)
    const place = { url: (file.isPrivate ? PRIVATE : PUBLIC) + pathNameOf(name), ...pick(content) }
    if (await insertPlace(connection, place)) return { place, name }
  }
  throw new Error('a random name of a file was taken')
}

const pick = ({ hash, content_hash, size }: Omit<FilePlace, 'url'>): Omit<FilePlace, 'url'> => ({ hash, content_hash, size })

/** The last six digits as Frappe takes them, then more, then what nobody can have. */
function* digitsToTry(contentHash: string): Generator<string> {
  yield* ['', contentHash.slice(-6), contentHash.slice(-12), contentHash]
  yield randomName()
}

/** The same bytes get the same address; a private one is shared among the files of one owner, so that nobody learns what others keep. */
async function knownPlace(connection: Connection, hash: string, { user, isPrivate: wanted }: NewFile): Promise<FilePlace | undefined> {
  for (const place of await listPlaces(connection, hash)) {
    if (isPrivate(place.url) !== wanted) continue
    if (!wanted || (await listFilesAt(connection, place)).some(({ owner }) => owner === user)) return place
  }
  return undefined
}
