import type { Database, Generation } from '@annex/database'
import type { DocType } from '@annex/protocol'
import type { Audit } from '../audit/audit.ts'
import type { Principal, TokenRights } from '../policy/principal.ts'
import type { Documents } from '../documents/documents.ts'
import type { Person } from './claims.ts'
import type { Grants } from './grants/grants.ts'
import type { KeyRing } from './keys/key-ring.ts'

/** Who the users are, as identity knows them. */
export interface Users {
  /** With roles and permissions as they are now; undefined for one who is gone or disabled. */
  principal(user: string, token?: TokenRights): Promise<Principal | undefined>
  /** What claims say; undefined for one who is gone. */
  person(user: string): Promise<Person | undefined>
  /** Microseconds: when the session's owner proved who they are. */
  signedInAt(session: string): Promise<number | undefined>
}

/** What the provider is made of; `site.ts` puts it together. */
export interface OAuthParts {
  readonly database: Database
  readonly generation: Generation
  readonly ring: KeyRing
  readonly audit: Audit
  readonly users: Users
  readonly doctypeOf: (name: string) => DocType | undefined
  /** The site's own origin. */
  readonly issuer: () => string
  /** UTC microseconds. */
  readonly now: () => number
  /** IANA name of the zone that pages and documents show times in. */
  readonly zone: string
  readonly allowAdministrator: boolean
  readonly grants: Grants
  readonly documents: Documents
  /** A fault beside any request (a last use that could not be written). */
  readonly onFault: (error: unknown) => void
}
