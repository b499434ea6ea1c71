import type { Connection } from '@annex/database'
import { FrappeError, type DocType, type Document, type Values } from '@annex/protocol'
import type { Change } from '../../doctypes/controller.ts'
import { namingField } from '../../doctypes/naming/name-for.ts'
import { hiddenColumns } from '../../doctypes/search-text.ts'
import { writableLevels } from '../../policy/field-levels.ts'
import type { Principal } from '../../policy/principal.ts'
import { controllerOf, durability, refuseUnwritable, tell, withReply } from '../change/act.ts'
import { isAmendment, newName } from '../change/amend.ts'
import { parseDocstatus } from '../change/docstatus.ts'
import { newDraft } from '../change/draft.ts'
import { naming } from '../change/duplicates.ts'
import { followLinks } from '../change/links.ts'
import { checkMandatory } from '../change/mandatory.ts'
import { toRow } from '../change/to-row.ts'
import { rowsToWrite, writeRows } from '../change/write-rows.ts'
import type { Held } from '../held.ts'
import { requireDocType, requireRight, requireSome } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { answer } from './read.ts'

/** All or none, in one transaction. */
export async function insertDocuments(
  premises: Premises,
  principal: Principal,
  doctypeName: string,
  documents: readonly Values[],
): Promise<Document[]> {
  const doctype = requireDocType(premises, principal, doctypeName, 'create')
  refuseUnwritable(premises, doctype)
  requireSome(premises, principal, doctype, 'create')
  const inserted = await premises.database.transaction(async (connection) => {
    const answers: Document[] = []
    for (const sent of documents) answers.push(await insertDocument(premises, connection, principal, doctype, sent))
    return answers
  }, durability(doctype))
  await controllerOf(premises, doctype)?.afterCommit?.()
  return inserted
}

async function insertDocument(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  sent: Values,
): Promise<Document> {
  const now = premises.clock.now()
  const draft = newDraft(premises, doctype, sent, { user: principal.user, now, levels: writableLevels(principal, doctype) })
  draft.docstatus = parseDocstatus(sent['docstatus'], 0)
  requireInsert(premises, principal, doctype, draft)
  draft.name = await newName(premises, connection, doctype, draft, sent, now)
  const named = namingField(doctype)
  if (named !== undefined) draft[named] = draft.name
  const change: Change = { connection, doctype, user: principal.user, document: draft, sent, reply: {} }
  const controller = controllerOf(premises, doctype)
  await controller?.beforeInsert?.(change)
  await followLinks(premises, connection, doctype, draft, { fetch: true })
  checkMandatory(premises, doctype, draft)
  const held = await write(premises, connection, doctype, draft, now)
  await controller?.afterInsert?.(change)
  await tell(premises, 'insert', change)
  return withReply(answer(premises, principal, doctype, held), change.reply)
}

/** A document that is yet to be named is judged by its links alone. */
function requireInsert(premises: Premises, principal: Principal, doctype: DocType, draft: Document): void {
  const { name: _, ...unnamed } = draft
  const rights = [
    'create',
    ...(draft.docstatus > 0 ? (['submit'] as const) : []),
    ...(isAmendment(doctype, draft) ? (['amend'] as const) : []),
  ] as const
  for (const right of rights) requireRight(premises, principal, doctype, right, unnamed)
  if (draft.docstatus === 2)
    throw new FrappeError('DocstatusTransitionError', `${doctype.name}: a new document cannot be cancelled; insert it as a draft`)
}

async function write(premises: Premises, connection: Connection, doctype: DocType, draft: Document, now: number): Promise<Held> {
  const row = toRow(premises, doctype, draft, { creation: now, modified: now })
  const tables = rowsToWrite(premises, doctype, draft, now)
  await naming(premises, doctype, row.name, () => premises.store.insertRow(connection, doctype, row, hiddenColumns(doctype, row.name, row)))
  for (const table of tables) await writeRows(premises, connection, table)
  return { row, rows: new Map(tables.map(({ field, rows }) => [field.fieldname, rows])) }
}
