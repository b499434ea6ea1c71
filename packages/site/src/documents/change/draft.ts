import { invalid, isRecord, type DocField, type DocType, type Document, type Values } from '@annex/protocol'
import { randomName } from '../../doctypes/naming/name-for.ts'
import { defaultsFor } from '../../doctypes/values/defaults.ts'
import { formatTimestamp } from '../../doctypes/values/timestamps.ts'
import { toWholeDocument, type Held } from '../held.ts'
import type { Premises } from '../premises.ts'
import type { Principal } from '../../policy/principal.ts'
import { columnsOf, tablesOf } from '../shape.ts'
import { userDefaultOf } from './defaults/user-default.ts'
import { isNumber, setValue } from './draft-value.ts'

/** Who writes a draft, and when. */
export interface Writing {
  readonly principal: Principal
  /** UTC microseconds. */
  readonly now: number
  /** Levels of fields that this user may set. */
  readonly levels: ReadonlySet<number>
  /** What the writer has set for Link fields of new documents. */
  readonly kept?: ReadonlyMap<DocField, string>
}

/**
 * A new document from what was sent, laid over the DocType's defaults. It has no name yet.
 *
 * Values are as readers get them, except that a required number which nobody gave is null.
 */
export function newDraft(premises: Premises, doctype: DocType, sent: Values, writing: Writing): Document {
  const draft = emptyDraft(premises, doctype, writing)
  setNewValues(premises, doctype, doctype, draft, sent, writing)
  for (const field of tablesOf(doctype)) {
    const rows = writing.levels.has(field.permlevel) ? sentRows(field, sent[field.fieldname]) : []
    draft[field.fieldname] = numbered(rows, (row) => newRow(premises, doctype, field, row, writing))
  }
  return draft
}

/**
 * The stored document with what was sent laid over it: fields left out keep their value, a table that is sent replaces
 * all its rows. What is above the writer's level stays as it is.
 *
 * @throws {FrappeError} `ValidationError` for a row whose name is none of this document's
 */
export function changedDraft(premises: Premises, doctype: DocType, held: Held, sent: Values, writing: Writing): Document {
  const draft = toWholeDocument(premises, doctype, held)
  for (const field of columnsOf(doctype)) {
    const { fieldname } = field
    if (fieldname in sent && writing.levels.has(field.permlevel)) setValue(draft, field, sent[fieldname], premises.zone)
  }
  for (const field of tablesOf(doctype)) {
    if (field.fieldname in sent && writing.levels.has(field.permlevel))
      draft[field.fieldname] = changedRows(premises, doctype, draft, field, sent[field.fieldname], writing)
  }
  return draft
}

function emptyDraft(premises: Premises, doctype: DocType, { principal: { user }, now }: Writing): Document {
  const time = formatTimestamp(now, premises.zone)
  return { name: '', owner: user, creation: time, modified: time, modified_by: user, docstatus: 0, idx: 0, doctype: doctype.name }
}

/** `main` is the DocType of the document, which differs from that of a row. */
function setNewValues(premises: Premises, main: DocType, doctype: DocType, draft: Document, sent: Values, writing: Writing): void {
  const { principal, now, levels, kept } = writing
  const defaults = defaultsFor(doctype, principal.user, now, premises.zone)
  for (const field of columnsOf(doctype)) {
    const given = levels.has(field.permlevel) ? sent[field.fieldname] : undefined
    setValue(draft, field, given ?? userDefaultOf(principal, main, field) ?? kept?.get(field) ?? defaultOf(field, defaults), premises.zone)
  }
}

/** Numbers default to 0, which must not pass for an answer where one is required. */
const defaultOf = (field: DocField, defaults: Values): unknown =>
  field.reqd && field.default === null && isNumber(field) ? null : defaults[field.fieldname]

const sources = new WeakMap<Document, Values>()
const NOTHING: Values = {}

/** What was sent for a new row. */
export const sentOf = (row: Document): Values => sources.get(row) ?? NOTHING

/** A row of a table field that is not stored yet. */
export function newRow(premises: Premises, parent: DocType, field: DocField, sent: Values, writing: Writing): Document {
  const child = premises.doctypes.require(field.options)
  const row = emptyDraft(premises, child, writing)
  setNewValues(premises, parent, child, row, sent, writing)
  sources.set(row, sent)
  return Object.assign(row, { name: randomName(), parentfield: field.fieldname, parenttype: parent.name })
}

function changedRows(premises: Premises, doctype: DocType, draft: Document, field: DocField, value: unknown, writing: Writing): Document[] {
  const child = premises.doctypes.require(field.options)
  const stored = new Map((draft[field.fieldname] as readonly Document[]).map((row) => [String(row.name), row]))
  return numbered(sentRows(field, value), (sent, index) => {
    if (isNew(sent)) return newRow(premises, doctype, field, sent, writing)
    const known = stored.get(String(sent['name']))
    stored.delete(String(sent['name']))
    if (known) return replacedRow(premises, child, known, sent, writing)
    throw invalid(
      `Row ${index + 1} of ${field.label}: this document has no row "${textOf(sent['name'])}" (any more); read it again, and leave the name out to add a row`,
    )
  })
}

const isNew = (sent: Values): boolean =>
  sent['name'] === undefined || sent['name'] === null || sent['name'] === '' || Boolean(sent['__islocal'])

/** A row that is sent stands for the whole row: what it leaves out becomes empty. */
function replacedRow(premises: Premises, child: DocType, known: Document, sent: Values, { levels }: Writing): Document {
  for (const field of columnsOf(child)) if (levels.has(field.permlevel)) setValue(known, field, sent[field.fieldname], premises.zone)
  return known
}

/** Rows in the order of the numbers that were sent, if each has one; otherwise as they came. */
function numbered(rows: readonly Values[], make: (row: Values, index: number) => Document): Document[] {
  const numbers = rows.map((row) => Number(row['idx']))
  const isGiven = numbers.every((number) => Number.isInteger(number) && number > 0 && number < 2 ** 31)
  const drafts = rows.map((row, index) => Object.assign(make(row, index), { idx: isGiven ? numbers[index] : index + 1 }))
  return isGiven ? drafts.toSorted((one, other) => one.idx - other.idx) : drafts
}

function sentRows(field: DocField, value: unknown): readonly Values[] {
  if (value === undefined || value === null || value === '') return []
  if (Array.isArray(value) && value.every(isRecord)) return value
  throw invalid(`${field.label}: send its rows as a list of objects`)
}

const textOf = (name: unknown): string =>
  typeof name === 'string' || typeof name === 'number' ? String(name).slice(0, 140) : JSON.stringify(name).slice(0, 140)
