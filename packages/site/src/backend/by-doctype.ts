import { invalid, notPermitted } from '@annex/protocol'
import type { Principal } from '../policy/principal.ts'
import type { Backend } from './backend.ts'

/**
 * A site that is asked for documents does not know what an app is held to, and what it answers through links and rows cannot be
 * taken back: an app whose row filters speak of its documents reaches none of them.
 */
function refuseRowFilters({ token }: Principal, isLocal: (doctype: string) => boolean): void {
  const away = [...(token?.rowFilters?.keys() ?? [])].find((name) => !isLocal(name))
  if (away === undefined) return
  const reason = `The row filters of this app on ${away} cannot be kept at the upstream site; a System Manager may take them off the app`
  throw notPermitted(reason)
}

/**
 * Two backends as one: each DocType lives where `isLocal` says, methods are called at home.
 *
 * No caller can tell; a Link of a local document may point at an upstream one.
 */
export function byDoctype(local: Backend, remote: Backend, isLocal: (doctype: string) => boolean): Backend {
  const home = (principal: Principal, doctype: string): Backend => {
    if (isLocal(doctype)) return local
    refuseRowFilters(principal, isLocal)
    return remote
  }
  const homeOfAll = (principal: Principal, doctype: string | readonly string[]): Backend => {
    const homes = new Set((typeof doctype === 'string' ? [doctype] : doctype).map((name) => home(principal, name)))
    const [one = local] = homes
    if (homes.size > 1) throw invalid('Documents of this site and of the upstream site cannot be inserted in one call; send them apart')
    return one
  }
  return {
    doctype: async (principal, name) => home(principal, name).doctype(principal, name),
    read: async (principal, id) => home(principal, id.doctype).read(principal, id),
    list: async (principal, request) => home(principal, request.doctype).list(principal, request),
    count: async (principal, request) => home(principal, request.doctype).count(principal, request),
    searchLink: async (principal, request) => home(principal, request.doctype).searchLink(principal, request),
    insert: async (principal, doctype, documents) => homeOfAll(principal, doctype).insert(principal, doctype, documents),
    update: async (principal, request) => home(principal, request.doctype).update(principal, request),
    setDocstatus: async (principal, id, docstatus) => home(principal, id.doctype).setDocstatus(principal, id, docstatus),
    rename: async (principal, id, newName, options) => home(principal, id.doctype).rename(principal, id, newName, options),
    remove: async (principal, id) => home(principal, id.doctype).remove(principal, id),
    call: (principal, request) => local.call(principal, request),
  }
}
