import type { Connection } from '@annex/database'
import { isColumn } from '@annex/protocol'
import type { DocType, Values } from '@annex/protocol'
import type { Kysely } from 'kysely'
import { coreId } from '../core-doctypes.ts'
import type { CoreDefinition } from '../core-doctypes.ts'
import { randomName } from '../naming/name-for.ts'
import { hiddenColumns } from '../search-text.ts'
import { tableName } from '../table-name.ts'
import { defaultsFor } from '../values/defaults.ts'
import { toStored } from '../values/to-stored.ts'

type Row = Record<string, unknown>
type Tables = Record<string, Row>
type ReleaseTables = { doctype_release: { fingerprint: string; applied: number } }

/** Whether this database has been brought to the release of the fingerprint before, by this process or any other. */
export async function isApplied(connection: Connection, fingerprint: string): Promise<boolean> {
  // Primary key.
  const row = await connection
    .withTables<ReleaseTables>()
    .selectFrom('doctype_release')
    .select('applied')
    .where('fingerprint', '=', fingerprint)
    .executeTakeFirst()
  return row !== undefined
}

export async function insertApplied(connection: Connection, fingerprint: string, now: number): Promise<void> {
  await connection.withTables<ReleaseTables>().insertInto('doctype_release').values({ fingerprint, applied: now }).execute()
}

/** Writes and reads documents of the core DocTypes as one release knows them. */
export class ReleaseStore {
  readonly #tables: Kysely<Tables>
  readonly #doctypes: ReadonlyMap<string, DocType>
  readonly #now: number

  constructor(connection: Connection, doctypes: readonly DocType[], now: number) {
    this.#tables = connection.withTables<Tables>()
    this.#doctypes = new Map(doctypes.map((doctype) => [doctype.name, doctype]))
    this.#now = now
  }

  /** Writes a definition as a document, so that links to it hold, in the place of what an earlier release wrote. */
  async writeDefinition(definition: CoreDefinition): Promise<void> {
    const { name } = definition
    const { owner, creation, ...row } = this.#row('DocType', name, { ...definition, doctype_id: coreId(name) })
    await this.#tables
      .insertInto('tabDocType')
      .values({ owner, creation, ...row })
      // Primary key (name).
      .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
      .execute()
    for (const [key, child] of [
      ['fields', 'DocField'],
      ['permissions', 'DocPerm'],
    ] as const) {
      // Index tabDocField(parent), tabDocPerm(parent).
      await this.#tables.deleteFrom(`tab${child}`).where('parent', '=', name).where('parenttype', '=', 'DocType').execute()
      await this.#insertChildren(name, key, child, definition[key] as readonly Values[])
    }
  }

  /** Nothing happens when the name is taken. */
  async insertRole(role: string, values: Values): Promise<void> {
    const row = this.#row('Role', role, values)
    // Primary key (name).
    await this.#tables
      .insertInto('tabRole')
      .values(row)
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute()
  }

  async #insertChildren(parent: string, parentfield: string, child: 'DocField' | 'DocPerm', rows: readonly Values[]): Promise<void> {
    // A right that a file leaves out is not granted, whatever the form's default says.
    const unsaid = Object.fromEntries(
      this.#require(child)
        .fields.filter((field) => field.fieldtype === 'Check')
        .map((field) => [field.fieldname, 0]),
    )
    for (const [index, row] of rows.entries()) {
      const place = { parent, parentfield, parenttype: 'DocType', idx: index + 1 }
      await this.#tables
        .insertInto(`tab${child}`)
        .values(this.#row(child, randomName(), { ...unsaid, ...row }, place))
        .execute()
    }
  }

  /** A document of Administrator's. */
  #row(doctypeName: string, name: string, values: Values, place?: Row): Row {
    const doctype = this.#require(doctypeName)
    const filled: Values = { ...defaultsFor(doctype, 'Administrator', this.#now, 'UTC'), ...values }
    const stored: Row = Object.fromEntries(
      doctype.fields.filter(isColumn).map((field) => [field.fieldname, toStored(field, filled[field.fieldname], 'UTC')]),
    )
    const standard = {
      name,
      owner: 'Administrator',
      creation: this.#now,
      modified: this.#now,
      modified_by: 'Administrator',
      docstatus: 0,
      idx: 0,
    }
    return { ...standard, ...stored, ...(place ?? hiddenColumns(doctype, name, stored)) }
  }

  #require(name: string): DocType {
    const doctype = this.#doctypes.get(name)
    if (!doctype) throw new Error(`this release has no core DocType ${name}`)
    return doctype
  }
}

/** The table of every DocType that has one. */
export const tablesOf = (doctypes: readonly DocType[]): readonly (readonly [table: string, doctype: DocType])[] =>
  doctypes.filter(({ virtual }) => !virtual).map((doctype) => [tableName(doctype.name), doctype])
