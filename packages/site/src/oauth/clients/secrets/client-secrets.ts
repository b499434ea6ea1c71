import { bumpGeneration, type Database } from '@annex/database'
import { invalid, notFound, notPermitted } from '@annex/protocol'
import type { Audit } from '../../../audit/audit.ts'
import type { Principal } from '../../../policy/principal.ts'
import { DAY } from '../../storage/durations.ts'
import type { ClientSecretRow } from '../../storage/oauth-tables.ts'
import { isConfidential } from '../client.ts'
import { lockClient, readClient } from '../clients-store.ts'
import { requireSystemManager } from '../require-system-manager.ts'
import { requireOverlap } from './overlap.ts'
import { issueSecret, listSecrets, removeSecret, retireSecrets } from './client-secrets-store.ts'

export interface ClientSecretsParts {
  readonly database: Database
  readonly audit: Audit
  readonly now: () => number
}

export interface RotatedSecret {
  readonly secret: string
  /** Microseconds: until when the one before works; absent when there was none, or it ended at once. */
  readonly oldUntil?: number
}

/** A secret that works, without its text. Times are UTC microseconds. */
export type ListedSecret = Pick<ClientSecretRow, 'id' | 'created' | 'expires' | 'last_used'>

/**
 * The secrets of apps, for System Managers: two at most live at a time, the older with an end. Processes keep them in memory, so
 * each change of them moves the generation.
 *
 * @throws {FrappeError} `PermissionError` for others
 */
export class ClientSecrets {
  readonly #parts: ClientSecretsParts

  constructor(parts: ClientSecretsParts) {
    this.#parts = parts
  }

  /** Newest first. */
  async list(principal: Principal, client: string): Promise<ListedSecret[]> {
    requireSystemManager(principal)
    const secrets = await listSecrets(this.#parts.database.connection, client, this.#parts.now())
    return secrets.map(({ id, created, expires, last_used }) => ({ id, created, expires, last_used }))
  }

  /**
   * Makes a new secret; the one before works for the overlap longer (microseconds, 0 to 30 days), or until it was to end before.
   * Durable before it returns.
   *
   * @throws {FrappeError} `ValidationError` for an overlap out of range, while two secrets work (unless both end at once) or for a
   *   retired app, `PermissionError` for an app that keeps none
   */
  async rotate(principal: Principal, id: string, overlap: number = DAY): Promise<RotatedSecret> {
    requireSystemManager(principal)
    const { database, audit, now } = this.#parts
    return database.transaction(
      async (connection) => {
        await lockClient(connection, id)
        const client = await readClient(connection, id)
        if (!client || !isConfidential(client)) throw notPermitted('This app keeps no secret: it proves itself with PKCE alone')
        if (client.state === 'Retired') throw invalid('This app is retired for good and gets no new secret')
        const time = now()
        const before = await listSecrets(connection, id, time)
        requireOverlap(overlap, before)
        await retireSecrets(connection, id, time, time + overlap)
        const secret = await issueSecret(connection, id, time)
        const days = overlap / DAY
        await audit.write(connection, {
          event: 'oauth.client.secret_rotated',
          user: principal.user,
          client: id,
          detail: { overlap_days: days },
        })
        await bumpGeneration(connection)
        const [newest] = before
        return newest && overlap > 0 ? { secret, oldUntil: Math.min(newest.expires ?? Infinity, time + overlap) } : { secret }
      },
      { durable: true },
    )
  }

  /**
   * Ends one of two secrets at once. Durable before it returns.
   *
   * @throws {FrappeError} `DoesNotExistError` for no secret of this app, `ValidationError` for the only one
   */
  async end(principal: Principal, client: string, id: string): Promise<void> {
    requireSystemManager(principal)
    const { database, audit, now } = this.#parts
    await database.transaction(
      async (connection) => {
        await lockClient(connection, client)
        const live = await listSecrets(connection, client, now())
        if (!live.some((secret) => secret.id === id)) throw notFound('Client Secret', id.slice(0, 140))
        if (live.length === 1) throw invalid('This is the only secret of the app; make a new one with no overlap, or suspend the app')
        await removeSecret(connection, client, id)
        await audit.write(connection, { event: 'oauth.client.secret_ended', user: principal.user, client })
        await bumpGeneration(connection)
      },
      { durable: true },
    )
  }
}
