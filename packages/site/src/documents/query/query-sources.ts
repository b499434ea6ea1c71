import {
  FrappeError,
  OPTIONAL_COLUMNS,
  invalid,
  isColumn,
  notPermitted,
  type DocField,
  type DocType,
  type FieldPath,
} from '@annex/protocol'
import { sql, type RawBuilder } from 'kysely'
import { fieldsWithin, listAccess, readableLevels, visibleFields } from '../../policy/field-levels.ts'
import type { Principal } from '../../policy/principal.ts'
import { rowConditions } from '../../policy/row-conditions.ts'
import { tableOf } from '../document-store.ts'
import { childOf, refusal } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { columnsOf, fieldOf, tablesOf } from '../shape.ts'
import { optionalFieldsOf, standardFieldsOf, toColumn, type Column } from './query-columns.ts'
import { rowsThatHold } from './query-rows.ts'
import { treeOf } from './query-trees.ts'
import type { Tree } from './tree-condition.ts'

/** One table of a query, and what of it the caller may see. */
interface Source {
  readonly doctype: DocType
  readonly alias: string
  readonly access: 'read' | 'select'
  readonly visible: ReadonlySet<string>
}

/** Why a field is asked for: one that may not be seen is left out of the answer, and refused anywhere else. */
export type Use = 'show' | 'filter' | 'order' | 'group'

const MOST_JOINS = 20
/** Columns that Frappe leaves out where a table has none; its clients ask for them in every list. */
const OPTIONAL: ReadonlySet<string> = new Set([...OPTIONAL_COLUMNS, '_seen'])
/** What a list may be ordered by though a link shows no more than names. */
const ORDERS: ReadonlySet<string> = new Set(['name', 'modified', 'creation', 'idx', 'docstatus'])

/**
 * The tables of one list: its DocType's own, and those joined because a field in a row or behind a link was named.
 *
 * Every column of a query is resolved here, so that no name reaches the SQL that a DocType does not have,
 * and no value that the caller may not see.
 */
export class Sources {
  readonly main: Source
  readonly #premises: Premises
  readonly #principal: Principal
  /** Whose levels judge the fields of rows. */
  readonly #judged: DocType
  readonly #joined = new Map<string, { readonly source: Source; readonly join: RawBuilder<unknown> }>()

  /** `parent` is given when rows of a child table are listed. The caller has judged that `access` holds. */
  constructor(premises: Premises, principal: Principal, doctype: DocType, access: 'read' | 'select', parent?: DocType) {
    this.#premises = premises
    this.#principal = principal
    this.#judged = parent ?? doctype
    const visible = doctype.istable ? this.#visibleInRows(doctype) : visibleFields(principal, doctype, access)
    this.main = { doctype, alias: 't', access, visible }
  }

  get from(): RawBuilder<unknown> {
    const joins = [...this.#joined.values()].map(({ join }) => join)
    return sql`${tableOf(this.main.doctype)} as ${sql.id('t')}${joins.length === 0 ? sql`` : sql` ${sql.join(joins, sql` `)}`}`
  }

  /** Whether a row of the list may come more than once. */
  get joined(): boolean {
    return this.#joined.size > 0
  }

  /** Keys that tell repeated rows apart: the numbers of joined child rows. */
  get ties(): RawBuilder<unknown>[] {
    return [...this.#joined.values()].filter(({ source }) => source.doctype.istable).map(({ source }) => sql.ref(`${source.alias}.idx`))
  }

  /** Every column of the DocType, or of one of its child tables, that may be seen. */
  all(doctype?: string): Column[] {
    const source = doctype === undefined || doctype === this.main.doctype.name ? this.main : this.#rowsOfType(doctype, 'show')
    if (!source) return []
    const names = [...standardFieldsOf(source.doctype.istable).keys(), ...columnsOf(source.doctype).map((field) => field.fieldname)]
    return names.flatMap((name) => this.#column(source, name, 'show') ?? [])
  }

  /**
   * @returns undefined for a field to be left out
   * @throws {FrappeError} `DataError` for what is no field, `PermissionError` for what may not be used
   */
  column(path: FieldPath, use: Use): Column | undefined {
    const source = this.#source(path, use)
    return source && this.#column(source, path.fieldname, use)
  }

  /** A column of the DocType itself that a query of ours needs, whoever asks. */
  own(fieldname: string): Column | undefined {
    const field = this.#fieldIn(this.main.doctype, fieldname)
    return field && this.#toColumn(this.main, field)
  }

  /**
   * The tree that the column names nodes of: by the name of its own documents, or by a link to them.
   *
   * @throws {FrappeError} `ValidationError` when there is none, `PermissionError` when the caller may not see how it grows
   */
  tree({ doctype, field }: Column): Tree {
    const isLink = field.fieldtype === 'Link'
    if (field.fieldname !== 'name' && !isLink) throw invalid(`${field.label} names no document of a tree; use a name, or a link to one`)
    const target = isLink ? this.#premises.doctypes.require(field.options) : doctype
    return treeOf(this.#premises, this.#principal, target, this.main.doctype)
  }

  #source(path: FieldPath, use: Use): Source | undefined {
    if (path.via !== undefined) return this.#through(path.via, use)
    if (path.doctype === undefined || path.doctype === this.main.doctype.name) return this.main
    return this.#rowsOfType(path.doctype, use)
  }

  #column(source: Source, fieldname: string, use: Use): Column | undefined {
    const field = this.#fieldIn(source.doctype, fieldname)
    if (!field) {
      if (use === 'show' && OPTIONAL.has(fieldname)) return undefined
      throw unknownField(fieldname)
    }
    if (isVisible(source, field, use) && (use === 'show' || field.fieldtype !== 'Password')) return this.#toColumn(source, field)
    if (use === 'show') return undefined
    throw hiddenField(source.doctype, field)
  }

  #fieldIn(doctype: DocType, fieldname: string): DocField | undefined {
    const known = standardFieldsOf(doctype.istable).get(fieldname) ?? optionalFieldsOf(doctype.istable).get(fieldname)
    if (known) return known
    const field = fieldOf(doctype, fieldname)
    return field && isColumn(field) ? field : undefined
  }

  #toColumn(source: Source, field: DocField): Column {
    const key = `${source.alias}.${field.fieldname}`
    const required = source.alias === 't' && standardFieldsOf(source.doctype.istable).has(field.fieldname)
    return toColumn({ expression: sql.ref(key), doctype: source.doctype, field, key, required }, this.#premises.zone)
  }

  /** The source behind `lines.item` or `client.region`. */
  #through(fieldname: string, use: Use): Source | undefined {
    const field = fieldOf(this.main.doctype, fieldname)
    if (field && tablesOf(this.main.doctype).includes(field)) return this.#rowsOfFields([field], use)
    if (field?.fieldtype !== 'Link') throw unknownField(fieldname)
    if (isVisible(this.main, field, use)) return this.#linked(field)
    if (use === 'show') return undefined
    throw hiddenField(this.main.doctype, field)
  }

  #rowsOfType(child: string, use: Use): Source | undefined {
    const fields = tablesOf(this.main.doctype).filter((field) => field.options === child)
    if (fields.length === 0) throw new FrappeError('DataError', `${child.slice(0, 140)} is not a child table of ${this.main.doctype.name}`)
    return this.#rowsOfFields(fields, use)
  }

  #rowsOfFields(fields: readonly DocField[], use: Use): Source | undefined {
    const seen = fields.filter((field) => this.main.visible.has(field.fieldname))
    if (seen.length > 0) return this.#rows(seen)
    if (use === 'show') return undefined
    throw hiddenField(this.main.doctype, fields[0]!)
  }

  #rows(fields: readonly DocField[]): Source {
    const doctype = this.#premises.doctypes.require(fields[0]!.options)
    const names = fields.map((field) => field.fieldname)
    return this.#join(`rows ${names.join(' ')}`, doctype, 'read', this.#visibleInRows(doctype), (alias) => {
      const column = (name: string): RawBuilder<unknown> => sql.ref(`${alias}.${name}`)
      // Index (parent, parentfield, idx).
      return sql`${column('parent')} = ${sql.ref('t.name')} and ${column('parentfield')} in (${sql.join(names)}) and ${column('parenttype')} = ${this.main.doctype.name}`
    })
  }

  #visibleInRows(child: DocType): ReadonlySet<string> {
    return fieldsWithin(child.fields, readableLevels(this.#principal, this.#judged))
  }

  #linked(field: DocField): Source {
    const doctype = this.#premises.doctypes.require(field.options)
    const access = listAccess(this.#principal, doctype)
    if (access === 'none') throw refusal(doctype, 'select')
    if (doctype.virtual) throw unknownField(field.fieldname)
    const conditions = rowConditions(this.#principal, doctype, access, childOf(this.#premises), this.main.doctype.name)
    return this.#join(`link ${field.fieldname}`, doctype, access, visibleFields(this.#principal, doctype, access), (alias) => {
      const held = rowsThatHold(this.#premises, doctype, alias, conditions)
      // Primary key (name); a document that the caller may not see is as one that is not there.
      return sql`${sql.join([sql`${sql.ref(`${alias}.name`)} = ${sql.ref(`t.${field.fieldname}`)}`, ...held], sql` and `)}`
    })
  }

  #join(
    key: string,
    doctype: DocType,
    access: 'read' | 'select',
    visible: ReadonlySet<string>,
    on: (alias: string) => RawBuilder<unknown>,
  ): Source {
    const known = this.#joined.get(key)
    if (known) return known.source
    if (this.#joined.size >= MOST_JOINS)
      throw new FrappeError('DataError', `A list reaches through at most ${MOST_JOINS} fields; ask for fewer`)
    const alias = `j${this.#joined.size}`
    const source = { doctype, alias, access, visible }
    this.#joined.set(key, { source, join: sql`left join ${tableOf(doctype)} as ${sql.id(alias)} on ${on(alias)}` })
    return source
  }
}

function isVisible(source: Source, field: DocField, use: Use): boolean {
  if (field === optionalFieldsOf(source.doctype.istable).get(field.fieldname)) return source.access === 'read'
  if (!standardFieldsOf(source.doctype.istable).has(field.fieldname)) return source.visible.has(field.fieldname)
  return source.access === 'read' || field.fieldname === 'name' || (use === 'order' && ORDERS.has(field.fieldname))
}

const unknownField = (fieldname: string): FrappeError =>
  new FrappeError('DataError', `Field not permitted in query: ${fieldname.slice(0, 140)}`)

const hiddenField = (doctype: DocType, field: DocField): FrappeError =>
  notPermitted(`You may not filter, sort or group by ${field.label} of ${doctype.name}; leave it out`)
