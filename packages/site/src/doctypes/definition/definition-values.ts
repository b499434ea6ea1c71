import { invalid } from '@annex/protocol'
import type { Values } from '@annex/protocol'

/** Reads of one definition's raw keys. `where` begins every sentence: ``DocType Item``, ``Field rate``. */
export interface Part {
  readonly values: Values
  readonly where: string
}

export function textOf(part: Part, key: string): string {
  const value = part.values[key]
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(Number(value))
  throw invalid(`${part.where}: ${key} must be text`)
}

export function flagOf(part: Part, key: string): boolean {
  const value = part.values[key]
  if (value === undefined || value === null || value === '') return false
  if (typeof value === 'boolean') return value
  const number = Number(value)
  if ((typeof value === 'string' || typeof value === 'number') && Number.isFinite(number)) return number !== 0
  throw invalid(`${part.where}: ${key} must be 0 or 1`)
}

export function numberOf(part: Part, key: string, least: number, most: number): number {
  const value = part.values[key]
  if (value === undefined || value === null || value === '') return least
  const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN
  if (Number.isInteger(number) && number >= least && number <= most) return number
  throw invalid(`${part.where}: ${key} must be a whole number from ${least} to ${most}`)
}

export function rowsOf(part: Part, key: string): readonly Values[] {
  const value = part.values[key]
  if (value === undefined || value === null) return []
  if (Array.isArray(value) && value.every((row) => typeof row === 'object' && row !== null && !Array.isArray(row)))
    return value as readonly Values[]
  throw invalid(`${part.where}: ${key} must be a list of rows`)
}
