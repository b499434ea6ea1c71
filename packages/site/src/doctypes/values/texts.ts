import { randomBytes } from 'node:crypto'
import { FrappeError, fieldKind, invalid, isRecord } from '@annex/protocol'
import type { DocField } from '@annex/protocol'
import { checkFormat } from './formats.ts'

/** Characters in a short field that names no length of its own. */
const SHORT = 140

export function toText(field: DocField, value: unknown): string | null {
  if (value === undefined || value === null) return null
  const text = textOf(field, value)
  checkLength(field, text)
  if (field.fieldtype === 'Select') return toChoice(field, text)
  if (field.fieldtype === 'Geolocation') return toJson(field, text)
  if (text !== '') checkFormat(field, text)
  // Two documents may both leave a unique field empty.
  return text === '' && field.unique ? null : text
}

function textOf(field: DocField, value: unknown): string {
  if (field.fieldtype === 'Geolocation' && isRecord(value)) return JSON.stringify(value, withSortedKeys, 4)
  if (typeof value === 'number' || typeof value === 'boolean') return String(typeof value === 'number' ? value : Number(value))
  if (typeof value !== 'string') throw invalid(`${field.label}: send text, not a list or an object`)
  return checkCharacters(field.label, value)
}

/** @throws {FrappeError} `ValidationError` for what one of the engines cannot keep */
export function checkCharacters(label: string, text: string): string {
  if (text.includes('\0') || !text.isWellFormed()) throw invalid(`${label}: the text holds a character that cannot be stored; remove it`)
  return text
}

function checkLength(field: DocField, text: string): void {
  const most = field.length || (fieldKind(field) === 'short' ? SHORT : Infinity)
  // Characters as people count them are never more than UTF-16 units.
  if (text.length <= most) return
  // A character is two units at most; what is longer still is not taken apart to be counted.
  const count = text.length > most * 2 ? text.length : [...text].length
  if (count > most)
    throw new FrappeError('CharacterLengthExceededError', `${field.label}: ${count} characters are too many; at most ${most} fit`)
}

const optionsOf = (field: DocField): string[] => field.options.split('\n').map((option) => option.trim())

function toChoice(field: DocField, text: string): string {
  const choice = text.trim()
  const options = optionsOf(field)
  // A naming series may be any series, not only an offered one.
  const free = choice === '' || field.fieldname === 'naming_series' || !options.some(Boolean)
  if (free || options.includes(choice)) return choice
  throw invalid(`${field.label}: "${choice.slice(0, 60)}" is not offered; choose one of ${options.filter(Boolean).slice(0, 20).join(', ')}`)
}

/** JSON is kept as text; an object is written out as Frappe does, so that equal ones are equal texts. */
export function toJson(field: DocField, value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null
  if (Array.isArray(value)) throw invalid(`${field.label}: a list is taken for rows; send it as JSON text`)
  if (typeof value !== 'string') return checkCharacters(field.label, JSON.stringify(value, withSortedKeys, 4))
  try {
    JSON.parse(value)
  } catch {
    throw invalid(`${field.label}: this is not valid JSON; send an object or JSON text`)
  }
  return checkCharacters(field.label, value)
}

const withSortedKeys = (_: string, value: unknown): unknown =>
  isRecord(value) ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) : value

/** How every password is shown: its length is nobody's to know. */
export const STARS = '********'

/** What a reader sends back as it was shown: it says nothing of the password. */
export const isOnlyStars = (value: unknown): boolean => typeof value === 'string' && /^\*+$/.test(value)

/** @throws {FrappeError} `ValidationError` for what is no text, `CharacterLengthExceededError` */
export function passwordText(field: DocField, value: unknown): string {
  const text = textOf(field, value)
  checkLength(field, text)
  return text
}

/** What stands in the column of a password that is kept elsewhere: another text each time, so that a new password is a change. */
export function toPassword(field: DocField, value: unknown): string | null {
  if (value === undefined || value === null || value === '' || isOnlyStars(value)) return null
  passwordText(field, value)
  return `${STARS}${randomBytes(6).toString('base64url')}`
}
