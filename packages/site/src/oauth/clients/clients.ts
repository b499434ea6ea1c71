import type { Database } from '@annex/database'
import type { Document, Values } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import type { Documents } from '../../documents/documents.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Grants } from '../grants/grants.ts'
import { listClientUses } from '../grants/grants-store.ts'
import { textOf } from '../text-of.ts'
import { Approvals } from './approvals/approvals.ts'
import type { ClientState } from './client.ts'
import { stateOf } from './clients-store.ts'
import { requireSystemManager } from './require-system-manager.ts'
import { ClientSecrets, type ListedSecret, type RotatedSecret } from './secrets/client-secrets.ts'
import type { CountedUse } from './uses/client-uses-store.ts'
import { ClientUses } from './uses/client-uses.ts'

const DOCTYPE = 'OAuth Client'

export interface ClientsParts {
  readonly database: Database
  readonly documents: Documents
  readonly grants: Grants
  readonly audit: Audit
  readonly now: () => number
  /** Told what went wrong when counts are written beside any request. */
  readonly onFault: (error: unknown) => void
}

export interface RegisteredClient {
  readonly id: string
  /** Shown this once; absent for a client that keeps none. */
  readonly secret?: string
  /** What its events are signed with; shown this once, when an event URI was set. */
  readonly eventSecret?: string
}

export interface ListedClient {
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly enabled: boolean
  readonly state: ClientState
  readonly defaultRedirectUri: string
  /** Microseconds. */
  readonly lastUsed?: number
}

/**
 * Registers and changes apps, for System Managers, over the DocType OAuth Client.
 *
 * @throws {FrappeError} `PermissionError` for others, `ValidationError` for what cannot be registered
 */
export class Clients {
  readonly #parts: ClientsParts
  readonly #secrets: ClientSecrets
  /** Who waits for an app that asks for approval. */
  readonly approvals: Approvals
  /** What apps use that they should not need, counted. */
  readonly uses: ClientUses

  constructor(parts: ClientsParts) {
    this.#parts = parts
    this.#secrets = new ClientSecrets(parts)
    this.approvals = new Approvals(parts)
    this.uses = new ClientUses(parts)
  }

  async insert(principal: Principal, values: Values): Promise<RegisteredClient> {
    const [document] = await this.#parts.documents.insert(principal, DOCTYPE, [values])
    if (!document) throw new Error('An insert gave no document')
    return registered(document)
  }

  /** A secret comes along when the change made one (an app that begins to keep it). */
  async update(principal: Principal, id: string, values: Values): Promise<RegisteredClient> {
    return registered(await this.#parts.documents.update(principal, { doctype: DOCTYPE, name: id, values }))
  }

  read(principal: Principal, id: string): Promise<Document> {
    return this.#parts.documents.read(principal, { doctype: DOCTYPE, name: id })
  }

  /** All of them, by name. */
  async list(principal: Principal): Promise<ListedClient[]> {
    const fields = ['name', 'app_name', 'kind', 'enabled', 'state', 'default_redirect_uri']
    const rows = await this.#parts.documents.list(principal, { doctype: DOCTYPE, fields, orderBy: 'app_name asc', limit: null })
    const uses = await listClientUses(this.#parts.database.connection)
    return rows.map((row) => {
      const lastUsed = uses.get(textOf(row['name']))
      const listed = {
        id: textOf(row['name']),
        name: textOf(row['app_name']),
        kind: textOf(row['kind']) || 'web',
        enabled: row['enabled'] === 1,
        state: stateOf(row['state'], row['enabled']),
        defaultRedirectUri: textOf(row['default_redirect_uri']),
      }
      return lastUsed === undefined ? listed : { ...listed, lastUsed }
    })
  }

  /** The secrets that work now, newest first, without their text. */
  listSecrets(principal: Principal, id: string): Promise<ListedSecret[]> {
    return this.#secrets.list(principal, id)
  }

  /** A new secret; the one before works for the overlap (microseconds, 0 to 30 days; a day unless told) longer. See `ClientSecrets.rotate`. */
  rotateSecret(principal: Principal, id: string, overlap?: number): Promise<RotatedSecret> {
    return this.#secrets.rotate(principal, id, overlap)
  }

  /** Ends one of two secrets at once. See `ClientSecrets.end`. */
  endSecret(principal: Principal, id: string, secret: string): Promise<void> {
    return this.#secrets.end(principal, id, secret)
  }

  /** Approves a waiting app, suspends one (its grants sleep) or lets it go on. `retire` is for good. */
  async setState(principal: Principal, id: string, state: Exclude<ClientState, 'Pending'>): Promise<void> {
    await this.#parts.documents.update(principal, { doctype: DOCTYPE, name: id, values: { state } })
  }

  /**
   * Ends the app for good, in one act: every grant, secret and approval of it is dead and nothing is told to it any more.
   * The document and the trail stay. Repeatable.
   */
  async retire(principal: Principal, id: string): Promise<void> {
    const { state, enabled } = await this.read(principal, id)
    if (stateOf(state, enabled) !== 'Retired') await this.setState(principal, id, 'Retired')
  }

  /** How often and when last the app used what was loosened for it, by the switch. */
  async listUses(principal: Principal, id: string): Promise<CountedUse[]> {
    requireSystemManager(principal)
    return this.uses.list(id)
  }
}

function registered(document: Document): RegisteredClient {
  const [secret, eventSecret] = [document['client_secret'], document['event_secret']]
  return {
    id: String(document.name),
    ...(typeof secret === 'string' ? { secret } : {}),
    ...(typeof eventSecret === 'string' ? { eventSecret } : {}),
  }
}
