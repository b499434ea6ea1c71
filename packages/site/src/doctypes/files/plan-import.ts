import { invalid, isRecord, isTableField, type DocField, type Document, type Values } from '@annex/protocol'
import { parseDocType } from '../parse-doctype.ts'
import { compareDefinitions, type DefinitionChanges } from './compare-definitions.ts'
import type { DocTypeFile } from './read-doctype-file.ts'

export interface ImportPremises {
  /** The DocTypes of the files that the site has already, as documents. */
  readonly stored: ReadonlyMap<string, Document>
  /** Whether a field may point at a DocType that is in none of the files. */
  readonly isThere: (doctype: string) => boolean
  readonly roles: ReadonlySet<string>
  /** Keeps links that would lead nowhere as plain text, instead of refusing them. */
  readonly linksAsData: boolean
}

/** One change, a transaction of its own. */
export interface ImportStep {
  readonly name: string
  readonly act: 'insert' | 'update'
  readonly values: Values
}

export interface ImportPlan {
  /** What each file changes, for a person to read; in the order of the steps. */
  readonly changes: readonly (DefinitionChanges & { readonly name: string; readonly isNew: boolean; readonly notes: readonly string[] })[]
  /** Roles that permissions name and the site does not have. */
  readonly roles: readonly string[]
  readonly steps: readonly ImportStep[]
}

/**
 * In which order DocTypes are made and changed: row types first, then what is linked to, then what links there. Of two that
 * link to each other, the first begins with a text field in the link's place.
 *
 * @throws {FrappeError} `ValidationError` that names the field whose DocType is nowhere
 */
export function planImport(read: readonly DocTypeFile[], premises: ImportPremises): ImportPlan {
  const names = new Set(read.map((file) => file.name))
  const isThere = (doctype: string): boolean => names.has(doctype) || premises.isThere(doctype)
  const files = new Map(read.map((file) => [file.name, reachable(file, isThere, premises.linksAsData)]))
  const ordered = inOrder(files)
  const changes = ordered.map((file) => changesOf(file, premises.stored.get(file.name)))
  const changed = new Set(changes.filter(({ isNew, lines }) => isNew || lines.length > 0).map(({ name }) => name))
  const steps = stepsOf(
    ordered.filter((file) => changed.has(file.name)),
    files,
    premises.stored,
  )
  const named = read.flatMap((file) => file.definition.permissions.map((row) => row.role))
  return { changes, roles: [...new Set(named)].filter((role) => !premises.roles.has(role)).toSorted(), steps }
}

/** Values for an update: rows that are known keep their names, so that they are changed and not made anew. */
export function withRowNames(values: Values, stored: Document): Values {
  const named = (key: string, keyOf: (row: Values) => string): Values[] => {
    const known = new Map(rowsOf(stored, key).map((row) => [keyOf(row), row['name']]))
    return rowsOf(values, key).map((row) => (known.has(keyOf(row)) ? { ...row, name: known.get(keyOf(row)) } : row))
  }
  return {
    ...values,
    fields: named('fields', (row) => String(row['fieldname'])),
    permissions: named('permissions', (row) => [row['role'], row['permlevel'] ?? 0, Number(Boolean(row['if_owner']))].join('\n')),
  }
}

const rowsOf = (values: Values, key: string): Values[] => (Array.isArray(values[key]) ? values[key].filter(isRecord) : [])

function reachable(file: DocTypeFile, isThere: (doctype: string) => boolean, linksAsData: boolean): DocTypeFile {
  const stray = pointing(file).filter((field) => !isThere(field.options))
  const refused = stray.find((field) => isTableField(field) || !linksAsData)
  if (refused)
    throw invalid(
      `DocType ${file.name}: field ${refused.fieldname} needs the DocType ${refused.options}, which is neither on this site nor in the files; import it too${isTableField(refused) ? '' : ', or keep such links as text with --links-as-data'}`,
    )
  if (stray.length === 0) return file
  const notes = stray.map((field) => `field ${field.fieldname} is kept as Data: there is no DocType ${field.options}`)
  return reread({ ...file, notes: [...file.notes, ...notes] }, stray)
}

const pointing = (file: DocTypeFile): DocField[] =>
  file.definition.fields.filter((field) => field.fieldtype === 'Link' || isTableField(field))

/** The file with text fields in the place of some of its links. */
function reread(file: DocTypeFile, links: readonly DocField[]): DocTypeFile {
  const values = asData(file.values, new Set(links.map((field) => field.fieldname)))
  return { ...file, values, definition: parseDocType(values, { origin: 'api', id: '' }) }
}

function asData(values: Values, fieldnames: ReadonlySet<string>): Values {
  const fields = rowsOf(values, 'fields').map((row) =>
    row['fieldtype'] === 'Link' && fieldnames.has(String(row['fieldname'])) ? { ...row, fieldtype: 'Data', options: null } : row,
  )
  return { ...values, fields }
}

function inOrder(files: ReadonlyMap<string, DocTypeFile>): DocTypeFile[] {
  const [ordered, seen]: [Set<DocTypeFile>, Set<string>] = [new Set(), new Set()]
  const tables = (file: DocTypeFile): DocTypeFile[] =>
    pointing(file).flatMap((field) => (isTableField(field) ? (files.get(field.options) ?? []) : []))
  // A document cannot do without its rows, whatever these link to; a link can wait.
  const put = (file: DocTypeFile): void => {
    for (const rows of tables(file)) if (rows !== file && rows.definition.istable) put(rows)
    ordered.add(file)
  }
  const visit = (file: DocTypeFile | undefined): void => {
    if (!file || seen.has(file.name)) return
    seen.add(file.name)
    for (const rows of tables(file)) visit(rows)
    for (const field of pointing(file)) visit(files.get(field.options))
    put(file)
  }
  for (const file of files.values()) visit(file)
  return [...ordered]
}

function changesOf(file: DocTypeFile, stored: Document | undefined): ImportPlan['changes'][number] {
  const before = stored && parseDocType(stored, { origin: 'file', id: '' })
  return { ...compareDefinitions(before, file.definition), name: file.name, isNew: before === undefined, notes: file.notes }
}

function stepsOf(
  ordered: readonly DocTypeFile[],
  files: ReadonlyMap<string, DocTypeFile>,
  stored: ReadonlyMap<string, Document>,
): ImportStep[] {
  const made = new Set(stored.keys())
  const [steps, later]: [ImportStep[], ImportStep[]] = [[], []]
  for (const { name, values, definition } of ordered) {
    const isWaiting = (field: DocField): boolean => field.options !== name && files.has(field.options) && !made.has(field.options)
    const waiting = definition.fields.filter((field) => field.fieldtype === 'Link' && isWaiting(field)).map((field) => field.fieldname)
    steps.push({
      name,
      act: made.has(name) ? 'update' : 'insert',
      values: waiting.length === 0 ? values : asData(values, new Set(waiting)),
    })
    if (waiting.length > 0) later.push({ name, act: 'update', values })
    made.add(name)
  }
  return [...steps, ...later]
}
