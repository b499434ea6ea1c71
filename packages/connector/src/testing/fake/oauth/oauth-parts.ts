import type { FakeUser } from '../fake-users.ts'
import type { Faults } from '../faults.ts'
import type { FakeKind } from '../kinds.ts'
import type { FakeGrants } from './grants.ts'
import type { IdTokens } from './id-tokens.ts'

/** An app that is registered at the fake site. */
export interface FakeClient {
  /** Absent for a public client. */
  readonly secret?: string
  /** Any when absent. */
  readonly redirectUris?: readonly string[]
}

/** What the endpoints of the authorization server work on. */
export interface OAuthParts {
  readonly kind: FakeKind
  readonly issuer: () => string
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly users: readonly FakeUser[]
  readonly grants: FakeGrants
  readonly idTokens: IdTokens
  readonly faults: Faults
  /** By their ids. */
  readonly clients: Map<string, FakeClient>
}
