import { createHmac, randomBytes } from 'node:crypto'
import type { Database } from '@annex/database'
import type { FrappeError } from '@annex/protocol'
import type { Audit } from '../../../audit/audit.ts'
import type { Usage } from '../../usage/usage.ts'
import { readRefusedToken, type RefusedToken } from './refused-token-store.ts'

/** A call with a token that is not good. */
export const BEARER_REFUSED = 'oauth.bearer.refused'

export interface BearerRefusalsParts {
  readonly database: Database
  readonly usage: Pick<Usage, 'refused'>
  readonly audit: Pick<Audit, 'noteRefusal'>
  /** The 401 that says nothing of why, with its incident. */
  readonly invalidToken: (incident: string) => FrappeError
}

/** What was found of a token that by itself is good. */
export type Beyond = 'user' | 'resource' | 'not open'

interface Shown {
  /** What the token would be stored by; absent for what has not even the form of one. */
  readonly hash?: string
  readonly ip: string
  readonly now: number
  /** What is the matter where the token, its grant and its app are good. */
  readonly beyond?: Beyond
}

/** What each token comes to some day: of an app one entry for each network and minute, or the trail would grow by a row for each token. */
const EXPIRED = 'expired'

/** Microseconds in which a token is told by the same incident. */
const MINUTE = 60_000_000

/**
 * Remembers calls with tokens that are not good: of those that were issued here the reason, in the numbers and in the trail; of all
 * others, that there were some.
 *
 * Whoever shows a token learns nothing by it: each answer costs one read and names an incident that is made of the token and the
 * minute alone, whether there was ever such a token or not. That of an unknown one, and of one that had expired, is found only where it was
 * the first of its network (and its app) in a minute: they all are one entry, so that no flood of them fills the trail.
 */
export class BearerRefusals {
  readonly #parts: BearerRefusalsParts
  readonly #key = randomBytes(32)

  constructor(parts: BearerRefusalsParts) {
    this.#parts = parts
  }

  /** Remembers one, and gives the 401 to throw. */
  async refuse({ hash = '', ip, now, beyond }: Shown): Promise<FrappeError> {
    const { database, usage, audit, invalidToken } = this.#parts
    const incident = this.#incidentOf(hash, now)
    const [token] = hash === '' ? [] : await readRefusedToken(database.connection, { hash })
    if (token) {
      const { client, grant, user } = token
      const reason = reasonOf(token, now, beyond)
      usage.refused({ client, grant, hash }, 'token', reason)
      const of = reason === EXPIRED ? { client, isShared: true } : { client, grant, user }
      audit.noteRefusal({ event: BEARER_REFUSED, reason, ...of, ip, incident })
    } else {
      audit.noteRefusal({ event: BEARER_REFUSED, reason: 'unknown', ip, incident, isShared: true })
    }
    return invalidToken(incident)
  }

  /** In the form of a random UUID. */
  #incidentOf(hash: string, now: number): string {
    const digest = createHmac('sha256', this.#key)
      .update(`${Math.floor(now / MINUTE)} ${hash}`)
      .digest('hex')
    const parts = [digest.slice(0, 8), digest.slice(8, 12), `4${digest.slice(12, 15)}`, `8${digest.slice(15, 18)}`, digest.slice(18, 30)]
    return parts.join('-')
  }
}

/** The first that says no, in the order in which Explain judges. */
function reasonOf(token: RefusedToken, now: number, beyond: Beyond | undefined): string {
  if (token.revoked_at !== null) return 'grant ended'
  if (token.epoch !== token.epoch_now) return 'earlier epoch'
  if (token.enabled === null) return 'app removed'
  if (token.enabled !== 1) return `app ${(token.state ?? 'suspended').toLowerCase()}`
  if (token.kind === 'service' && token.service_user !== token.user) return 'other user'
  if (token.expires <= now) return EXPIRED
  // What is good by now was not when it was asked about.
  return beyond ?? 'changed meanwhile'
}
