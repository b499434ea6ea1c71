import { FrappeError } from '@annex/protocol'
import type { KeptDocname } from '../../stores/connector-store.ts'
import type { UpstreamClient } from '../upstream/upstream-client.ts'
import { askedFields, bareDocname, textOf, toKept, type ShownFields } from './shown-fields.ts'

/** Names are sent in an address, which servers cut at some thousands of characters. */
const MOST_NAMES = 50
const MOST_CHARACTERS = 4000
const LONGEST_NAME = 140
/** Questions under way at a time. */
const AT_ONCE = 5

/** What a site says of a document that was asked for by its name. */
export type Told = { readonly state: 'there' | 'renamed'; readonly row: KeptDocname } | { readonly state: 'gone' | 'hidden' }

export interface AskParts {
  readonly client: UpstreamClient
  readonly clock: () => number
  /** Undefined when it cannot be told what is to be shown: then what is kept is shown on. */
  readonly shown: ShownFields | undefined
  readonly known: ReadonlyMap<string, KeptDocname>
  /** A person is choosing these names now; else only what became of those that were seen is of interest. */
  readonly isChoice: boolean
}

type Row = Readonly<Record<string, unknown>>

/**
 * What the site says of documents, by their names: lists of up to 50 names, and a question for each that is missing.
 *
 * @throws {PermissionError} (a FrappeError) when the person may neither read nor choose documents of the DocType
 */
export async function askSite(parts: AskParts, doctype: string, names: readonly string[]): Promise<ReadonlyMap<string, Told>> {
  const wanted = [...new Set(names)].filter((name) => name !== '' && name.length <= LONGEST_NAME)
  const told = new Map<string, Told>(names.map((name) => [name, { state: 'gone' }]))
  for (const some of inBatches(wanted)) {
    const rows = await listNamed(parts, doctype, some)
    for (let at = 0; at < some.length; at += AT_ONCE)
      await Promise.all(some.slice(at, at + AT_ONCE).map(async (name) => told.set(name, await judge(parts, doctype, name, rows))))
  }
  return told
}

function* inBatches(names: readonly string[]): Generator<readonly string[]> {
  let batch: string[] = []
  let length = 0
  for (const name of names) {
    const own = encodeURIComponent(JSON.stringify(name)).length
    if (batch.length === MOST_NAMES || (batch.length > 0 && length + own > MOST_CHARACTERS)) {
      yield batch
      batch = []
      length = 0
    }
    batch.push(name)
    length += own
  }
  if (batch.length > 0) yield batch
}

/** The documents that the person may read; undefined when they may choose documents of the DocType and not read them. */
async function listNamed({ client, shown }: AskParts, doctype: string, names: readonly string[]): Promise<readonly Row[] | undefined> {
  const fields = askedFields(shown ?? { description: [], fetch: [] })
  try {
    return await client.list(doctype, { fields, filters: [['name', 'in', names]], orderBy: 'name asc', limit: names.length })
  } catch (error) {
    if (isPermissionError(error)) return undefined
    throw error
  }
}

async function judge(parts: AskParts, doctype: string, name: string, rows: readonly Row[] | undefined): Promise<Told> {
  const known = parts.known.get(name)
  const row = rows?.find((each) => textOf(each['name']) === name)
  if (row !== undefined) return (await findMoved(parts, known, row)) ?? { state: 'there', row: keptOf(parts, doctype, row) }
  // Where names are compared without case, the site means this one.
  const spelled = rows?.find((each) => textOf(each['name']).toLowerCase() === name.toLowerCase())
  if (spelled !== undefined) return { state: 'renamed', row: keptOf(parts, doctype, spelled) }
  const found = (await parts.client.validateLink(doctype, name))?.name
  if (found === undefined) return (known && (await findByCreation(parts, known))) ?? { state: 'gone' }
  if (rows !== undefined) return { state: 'hidden' }
  const named = parts.known.get(found) ?? bareDocname(doctype, found, parts.clock())
  const seenAt = parts.isChoice ? parts.clock() : named.seenAt
  return { state: found === name ? 'there' : 'renamed', row: { ...named, state: 'there', renamedTo: null, seenAt } }
}

/** A namesake that was made later is another document; the one that was seen may stand under another name. Who chooses a name now means what it is now. */
async function findMoved(parts: AskParts, known: KeptDocname | undefined, row: Row): Promise<Told | undefined> {
  const isNamesake = known !== undefined && known.creation !== '' && known.creation !== textOf(row['creation'])
  return isNamesake && !parts.isChoice ? findByCreation(parts, known) : undefined
}

/** A rename leaves `creation` as it was, to the microsecond. Two documents with it, or another title, prove nothing. */
async function findByCreation(parts: AskParts, known: KeptDocname): Promise<Told | undefined> {
  const { doctype, name, creation } = known
  if (creation === '') return undefined
  const fields = askedFields(parts.shown ?? { description: [], fetch: [] })
  const rows = await parts.client.list(doctype, { fields, filters: [['creation', '=', creation]], orderBy: 'name asc', limit: 2 })
  const [row] = rows
  if (row === undefined || rows.length > 1 || textOf(row['creation']) !== creation || textOf(row['name']) === name) return undefined
  const found = keptOf(parts, doctype, row)
  const hasTitles = known.label !== name && found.label !== found.name
  return hasTitles && known.label !== found.label ? undefined : { state: 'renamed', row: found }
}

/** As the site shows it now. Where nobody is choosing, nobody has looked: the time of sight stays. */
function keptOf({ shown, known, clock, isChoice }: AskParts, doctype: string, row: Row): KeptDocname {
  const before = known.get(textOf(row['name']))
  const seenAt = before === undefined || isChoice ? clock() : before.seenAt
  const now = toKept(doctype, row, shown ?? { description: [], fetch: [] }, seenAt)
  const words = shown === undefined && before !== undefined ? { label: before.label, description: before.description } : {}
  return { ...now, ...words, fields: { ...before?.fields, ...now.fields } }
}

export const isPermissionError = (error: unknown): boolean => error instanceof FrappeError && error.excType === 'PermissionError'
