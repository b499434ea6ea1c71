import type { Connection } from '@annex/database'
import { notFound, type DocType, type Document, type Values } from '@annex/protocol'
import type { Change } from '../../doctypes/controller.ts'
import { treeParentField } from '../../doctypes/definition/tree-parent-field.ts'
import { namingField } from '../../doctypes/naming/name-for.ts'
import { formatTimestamp } from '../../doctypes/values/timestamps.ts'
import { writableLevels } from '../../policy/field-levels.ts'
import type { Principal } from '../../policy/principal.ts'
import { controllerOf, tell } from '../change/act.ts'
import { checkAfterSubmit, checkSetOnce, checkUnchanged } from '../change/constants.ts'
import { setDocumentDefaults } from '../change/defaults/document-default.ts'
import { STEP_RIGHTS, parseDocstatus, stepOf, type Step } from '../change/docstatus.ts'
import { changedDraft, type Writing } from '../change/draft.ts'
import { altering } from '../change/draft-value.ts'
import { naming } from '../change/duplicates.ts'
import { followLinks } from '../change/links.ts'
import { checkMandatory } from '../change/mandatory.ts'
import { refusePointedAt } from '../change/pointed-at.ts'
import { checkReadOnly } from '../change/rules/depends-on.ts'
import { storeSingle } from '../change/single.ts'
import { changedColumns, toRow } from '../change/to-row.ts'
import { rowsToWrite, writeRows } from '../change/write-rows.ts'
import { judged, toWholeDocument, type Held } from '../held.ts'
import { readReached, refuseMoving, requireWithin } from '../limits/reached.ts'
import { requireRight } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { hideSecrets, writeSecrets } from '../secrets/secrets.ts'

/** What a caller changes in a document. */
export interface Revision {
  readonly sent: Values
  /** Alters the draft besides, before any rule looks at it: how one row comes, changes or goes. */
  readonly revise?: (draft: Document, writing: Writing) => void
}

/** Changes one document within a transaction, with every rule, its controller's work and its listeners'. */
export async function changeDocument(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  name: string,
  { sent, revise }: Revision,
): Promise<{ readonly written: Held; readonly reply: Record<string, unknown> }> {
  const held = await readToChange(premises, connection, principal, doctype, name)
  if (!held) throw notFound(doctype.name, name.slice(0, 140))
  const previous = toWholeDocument(premises, doctype, held)
  const step = await stepToTake(premises, connection, principal, doctype, held, previous, sent)
  const now = premises.clock.now(held.row.modified)
  const writing = { principal, now, levels: writableLevels(principal, doctype) }
  const draft = draftOf(premises, doctype, held, sent, step, writing)
  revise?.(draft, writing)
  refuseReplanting(premises, principal, doctype, draft, previous)
  if (step !== 'cancel') checkReadOnly(premises, doctype, draft, previous)
  await setDocumentDefaults(premises, connection, doctype, draft, (row) => row !== draft && isAdded(held, row))
  const change: Change = { connection, doctype, user: principal.user, document: draft, previous, sent, reply: {} }
  const controller = controllerOf(premises, doctype)
  await altering(doctype, draft, () => controller?.beforeUpdate?.(change))
  await settle(premises, principal, change, step)
  const written = await write(premises, change, held, step, now)
  await controller?.afterUpdate?.(change)
  await tell(premises, principal, step, change)
  await requireWithin(premises, connection, principal, doctype, written.row.name)
  return { written, reply: change.reply }
}

/** A Single is stored when it is first changed. */
async function readToChange(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  name: string,
): Promise<Held | undefined> {
  const held = await readReached(premises, connection, principal, doctype, name, true)
  if (held || !doctype.issingle) return held
  await storeSingle(premises, connection, doctype)
  return readReached(premises, connection, principal, doctype, name, true)
}

/** A document of a tree that a row filter walks stays where it grows. */
function refuseReplanting(premises: Premises, principal: Principal, doctype: DocType, draft: Document, previous: Document): void {
  const parentField = treeParentField(doctype)
  if (parentField !== undefined && (draft[parentField] ?? null) !== (previous[parentField] ?? null))
    refuseMoving(premises, principal, doctype, 'move')
}

const isAdded = ({ rows }: Held, row: Document): boolean =>
  rows.get(String(row['parentfield']))?.some((known) => known.name === row.name) !== true

async function stepToTake(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  held: Held,
  previous: Document,
  sent: Values,
): Promise<Step> {
  await requireRight(premises, connection, principal, doctype, 'write', judged(held))
  const { name } = sent
  const named = typeof name === 'string' || typeof name === 'number' ? String(name) : undefined
  if (name !== undefined && name !== null && named !== String(previous.name))
    throw notFound(doctype.name, named?.slice(0, 140) ?? 'of that name')
  checkUnchanged(doctype, previous, sent)
  const step = stepOf(doctype, previous.docstatus, parseDocstatus(sent['docstatus'], previous.docstatus))
  const right = STEP_RIGHTS[step]
  if (right) await requireRight(premises, connection, principal, doctype, right, judged(held))
  return step
}

/** To cancel is to change the docstatus and nothing else. */
function draftOf(premises: Premises, doctype: DocType, held: Held, sent: Values, step: Step, writing: Writing): Document {
  const draft = changedDraft(premises, doctype, held, step === 'cancel' ? {} : sent, writing)
  const named = namingField(doctype)
  if (named !== undefined) draft[named] = draft.name
  draft.docstatus = step === 'cancel' ? 2 : step === 'update' ? 0 : 1
  draft.modified = formatTimestamp(writing.now, premises.zone)
  draft.modified_by = writing.principal.user
  return draft
}

/** The rules between a draft and its write; the writer must still have the right on what they made of it. */
async function settle(
  premises: Premises,
  principal: Principal,
  { connection, doctype, document, previous }: Change,
  step: Step,
): Promise<void> {
  if (step === 'cancel') return refusePointedAt(premises, connection, principal, { doctype, name: String(document.name), docstatus: 1 })
  const fixed = step === 'update_after_submit'
  await followLinks(premises, connection, principal, doctype, document, {
    fetch: !fixed,
    ...(step === 'submit' || !previous ? {} : { previous }),
  })
  await requireRight(premises, connection, principal, doctype, 'write', document)
  checkMandatory(premises, doctype, document)
}

async function write(premises: Premises, { connection, doctype, document }: Change, held: Held, step: Step, now: number): Promise<Held> {
  hideSecrets(premises, doctype, document)
  const row = toRow(premises, doctype, document, { creation: held.row.creation, modified: now }, held.row)
  const tables = rowsToWrite(premises, doctype, document, now, held)
  checkSetOnce(doctype, row, held.row, tables)
  if (step === 'update_after_submit') checkAfterSubmit(doctype, row, held.row, tables)
  await naming(premises, doctype, row.name, () =>
    premises.store.updateRow(connection, doctype, row.name, changedColumns(doctype, row, held.row)),
  )
  for (const table of tables) await writeRows(premises, connection, table)
  await writeSecrets(premises, connection, doctype, document, held)
  return { row, rows: new Map(tables.map(({ field, rows }) => [field.fieldname, rows])) }
}
