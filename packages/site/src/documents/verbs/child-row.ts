import type { Connection } from '@annex/database'
import { FrappeError, invalid, notFound, notPermitted, type DocField, type DocType, type Document, type Values } from '@annex/protocol'
import type { Principal } from '../../policy/principal.ts'
import { canSome } from '../../policy/shares.ts'
import { controllerOf, DURABLE } from '../change/act.ts'
import { checkUnchanged } from '../change/constants.ts'
import { parseDocstatus } from '../change/docstatus.ts'
import { setValue } from '../change/draft-value.ts'
import { newRow, type Writing } from '../change/draft.ts'
import { nameWithin } from '../change/single.ts'
import type { Held } from '../held.ts'
import { refusal, requireSome } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { columnsOf, rowsOf } from '../shape.ts'
import { seenRow } from './read.ts'
import { changeDocument } from './change-document.ts'

/** The table of the document in which a row stands, or will. */
export interface Place {
  readonly child: DocType
  readonly parent: DocType
  /** The parent's name. */
  readonly name: string
  readonly field: DocField
}

/**
 * Where a row is to be added, as its values say. A row is a part of its document: to add, change or remove it is to
 * change the document, with the same right, the same rules and a new `modified`.
 *
 * @throws {FrappeError} `PermissionError` when they do not say it, as in Frappe
 */
export function placeIn(premises: Premises, principal: Principal, child: DocType, sent: Values): Place {
  const [parent, parenttype, parentfield] = ['parent', 'parenttype', 'parentfield'].map((key) => sent[key])
  const isNamed = (typeof parent === 'string' || typeof parent === 'number') && parent !== ''
  if (!isNamed || typeof parenttype !== 'string' || typeof parentfield !== 'string') {
    const first = premises.doctypes.parentsOf(child.name)[0]
    const such = first ? `, such as parenttype ${first.doctype.name} and parentfield ${first.field.fieldname}` : ''
    throw notPermitted(`${child.name} is a child table: send parent, parenttype and parentfield of the document that gets the row${such}`)
  }
  return placeOf(premises, principal, child, { parent: String(parent), parenttype, parentfield })
}

interface Standing {
  readonly parent: string
  readonly parenttype: string
  readonly parentfield: string
}

function placeOf(premises: Premises, principal: Principal, child: DocType, { parent, parenttype, parentfield }: Standing): Place {
  const found = premises.doctypes
    .parentsOf(child.name)
    .find(({ doctype, field }) => doctype.name === parenttype && field.fieldname === parentfield)
  if (!found) throw invalid(`${parenttype.slice(0, 140)} has no table ${parentfield.slice(0, 140)} of ${child.name}`)
  const name = nameWithin(found.doctype, parent)
  requireSome(premises, principal, found.doctype, 'write', name)
  return { child, parent: found.doctype, name, field: found.field }
}

/** Adds a row behind the others of its table, within a transaction. */
export async function addRow(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  place: Place,
  sent: Values,
): Promise<Document> {
  let added: Document | undefined
  const written = await changeRows(premises, connection, principal, place, (rows, writing) => {
    const idx = Math.max(0, ...rows.map((row) => row.idx)) + 1
    added = Object.assign(newRow(premises, place.parent, place.field, sent, writing), { idx })
    return [...rows, added]
  })
  return rowIn(premises, principal, place, written, String(added?.name))
}

export async function updateRow(premises: Premises, principal: Principal, child: DocType, name: string, sent: Values): Promise<Document> {
  const place = await findPlace(premises, principal, child, name)
  return inTransaction(premises, place, async (connection) => {
    const written = await changeRows(premises, connection, principal, place, (rows, writing) => {
      const row = requireRow(rows, child, name)
      checkUnchanged(child, row, sent)
      if (parseDocstatus(sent['docstatus'], row.docstatus) !== row.docstatus)
        throw new FrappeError('DocstatusTransitionError', `${child.name}: a row follows its document; submit or cancel that`)
      for (const field of columnsOf(child))
        if (field.fieldname in sent && writing.levels.has(field.permlevel)) setValue(row, field, sent[field.fieldname], premises.zone)
      return rows
    })
    return rowIn(premises, principal, place, written, name)
  })
}

export async function removeRow(premises: Premises, principal: Principal, child: DocType, name: string): Promise<void> {
  const place = await findPlace(premises, principal, child, name)
  await inTransaction(premises, place, (connection) =>
    changeRows(premises, connection, principal, place, (rows) => {
      const row = requireRow(rows, child, name)
      return rows.filter((other) => other !== row)
    }),
  )
}

async function inTransaction<T>(premises: Premises, { parent }: Place, work: (connection: Connection) => Promise<T>): Promise<T> {
  const done = await premises.database.transaction(work, DURABLE)
  await controllerOf(premises, parent)?.afterCommit?.()
  return done
}

/** Whoever may change none of its documents does not learn which rows there are. */
async function findPlace(premises: Premises, principal: Principal, child: DocType, name: string): Promise<Place> {
  const parents = premises.doctypes.parentsOf(child.name)
  if (parents.every(({ doctype }) => !canSome(principal, doctype, 'write'))) throw refusal(child, 'write')
  const row = await premises.store.readRow(premises.database.connection, child, name)
  if (!row) throw notFound(child.name, name.slice(0, 140))
  const [parent, parenttype, parentfield] = [row['parent'], row['parenttype'], row['parentfield']].map(String) as [string, string, string]
  return placeOf(premises, principal, child, { parent, parenttype, parentfield })
}

const requireRow = (rows: readonly Document[], child: DocType, name: string): Document => {
  const row = rows.find((candidate) => candidate.name === name)
  if (!row) throw notFound(child.name, name.slice(0, 140))
  return row
}

async function changeRows(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  { parent, name, field }: Place,
  change: (rows: readonly Document[], writing: Writing) => readonly Document[],
): Promise<Held> {
  const revise = (draft: Document, writing: Writing): void => {
    if (!writing.levels.has(field.permlevel)) throw refusal(parent, 'write', name)
    draft[field.fieldname] = change(rowsOf(draft, field), writing)
  }
  return (await changeDocument(premises, connection, principal, parent, name, { sent: {}, revise })).written
}

function rowIn(premises: Premises, principal: Principal, { child, parent, field }: Place, held: Held, name: string): Document {
  const row = seenRow(premises, principal, parent, held, field.fieldname, name)
  if (!row) throw refusal(child, 'read', name)
  return row
}
