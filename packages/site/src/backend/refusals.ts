import { FrappeError } from '@annex/protocol'
import { withIncident } from '../audit/refusals/with-incident.ts'
import { isGuest, type Principal } from '../policy/principal.ts'
import { doctypeOfEach, type Backend } from './backend.ts'

export interface Refusal {
  readonly principal: Principal
  /** What was lacking: a scope of the token, or a permission of its user. */
  readonly lacking: 'scope' | 'permission'
  /** The scope that would have been enough; undefined for a permission, and when what was named is not here. */
  readonly scope: string | undefined
  /** What was tried: `list Item`, `frappe.client.get_count`. */
  readonly act: string
}

/** What the trail says of a DocType that is not here: its name is the caller's own, and may be a token that slipped into an address. */
export const UNKNOWN_DOCTYPE = 'an unknown DocType'

/** Remembers a refusal; what comes back is the incident by which the caller may ask about it. */
export type Remember = (refusal: Refusal) => Promise<string | void>

/** Sees to it that each refusal is remembered, and none twice, however many verbs it passes through on its way out. */
export class Refusals {
  readonly #remember: Remember
  readonly #remembered = new WeakSet<Error>()

  constructor(remember: Remember) {
    this.#remember = remember
  }

  /** Remembers why `error` is about to be thrown, and returns what is to be thrown: the same, with its incident for the caller to quote. */
  async remember(error: FrappeError, refusal: Refusal): Promise<FrappeError> {
    const incident = await this.#remember(refusal)
    const told = typeof incident === 'string' ? withIncident(error, incident) : error
    this.#remembered.add(told)
    return told
  }

  /**
   * Does the work, and remembers when it ends in a `PermissionError`: by then its transaction is undone. What guests may
   * not do is left out: nobody would be named, and whoever has no account could fill the disk.
   */
  async remembering<T>(principal: Principal, act: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof FrappeError) || error.excType !== 'PermissionError') throw error
      if (this.#remembered.has(error) || isGuest(principal)) throw error
      throw await this.remember(error, { principal, lacking: 'permission', scope: undefined, act })
    }
  }
}

/**
 * The same backend, whose refusals are remembered.
 *
 * @param isKnown - whether the site has the DocType
 */
export function rememberingBackend(backend: Backend, refusals: Refusals, isKnown: (doctype: string) => boolean): Backend {
  const of = <T>(principal: Principal, act: string, doctype: string, work: () => Promise<T>): Promise<T> =>
    refusals.remembering(principal, isKnown(doctype) ? `${act} ${doctype}` : UNKNOWN_DOCTYPE, work)
  return {
    // Definitions are asked for to find out what may be left out; refused for good, one is remembered as the method's that asked.
    doctype: (principal, name) => backend.doctype(principal, name),
    read: (principal, id) => of(principal, 'read', id.doctype, () => backend.read(principal, id)),
    list: (principal, request) => of(principal, 'list', request.doctype, () => backend.list(principal, request)),
    count: (principal, request) => of(principal, 'list', request.doctype, () => backend.count(principal, request)),
    searchLink: (principal, request) => of(principal, 'search', request.doctype, () => backend.searchLink(principal, request)),
    insert: (principal, doctype, documents) =>
      of(principal, 'create', doctypeOfEach(doctype, documents)[0] ?? '', () => backend.insert(principal, doctype, documents)),
    update: (principal, request) => of(principal, 'update', request.doctype, () => backend.update(principal, request)),
    setDocstatus: (principal, id, docstatus) =>
      of(principal, docstatus === 1 ? 'submit' : 'cancel', id.doctype, () => backend.setDocstatus(principal, id, docstatus)),
    rename: (principal, id, newName, options) => of(principal, 'rename', id.doctype, () => backend.rename(principal, id, newName, options)),
    remove: (principal, id) => of(principal, 'remove', id.doctype, () => backend.remove(principal, id)),
    call: (principal, request) => backend.call(principal, request),
  }
}
