import type { Connection } from '@annex/database'
import { invalid, notPermitted, type DocField, type DocType, type Document, type Values } from '@annex/protocol'
import { isOnlyStars } from '../../doctypes/values/texts.ts'
import { readableLevels } from '../../policy/field-levels.ts'
import { isAmendment } from '../change/amend.ts'
import { setValue } from '../change/draft-value.ts'
import { sentOf, type Writing } from '../change/draft.ts'
import { judged, type Held } from '../held.ts'
import { readReached } from '../limits/reached.ts'
import { hasRight } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { passwordsOf, rowsOf, tablesOf, type StoredRow } from '../shape.ts'
import { readSecret } from './secrets.ts'

/** A Password field of the draft, or of a row of it, that was sent as asterisks. */
interface Starred {
  readonly doctype: DocType
  readonly field: DocField
  readonly draft: Document
  readonly sent: Values
  /** Where the row stands; absent for the document itself. */
  readonly table?: DocField
}

/**
 * What is sent as asterisks in an amendment is the original's password: its sender read the one and sends it back as the
 * other. A row has that of the original's row by whose name it is sent.
 *
 * @throws {FrappeError} `PermissionError` when the writer may not read that field of the original, `ValidationError` when the
 *   original has passwords there and the row does not say which
 */
export async function takeSecrets(
  premises: Premises,
  connection: Connection,
  doctype: DocType,
  draft: Document,
  sent: Values,
  writing: Writing,
): Promise<void> {
  if (!isAmendment(doctype, draft)) return
  const starred = starredIn(premises, doctype, draft, sent, writing)
  if (starred.length === 0) return
  const original = await readReached(premises, connection, writing.principal, doctype, String(draft['amended_from']))
  if (!original) return
  await requireReadable(premises, connection, doctype, original, starred, writing)
  for (const one of starred) {
    const name = nameToTake(original, one)
    const place = name === undefined ? undefined : { doctype: one.doctype.name, name, fieldname: one.field.fieldname }
    const secret = place && (await readSecret(premises, connection, place))
    if (secret !== undefined) setValue(one.draft, one.field, secret, premises.zone)
  }
}

/** Of what the writer may set. */
function starredIn(premises: Premises, doctype: DocType, draft: Document, sent: Values, { levels }: Writing): Starred[] {
  const within = (holder: Omit<Starred, 'field'>): Starred[] =>
    passwordsOf(holder.doctype)
      .filter(({ fieldname, permlevel }) => levels.has(permlevel) && isOnlyStars(holder.sent[fieldname]))
      .map((field) => ({ ...holder, field }))
  const inRows = tablesOf(doctype).flatMap((table) => {
    const child = premises.doctypes.require(table.options)
    return rowsOf(draft, table).flatMap((row) => within({ doctype: child, draft: row, sent: sentOf(row), table }))
  })
  return [...within({ doctype, draft, sent }), ...inRows]
}

/** Asked before the original's passwords are looked at: whether there is one is not told either. */
async function requireReadable(
  premises: Premises,
  connection: Connection,
  doctype: DocType,
  original: Held,
  starred: readonly Starred[],
  { principal }: Writing,
): Promise<void> {
  const levels = readableLevels(principal, doctype)
  const isOpen = await hasRight(premises, connection, principal, doctype, 'read', judged(original))
  const closed = starred.find(({ field, table }) => !isOpen || !levels.has(field.permlevel) || !levels.has(table?.permlevel ?? 0))
  if (closed)
    throw notPermitted(
      `You may not read ${closed.field.label} of ${doctype.name} ${original.row.name}, which asterisks stand for here; send the password itself, or leave it out`,
    )
}

/** The document or row that has the password; undefined when there is none to take. */
function nameToTake({ row, rows }: Held, { field, table, sent, draft }: Starred): string | undefined {
  const holds = (stored: StoredRow): boolean => stored[field.fieldname] !== null && stored[field.fieldname] !== undefined
  if (!table) return holds(row) ? row.name : undefined
  const lines = rows.get(table.fieldname) ?? []
  const known = lines.find(({ name }) => name === sent['name'])
  if (known) return holds(known) ? known.name : undefined
  if (!lines.some(holds)) return undefined
  throw invalid(
    `Row ${draft.idx} of ${table.label}: asterisks in ${field.label} stand for a password of the document that is amended; send the row by its name there, or the password itself`,
  )
}
