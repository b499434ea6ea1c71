import type { Connection } from '@annex/database'
import { FrappeError, type DocType, type Document, type Values } from '@annex/protocol'
import { doctypeOfEach } from '../../backend/backend.ts'
import type { Change } from '../../doctypes/controller.ts'
import { namingField, shownName } from '../../doctypes/naming/name-for.ts'
import { hiddenColumns } from '../../doctypes/search-text.ts'
import { writableLevels } from '../../policy/field-levels.ts'
import type { Principal } from '../../policy/principal.ts'
import { controllerOf, DURABLE, refuseUnwritable, tell, withReply } from '../change/act.ts'
import { isAmendment, newName } from '../change/amend.ts'
import { setDocumentDefaults } from '../change/defaults/document-default.ts'
import { keptDefaults } from '../change/defaults/kept-defaults.ts'
import { parseDocstatus } from '../change/docstatus.ts'
import { newDraft } from '../change/draft.ts'
import { altering } from '../change/draft-value.ts'
import { naming } from '../change/duplicates.ts'
import { followLinks } from '../change/links.ts'
import { checkMandatory } from '../change/mandatory.ts'
import { toRow } from '../change/to-row.ts'
import { rowsToWrite, writeRows } from '../change/write-rows.ts'
import type { Held } from '../held.ts'
import { requireWithin } from '../limits/reached.ts'
import { requireDocType, requireRight, requireSome } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { takeSecrets } from '../secrets/amended-secrets.ts'
import { hideSecrets, writeSecrets } from '../secrets/secrets.ts'
import { addRow, placeIn } from './child-row.ts'
import { answer } from './read.ts'

/** All or none, in one transaction. */
export async function insertDocuments(
  premises: Premises,
  principal: Principal,
  names: string | readonly string[],
  documents: readonly Values[],
): Promise<Document[]> {
  const each = doctypeOfEach(names, documents)
  const inserts = documents.map((sent, index) => insertOf(premises, principal, each[index] ?? '', sent))
  const changed = new Set(inserts.map(({ changes }) => changes))
  const inserted = await premises.database.transaction(async (connection) => {
    const answers: Document[] = []
    for (const { run } of inserts) answers.push(await run(connection))
    return answers
  }, DURABLE)
  for (const doctype of changed) await controllerOf(premises, doctype)?.afterCommit?.()
  return inserted
}

interface Insert {
  /** Whose document it changes: a row's parent's. */
  readonly changes: DocType
  readonly run: (connection: Connection) => Promise<Document>
}

function insertOf(premises: Premises, principal: Principal, name: string, sent: Values): Insert {
  const doctype = requireDocType(premises, principal, name, 'create')
  if (doctype.istable) {
    const place = placeIn(premises, principal, doctype, sent)
    return { changes: place.parent, run: (connection) => addRow(premises, connection, principal, place, sent) }
  }
  refuseUnwritable(premises, doctype)
  requireSome(premises, principal, doctype, 'create')
  return { changes: doctype, run: (connection) => insertDocument(premises, connection, principal, doctype, sent) }
}

async function insertDocument(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  sent: Values,
): Promise<Document> {
  const now = premises.clock.now()
  const levels = writableLevels(principal, doctype)
  const kept = await keptDefaults(premises, connection, principal, doctype, sent, levels)
  const writing = { principal, now, levels, kept }
  const draft = newDraft(premises, doctype, sent, writing)
  await setDocumentDefaults(premises, connection, doctype, draft, () => true)
  draft.docstatus = parseDocstatus(sent['docstatus'], 0)
  await requireInsert(premises, connection, principal, doctype, draft)
  draft.name = shownName(doctype, await newName(premises, connection, principal, doctype, draft, sent, now))
  const named = namingField(doctype)
  if (named !== undefined) draft[named] = draft.name
  await takeSecrets(premises, connection, doctype, draft, sent, writing)
  const change: Change = { connection, doctype, user: principal.user, document: draft, sent, reply: {} }
  const controller = controllerOf(premises, doctype)
  await altering(doctype, draft, () => controller?.beforeInsert?.(change))
  await followLinks(premises, connection, principal, doctype, draft, { fetch: true })
  checkMandatory(premises, doctype, draft)
  const held = await write(premises, connection, doctype, draft, now)
  await controller?.afterInsert?.(change)
  await tell(premises, principal, 'insert', change)
  await requireWithin(premises, connection, principal, doctype, held.row.name)
  return withReply(answer(premises, principal, doctype, held), change.reply)
}

/** A document that is yet to be named is judged by its links alone. */
async function requireInsert(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  draft: Document,
): Promise<void> {
  const { name: _, ...unnamed } = draft
  const rights = [
    'create',
    ...(draft.docstatus > 0 ? (['submit'] as const) : []),
    ...(isAmendment(doctype, draft) ? (['amend'] as const) : []),
  ] as const
  for (const right of rights) await requireRight(premises, connection, principal, doctype, right, unnamed)
  if (draft.docstatus === 2)
    throw new FrappeError('DocstatusTransitionError', `${doctype.name}: a new document cannot be cancelled; insert it as a draft`)
}

async function write(premises: Premises, connection: Connection, doctype: DocType, draft: Document, now: number): Promise<Held> {
  hideSecrets(premises, doctype, draft)
  const row = toRow(premises, doctype, draft, { creation: now, modified: now })
  const tables = rowsToWrite(premises, doctype, draft, now)
  await naming(premises, doctype, row.name, () => premises.store.insertRow(connection, doctype, row, hiddenColumns(doctype, row.name, row)))
  for (const table of tables) await writeRows(premises, connection, table)
  await writeSecrets(premises, connection, doctype, draft)
  return { row, rows: new Map(tables.map(({ field, rows }) => [field.fieldname, rows])) }
}
