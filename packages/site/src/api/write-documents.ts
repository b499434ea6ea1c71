import { FrappeError, invalid, isColumn, isTableField, type DocField, type DocType, type Document, type Values } from '@annex/protocol'
import type { DocumentId } from '../backend/backend.ts'
import type { MethodCall } from '../backend/method.ts'
import type { SentDocument } from './arguments.ts'

const PLACE = ['parenttype', 'parent', 'parentfield'] as const

export type Caller = Pick<MethodCall, 'principal' | 'backend'>

/** A new document; for a new row of a child table, the document that it was added to. */
export async function insertDocument(caller: Caller, sent: SentDocument): Promise<Document> {
  const [document] = await insertAll(caller, sent.doctype, [sent])
  if (!document) throw new Error('An insert gave no document')
  return wholeOf(caller, document)
}

/**
 * Inserts documents, all or none. A row that does not say where it stands is bad input here, as in Frappe's methods.
 *
 * @throws {FrappeError} `ValidationError` in place of the refusal that such a row meets
 */
export async function insertAll(
  { principal, backend }: Caller,
  doctype: string | readonly string[],
  sent: readonly SentDocument[],
): Promise<Document[]> {
  try {
    return await backend.insert(principal, doctype, sent)
  } catch (error) {
    const stray = sent.find((document) => !PLACE.every((key) => document[key]))
    if (!(error instanceof FrappeError) || error.excType !== 'PermissionError' || !stray) throw error
    // Whoever lacks the scope is told that: to look further on their behalf would be noted as a refusal of its own.
    if (error.options.headers?.['www-authenticate'] !== undefined) throw error
    const isRow = await backend.doctype(principal, stray.doctype).then(
      ({ istable }) => istable,
      () => false,
    )
    throw isRow ? invalid(error.message) : error
  }
}

/** Changes what is sent and leaves the rest; of a row, its document comes back. */
export async function updateDocument(caller: Caller, id: DocumentId, values: Values): Promise<Document> {
  return wholeOf(caller, await caller.backend.update(caller.principal, { ...id, values }))
}

/** The document that a row stands in, under its name and DocType; a document is its own. */
export const standingIn = (document: Document): DocumentId => {
  const { parent, parenttype } = document
  const isRow = typeof parent === 'string' && typeof parenttype === 'string' && parenttype !== ''
  return isRow ? { doctype: parenttype, name: parent } : { doctype: document.doctype, name: String(document.name) }
}

async function wholeOf({ principal, backend }: Caller, document: Document): Promise<Document> {
  const id = standingIn(document)
  return id.doctype === document.doctype ? document : backend.read(principal, id)
}

/**
 * The whole document as it was sent: a field left out becomes empty, but for passwords, which nobody reads back. Without a
 * name it is a new one.
 *
 * @param docstatus - in place of the document's own
 * @throws {FrappeError} `TimestampMismatchError` unless its `modified` is the stored one
 */
export async function saveDocument(caller: Caller, sent: SentDocument, docstatus?: 1): Promise<Document> {
  const values = docstatus === undefined ? sent : { ...sent, docstatus }
  const { name } = sent
  if (name === undefined || name === null || name === '' || Boolean(sent['__islocal'])) return insertDocument(caller, values)
  const id = { doctype: sent.doctype, name: nameOf(name) }
  if (typeof sent['modified'] !== 'string' || sent['modified'] === '')
    throw new FrappeError('TimestampMismatchError', `Read ${id.doctype} ${id.name} and send it whole, with its modified`)
  const definition = await caller.backend.doctype(caller.principal, id.doctype)
  const kept = definition.istable ? {} : { docstatus: 0 }
  return updateDocument(caller, id, { ...emptyFields(definition), ...kept, ...values })
}

function nameOf(name: unknown): string {
  if (typeof name === 'string' || typeof name === 'number') return String(name).slice(0, 140)
  throw invalid('name must be text')
}

const emptyFields = (doctype: DocType): Values =>
  Object.fromEntries(doctype.fields.filter((field) => field.fieldtype !== 'Password').flatMap(emptyField))

const emptyField = (field: DocField): readonly [string, unknown][] =>
  isTableField(field) ? [[field.fieldname, []]] : isColumn(field) ? [[field.fieldname, null]] : []
