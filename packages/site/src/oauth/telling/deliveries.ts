import type { Database } from '@annex/database'
import { notFound } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Delivery, Outbox } from '../../webhooks/outbox.ts'
import { requireSystemManager } from '../clients/require-system-manager.ts'
import { EVENT, LOGOUT, receiverOf } from './app-messages.ts'

export interface DeliveriesParts {
  readonly database: Database
  readonly outbox: Outbox
  readonly audit: Audit
}

/** Times are UTC microseconds. */
export interface ListedDelivery {
  readonly id: string
  readonly kind: 'event' | 'logout'
  readonly state: Delivery['state']
  readonly attempts: number
  readonly created: number
  /** Of a waiting one. */
  readonly nextAt: number | undefined
  readonly finished: number | undefined
  readonly lastError: string | undefined
  readonly grant: string | undefined
  readonly reason: string | undefined
}

/**
 * What an app has been told, and what it has yet to hear; for System Managers.
 *
 * @throws {FrappeError} `PermissionError` for others
 */
export class Deliveries {
  readonly #parts: DeliveriesParts

  constructor(parts: DeliveriesParts) {
    this.#parts = parts
  }

  /** Newest first. */
  async list(principal: Principal, client: string, limit = 100): Promise<ListedDelivery[]> {
    requireSystemManager(principal)
    return (await this.#parts.outbox.list(receiversOf(client), limit)).map(listed)
  }

  /** Sends it again at once, also one that was given up or has arrived. @throws {FrappeError} `DoesNotExistError` for none of this app */
  async retry(principal: Principal, client: string, id: string): Promise<void> {
    await this.#parts.outbox.retry(await this.#require(principal, client, id))
    await this.#note(principal, client, 'retried')
  }

  /** Never sends it. @throws {FrappeError} `DoesNotExistError` for none of this app */
  async forget(principal: Principal, client: string, id: string): Promise<void> {
    await this.#parts.outbox.forget((await this.#require(principal, client, id)).id)
    await this.#note(principal, client, 'forgotten')
  }

  async #require(principal: Principal, client: string, id: string): Promise<Delivery> {
    requireSystemManager(principal)
    const delivery = await this.#parts.outbox.read(id)
    if (!delivery || !receiversOf(client).includes(delivery.receiver)) throw notFound('Delivery', id.slice(0, 140))
    return delivery
  }

  #note({ user }: Principal, client: string, act: string): Promise<void> {
    const { audit, database } = this.#parts
    return audit.write(database.connection, { event: `oauth.delivery.${act}`, user, client })
  }
}

const receiversOf = (client: string): string[] => [receiverOf(EVENT, client), receiverOf(LOGOUT, client)]

const listed = ({ id, kind, state, attempts, created, nextAt, finished, lastError, payload }: Delivery): ListedDelivery => ({
  id,
  kind: kind === EVENT ? 'event' : 'logout',
  state,
  attempts,
  created,
  nextAt,
  finished,
  lastError,
  grant: textIn(payload['grant']),
  reason: textIn(payload['reason']),
})

const textIn = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
