import { FrappeError, type DocType } from '@annex/protocol'
import { namingField } from '../../doctypes/naming/name-for.ts'
import type { Premises } from '../premises.ts'
import { fieldOf } from '../shape.ts'

/**
 * Runs a write that may find its name or a unique value taken.
 *
 * @throws {FrappeError} `DuplicateEntryError` (409) for the name, `UniqueValidationError` (417) for another field
 */
export async function naming<T>(premises: Premises, doctype: DocType, name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    const violation = premises.dialect.uniqueViolation(error)
    if (!violation) throw error
    const isName =
      violation.primary || violation.columns.some((column) => column === 'name' || column === '_key' || column === namingField(doctype))
    throw isName ? taken(doctype, name) : notUnique(doctype, violation.columns[0])
  }
}

const taken = (doctype: DocType, name: string): FrappeError =>
  new FrappeError(
    'DuplicateEntryError',
    doctype.issingle
      ? `${doctype.name} is a Single, and has been saved already; update it`
      : `${doctype.name} ${name} exists already, perhaps in other capitals; choose another name`,
  )

function notUnique(doctype: DocType, column: string | undefined): FrappeError {
  const label = (column && fieldOf(doctype, column)?.label) || column || 'A value'
  return new FrappeError(
    'UniqueValidationError',
    `${doctype.name}: ${label} must be unique, and another document has this value; choose another`,
  )
}
