import type { KeptDocname } from '../../stores/connector-store.ts'

/** A suggestion of a link field. `value` is the docname, and the one thing to save. */
export interface LinkItem {
  readonly value: string
  readonly label: string
  readonly description: string
  /** The fields that were asked for besides, as the site sent them. */
  readonly fields?: Readonly<Record<string, unknown>>
}

/** What of a document is shown and kept with its name. */
export interface ShownFields {
  /** The field shown first; the name itself when absent. */
  readonly label?: string
  /** Shown beside it. */
  readonly description: readonly string[]
  /** Brought along. */
  readonly fetch: readonly string[]
}

/** What to ask a list for; `creation` is what a document keeps through a rename. */
export const askedFields = ({ label, description, fetch }: ShownFields): string[] => [
  ...new Set(['name', ...(label === undefined ? [] : [label]), ...description, ...fetch, 'modified', 'creation']),
]

/** A value of a field as text to show: names and numbers may be either on the wire, and nothing is nothing. */
export const textOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

/** A row of a list as it is kept. The value is always the docname, whatever is shown. */
export function toKept(doctype: string, row: Readonly<Record<string, unknown>>, shown: ShownFields, seenAt: number): KeptDocname {
  const name = textOf(row['name'])
  const label = (shown.label === undefined ? '' : textOf(row[shown.label])) || name
  const words = shown.description.filter((field) => field !== shown.label && field !== 'name').map((field) => textOf(row[field]))
  return {
    doctype,
    name,
    label,
    description: [...new Set(words.filter((word) => word !== '' && word !== label))].join(', '),
    fields: Object.fromEntries(shown.fetch.map((field) => [field, row[field] ?? null])),
    modified: textOf(row['modified']),
    creation: textOf(row['creation']),
    state: 'there',
    renamedTo: null,
    seenAt,
  }
}

export const toItem = ({ name, label, description, fields }: KeptDocname): LinkItem => ({
  value: name,
  label,
  description,
  ...(Object.keys(fields).length === 0 ? {} : { fields }),
})

/** A name that nothing else is known of. */
export const bareDocname = (doctype: string, name: string, seenAt: number): KeptDocname =>
  toKept(doctype, { name }, { description: [], fetch: [] }, seenAt)

/** Whether two sights tell the same of a document; when they were seen does not count. */
export const sameDocname = (a: KeptDocname, b: KeptDocname): boolean => JSON.stringify(told(a)) === JSON.stringify(told(b))

const told = ({ label, description, fields, modified, creation, state, renamedTo }: KeptDocname) => [
  label,
  description,
  sortedFields(fields),
  modified,
  creation,
  state,
  renamedTo,
]

/** As JSON whose names are in order, so that equal fields are equal texts. */
export const sortedFields = (fields: KeptDocname['fields']): string =>
  JSON.stringify(Object.fromEntries(Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1))))
