import type { Connection, Database, Generation } from '@annex/database'
import type { DocType } from '@annex/protocol'
import type { Audit } from '../audit/audit.ts'
import type { Trail } from '../audit/trail.ts'
import type { Cookie } from '../http/exchange.ts'
import type { SocialIdentities } from '../identity/own-account/social-identities.ts'
import type { Principal, TokenRights } from '../policy/principal.ts'
import type { Documents } from '../documents/documents.ts'
import type { Sealer } from '../documents/secrets/sealer.ts'
import type { Person } from './claims.ts'
import type { Grants } from './grants/grants.ts'
import type { LiveKeys } from './keys/rotation/live-keys.ts'
import type { Telling } from './telling/telling.ts'
import type { OAuthSettings } from './settings.ts'

/** Who the users are, as identity knows them. */
export interface Users {
  /** With roles and permissions as they are now; undefined for one who is gone or disabled. */
  principal(user: string, token?: TokenRights): Promise<Principal | undefined>
  /** What claims say; undefined for one who is gone. */
  person(user: string): Promise<Person | undefined>
  /** Microseconds: when the session's owner proved who they are. */
  signedInAt(session: string): Promise<number | undefined>
  /** Whether a session still lives; its end, and the end of its user's grants with it, waits for the caller's transaction. */
  holdSession(connection: Connection, session: string): Promise<boolean>
  /** Ends a session, by its hash; what takes its cookies out of the browser comes back. */
  endSession(session: string): Promise<readonly Cookie[]>
}

/** What the provider is made of; `site.ts` puts it together. */
export interface OAuthParts {
  readonly database: Database
  readonly generation: Generation
  readonly ring: LiveKeys
  /** Seals with the keys of the ring. */
  readonly sealer: Sealer
  readonly audit: Audit
  readonly users: Users
  readonly identities: Pick<SocialIdentities, 'listFor' | 'untieFor'>
  readonly doctypeOf: (name: string) => DocType | undefined
  /** The site's own origin. */
  readonly issuer: () => string
  /** UTC microseconds. */
  readonly now: () => number
  /** IANA name of the zone that pages and documents show times in. */
  readonly zone: string
  readonly allowAdministrator: boolean
  readonly grants: Grants
  /** What apps are told of them. */
  readonly telling: Telling
  readonly documents: Documents
  /** The site's policy for apps. */
  readonly settings: OAuthSettings
  /** Where refusals are found again. */
  readonly trail: Pick<Trail, 'incident'>
  /** A fault beside any request (a last use that could not be written). */
  readonly onFault: (error: unknown) => void
  /** What an operator should know, in a sentence. */
  readonly onNotice: (sentence: string) => void
  /** The process cannot go on: it lacks a key that the site uses. */
  readonly onBroken: (error: unknown) => void
}
