import { fieldKind, type DocField, type DocType, type Document } from '@annex/protocol'
import { withoutScripts } from '../../doctypes/values/markup.ts'
import { isOnlyStars, passwordText } from '../../doctypes/values/texts.ts'
import { toShown } from '../../doctypes/values/to-shown.ts'
import { toStored, type Stored } from '../../doctypes/values/to-stored.ts'
import { passSecrets, rememberSecret } from '../secrets/draft-secrets.ts'
import { rowsOf, tablesOf } from '../shape.ts'

interface Form {
  readonly shown: unknown
  readonly stored: Stored
}

/** Of values that were sent, the form in which they are stored: it may hold more than the shown one (of an hour that the clock shows twice, which one). */
const forms = new WeakMap<Document, Map<string, Form>>()

export const isNumber = (field: DocField): boolean => ['int', 'check', 'decimal'].includes(fieldKind(field) ?? '')

/**
 * Sets a field of a draft to a value that was sent, as readers get it; a number that was not given is null.
 *
 * @throws {FrappeError} `ValidationError` and its kinds for a value that the field does not take
 */
export function setValue(draft: Document, field: DocField, value: unknown, zone: string): void {
  // What a reader sends back as it was shown to them is not a change.
  if (value !== undefined && value === draft[field.fieldname]) return
  if (fieldKind(field) === 'password' && staysSecret(draft, field, value)) return
  const nothing = value === undefined || value === null || (value === '' && isNumber(field))
  const stored = nothing ? null : toStored(field, typeof value === 'string' ? withoutScripts(field, value) : value, zone)
  const shown = nothing ? null : toShown(field, stored, zone)
  draft[field.fieldname] = shown
  if (nothing) forms.get(draft)?.delete(field.fieldname)
  else remember(draft, field.fieldname, { shown, stored })
}

/** A new secret is put aside. Asterisks, or nothing said, keep what is there: nobody can read it to send it back. */
function staysSecret(draft: Document, field: DocField, value: unknown): boolean {
  if (value === undefined || isOnlyStars(value)) {
    draft[field.fieldname] ??= null
    return true
  }
  if (value !== null && value !== '') rememberSecret(draft, field.fieldname, passwordText(field, value))
  return false
}

function remember(draft: Document, fieldname: string, form: Form): void {
  let known = forms.get(draft)
  if (!known) forms.set(draft, (known = new Map()))
  known.set(fieldname, form)
}

/** How the value of a draft is stored: as it was sent, or as it was before, unless it was altered since. */
export function storedValue(draft: Document, field: DocField, zone: string, before?: Form): Stored {
  const value = draft[field.fieldname]
  const sent = forms.get(draft)?.get(field.fieldname)
  if (sent && sent.shown === value) return sent.stored
  return before && before.shown === value ? before.stored : toStored(field, value, zone)
}

/**
 * Lets code that knows nothing of all this alter a draft. A copy that it puts in the place of a row, under the same name,
 * is that row: what was sent with the one, and is not to be seen in it, holds for the other.
 */
export async function altering(doctype: DocType, draft: Document, work: () => Promise<void> | undefined): Promise<void> {
  const keyed = (): [string, Document][] =>
    tablesOf(doctype).flatMap((table) => rowsOf(draft, table).map((row): [string, Document] => [`${table.options}\n${row.name}`, row]))
  const sent = new Map(keyed())
  await work()
  for (const [key, row] of keyed()) {
    const known = sent.get(key)
    if (known !== undefined && known !== row) passOn(known, row)
  }
}

function passOn(from: Document, to: Document): void {
  passSecrets(from, to)
  const known = forms.get(from)
  if (known) forms.set(to, new Map([...known, ...(forms.get(to) ?? [])]))
}
