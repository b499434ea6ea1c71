import {
  CHILD_FIELDS,
  OPTIONAL_COLUMNS,
  STANDARD_FIELDS,
  invalid,
  isColumn,
  isTableField,
  type DocField,
  type DocType,
  type FieldPath,
} from '@annex/protocol'
import { isCore } from '../doctypes/core-doctypes.ts'
import { treeParentField } from '../doctypes/definition/tree-parent-field.ts'
import { fieldsWithin, listAccess, readableLevels, visibleFields } from '../policy/field-levels.ts'
import type { Principal } from '../policy/principal.ts'
import { rowConditions } from '../policy/row-conditions.ts'
import type { Related } from './definitions.ts'
import { hiddenField, notBuilt, refused, unknownField } from './refusals.ts'

/** Why a field is asked for: one that may not be seen is left out of the answer, and refused anywhere else. */
export type Use = 'show' | 'filter' | 'order' | 'group'

export interface SightOf {
  readonly principal: Principal
  readonly related: Related
  readonly access: 'read' | 'select'
  /** Whose levels judge the fields: the DocType itself, or the parent when rows of a child table are listed. */
  readonly judged?: DocType
}

/** Fields of one DocType, and which of them the caller may see. */
interface Source {
  readonly doctype: DocType
  readonly access: 'read' | 'select'
  readonly visible: ReadonlySet<string>
}

/** Columns that Frappe leaves out where a table has none; its clients ask for them in every list. */
const OPTIONAL: ReadonlySet<string> = new Set(OPTIONAL_COLUMNS)
/** What a list may be ordered by though a link shows no more than names. */
const ORDERS: ReadonlySet<string> = new Set(['name', 'modified', 'creation', 'idx', 'docstatus'])

/** Columns that are there whatever the definition says, and are seen by whoever may read. */
const isStandard = (doctype: DocType, fieldname: string): boolean =>
  standardOf(doctype).includes(fieldname) || (!doctype.istable && OPTIONAL.has(fieldname))
const standardOf = ({ istable }: DocType): readonly string[] => (istable ? [...STANDARD_FIELDS, ...CHILD_FIELDS] : STANDARD_FIELDS)

/** Which fields a caller may see, wherever a name leads: in the DocType itself, in its rows, or behind a link. */
export class Sight {
  readonly #principal: Principal
  readonly #related: Related
  readonly #main: Source
  readonly #levels: ReadonlySet<number>

  constructor({ principal, related, access, judged = related.doctype }: SightOf) {
    this.#principal = principal
    this.#related = related
    this.#levels = readableLevels(principal, judged)
    const { doctype } = related
    this.#main = doctype.istable ? this.#rows(doctype) : { doctype, access, visible: visibleFields(principal, doctype, access) }
  }

  /**
   * @returns false for a field to be left out
   * @throws {FrappeError} `DataError` for what is no field, `PermissionError` for what may not be used, 501 for what cannot be asked of the other site
   */
  sees(path: FieldPath, use: Use): boolean {
    const source = this.#source(path, use)
    if (!source) return false
    const { fieldname } = path
    const standard = isStandard(source.doctype, fieldname)
    if (!this.#has(source, fieldname)) return absent(fieldname, use)
    if (
      standard
        ? source.access === 'read' || fieldname === 'name' || (use === 'order' && ORDERS.has(fieldname))
        : source.visible.has(fieldname)
    )
      return true
    return hidden(source.doctype, fieldname, use)
  }

  /** Whether the DocType itself has such a column, seen or not. */
  has(fieldname: string): boolean {
    return this.#has(this.#main, fieldname)
  }

  /**
   * Judges whether the caller may ask along the tree that the field names nodes of.
   *
   * @throws {FrappeError} `ValidationError` when it is none, `PermissionError` when they may not see how it grows, 501 where they may see a part of it
   */
  checkTree(path: FieldPath): void {
    const source = this.#source(path, 'filter')
    const field = source?.doctype.fields.find((candidate) => candidate.fieldname === path.fieldname)
    const tree = path.fieldname === 'name' ? source?.doctype : field?.fieldtype === 'Link' ? this.#linked(field).doctype : undefined
    const parent = tree && treeParentField(tree)
    if (!tree || parent === undefined)
      throw invalid(`${tree?.name ?? path.fieldname} is not a tree: it has no ancestors and no descendants`)
    const access = listAccess(this.#principal, tree)
    if (access === 'none' || !visibleFields(this.#principal, tree, access).has(parent)) hidden(tree, parent, 'filter')
    const { owner, allowed } = rowConditions(this.#principal, tree, 'read', this.#related.of)
    if (owner !== undefined || allowed.length > 0) throw notBuilt('A tree of which you may see some documents alone')
  }

  #has({ doctype }: Source, fieldname: string): boolean {
    return isStandard(doctype, fieldname) || doctype.fields.some((field) => field.fieldname === fieldname && isColumn(field))
  }

  /** Every column that may be seen: of the DocType, or of one of its child tables. */
  all(child?: string): string[] {
    const source = this.#source(child === undefined ? { fieldname: 'name' } : { fieldname: 'name', doctype: child }, 'show')
    if (!source) return []
    const standard = standardOf(source.doctype).filter((name) => source.access === 'read' || name === 'name')
    return [
      ...standard,
      ...source.doctype.fields.filter((field) => isColumn(field) && source.visible.has(field.fieldname)).map((field) => field.fieldname),
    ]
  }

  #source({ via, doctype }: FieldPath, use: Use): Source | undefined {
    if (via !== undefined) return this.#through(via, use)
    if (doctype === undefined || doctype === this.#main.doctype.name) return this.#main
    const tables = this.#main.doctype.fields.filter((field) => isTableField(field) && field.options === doctype)
    if (tables.length === 0) throw unknownField(doctype)
    return this.#rowsOf(tables, use)
  }

  #through(fieldname: string, use: Use): Source | undefined {
    const field = this.#main.doctype.fields.find((candidate) => candidate.fieldname === fieldname)
    if (field && isTableField(field)) return this.#rowsOf([field], use)
    if (field?.fieldtype !== 'Link') throw unknownField(fieldname)
    if (this.#main.visible.has(fieldname)) return this.#linked(field)
    hidden(this.#main.doctype, fieldname, use)
    return undefined
  }

  #rowsOf(tables: readonly DocField[], use: Use): Source | undefined {
    const child = this.#related.of(tables[0]!.options)
    if (tables.some((table) => !this.#main.visible.has(table.fieldname))) {
      hidden(this.#main.doctype, tables[0]!.fieldname, use)
      return undefined
    }
    return child && this.#rows(child)
  }

  #rows(child: DocType): Source {
    return { doctype: child, access: 'read', visible: fieldsWithin(child.fields, this.#levels) }
  }

  /** A list cannot say that some of the documents behind a link are not to be seen: only whoever may see all gets through. */
  #linked(field: DocField): Source {
    const doctype = this.#related.of(field.options)
    if (!doctype || isCore(field.options)) throw notBuilt(`A field of ${field.options}, which lives at home,`)
    const access = listAccess(this.#principal, doctype)
    if (access === 'none') throw refused(doctype.name)
    const { owner, allowed } = rowConditions(this.#principal, doctype, access, this.#related.of, this.#main.doctype.name)
    if (owner !== undefined || allowed.length > 0) throw notBuilt(`A field behind ${field.label}, where you may see some documents alone,`)
    return { doctype, access, visible: visibleFields(this.#principal, doctype, access) }
  }
}

function absent(fieldname: string, use: Use): false {
  if (use === 'show' && (OPTIONAL.has(fieldname) || fieldname === '_seen')) return false
  throw unknownField(fieldname)
}

function hidden(doctype: DocType, fieldname: string, use: Use): false {
  if (use === 'show') return false
  throw hiddenField(doctype, fieldname)
}
