import type { Connection } from '@annex/database'
import type { DocField, DocType, Document } from '@annex/protocol'
import { readSealedValue, removeSealedValue, writeSealedValue, type SecretPlace } from '../../doctypes/tables/sealed-value-store.ts'
import { STARS } from '../../doctypes/values/texts.ts'
import { setValue } from '../change/draft-value.ts'
import type { Held } from '../held.ts'
import type { Premises } from '../premises.ts'
import { passwordsOf, rowsOf, tablesOf, type StoredRow } from '../shape.ts'
import { secretOf } from './draft-secrets.ts'

/** A document or a row of it, with its Password fields. */
interface Holder {
  readonly doctype: DocType
  readonly fields: readonly DocField[]
  readonly draft: Document
}

function holdersOf(premises: Premises, doctype: DocType, draft: Document): Holder[] {
  const inRows = tablesOf(doctype).flatMap((table) => {
    const child = premises.doctypes.require(table.options)
    const fields = passwordsOf(child)
    return fields.length === 0 ? [] : rowsOf(draft, table).map((row) => ({ doctype: child, fields, draft: row }))
  })
  const fields = passwordsOf(doctype)
  return fields.length === 0 ? inRows : [{ doctype, fields, draft }, ...inRows]
}

/**
 * Puts asterisks where the site's own code, or a fetched value, has left a secret in the clear.
 *
 * @throws {FrappeError} `ValidationError` for what is no text
 */
export function hideSecrets(premises: Premises, doctype: DocType, draft: Document): void {
  for (const holder of holdersOf(premises, doctype, draft)) {
    for (const field of holder.fields) {
      const value = holder.draft[field.fieldname]
      if (value === STARS || value === null || value === undefined) continue
      holder.draft[field.fieldname] = null
      setValue(holder.draft, field, value, premises.zone)
    }
  }
}

/** Keeps the secrets that a change sets, sealed and apart from the document, and removes those that it ends. */
export async function writeSecrets(
  premises: Premises,
  connection: Connection,
  doctype: DocType,
  draft: Document,
  before?: Held,
): Promise<void> {
  const stored = before && storedIn(premises, doctype, before)
  for (const holder of holdersOf(premises, doctype, draft)) {
    const name = String(holder.draft.name)
    const was = stored?.get(keyOf(holder.doctype, name))
    stored?.delete(keyOf(holder.doctype, name))
    for (const { fieldname } of holder.fields) {
      const place = { doctype: holder.doctype.name, name, fieldname }
      const secret = secretOf(holder.draft, fieldname)
      if (holder.draft[fieldname] !== STARS) await removeUnlessEmpty(connection, place, was)
      else if (secret !== undefined) await write(premises, connection, place, secret)
    }
  }
  for (const gone of stored?.values() ?? []) await removeFrom(connection, gone)
}

/** What stands in the database of a document, and of those of its rows that may have secrets. */
interface StoredIn {
  readonly doctype: DocType
  readonly row: StoredRow
}

const keyOf = (doctype: DocType, name: string): string => `${doctype.name}\n${name}`

function storedIn(premises: Premises, doctype: DocType, { row, rows }: Held): Map<string, StoredIn> {
  const inRows = tablesOf(doctype).flatMap(({ fieldname, options }) => {
    const child = premises.doctypes.require(options)
    return passwordsOf(child).length === 0 ? [] : (rows.get(fieldname) ?? []).map((line) => ({ doctype: child, row: line }))
  })
  const own = passwordsOf(doctype).length === 0 ? [] : [{ doctype, row }]
  return new Map([...own, ...inRows].map((stored) => [keyOf(stored.doctype, stored.row.name), stored]))
}

async function removeUnlessEmpty(connection: Connection, place: SecretPlace, was: StoredIn | undefined): Promise<void> {
  if (was && was.row[place.fieldname] !== null) await removeSealedValue(connection, place)
}

async function removeFrom(connection: Connection, { doctype, row }: StoredIn): Promise<void> {
  for (const { fieldname } of passwordsOf(doctype))
    if (row[fieldname] !== null) await removeSealedValue(connection, { doctype: doctype.name, name: row.name, fieldname })
}

async function write({ sealer }: Premises, connection: Connection, place: SecretPlace, secret: string): Promise<void> {
  const { keyId, text } = await sealer.seal(connection, secret, place)
  await writeSealedValue(connection, { ...place, key_id: keyId, sealed: text })
}

/** Removes the secrets of a document that goes, and of its rows. */
export async function removeSecrets(premises: Premises, connection: Connection, doctype: DocType, held: Held): Promise<void> {
  for (const stored of storedIn(premises, doctype, held).values()) await removeFrom(connection, stored)
}

/** The secrets of a renamed document follow it: each is sealed for its place alone. Those of rows stay, for rows keep their names. */
export async function renameSecrets(
  premises: Premises,
  connection: Connection,
  doctype: DocType,
  name: string,
  newName: string,
): Promise<void> {
  for (const { fieldname } of passwordsOf(doctype)) {
    const place = { doctype: doctype.name, name, fieldname }
    const secret = await readSecret(premises, connection, place)
    if (secret === undefined) continue
    await removeSealedValue(connection, place)
    await write(premises, connection, { ...place, name: newName }, secret)
  }
}

/** @throws {FrappeError} `ValidationError` when it cannot be opened */
export async function readSecret({ sealer }: Premises, connection: Connection, place: SecretPlace): Promise<string | undefined> {
  const row = await readSealedValue(connection, place)
  return row && sealer.open(connection, { keyId: row.key_id, text: row.sealed }, place)
}
