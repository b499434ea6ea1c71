import type { Connection } from '@annex/database'
import type { DocField, DocType } from '@annex/protocol'
import { sql, type RawBuilder } from 'kysely'
import type { Stored } from '../doctypes/values/to-stored.ts'
import { tableOf } from './document-store.ts'
import type { Premises } from './premises.ts'
import { fieldOf } from './shape.ts'

/** A document that a link points at, with the columns that were asked for. */
export interface Target {
  readonly name: string
  readonly docstatus: number
  readonly [column: string]: Stored
}

/**
 * The documents of these names; nobody removes or renames them before the transaction ends.
 *
 * @param within - conditions that each must meet besides, on the table `d`
 */
export async function listTargets(
  premises: Premises,
  connection: Connection,
  doctype: DocType,
  names: readonly string[],
  columns: readonly string[],
  within: readonly RawBuilder<unknown>[] = [],
): Promise<Target[]> {
  const list = sql.join([...new Set(['name', 'docstatus', ...columns])].map((column) => sql.ref(column)))
  const where = sql.join([sql`${sql.ref('d.name')} in (${sql.join(names)})`, ...within], sql` and `)
  // Primary key (name).
  const { rows } =
    await sql<Target>`select ${list} from ${tableOf(doctype)} as ${sql.id('d')} where ${where} ${premises.dialect.keepRows}`.execute(
      connection,
    )
  return rows
}

/** A Link field, or a Dynamic Link, that may point at a document. */
export interface Pointer {
  readonly doctype: DocType
  readonly field: DocField
}

export interface PointsAt {
  readonly doctype: DocType
  readonly name: string
  /** Only documents of this docstatus count. */
  readonly docstatus?: number
}

/**
 * What is written about a document: it follows the document's new name, and does not keep it from being removed.
 * A Deleted Document is not among them, for it names what is gone.
 */
const WRITTEN_ABOUT: readonly { readonly holder: string; readonly type: string; readonly name: string }[] = [
  { holder: 'Comment', type: 'reference_doctype', name: 'reference_name' },
  { holder: 'DocShare', type: 'share_doctype', name: 'share_name' },
  { holder: 'File', type: 'attached_to_doctype', name: 'attached_to_name' },
  { holder: 'ToDo', type: 'reference_type', name: 'reference_name' },
  { holder: 'Version', type: 'ref_doctype', name: 'docname' },
]

const isAbout = ({ doctype, field }: Pointer): boolean =>
  WRITTEN_ABOUT.some(({ holder, type, name }) => holder === doctype.name && (field.fieldname === type || field.fieldname === name))

/** The fields that hold documents of a DocType: one to which such a field points cannot be removed. */
export function holdersOf({ doctypes }: Premises, name: string): Pointer[] {
  const dynamic = doctypes.names().flatMap((holder) => {
    const doctype = doctypes.require(holder)
    return doctype.fields.filter((field) => field.fieldtype === 'Dynamic Link').map((field) => ({ doctype, field }))
  })
  return [...doctypes.linksTo(name), ...dynamic].filter((pointer) => !pointer.doctype.virtual && !isAbout(pointer))
}

/** Every field of the site that may point at documents of a DocType, and follows them to another name. */
export function pointersTo(premises: Premises, name: string): Pointer[] {
  const about = WRITTEN_ABOUT.flatMap(({ holder, ...columns }) => {
    const doctype = premises.doctypes.get(holder)
    const field = doctype && fieldOf(doctype, columns.name)
    return field ? [{ doctype, field: { ...field, fieldtype: 'Dynamic Link' as const, options: columns.type } }] : []
  })
  return [...holdersOf(premises, name), ...about]
}

/** One document, other than itself, that points at a document. */
export async function findPointing(
  connection: Connection,
  { doctype, field }: Pointer,
  to: PointsAt,
): Promise<{ readonly doctype: string; readonly name: string } | undefined> {
  const status = to.docstatus === undefined ? notCancelled(field) : sql` and docstatus = ${to.docstatus}`
  const holder = doctype.istable ? sql`parenttype as doctype, parent as name` : sql`${doctype.name} as doctype, name`
  const itself = doctype.istable
    ? sql` and not (parenttype = ${to.doctype.name} and parent = ${to.name})`
    : doctype.name === to.doctype.name
      ? sql` and name <> ${to.name}`
      : sql``
  // Index (the Link field, name); Dynamic Links have none.
  const { rows } = await sql<{
    doctype: string
    name: string
  }>`select ${holder} from ${tableOf(doctype)} where ${pointing(field, to)}${status}${itself} limit 1`.execute(connection)
  return rows[0]
}

/** Names of the documents whose field points there. */
export async function listPointing(connection: Connection, { doctype, field }: Pointer, to: PointsAt): Promise<string[]> {
  // Index (the Link field, name); Dynamic Links have none.
  const { rows } = await sql<{ name: string }>`select name from ${tableOf(doctype)} where ${pointing(field, to)}`.execute(connection)
  return rows.map((row) => row.name)
}

/** Points the field of every such document at the new name. */
export async function repoint(connection: Connection, { doctype, field }: Pointer, to: PointsAt, newName: string): Promise<void> {
  // Index (the Link field, name); Dynamic Links have none.
  await sql`update ${tableOf(doctype)} set ${sql.ref(field.fieldname)} = ${newName} where ${pointing(field, to)}`.execute(connection)
}

/** A Dynamic Link of a cancelled document holds nothing, as in Frappe. */
const notCancelled = (field: DocField): RawBuilder<unknown> => (field.fieldtype === 'Dynamic Link' ? sql` and docstatus <> 2` : sql``)

function pointing(field: DocField, { doctype, name }: PointsAt): RawBuilder<unknown> {
  const named = sql`${sql.ref(field.fieldname)} = ${name}`
  return field.fieldtype === 'Dynamic Link' ? sql`${named} and ${sql.ref(field.options)} = ${doctype.name}` : named
}
