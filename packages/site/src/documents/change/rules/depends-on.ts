import { FrappeError, isTableField, type DocField, type DocType, type Document } from '@annex/protocol'
import { parseRule, type Facts, type Rule } from '../../../doctypes/definition/expression.ts'
import type { Premises } from '../../premises.ts'
import { secretOf } from '../../secrets/draft-secrets.ts'
import { rowsOf, tablesOf } from '../../shape.ts'

type Key = 'mandatory_depends_on' | 'read_only_depends_on'

const rules = new WeakMap<DocField, Partial<Record<Key, Rule>>>()

/** Whether the field's rule holds; a field without one has none that does. */
export function holds(field: DocField, key: Key, facts: Facts): boolean {
  if (field[key] === '') return false
  let known = rules.get(field)
  if (!known) rules.set(field, (known = {}))
  return (known[key] ??= parseRule(field[key]))(facts)
}

/**
 * Refuses what a caller changed in a field that is read-only by its rule, as the document stood before.
 *
 * @throws {FrappeError} `CannotChangeConstantError`
 */
export function checkReadOnly(premises: Premises, doctype: DocType, draft: Document, previous: Document): void {
  refuseChanged(premises, doctype, draft, { doc: previous })
  for (const table of tablesOf(doctype)) {
    const before = new Map(rowsOf(previous, table).map((row) => [row.name, row]))
    const child = premises.doctypes.require(table.options)
    for (const row of rowsOf(draft, table)) {
      const known = before.get(row.name)
      if (known) refuseChanged(premises, child, row, { doc: known, parent: previous })
    }
  }
}

function refuseChanged(premises: Premises, doctype: DocType, draft: Document, facts: Facts): void {
  for (const field of doctype.fields) {
    if (field.read_only_depends_on === '' || !holds(field, 'read_only_depends_on', facts)) continue
    const isSecret = secretOf(draft, field.fieldname) !== undefined
    if (!isSecret && isSame(premises, field, draft[field.fieldname], facts.doc[field.fieldname])) continue
    throw new FrappeError(
      'CannotChangeConstantError',
      `${doctype.name}: ${field.label} is read-only as the document stands; leave it out, or change first what makes it so`,
    )
  }
}

/** Rows are compared by what their fields hold: their order and their stamps are the site's. */
function isSame(premises: Premises, field: DocField, one: unknown, other: unknown): boolean {
  if (!isTableField(field)) return (one ?? null) === (other ?? null)
  const names = premises.doctypes.require(field.options).fields.map(({ fieldname }) => fieldname)
  const told = (value: unknown): string =>
    JSON.stringify(
      (Array.isArray(value) ? (value as Document[]) : []).map((row) => [
        row.name,
        ...names.map((name) => secretOf(row, name) ?? row[name] ?? null),
      ]),
    )
  return told(one) === told(other)
}
