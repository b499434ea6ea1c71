import { isTableField, type DocType, type Right } from '@annex/protocol'
import { covers } from '../../policy/covers.ts'
import { fieldsWithin, readableLevels, visibleFields, writableLevels } from '../../policy/field-levels.ts'
import type { Principal } from '../../policy/principal.ts'
import { canSome } from '../../policy/shares.ts'
import type { SeenDocType } from './document-schema.ts'

/** A DocType as one caller sees it: what they may do with its documents, and which fields they meet there. */
export interface Sight extends SeenDocType {
  readonly rights: ReadonlySet<Right>
}

export interface Seen {
  readonly doctypes: readonly Sight[]
  /** The row types of their tables. */
  readonly rows: readonly SeenDocType[]
}

const TOLD: readonly Right[] = ['select', 'read', 'write', 'create', 'delete', 'submit', 'cancel', 'amend']
const NONE: ReadonlySet<string> = new Set()

/** What a caller sees of these DocTypes; those of which they see nothing are left out. */
export function seenBy(caller: Principal, doctypes: readonly DocType[], doctypeOf: (name: string) => DocType | undefined): Seen {
  const seen = doctypes.filter((doctype) => !doctype.istable).flatMap((doctype) => sightOf(caller, doctype))
  return { doctypes: seen, rows: rowsOf(caller, seen, doctypeOf) }
}

function sightOf(caller: Principal, doctype: DocType): Sight[] {
  const rights = new Set(TOLD.filter((right) => canSome(caller, doctype, right) && covers(caller, doctype, right)))
  if (!['select', 'read', 'create'].some((right) => rights.has(right as Right))) return []
  const readable = rights.has('read')
    ? visibleFields(caller, doctype, 'read')
    : rights.has('select')
      ? visibleFields(caller, doctype, 'select')
      : NONE
  return [{ doctype, rights, readable, writable: writes(rights) ? fieldsWithin(doctype.fields, writableLevels(caller, doctype)) : NONE }]
}

const writes = (rights: ReadonlySet<Right>): boolean => rights.has('write') || rights.has('create')

/** Fields of rows are judged by the levels of the documents that they are in; of several, all that one of them shows. */
function rowsOf(caller: Principal, seen: readonly Sight[], doctypeOf: (name: string) => DocType | undefined): SeenDocType[] {
  const levels = new Map<string, { readonly read: Set<number>; readonly write: Set<number> }>()
  for (const { doctype, rights, readable } of seen) {
    for (const { options } of doctype.fields.filter((field) => isTableField(field) && readable.has(field.fieldname))) {
      const known = levels.get(options) ?? { read: new Set(), write: new Set() }
      for (const level of readableLevels(caller, doctype)) known.read.add(level)
      if (writes(rights)) for (const level of writableLevels(caller, doctype)) known.write.add(level)
      levels.set(options, known)
    }
  }
  return [...levels].flatMap(([name, { read, write }]) => {
    const doctype = doctypeOf(name)
    return doctype ? [{ doctype, readable: fieldsWithin(doctype.fields, read), writable: fieldsWithin(doctype.fields, write) }] : []
  })
}
