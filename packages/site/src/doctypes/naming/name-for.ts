import { randomBytes } from 'node:crypto'
import type { Connection } from '@annex/database'
import { FrappeError, invalid } from '@annex/protocol'
import type { DocType, Values } from '@annex/protocol'
import { checkCharacters } from '../values/texts.ts'
import { giveBackNumber, nextNumber } from './series-store.ts'
import { fillFormat, fillSeries } from './series.ts'
import type { FilledSeries } from './series.ts'

export interface NamingRequest {
  /** The transaction of the insert: a series counts in it, so that a rollback leaves no gap. */
  readonly connection: Connection
  readonly doctype: DocType
  /** The document's fields, defaults included. */
  readonly values: Values
  /** What the caller sent; `name` or `__newname` counts for `prompt` alone. */
  readonly sent: Values
  /** UTC microseconds. */
  readonly now: number
  /** In which the date parts of a series are meant. */
  readonly zone: string
}

const LONGEST = 140
const ALPHABET = '0123456789abcdefghijklmnopqrstuv'

/** Ten characters `[0-9a-v]`, from 50 random bits. */
export const randomName = (): string => Array.from(randomBytes(10), (byte) => ALPHABET[byte % 32]).join('')

/**
 * The name of a new document, as its DocType's `autoname` says. Whether the name is taken is for the insert to find out.
 *
 * @throws {FrappeError} `ValidationError` when what the name is made of is missing, `NameError` (409) when the name may not be
 */
export async function nameFor(request: NamingRequest): Promise<string> {
  const { doctype } = request
  const rule = doctype.autoname.toLowerCase()
  if (doctype.issingle) return doctype.name
  if (doctype.istable || rule === '' || rule === 'hash') return randomName()
  if (isCounted(doctype)) return String(await nextNumber(request.connection, `${doctype.name}\nautoincrement`))
  if (rule === 'prompt') return checkName(doctype, promptedName(request))
  const field = namingField(doctype)
  if (field !== undefined) return checkName(doctype, fieldName(request, field))
  const series = filledSeries(request)
  if (series.digits === 0) return checkName(doctype, series.prefix)
  checkLength(doctype, series.prefix)
  const number = await nextNumber(request.connection, counterOf(doctype, series.prefix))
  return checkName(doctype, `${series.prefix}${String(number).padStart(series.digits, '0')}${series.suffix}`)
}

/** Whether its documents are numbers: 1, 2, 3 … A number is not given out again, as in Frappe. */
export const isCounted = (doctype: DocType): boolean => !doctype.istable && doctype.autoname.toLowerCase() === 'autoincrement'

/** A stored name as readers get it: of documents that are counted a number. */
export const shownName = (doctype: DocType, name: string): string | number =>
  isCounted(doctype) && /^[1-9]\d{0,14}$/.test(name) ? Number(name) : name

/** The field of `field:…`, whose value is kept equal to the name. */
export function namingField(doctype: DocType): string | undefined {
  return /^field:/i.test(doctype.autoname) ? doctype.autoname.slice('field:'.length).trim() : undefined
}

/**
 * A name, trimmed, as the rules for every name have it; for renames too.
 *
 * @throws {FrappeError} `NameError` (409), `CharacterLengthExceededError`, `ValidationError`
 */
export function checkName(doctype: DocType, text: string): string {
  const name = checkCharacters('Name', text).trim()
  if (name === '') throw invalid(`${doctype.name}: the name is empty; give it one`)
  if (/[<>]/.test(name)) throw new FrappeError('NameError', `${doctype.name}: a name must not contain < or >`)
  if (name === doctype.name || name.startsWith(`New ${doctype.name}`))
    throw new FrappeError('NameError', `${doctype.name}: "${name.slice(0, 60)}" cannot be a name; choose another`)
  checkLength(doctype, name)
  return name
}

function checkLength(doctype: DocType, name: string): void {
  if (name.length <= LONGEST * 2 && [...name].length <= LONGEST) return
  throw new FrappeError('CharacterLengthExceededError', `${doctype.name}: a name has at most ${LONGEST} characters`)
}

/** Of the newest document of its series: the number is given out again. Others leave a gap. */
export async function giveBackName(
  request: Omit<NamingRequest, 'sent'> & {
    readonly name: string
  },
): Promise<void> {
  const { doctype, name } = request
  if (doctype.istable || doctype.issingle || !isSeries(doctype.autoname)) return
  const { prefix, digits, suffix } = seriesThen(request)
  if (digits === 0 || !name.startsWith(prefix) || !name.endsWith(suffix)) return
  const counter = name.slice(prefix.length, name.length - suffix.length)
  if (counter.length < digits || !/^\d{1,15}$/.test(counter)) return
  await giveBackNumber(request.connection, counterOf(doctype, prefix), Number(counter))
}

/** A document whose series was changed to none since has no number to give back, and is removed all the same. */
function seriesThen(request: Omit<NamingRequest, 'sent'>): FilledSeries {
  try {
    return filledSeries(request)
  } catch (error) {
    if (error instanceof FrappeError) return { prefix: '', digits: 0, suffix: '' }
    throw error
  }
}

function promptedName({ doctype, sent }: NamingRequest): string {
  const name = sent['name'] ?? sent['__newname']
  if (typeof name === 'string' && name.trim() !== '') return name
  if (typeof name === 'number') return String(name)
  throw invalid(`${doctype.name}: send the name of the new document as name`)
}

function fieldName({ doctype, values }: NamingRequest, fieldname: string): string {
  const value = values[fieldname]
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : ''
  const label = doctype.fields.find((field) => field.fieldname === fieldname)?.label ?? fieldname
  if (text === '') throw invalid(`${doctype.name}: ${label} is needed, the document is named after it`)
  // An account is one, however its address is written.
  return doctype.name === 'User' ? text.toLowerCase() : text
}

const isFormat = (autoname: string): boolean => /^format:/i.test(autoname)
const isSeriesField = (autoname: string): boolean => /^naming_series:/i.test(autoname)

const isSeries = (autoname: string): boolean =>
  isFormat(autoname) || isSeriesField(autoname) || (autoname.includes('#') && !/^field:/i.test(autoname))

function filledSeries(request: Omit<NamingRequest, 'sent'>): FilledSeries {
  const { doctype } = request
  if (isFormat(doctype.autoname)) return fillFormat(doctype.autoname.slice('format:'.length), request)
  return fillSeries(isSeriesField(doctype.autoname) ? seriesOf(doctype, request.values) : doctype.autoname, request)
}

/** The series that the document names, or the first that its DocType offers. */
function seriesOf(doctype: DocType, values: Values): string {
  const offered = doctype.fields.find((field) => field.fieldname === 'naming_series')?.options.split('\n') ?? []
  const named = values['naming_series']
  const series =
    typeof named === 'string' && named.trim() !== '' ? named.trim() : (offered.map((option) => option.trim()).find(Boolean) ?? '')
  if (series === '') throw invalid(`${doctype.name}: choose a naming series`)
  return series
}

// An empty prefix would be one counter for all DocTypes.
const counterOf = (doctype: DocType, prefix: string): string => prefix || `${doctype.name}\n`
