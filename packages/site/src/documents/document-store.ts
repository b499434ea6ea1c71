import { runKept, type Connection, type Dialect } from '@annex/database'
import { CHILD_FIELDS, MARKS, STANDARD_FIELDS, type DocType } from '@annex/protocol'
import { sql, type CompiledQuery, type RawBuilder } from 'kysely'
import { tableName } from '../doctypes/table-name.ts'
import type { Stored } from '../doctypes/values/to-stored.ts'
import type { Within } from './limits/kept-limits.ts'
import { columnsOf, type StoredRow } from './shape.ts'

/** The rows of one table field of one document. */
export interface RowsOf {
  readonly parent: string
  readonly parenttype: string
  readonly parentfield: string
}

/** Of one DocType: a few of its own, and some for each shape of row filters. */
const MOST_KEPT = 200

const HIDDEN = ['_key', '_search'] as const

/**
 * Rows of DocType tables: names of tables and columns come from the DocType, values are bound.
 *
 * The text of a statement is made once for each DocType, so that each engine prepares it once.
 */
export class DocumentStore {
  readonly #dialect: Dialect
  readonly #compiled = new WeakMap<DocType, Map<string, CompiledQuery>>()

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  /** `lock` holds the row until the transaction ends. */
  async readRow(connection: Connection, doctype: DocType, name: string, lock = false): Promise<StoredRow | undefined> {
    // Primary key (name).
    const query = this.#statement(connection, doctype, lock ? 'lock' : 'read', () => {
      const locked = lock ? this.#dialect.lockRows : sql``
      return sql`select ${columnList(doctype)} from ${tableOf(doctype)} where name = ${''} ${locked}`
    })
    return (await run<StoredRow>(connection, query, [name]))[0]
  }

  /** The same where the row, as the table `d`, meets conditions besides. */
  async readRowWithin(
    connection: Connection,
    doctype: DocType,
    name: string,
    within: Within,
    lock = false,
  ): Promise<StoredRow | undefined> {
    const parts = { kind: lock ? 'lock within' : 'read within', shown: columnList, end: lock ? this.#dialect.lockRows : sql`` }
    return (await this.#rowsWithin<StoredRow>(connection, doctype, name, within, parts))[0]
  }

  /** Whether there is one that meets them. */
  async isWithin(connection: Connection, doctype: DocType, name: string, within: Within): Promise<boolean> {
    const parts = { kind: 'is within', shown: () => sql`1`, end: sql`` }
    return (await this.#rowsWithin(connection, doctype, name, within, parts)).length > 0
  }

  async #rowsWithin<R>(
    connection: Connection,
    doctype: DocType,
    name: string,
    { conditions, steady }: Within,
    {
      kind,
      shown,
      end,
    }: { readonly kind: string; readonly shown: (doctype: DocType) => RawBuilder<unknown>; readonly end: RawBuilder<unknown> },
  ): Promise<R[]> {
    const build = (): RawBuilder<unknown> => {
      const where = sql.join([sql`${sql.ref('d.name')} = ${name}`, ...conditions()], sql` and `)
      // Primary key (name).
      return sql`select ${shown(doctype)} from ${tableOf(doctype)} as ${sql.id('d')} where ${where} ${end}`
    }
    if (steady) return run<R>(connection, this.#statement(connection, doctype, `${kind} ${steady.shape}`, build), [name, ...steady.values])
    const query = build().compile(connection)
    return run<R>(connection, query, query.parameters)
  }

  async listRows(connection: Connection, child: DocType, { parent, parentfield, parenttype }: RowsOf): Promise<StoredRow[]> {
    // Index (parent, parentfield, idx).
    const query = this.#statement(
      connection,
      child,
      'rows',
      () =>
        sql`select ${columnList(child)} from ${tableOf(child)} where parent = ${''} and parentfield = ${''} and parenttype = ${''} order by idx, name`,
    )
    return run<StoredRow>(connection, query, [parent, parentfield, parenttype])
  }

  /** `hidden` is given for documents, and not for child rows. */
  async insertRow(
    connection: Connection,
    doctype: DocType,
    row: StoredRow,
    hidden?: Readonly<Record<(typeof HIDDEN)[number], string>>,
  ): Promise<void> {
    const columns = [...columnNames(doctype), ...(hidden ? HIDDEN : [])]
    const query = this.#statement(connection, doctype, 'insert', () => {
      const values = columns.map(() => sql`${''}`)
      return sql`insert into ${tableOf(doctype)} (${sql.join(columns.map((column) => sql.ref(column)))}) values (${sql.join(values)})`
    })
    const whole: Readonly<Record<string, Stored>> = { ...row, ...hidden }
    await run(
      connection,
      query,
      columns.map((column) => whole[column] ?? null),
    )
  }

  /** Writes the one document of a Single, unless it is there. */
  async insertSingle(connection: Connection, doctype: DocType, row: StoredRow, hidden: Readonly<Record<string, string>>): Promise<void> {
    const columns = [...columnNames(doctype), ...HIDDEN]
    const whole: Readonly<Record<string, Stored>> = { ...row, ...hidden }
    const values = columns.map((column) => sql`${whole[column] ?? null}`)
    // Primary key (name).
    await sql`insert into ${tableOf(doctype)} (${sql.join(columns.map((column) => sql.ref(column)))}) values (${sql.join(values)}) on conflict do nothing`.execute(
      connection,
    )
  }

  async updateRow(connection: Connection, doctype: DocType, name: string, changes: Readonly<Record<string, Stored>>): Promise<void> {
    const assignments = Object.entries(changes).map(([column, value]) => sql`${sql.ref(column)} = ${value}`)
    // Primary key (name).
    await sql`update ${tableOf(doctype)} set ${sql.join(assignments)} where name = ${name}`.execute(connection)
  }

  async removeRow(connection: Connection, doctype: DocType, name: string): Promise<void> {
    // Primary key (name).
    await sql`delete from ${tableOf(doctype)} where name = ${name}`.execute(connection)
  }

  async removeRows(connection: Connection, child: DocType, { parent, parentfield, parenttype }: RowsOf): Promise<void> {
    // Index (parent, parentfield, idx).
    await sql`delete from ${tableOf(child)} where parent = ${parent} and parentfield = ${parentfield} and parenttype = ${parenttype}`.execute(
      connection,
    )
  }

  /** The rows of a renamed document follow it. */
  async moveRows(connection: Connection, child: DocType, { parent, parentfield, parenttype }: RowsOf, newParent: string): Promise<void> {
    // Index (parent, parentfield, idx).
    await sql`update ${tableOf(child)} set parent = ${newParent} where parent = ${parent} and parentfield = ${parentfield} and parenttype = ${parenttype}`.execute(
      connection,
    )
  }

  #statement(connection: Connection, doctype: DocType, kind: string, build: () => RawBuilder<unknown>): CompiledQuery {
    let ofDocType = this.#compiled.get(doctype)
    if (!ofDocType) this.#compiled.set(doctype, (ofDocType = new Map()))
    let query = ofDocType.get(kind)
    if (query) return query
    if (ofDocType.size >= MOST_KEPT) ofDocType.clear()
    ofDocType.set(kind, (query = build().compile(connection)))
    return query
  }
}

const run = <R>(connection: Connection, query: CompiledQuery, parameters: readonly unknown[]): Promise<R[]> =>
  runKept(connection, query as CompiledQuery<R>, parameters)

export const tableOf = (doctype: DocType): RawBuilder<unknown> => sql.id(tableName(doctype.name))

const columnNames = (doctype: DocType): string[] => [
  ...STANDARD_FIELDS,
  ...(doctype.istable ? CHILD_FIELDS : []),
  ...columnsOf(doctype).map((field) => field.fieldname),
]

const columnList = (doctype: DocType): RawBuilder<unknown> => {
  const marks = doctype.istable || doctype.issingle ? [] : MARKS
  return sql.join([...columnNames(doctype), ...marks].map((column) => sql.ref(column)))
}
