import type { DocType } from '@annex/protocol'

/** Fields that name a user whose document it is as well: a task belongs to whoever made it, and to whom it was given. */
const FIELDS: ReadonlyMap<string, readonly string[]> = new Map([['ToDo', ['allocated_to']]])

/** The columns that `if_owner` speaks of. */
export const ownerFields = (doctype: DocType): readonly string[] => ['owner', ...(FIELDS.get(doctype.name) ?? [])]

export const isOwn = (doctype: DocType, document: { readonly [field: string]: unknown }, user: string): boolean =>
  ownerFields(doctype).some((fieldname) => document[fieldname] === user)
