import { FrappeError, type Document } from '@annex/protocol'
import type { Backend } from '../../backend/backend.ts'
import type { Principal } from '../../policy/principal.ts'
import { formatTimestamp } from '../../doctypes/values/timestamps.ts'
import type { Premises } from '../premises.ts'
import { isPrivate } from './file-contents.ts'
import { listFilesAt, readContent, readPlace, type FilePlace, type FileRow } from './file-store.ts'

/** The content at an address of this site. */
export interface LocalFile {
  readonly filename: string
  readonly bytes: Buffer
}

/**
 * The content at `/files/…` for anyone, at `/private/files/…` for whoever may read one of the File documents there or the
 * document that one is attached to. A token needs the scopes to read File and, for an attached one, that document too.
 *
 * @param backend - guarded: its verbs judge the caller
 * @throws {FrappeError} `DoesNotExistError` for a public file that is not there; `PermissionError` for a private one that is
 * not, or is not the caller's to read
 */
export async function readLocalFile(premises: Premises, backend: Backend, principal: Principal, url: string): Promise<LocalFile> {
  const { connection } = premises.database
  const place = await readPlace(connection, url.normalize('NFC'))
  if (isPrivate(url)) await requireReadable(premises, backend, principal, place)
  const bytes = place && (await readContent(connection, place.hash))
  if (!bytes) throw new FrappeError('DoesNotExistError', 'There is no file at this address; check its spelling')
  return { filename: place.url.slice(place.url.lastIndexOf('/') + 1), bytes }
}

async function requireReadable(premises: Premises, backend: Backend, principal: Principal, place: FilePlace | undefined): Promise<void> {
  const files = place ? await listFilesAt(premises.database.connection, place) : []
  const own = await namesSeen(backend, principal, files)
  for (const file of files) {
    const target = await readTarget(backend, principal, file)
    if (own.has(file.name) ? target !== 'refused' || !principal.token : isOpenThrough(premises, file, target)) return
  }
  throw new FrappeError('PermissionError', 'You may not read this file; ask whoever keeps it', { errorMessage: true })
}

/** Those that the caller's own permission on File lets them see; a token without its scope is refused here. */
async function namesSeen(backend: Backend, principal: Principal, files: readonly FileRow[]): Promise<ReadonlySet<string>> {
  const names = files.map(({ name }) => name)
  const filters = [{ fieldname: 'name', operator: 'in' as const, value: names }]
  const rows = await backend.list(principal, { doctype: 'File', filters, limit: null })
  return new Set(rows.map((row) => String(row['name'])))
}

/** The document that a file is attached to: undefined when there is none (yet), `refused` when the caller may not read it. */
async function readTarget(backend: Backend, principal: Principal, file: FileRow): Promise<Document | undefined | 'refused'> {
  const { attached_to_doctype: doctype, attached_to_name: name } = file
  if (!doctype || !name) return undefined
  try {
    return await backend.read(principal, { doctype, name })
  } catch (error) {
    if (!(error instanceof FrappeError)) throw error
    return error.excType === 'DoesNotExistError' ? undefined : 'refused'
  }
}

/**
 * Whether a reader of the document that a file names may read the file. One that was sent for a document yet to be made belongs
 * to that of its own sender: whoever else takes the name first gets none of its files. One in a field goes to who sees the field.
 */
function isOpenThrough({ doctypes, zone }: Premises, file: FileRow, target: Document | undefined | 'refused'): boolean {
  if (target === undefined || target === 'refused') return false
  const field = doctypes.get(file.attached_to_doctype ?? '')?.fields.find(({ fieldname }) => fieldname === file.attached_to_field)
  if (field && !(field.fieldname in target)) return false
  return target.owner === file.owner || target.creation <= formatTimestamp(file.creation, zone)
}
