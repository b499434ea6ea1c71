import type { Connection } from '@annex/database'
import { notFound, type DocType, type Document, type Values } from '@annex/protocol'
import type { UpdateRequest } from '../../backend/backend.ts'
import type { Change } from '../../doctypes/controller.ts'
import { namingField } from '../../doctypes/naming/name-for.ts'
import { formatTimestamp } from '../../doctypes/values/timestamps.ts'
import { writableLevels } from '../../policy/field-levels.ts'
import type { Principal } from '../../policy/principal.ts'
import { controllerOf, durability, refuseUnwritable, tell, withReply } from '../change/act.ts'
import { checkAfterSubmit, checkSetOnce, checkUnchanged } from '../change/constants.ts'
import { STEP_RIGHTS, parseDocstatus, stepOf, type Step } from '../change/docstatus.ts'
import { changedDraft } from '../change/draft.ts'
import { naming } from '../change/duplicates.ts'
import { followLinks } from '../change/links.ts'
import { checkMandatory } from '../change/mandatory.ts'
import { refusePointedAt } from '../change/pointed-at.ts'
import { changedColumns, toRow } from '../change/to-row.ts'
import { rowsToWrite, writeRows } from '../change/write-rows.ts'
import { judged, readHeld, toWholeDocument, type Held } from '../held.ts'
import { requireDocType, requireRight, requireSome } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { answer } from './read.ts'

/** Changes the fields that were sent; a docstatus among them submits or cancels. */
export async function updateDocument(
  premises: Premises,
  principal: Principal,
  { doctype: doctypeName, name, values }: UpdateRequest,
): Promise<Document> {
  const doctype = requireDocType(premises, principal, doctypeName, 'write')
  refuseUnwritable(premises, doctype)
  requireSome(premises, principal, doctype, 'write', name)
  const updated = await premises.database.transaction(
    (connection) => update(premises, connection, principal, doctype, name, values),
    durability(doctype),
  )
  await controllerOf(premises, doctype)?.afterCommit?.()
  return updated
}

async function update(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  name: string,
  sent: Values,
): Promise<Document> {
  const held = await readHeld(premises, connection, doctype, name, true)
  if (!held) throw notFound(doctype.name, name.slice(0, 140))
  const previous = toWholeDocument(premises, doctype, held)
  const step = stepToTake(premises, principal, doctype, held, previous, sent)
  const now = premises.clock.now(held.row.modified)
  const draft = draftOf(premises, principal, doctype, held, sent, step, now)
  const change: Change = { connection, doctype, user: principal.user, document: draft, previous, sent, reply: {} }
  const controller = controllerOf(premises, doctype)
  await controller?.beforeUpdate?.(change)
  await settle(premises, principal, change, step)
  const written = await write(premises, change, held, step, now)
  await controller?.afterUpdate?.(change)
  await tell(premises, step, change)
  return withReply(answer(premises, principal, doctype, written), change.reply)
}

function stepToTake(premises: Premises, principal: Principal, doctype: DocType, held: Held, previous: Document, sent: Values): Step {
  requireRight(premises, principal, doctype, 'write', judged(held))
  const { name } = sent
  if (name !== undefined && name !== null && name !== previous.name)
    throw notFound(doctype.name, typeof name === 'string' ? name.slice(0, 140) : 'of that name')
  checkUnchanged(doctype, previous, sent)
  const step = stepOf(doctype, previous.docstatus, parseDocstatus(sent['docstatus'], previous.docstatus))
  const right = STEP_RIGHTS[step]
  if (right) requireRight(premises, principal, doctype, right, judged(held))
  return step
}

/** To cancel is to change the docstatus and nothing else. */
function draftOf(premises: Premises, principal: Principal, doctype: DocType, held: Held, sent: Values, step: Step, now: number): Document {
  const writing = { user: principal.user, now, levels: writableLevels(principal, doctype) }
  const draft = changedDraft(premises, doctype, held, step === 'cancel' ? {} : sent, writing)
  const named = namingField(doctype)
  if (named !== undefined) draft[named] = draft.name
  draft.docstatus = step === 'cancel' ? 2 : step === 'update' ? 0 : 1
  draft.modified = formatTimestamp(now, premises.zone)
  draft.modified_by = principal.user
  return draft
}

/** The rules between a draft and its write; the writer must still have the right on what they made of it. */
async function settle(
  premises: Premises,
  principal: Principal,
  { connection, doctype, document, previous }: Change,
  step: Step,
): Promise<void> {
  if (step === 'cancel') return refusePointedAt(premises, connection, { doctype, name: String(document.name), docstatus: 1 })
  const fixed = step === 'update_after_submit'
  await followLinks(premises, connection, doctype, document, { fetch: !fixed, ...(step === 'submit' || !previous ? {} : { previous }) })
  requireRight(premises, principal, doctype, 'write', document)
  checkMandatory(premises, doctype, document)
}

async function write(premises: Premises, { connection, doctype, document }: Change, held: Held, step: Step, now: number): Promise<Held> {
  const row = toRow(premises, doctype, document, { creation: held.row.creation, modified: now }, held.row)
  const tables = rowsToWrite(premises, doctype, document, now, held)
  checkSetOnce(doctype, row, held.row)
  if (step === 'update_after_submit') checkAfterSubmit(doctype, row, held.row, tables)
  await naming(premises, doctype, row.name, () =>
    premises.store.updateRow(connection, doctype, row.name, changedColumns(doctype, row, held.row)),
  )
  for (const table of tables) await writeRows(premises, connection, table)
  return { row, rows: new Map(tables.map(({ field, rows }) => [field.fieldname, rows])) }
}
