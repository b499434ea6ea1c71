import type { Connection, Dialect } from '@annex/database'

/** An address at which this site serves a content. */
export type FilePlace = {
  /** `/files/NAME` or `/private/files/NAME`. */
  url: string
  /** SHA-256 of the content, hex. */
  hash: string
  /** What its File documents show: MD5, as in Frappe. */
  content_hash: string
  /** Bytes. */
  size: number
}

/** A File document, as far as its place and its readers need it. */
export type FileRow = {
  name: string
  owner: string
  /** UTC microseconds. */
  creation: number
  file_name: string | null
  file_url: string | null
  content_hash: string | null
  attached_to_doctype: string | null
  attached_to_name: string | null
  attached_to_field: string | null
}

type Tables = {
  file_content: { hash: string; part: number; bytes: Buffer }
  file_place: FilePlace
  tabFile: FileRow
}

const tables = (connection: Connection) => connection.withTables<Tables>()
const FILE_COLUMNS = [
  'name',
  'owner',
  'creation',
  'file_name',
  'file_url',
  'content_hash',
  'attached_to_doctype',
  'attached_to_name',
  'attached_to_field',
] as const

/** Bytes of one row: a backup or a copy, which read many rows at once, stay small in memory whatever the files. */
const PART = 64 * 1024

/** Holds a content until the transaction ends, so that it neither goes nor comes meanwhile; false when there is none. */
export async function lockContent(connection: Connection, dialect: Dialect, hash: string): Promise<boolean> {
  // Primary key (hash, part).
  const query = tables(connection).selectFrom('file_content').select('hash').where('hash', '=', hash).where('part', '=', 0)
  return (await query.modifyEnd(dialect.lockRows).executeTakeFirst()) !== undefined
}

/** Nothing happens when another process was faster. */
export async function insertContent(connection: Connection, hash: string, bytes: Buffer): Promise<void> {
  const first = tables(connection)
    .insertInto('file_content')
    .values({ hash, part: 0, bytes: bytes.subarray(0, PART) })
  const { numInsertedOrUpdatedRows: inserted } = await first.onConflict((conflict) => conflict.doNothing()).executeTakeFirstOrThrow()
  if (inserted === 0n) return
  for (let part = 1; part * PART < bytes.length; part += 1) {
    const values = { hash, part, bytes: bytes.subarray(part * PART, (part + 1) * PART) }
    await tables(connection).insertInto('file_content').values(values).execute()
  }
}

export async function readContent(connection: Connection, hash: string): Promise<Buffer | undefined> {
  // Primary key (hash, part).
  const parts = await tables(connection).selectFrom('file_content').select('bytes').where('hash', '=', hash).orderBy('part').execute()
  return parts.length === 0 ? undefined : Buffer.concat(parts.map(({ bytes }) => bytes))
}

export async function removeContent(connection: Connection, hash: string): Promise<void> {
  // Primary key (hash, part).
  await tables(connection).deleteFrom('file_content').where('hash', '=', hash).execute()
}

/** False when the address is taken. */
export async function insertPlace(connection: Connection, place: FilePlace): Promise<boolean> {
  const query = tables(connection).insertInto('file_place').values(place)
  const taken = await query.onConflict((conflict) => conflict.column('url').doNothing()).executeTakeFirst()
  return taken.numInsertedOrUpdatedRows === 1n
}

export async function readPlace(connection: Connection, url: string): Promise<FilePlace | undefined> {
  // Primary key.
  return tables(connection).selectFrom('file_place').selectAll().where('url', '=', url).executeTakeFirst()
}

export async function listPlaces(connection: Connection, hash: string): Promise<FilePlace[]> {
  // Index on file_place (hash).
  return tables(connection).selectFrom('file_place').selectAll().where('hash', '=', hash).orderBy('url').execute()
}

export async function removePlace(connection: Connection, url: string): Promise<void> {
  // Primary key.
  await tables(connection).deleteFrom('file_place').where('url', '=', url).execute()
}

/** The File documents of one address, oldest first. */
export async function listFilesAt(connection: Connection, place: Pick<FilePlace, 'url' | 'content_hash'>): Promise<FileRow[]> {
  // Index on tabFile (content_hash, name).
  const query = tables(connection).selectFrom('tabFile').select(FILE_COLUMNS).where('content_hash', '=', place.content_hash)
  return query.where('file_url', '=', place.url).orderBy('creation').orderBy('name').execute()
}

/** The File documents attached to one document. */
export async function listAttached(connection: Connection, doctype: string, name: string): Promise<FileRow[]> {
  // Index on tabFile (attached_to_name, name).
  const query = tables(connection).selectFrom('tabFile').select(FILE_COLUMNS).where('attached_to_name', '=', name)
  return query.where('attached_to_doctype', '=', doctype).execute()
}

/**
 * Takes from a name what was sent for a document of that name that was yet to be made, when another document gets the
 * name: its readers are not those the files were for. What the owner of that document sent stays.
 */
export async function detachFrom(connection: Connection, doctype: string, name: string, owner: string): Promise<void> {
  const nothing = { attached_to_doctype: null, attached_to_name: null, attached_to_field: null }
  // Index on tabFile (attached_to_name, name).
  const query = tables(connection).updateTable('tabFile').set(nothing).where('attached_to_name', '=', name)
  await query.where('attached_to_doctype', '=', doctype).where('owner', '<>', owner).execute()
}

/** Removes File documents below their controller: their places are the caller's to release. */
export async function removeFileRows(connection: Connection, names: readonly string[]): Promise<void> {
  // Primary key (name).
  await tables(connection).deleteFrom('tabFile').where('name', 'in', names).execute()
}
