import { FrappeError, isTableField, type DocField, type DocType, type Document, type Values } from '@annex/protocol'
import { fieldOf, type StoredRow } from '../shape.ts'
import { changedFields } from './to-row.ts'
import type { WrittenRows } from './write-rows.ts'

/**
 * What every change of a stored document must leave alone.
 *
 * @throws {FrappeError} `TimestampMismatchError` when the caller saw an older state, `CannotChangeConstantError`
 */
export function checkUnchanged(doctype: DocType, stored: Document, sent: Values): void {
  for (const key of ['owner', 'creation'] as const) {
    if (sent[key] !== undefined && sent[key] !== null && sent[key] !== stored[key]) throw constant(doctype, key)
  }
  const { modified } = sent
  if (modified === undefined || modified === null || modified === '' || modified === stored.modified) return
  throw new FrappeError(
    'TimestampMismatchError',
    `${doctype.name} ${stored.name} has been changed since you read it (${stored.modified}); read it again and repeat your change`,
  )
}

/** @throws {FrappeError} `CannotChangeConstantError` when a field that is set once was changed */
export function checkSetOnce(doctype: DocType, next: StoredRow, previous: StoredRow, tables: readonly WrittenRows[]): void {
  for (const fieldname of changedFields(doctype, next, previous)) {
    if (fieldOf(doctype, fieldname)?.set_only_once) throw constant(doctype, fieldOf(doctype, fieldname)!.label)
  }
  for (const { field, added, removed, changed } of tables) {
    if (field.set_only_once && (added || removed || changed.some((row) => row.size > 0))) throw constant(doctype, field.label)
  }
}

const constant = (doctype: DocType, label: string): FrappeError =>
  new FrappeError('CannotChangeConstantError', `${doctype.name}: ${label} cannot be changed once it is set; leave it out`)

/** @throws {FrappeError} `UpdateAfterSubmitError` when a submitted document changed where it may not */
export function checkAfterSubmit(doctype: DocType, next: StoredRow, previous: StoredRow, tables: readonly WrittenRows[]): void {
  refuseFixed(doctype, changedFields(doctype, next, previous))
  for (const { field, child, added, removed, changed } of tables) {
    if ((added || removed) && !field.allow_on_submit) throw fixed(field)
    for (const row of changed) refuseFixed(child, row)
  }
}

function refuseFixed(doctype: DocType, changed: ReadonlySet<string>): void {
  const field = doctype.fields.find(
    (candidate) => !isTableField(candidate) && changed.has(candidate.fieldname) && !candidate.allow_on_submit,
  )
  if (field) throw fixed(field)
}

const fixed = (field: DocField): FrappeError =>
  new FrappeError('UpdateAfterSubmitError', `${field.label} cannot be changed after submitting; cancel and amend the document`)
