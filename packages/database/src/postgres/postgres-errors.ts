import type { DatabaseError } from 'pg'
import { BadValue } from '../values/bad-value.ts'
import type { UniqueViolation } from '../dialect.ts'

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const BUSY: ReadonlySet<string> = new Set(['40001', '40P01', '55P03', '53300'])
const WORTH_REPEATING: ReadonlySet<string> = new Set(['40001', '40P01'])

/** What the server reports, by its fields and not by its class: a site on SQLite knows this dialect, and never loads the driver. */
export const isPostgresFault = (error: unknown): error is DatabaseError => error instanceof Error && 'severity' in error && 'code' in error

function codeOf(error: unknown): string {
  return isPostgresFault(error) ? (error.code ?? '') : ''
}

export function isPostgresBusy(error: unknown): boolean {
  return BUSY.has(codeOf(error))
}

/** Class 22 is data exceptions: a number out of range, a malformed date. */
export function isPostgresBadValue(error: unknown): boolean {
  return error instanceof BadValue || codeOf(error).startsWith('22')
}

/** A column has another type than when the named statement took its parameters' types from it. */
const OTHER_TYPE: ReadonlySet<string> = new Set(['42804', '42883'])

/** A statement that was parsed under its name before, and refused since: it was planned before a table changed. */
export function isStalePlan(error: unknown): boolean {
  if (OTHER_TYPE.has(codeOf(error))) return true
  return isPostgresFault(error) && error.code === '0A000' && error.routine === 'RevalidateCachedQuery'
}

/** Class 42: what is wrong with a statement as it is read. Any other error comes of one that was parsed. */
export const isFaultOfText = (error: unknown): boolean => !isPostgresFault(error) || codeOf(error).startsWith('42')

/** Two transactions got in each other's way; the same work may succeed when it begins again. */
export function isWorthRepeating(error: unknown): boolean {
  return WORTH_REPEATING.has(codeOf(error))
}

// Key (name, company)=(A, B) already exists.
export function postgresViolation(error: unknown): UniqueViolation | undefined {
  if (!isPostgresFault(error) || error.code !== '23505') return undefined
  const list = /\((.*?)\)=\(/.exec(error.detail ?? '')?.[1] ?? ''
  const columns = list === '' ? [] : list.split(', ').map((column) => column.replaceAll('"', ''))
  return { columns, primary: error.constraint?.endsWith('_pkey') ?? false, ...(error.table ? { table: error.table } : {}) }
}
