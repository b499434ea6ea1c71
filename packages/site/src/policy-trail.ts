import type { Document } from '@annex/protocol'
import type { Audit } from './audit/audit.ts'
import type { DocumentEvent, DocumentListener } from './documents/premises.ts'

/** What decides who may do what, besides apps and the settings for them, which tell of themselves. By DocType, the field that says whom a document is about. */
const POLICY: ReadonlyMap<string, string | undefined> = new Map([
  ['Social Login Key', undefined],
  ['Role', undefined],
  ['Custom DocPerm', undefined],
  ['User Permission', 'user'],
  ['DocShare', 'user'],
  ['User', 'name'],
])
/** Of a User these alone are policy. */
const OF_USER = ['roles', 'enabled', 'api_access', 'user_type']
const KEPT_BY_ALL: ReadonlySet<string> = new Set(['modified', 'modified_by', 'creation', 'owner', 'idx', 'docstatus', 'doctype'])
/** In whose values a name or a secret could stand. */
const UNTOLD = /user|owner|email|name|secret|password|key|token/

/** Writes into the trail what was changed of the rules: by whom, through which app, and the values that can be told. */
export function policyTrail(audit: Audit): DocumentListener {
  return async (event) => {
    if (!POLICY.has(event.doctype.name)) return
    const changed = changedFields(event)
    if (changed.length === 0) return
    const { principal, doctype, document, act, connection } = event
    const field = POLICY.get(doctype.name)
    const about = field === undefined ? undefined : document[field]
    await audit.write(connection, {
      event: 'policy changed',
      user: principal.user,
      about: typeof about === 'string' ? about : undefined,
      client: principal.token?.client,
      grant: principal.token?.grant,
      detail: { doctype: doctype.name, act, ...(about === undefined ? { name: document.name } : {}), changed: Object.fromEntries(changed) },
    })
  }
}

/** Each with its value before and after. */
function changedFields({ doctype, document, previous, act }: DocumentEvent): [string, unknown][] {
  const fields = doctype.name === 'User' ? OF_USER : Object.keys({ ...previous, ...document }).filter((field) => !KEPT_BY_ALL.has(field))
  const [before, after] = act === 'remove' ? [document, undefined] : [previous, document]
  return fields.flatMap((field): [string, unknown][] => {
    const [was, is] = [told(before, field), told(after, field)]
    if (JSON.stringify(was) === JSON.stringify(is)) return []
    return [[field, UNTOLD.test(field) ? 'changed' : [was ?? null, is ?? null]]]
  })
}

/** Of rows what they name: a role. */
function told(document: Document | undefined, field: string): unknown {
  const value = document?.[field]
  return Array.isArray(value) ? value.map((row: { readonly role?: string }) => row.role ?? '').toSorted() : value
}
