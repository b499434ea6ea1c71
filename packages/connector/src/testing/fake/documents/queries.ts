import {
  FrappeError,
  parseFieldExpression,
  parseFilters,
  parseGroupBy,
  parseOrderBy,
  type FieldExpression,
  type FieldPath,
  type Filter,
} from '@annex/protocol'
import { isColumn, isTable } from './doctypes.ts'
import type { FakeDocument, FakeDocuments } from './fake-documents.ts'
import { holds } from './filters.ts'
import { checkFrappeFilters } from './frappe-filters.ts'
import { asText } from './texts.ts'

/** What a list is asked with, as text or parsed. */
export interface ListQuery {
  readonly fields: readonly string[]
  readonly filters: unknown
  readonly orFilters: unknown
  /** Absent: the site's own order, which at a Frappe is none. */
  readonly orderBy: string | undefined
  readonly groupBy: string | undefined
  readonly start: number
  /** Undefined = all. */
  readonly limit: number | undefined
}

/** A document, with the row of each child table that the list looks at. */
interface Row {
  readonly document: FakeDocument
  readonly rows: Readonly<Record<string, FakeDocument | undefined>>
}

/** Answers lists over the documents of one DocType that a user may see. */
export class Queries {
  readonly #documents: FakeDocuments
  readonly #frappe: boolean

  /** @param frappe a list that asks for no order has none, and some filters are mistakes */
  constructor(documents: FakeDocuments, frappe: boolean) {
    this.#documents = documents
    this.#frappe = frappe
  }

  /** @throws {FrappeError} `DataError` for a field that is not there, `ValidationError` for filters that cannot be read */
  list(doctype: string, seen: readonly FakeDocument[], query: ListQuery): FakeDocument[] {
    const fields = query.fields.map((text) => parseFieldExpression(text))
    if (this.#frappe) for (const given of [query.filters, query.orFilters]) checkFrappeFilters(given)
    const filters = parseFilters(query.filters)
    const anyOf = parseFilters(query.orFilters)
    for (const field of fields) if (field.kind !== 'all') this.#check(doctype, field.path)
    for (const filter of [...filters, ...anyOf]) this.#check(doctype, pathOf(filter))
    const paths = [...filters, ...anyOf].map(pathOf).concat(fields.flatMap((field) => (field.kind === 'all' ? [] : [field.path])))
    const rows = this.#joined(doctype, seen, paths).filter(
      (row) =>
        filters.every((filter) => holds(this.#value(doctype, row, pathOf(filter)), filter)) &&
        (anyOf.length === 0 || anyOf.some((filter) => holds(this.#value(doctype, row, pathOf(filter)), filter))),
    )
    const ordered = this.#inOrder(doctype, rows, query)
    const found =
      query.groupBy === undefined && !fields.some(isAggregate) ? ordered.map((row) => [row]) : grouped(this.#keyed(doctype, ordered, query))
    const answers = found.map((group) => this.#answer(doctype, fields, group))
    return distinctIf(fields, answers).slice(query.start, query.limit === undefined ? undefined : query.start + query.limit)
  }

  #keyed(doctype: string, rows: readonly Row[], { groupBy }: ListQuery): [string, Row][] {
    const paths = parseGroupBy(groupBy)
    return rows.map((row) => [JSON.stringify(paths.map((path) => this.#value(doctype, row, path))), row])
  }

  /** One row for each document, or for each of its child rows where the list looks at them. */
  #joined(doctype: string, seen: readonly FakeDocument[], paths: readonly FieldPath[]): Row[] {
    const tables = [...new Set(paths.flatMap((path) => this.#tableOf(doctype, path) ?? []))]
    return seen.flatMap((document) =>
      tables.reduce<Row[]>(
        (rows, table) => {
          const children = (document[table] as FakeDocument[] | undefined) ?? []
          return rows.flatMap((row) =>
            (children.length === 0 ? [undefined] : children).map((child) => ({ document, rows: { ...row.rows, [table]: child } })),
          )
        },
        [{ document, rows: {} }],
      ),
    )
  }

  /** The table field that a path goes through. */
  #tableOf(doctype: string, { doctype: other, via }: FieldPath): string | undefined {
    const tables = this.#documents.doctype(doctype)?.fields.filter(isTable) ?? []
    if (other !== undefined && other !== doctype) return tables.find((field) => field.options === other)?.fieldname
    return tables.find((field) => field.fieldname === via)?.fieldname
  }

  #value(doctype: string, { document, rows }: Row, path: FieldPath): unknown {
    const table = this.#tableOf(doctype, path)
    if (table !== undefined) return rows[table]?.[path.fieldname] ?? null
    if (path.via === undefined) return document[path.fieldname] ?? null
    const link = this.#documents.doctype(doctype)?.fields.find((field) => field.fieldname === path.via)
    const linked = this.#documents.read(link?.options ?? '', asText(document[path.via] ?? ''))
    return linked?.[path.fieldname] ?? null
  }

  #check(doctype: string, path: FieldPath): void {
    const known = path.doctype !== undefined || path.via !== undefined ? undefined : this.#documents.fieldnames(doctype)
    if (known === undefined || known.includes(path.fieldname) || path.fieldname.startsWith('_')) return
    throw new FrappeError('DataError', `Field not permitted in query: ${path.fieldname}`)
  }

  #inOrder(doctype: string, rows: readonly Row[], { orderBy, groupBy }: ListQuery): Row[] {
    const wanted =
      orderBy === undefined || orderBy === '' ? (!this.#frappe && groupBy === undefined ? 'modified desc, name asc' : '') : orderBy
    const terms = parseOrderBy(wanted)
    // What has no order comes in one that nobody would choose.
    if (terms.length === 0) return rows.toSorted((a, b) => scrambled(a.document) - scrambled(b.document))
    return rows.toSorted((a, b) => {
      for (const { path, descending } of terms) {
        const order = compareValues(this.#value(doctype, a, path), this.#value(doctype, b, path))
        if (order !== 0) return descending ? -order : order
      }
      return 0
    })
  }

  #answer(doctype: string, fields: readonly FieldExpression[], group: readonly Row[]): FakeDocument {
    const [first] = group
    const entries = fields.flatMap((field): [string, unknown][] => {
      if (field.kind === 'all') return Object.entries(first === undefined ? {} : this.#columns(doctype, first.document))
      if (field.kind === 'column')
        return [[field.alias ?? field.path.fieldname, first === undefined ? null : this.#value(doctype, first, field.path)]]
      const values = group.map((row) => this.#value(doctype, row, field.path)).filter((value) => value !== null)
      return [[field.alias ?? field.text, aggregated(field.aggregate, field.distinct ? [...new Set(values)] : values)]]
    })
    return Object.fromEntries(entries)
  }

  #columns(doctype: string, document: FakeDocument): FakeDocument {
    const tables =
      this.#documents
        .doctype(doctype)
        ?.fields.filter((field) => !isColumn(field))
        .map((field) => field.fieldname) ?? []
    return Object.fromEntries(Object.entries(document).filter(([key]) => key !== 'doctype' && !tables.includes(key)))
  }
}

const pathOf = ({ doctype, fieldname }: Filter): FieldPath => ({ fieldname, ...(doctype === undefined ? {} : { doctype }) })
const isAggregate = (field: FieldExpression): boolean => field.kind === 'aggregate'

function grouped(rows: readonly [string, Row][]): Row[][] {
  const groups = new Map<string, Row[]>()
  for (const [key, row] of rows) groups.set(key, [...(groups.get(key) ?? []), row])
  // A sum over nothing is one row.
  return groups.size === 0 ? [[]] : [...groups.values()]
}

function distinctIf(fields: readonly FieldExpression[], rows: FakeDocument[]): FakeDocument[] {
  if (!fields.some((field) => field.kind === 'column' && field.distinct)) return rows
  return [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()]
}

function aggregated(aggregate: string, values: readonly unknown[]): unknown {
  const numbers = values.map(Number)
  const sum = numbers.reduce((total, value) => total + value, 0)
  if (aggregate === 'count') return values.length
  if (values.length === 0) return null
  if (aggregate === 'sum') return sum
  if (aggregate === 'avg') return sum / values.length
  const sorted = values.toSorted(compareValues)
  return aggregate === 'min' ? sorted[0] : sorted.at(-1)
}

/** Nulls first, numbers by size, all else by its text. */
export function compareValues(a: unknown, b: unknown): number {
  if (a === b) return 0
  if (a === null || a === undefined) return -1
  if (b === null || b === undefined) return 1
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return asText(a) < asText(b) ? -1 : 1
}

const scrambled = (document: FakeDocument): number =>
  [...String(document['name'])].reduce((hash, character) => (hash * 31 + character.codePointAt(0)!) % 9973, 7)
