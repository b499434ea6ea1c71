import type { Connection } from '@annex/database'
import { notFound, notPermitted, type DocType, type FrappeError, type Operator } from '@annex/protocol'
import { sql, type RawBuilder } from 'kysely'
import type { Principal } from '../../policy/principal.ts'
import { filterThatNames, isLimited, rowLimits } from '../../policy/row-filters.ts'
import { readHeld, type Held } from '../held.ts'
import type { Premises } from '../premises.ts'
import type { Steady, Within } from './kept-limits.ts'
import { rowsWithin } from './row-limits.ts'

/** The alias under which a row is read with what it must meet. */
export const REACHED = 'd'

/** What the caller's app is held to on the DocType's rows; none for all of them. */
export function limitsOn(premises: Premises, principal: Principal, doctype: DocType, alias: string): readonly RawBuilder<unknown>[] {
  const limits = rowLimits(principal, doctype.name)
  if (!limits) return NONE
  return doctype.virtual || doctype.issingle ? [sql`1 = 0`] : rowsWithin(premises, limits, doctype, alias)
}

const NONE: readonly RawBuilder<unknown>[] = []

/**
 * What the caller's app is held to on the DocType's rows as one text for all of its like, and its values: for statements that are
 * kept. Undefined where it follows from more than the filters and the DocType: of trees, from another one; of spans of time, from
 * the day; of comments and their kin, from the documents that they speak of.
 */
export function steadyLimits(premises: Premises, principal: Principal, doctype: DocType): Steady | undefined {
  const limits = rowLimits(principal, doctype.name)
  if (!limits) return UNLIMITED
  if (limits.about || doctype.virtual || doctype.issingle || !limits.filters.every(({ operator }) => STEADY.has(operator))) return undefined
  return premises.keptLimits.of(limits.filters, doctype, () => {
    const held = sql.join(rowsWithin(premises, limits, doctype, REACHED), sql` and `)
    const { sql: shape, parameters: values } = held.compile(premises.database.connection)
    return { shape, values }
  })
}

const UNLIMITED: Steady = { shape: '', values: [] }
const STEADY: ReadonlySet<Operator> = new Set(['=', '!=', '>', '<', '>=', '<=', 'like', 'not like', 'in', 'not in', 'is'])

/** What a row must meet besides its name; undefined where the caller's app is held to nothing. */
function withinLimits(premises: Premises, principal: Principal, doctype: DocType): Within | undefined {
  if (!isLimited(principal, doctype.name)) return undefined
  return { conditions: () => limitsOn(premises, principal, doctype, REACHED), steady: steadyLimits(premises, principal, doctype) }
}

/** Reads a document whole, for a caller: one that their app's row filters keep from it is as one that is not there. */
export const readReached = (
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  name: string,
  lock = false,
): Promise<Held | undefined> => readHeld(premises, connection, doctype, name, lock, withinLimits(premises, principal, doctype))

/** Whether the row filters of the caller's app let them reach the document, as it stands on the connection. */
export async function isReached(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  name: string,
): Promise<boolean> {
  const within = withinLimits(premises, principal, doctype)
  if (!within) return true
  return !doctype.virtual && premises.store.isWithin(connection, doctype, name, within)
}

/**
 * Sees, behind a write and before its commit, that the document stands where the caller's app may write.
 *
 * @throws {FrappeError} `PermissionError` that names the DocType of the filter, and no value
 */
export async function requireWithin(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  name: string,
): Promise<void> {
  if (!(await isReached(premises, connection, principal, doctype, name))) throw outside(doctype)
}

const outside = (doctype: DocType): FrappeError =>
  notPermitted(`A row filter of this app on ${doctype.name} refused the change: what it would make of the document is outside of it`)

/**
 * Refuses to give another name, or another place in its tree, to a document by which a row filter of the caller's app tells
 * what is within: that would move documents over its border without touching them.
 *
 * @throws {FrappeError} `PermissionError`
 */
export function refuseMoving(premises: Premises, principal: Principal, doctype: DocType, act: string): void {
  const field = filterThatNames(principal, doctype.name, (name) => premises.doctypes.get(name))
  if (field !== undefined) throw notPermitted(`A row filter of this app goes by ${field}; it cannot ${act} documents of ${doctype.name}`)
}

/** @throws {FrappeError} `DoesNotExistError`, as for one that is not there */
export async function requireReached(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  name: string,
): Promise<void> {
  if (!(await isReached(premises, connection, principal, doctype, name))) throw notFound(doctype.name, name.slice(0, 140))
}
