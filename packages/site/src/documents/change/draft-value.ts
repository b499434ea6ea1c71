import { fieldKind, type DocField, type Document } from '@annex/protocol'
import { toShown } from '../../doctypes/values/to-shown.ts'
import { toStored, type Stored } from '../../doctypes/values/to-stored.ts'

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
  const nothing = value === undefined || value === null || (value === '' && isNumber(field))
  const stored = nothing ? null : toStored(field, value, zone)
  const shown = nothing ? null : toShown(field, stored, zone)
  draft[field.fieldname] = shown
  if (nothing) forms.get(draft)?.delete(field.fieldname)
  else remember(draft, field.fieldname, { shown, stored })
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
