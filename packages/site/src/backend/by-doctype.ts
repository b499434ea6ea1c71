import { invalid } from '@annex/protocol'
import type { Backend } from './backend.ts'

/**
 * Two backends as one: each DocType lives where `isLocal` says, methods are called at home.
 *
 * No caller can tell; a Link of a local document may point at an upstream one.
 */
export function byDoctype(local: Backend, remote: Backend, isLocal: (doctype: string) => boolean): Backend {
  const home = (doctype: string): Backend => (isLocal(doctype) ? local : remote)
  const homeOfAll = (doctype: string | readonly string[]): Backend => {
    const homes = new Set((typeof doctype === 'string' ? [doctype] : doctype).map(home))
    const [one = local] = homes
    if (homes.size > 1) throw invalid('Documents of this site and of the upstream site cannot be inserted in one call; send them apart')
    return one
  }
  return {
    doctype: (principal, name) => home(name).doctype(principal, name),
    read: (principal, id) => home(id.doctype).read(principal, id),
    list: (principal, request) => home(request.doctype).list(principal, request),
    count: (principal, request) => home(request.doctype).count(principal, request),
    searchLink: (principal, request) => home(request.doctype).searchLink(principal, request),
    insert: async (principal, doctype, documents) => homeOfAll(doctype).insert(principal, doctype, documents),
    update: (principal, request) => home(request.doctype).update(principal, request),
    setDocstatus: (principal, id, docstatus) => home(id.doctype).setDocstatus(principal, id, docstatus),
    rename: (principal, id, newName, options) => home(id.doctype).rename(principal, id, newName, options),
    remove: (principal, id) => home(id.doctype).remove(principal, id),
    call: (principal, request) => local.call(principal, request),
  }
}
