import { parseFilters, type Document, type Values } from '@annex/protocol'
import type { Backend } from '../backend/backend.ts'
import type { Principal } from '../policy/principal.ts'
import type { CallerDocuments } from './site-hooks.ts'

const PAGE = 20

/** The verbs of the guarded backend with their first word said: the caller's. */
export function callerDocuments(backend: Backend, principal: Principal): CallerDocuments {
  return {
    read: (doctype, name) => backend.read(principal, { doctype, name }),
    list: (doctype, { filters, limit = PAGE, ...options } = {}) =>
      backend.list(principal, { ...options, doctype, filters: parseFilters(filters), limit }),
    count: (doctype, filters) => backend.count(principal, { doctype, filters: parseFilters(filters) }),
    insert: (doctype, values) => insert(backend, principal, doctype, values),
    update: (doctype, name, values) => backend.update(principal, { doctype, name, values }),
    submit: (doctype, name) => backend.setDocstatus(principal, { doctype, name }, 1),
    cancel: (doctype, name) => backend.setDocstatus(principal, { doctype, name }, 2),
    rename: (doctype, name, newName) => backend.rename(principal, { doctype, name }, newName),
    remove: (doctype, name) => backend.remove(principal, { doctype, name }),
    call: (method, args = {}) => backend.call(principal, { method, args, httpMethod: 'POST' }),
  }
}

async function insert(backend: Backend, principal: Principal, doctype: string, values: Values): Promise<Document> {
  const [inserted] = await backend.insert(principal, doctype, [values])
  if (!inserted) throw new Error(`the insert of a ${doctype} answered nothing`)
  return inserted
}
