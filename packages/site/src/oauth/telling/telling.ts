import type { Database } from '@annex/database'
import type { Audit } from '../../audit/audit.ts'
import type { Sealer } from '../../documents/secrets/sealer.ts'
import type { Accounts } from '../../identity/accounts/accounts.ts'
import type { SessionListener } from '../../identity/sessions/sessions.ts'
import { Outbox } from '../../webhooks/outbox.ts'
import type { OAuthListener } from '../oauth-events.ts'
import { Deliveries } from './deliveries.ts'
import { EventSecrets } from './event-secrets.ts'
import { tellApps, tellSessionEnd } from './tell-apps.ts'

export interface TellingParts {
  readonly database: Database
  readonly audit: Audit
  readonly sealer: Sealer
  readonly accounts: Pick<Accounts, 'readSubs'>
  /** UTC microseconds. */
  readonly now: () => number
}

/** Tells apps what became of their grants. What it writes is sent by a delivery worker, with the couriers of `appCouriers`. */
export class Telling {
  readonly outbox: Outbox
  readonly eventSecrets: EventSecrets
  readonly deliveries: Deliveries
  /** To be given to the grants. */
  readonly onGrant: OAuthListener
  /** To be given to the sessions. */
  readonly onSessionEnd: SessionListener

  constructor(parts: TellingParts) {
    this.outbox = new Outbox(parts)
    this.eventSecrets = new EventSecrets(parts)
    this.deliveries = new Deliveries({ ...parts, outbox: this.outbox })
    const tellParts = { ...parts, outbox: this.outbox }
    this.onGrant = tellApps(tellParts)
    this.onSessionEnd = tellSessionEnd(tellParts)
  }
}
