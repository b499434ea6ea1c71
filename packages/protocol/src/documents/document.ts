/** A value of a field as it stands in JSON; a table field holds child rows. */
export type Value = string | number | boolean | null | readonly ChildRow[] | Json
export type Json = { readonly [key: string]: unknown } | readonly unknown[]

/** The fields of a document that a caller sends; keys that no field has are ignored. */
export type Values = Readonly<Record<string, unknown>>

export interface StandardFields {
  name: string | number
  owner: string
  /** `YYYY-MM-DD HH:MM:SS.ffffff` in the site's time zone, without a zone. */
  creation: string
  /** As `creation`; the optimistic lock compares this text. */
  modified: string
  modified_by: string
  /** 0 draft, 1 submitted, 2 cancelled. */
  docstatus: number
  idx: number
}

/** A document as a reader gets it; fields the reader may not see are absent, empty ones are null. */
export type Document = StandardFields & { doctype: string; [field: string]: unknown }

export type ChildRow = Document & { parent: string; parentfield: string; parenttype: string }

/** The columns every main document has, in Frappe's order. */
export const STANDARD_FIELDS = ['name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx'] as const
/** What a child row has besides. */
export const CHILD_FIELDS = ['parent', 'parentfield', 'parenttype'] as const

/** Columns of main documents that no DocType names: tags, and what stands beside a document, as Frappe mirrors it there. */
export const OPTIONAL_COLUMNS = ['_user_tags', '_comments', '_assign', '_liked_by'] as const
/** Those of them that a document shows when it has them; the others are for lists alone. */
export const MARKS = ['_user_tags', '_liked_by'] as const

/** The document without its empty fields, as `/api/resource` answers it: they are undefined, which JSON leaves out. A copy. */
export function withoutNulls<T extends Readonly<Record<string, unknown>>>(document: T): T {
  const sent: Record<string, unknown> = { ...document }
  for (const key in sent) {
    const value = sent[key]
    if (value === null) sent[key] = undefined
    else if (Array.isArray(value)) sent[key] = value.map((row) => (isRecord(row) ? withoutNulls(row) : row))
  }
  return sent as T
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
