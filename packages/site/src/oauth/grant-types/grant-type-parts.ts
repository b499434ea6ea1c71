import type { Database } from '@annex/database'
import { allowsScope, splitScope } from '@annex/protocol'
import type { Admission } from '../admission.ts'
import type { Client } from '../clients/client.ts'
import type { Grants } from '../grants/grants.ts'
import type { Tokens } from '../grants/tokens.ts'
import type { GrantRow } from '../storage/oauth-tables.ts'

export interface GrantTypeParts {
  readonly database: Database
  readonly grants: Grants
  readonly tokens: Tokens
  readonly admission: Admission
  readonly now: () => number
}

/** What of a grant's scopes (or of some of them) the client may still have: its registration may have shrunk since. */
export function heldScopes(grant: GrantRow, client: Client, scopes: readonly string[] = splitScope(grant.granted)): string {
  return scopes.filter((scope) => allowsScope(client.scopes, scope)).join(' ')
}
