import type { Database } from '@annex/database'
import { notPermitted, type Document, type Values } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import type { Documents } from '../../documents/documents.ts'
import type { Principal } from '../../policy/principal.ts'
import { listClientUses } from '../grants/grants-store.ts'
import type { ClientSecretRow } from '../storage/oauth-tables.ts'
import { textOf } from '../text-of.ts'
import type { Client } from './client.ts'
import { issueSecret, listSecrets, retireSecrets } from './client-secrets-store.ts'
import { readClient } from './clients-store.ts'

const DOCTYPE = 'OAuth Client'
/** How long the secret before goes on working, unless told otherwise: a day, in microseconds. */
const OVERLAP = 86_400_000_000

export interface ClientsParts {
  readonly database: Database
  readonly documents: Documents
  readonly audit: Audit
  readonly now: () => number
}

export interface RegisteredClient {
  readonly id: string
  /** Shown this once; absent for a client that keeps none. */
  readonly secret?: string
}

export interface ListedClient {
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly enabled: boolean
  readonly defaultRedirectUri: string
  /** Microseconds. */
  readonly lastUsed?: number
}

export interface RotatedSecret {
  readonly secret: string
  /** Microseconds: until when the one before works; absent when there was none. */
  readonly oldUntil?: number
}

/**
 * Registers and changes apps, for System Managers, over the DocType OAuth Client.
 *
 * @throws {FrappeError} `PermissionError` for others, `ValidationError` for what cannot be registered
 */
export class Clients {
  readonly #parts: ClientsParts

  constructor(parts: ClientsParts) {
    this.#parts = parts
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
    const fields = ['name', 'app_name', 'kind', 'enabled', 'default_redirect_uri']
    const rows = await this.#parts.documents.list(principal, { doctype: DOCTYPE, fields, orderBy: 'app_name asc', limit: null })
    const uses = await listClientUses(this.#parts.database.connection)
    return rows.map((row) => {
      const lastUsed = uses.get(textOf(row['name']))
      const listed = {
        id: textOf(row['name']),
        name: textOf(row['app_name']),
        kind: textOf(row['kind']) || 'web',
        enabled: row['enabled'] === 1,
        defaultRedirectUri: textOf(row['default_redirect_uri']),
      }
      return lastUsed === undefined ? listed : { ...listed, lastUsed }
    })
  }

  /** The secrets that work now, newest first, without their text. */
  async listSecrets(principal: Principal, id: string): Promise<ClientSecretRow[]> {
    requireSystemManager(principal)
    return listSecrets(this.#parts.database.connection, id, this.#parts.now())
  }

  /**
   * Makes a new secret; the one before works for the overlap (microseconds) longer, older ones no more.
   * Durable before it returns.
   */
  async rotateSecret(principal: Principal, id: string, overlap: number = OVERLAP): Promise<RotatedSecret> {
    await this.read(principal, id)
    const client = await this.#requireWeb(principal, id)
    const { database, now } = this.#parts
    return database.transaction(
      async (connection) => {
        const time = now()
        const before = await listSecrets(connection, client.id, time)
        await retireSecrets(connection, client.id, time, time + overlap)
        const secret = await issueSecret(connection, client.id, now())
        await this.#parts.audit.write(connection, { event: 'oauth.client.secret_rotated', user: principal.user, client: client.id })
        return before.length === 0 ? { secret } : { secret, oldUntil: time + overlap }
      },
      { durable: true },
    )
  }

  /** Ends the app: nobody can connect with it and every grant of it is dead. The document stays, for the record. */
  async retire(principal: Principal, id: string): Promise<void> {
    await this.#parts.documents.update(principal, { doctype: DOCTYPE, name: id, values: { enabled: 0 } })
  }

  async #requireWeb(principal: Principal, id: string): Promise<Client> {
    requireSystemManager(principal)
    const client = await readClient(this.#parts.database.connection, id)
    if (client?.kind !== 'web') throw notPermitted('This app keeps no secret: it proves itself with PKCE alone')
    return client
  }
}

export function requireSystemManager(principal: Principal): void {
  if (!principal.roles.has('System Manager')) throw notPermitted('Only System Managers register apps; ask one of them')
}

function registered(document: Document): RegisteredClient {
  const secret = document['client_secret']
  return typeof secret === 'string' ? { id: String(document.name), secret } : { id: String(document.name) }
}
