import { randomBytes, randomUUID } from 'node:crypto'
import type { Connection, Database } from '@annex/database'
import { invalid, notFound, webhookSecret } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import type { Change } from '../../doctypes/controller.ts'
import type { Sealer } from '../../documents/secrets/sealer.ts'
import type { SealedTable } from '../../doctypes/tables/sealed-table-store.ts'
import type { SecretPlace } from '../../doctypes/tables/sealed-value-store.ts'
import type { Principal } from '../../policy/principal.ts'
import { lockClient, readClient } from '../clients/clients-store.ts'
import { requireSystemManager } from '../clients/require-system-manager.ts'
import { requireOverlap } from '../clients/secrets/overlap.ts'
import { DAY } from '../storage/durations.ts'
import { expireEventSecrets, insertEventSecret, listEventSecrets, removeEventSecret, removeEventSecrets } from './event-secrets-store.ts'

export interface EventSecretsParts {
  readonly database: Database
  readonly audit: Audit
  readonly sealer: Sealer
  /** UTC microseconds. */
  readonly now: () => number
}

export interface RotatedEventSecret {
  readonly secret: string
  /** Microseconds: until when calls are signed with the one before, too; absent when there was none. */
  readonly oldUntil?: number
}

/** Times are UTC microseconds. */
export interface ListedEventSecret {
  readonly id: string
  readonly created: number
  readonly expires: number | null
}

/** What is told of an app's end is signed as long as it may be under way. */
const AFTER_END = 4 * DAY

/** What the calls to an app's event URI are signed with: `whsec_…`, shown once, kept sealed, two at most in use at a time. */
export class EventSecrets {
  readonly #parts: EventSecretsParts

  constructor(parts: EventSecretsParts) {
    this.#parts = parts
  }

  /**
   * Follows a change of an OAuth Client, in its transaction: the first event URI brings a secret, which is put into the
   * answer of that one call (`event_secret`); an app that is retired or gone has one only until what was told of it has arrived.
   */
  async follow({ connection, document, reply }: Pick<Change, 'connection' | 'document' | 'reply'>): Promise<void> {
    const client = String(document.name)
    if (document['state'] === 'Retired') return this.end(connection, client)
    const uri = document['event_uri']
    if (typeof uri !== 'string' || uri.trim() === '') return removeEventSecrets(connection, client)
    if ((await listEventSecrets(connection, client, this.#parts.now())).length === 0)
      reply['event_secret'] = await this.#issue(connection, client)
  }

  /** The app is no more. */
  end(connection: Connection, client: string): Promise<void> {
    return expireEventSecrets(connection, client, this.#parts.now() + AFTER_END)
  }

  /** What a call to the app is signed with now, newest first. */
  async read(client: string): Promise<string[]> {
    const { database, sealer, now } = this.#parts
    const rows = await listEventSecrets(database.connection, client, now())
    return Promise.all(
      rows.map(({ id, key_id: keyId, sealed }) => sealer.open(database.connection, { keyId, text: sealed }, placeOf(client, id))),
    )
  }

  /** Newest first, without their text. @throws {FrappeError} `PermissionError` for all but System Managers */
  async list(principal: Principal, client: string): Promise<ListedEventSecret[]> {
    requireSystemManager(principal)
    const rows = await listEventSecrets(this.#parts.database.connection, client, this.#parts.now())
    return rows.map(({ id, created, expires }) => ({ id, created, expires }))
  }

  /**
   * Makes a new secret; calls carry a signature by the one before, too, for the overlap (microseconds, 0 to 30 days), or until it
   * was to end before.
   * Durable before it returns.
   *
   * @throws {FrappeError} `PermissionError` for all but System Managers; `ValidationError` for an overlap out of range, while two
   *   secrets sign (unless both end at once), for an app without an event URI, or that is retired
   */
  async rotate(principal: Principal, client: string, overlap: number = DAY): Promise<RotatedEventSecret> {
    requireSystemManager(principal)
    const { database, audit, now } = this.#parts
    return database.transaction(
      async (connection) => {
        await lockClient(connection, client)
        const app = await readClient(connection, client)
        if (app?.state === 'Retired') throw invalid('This app is retired: it is told nothing more, and needs no new secret')
        if (app?.eventUri === undefined) throw invalid('This app has no event URI; set one, and its first secret comes with it')
        const before = await listEventSecrets(connection, client, now())
        requireOverlap(overlap, before)
        const [newest] = before
        await removeEventSecrets(connection, client, overlap === 0 ? undefined : newest?.id)
        const oldUntil = Math.min(newest?.expires ?? Infinity, now() + overlap)
        await expireEventSecrets(connection, client, oldUntil)
        const secret = await this.#issue(connection, client)
        await audit.write(connection, { event: 'oauth.client.event_secret_rotated', user: principal.user, client })
        return newest && overlap > 0 ? { secret, oldUntil } : { secret }
      },
      { durable: true },
    )
  }

  /**
   * Ends one of two secrets at once. Durable before it returns.
   *
   * @throws {FrappeError} `PermissionError` for all but System Managers, `DoesNotExistError` for no secret of this app,
   *   `ValidationError` for the only one
   */
  async endOne(principal: Principal, client: string, id: string): Promise<void> {
    requireSystemManager(principal)
    const { database, audit, now } = this.#parts
    await database.transaction(
      async (connection) => {
        await lockClient(connection, client)
        const live = await listEventSecrets(connection, client, now())
        if (!live.some((secret) => secret.id === id)) throw notFound('Event Secret', id.slice(0, 140))
        if (live.length === 1) throw invalid('This is the only event secret of the app; make a new one, or take its event URI away')
        await removeEventSecret(connection, id)
        await audit.write(connection, { event: 'oauth.client.event_secret_ended', user: principal.user, client })
      },
      { durable: true },
    )
  }

  async #issue(connection: Connection, client: string): Promise<string> {
    const [id, secret] = [randomUUID(), webhookSecret(randomBytes(32))]
    const { keyId, text } = await this.#parts.sealer.seal(connection, secret, placeOf(client, id))
    await insertEventSecret(connection, { id, client, key_id: keyId, sealed: text, created: this.#parts.now(), expires: null })
    return secret
  }
}

const placeOf = (client: string, id: string): SecretPlace => ({ doctype: 'OAuth Client', name: client, fieldname: `event_secret ${id}` })

/** Where they stand, for whoever seals them anew. */
export const EVENT_SECRETS: SealedTable = {
  kind: 'event secrets',
  table: 'oauth_event_secret',
  key: ['id'],
  more: ['client'],
  column: 'sealed',
  placeOf: ({ client = '', id = '' }) => placeOf(client, id),
}
