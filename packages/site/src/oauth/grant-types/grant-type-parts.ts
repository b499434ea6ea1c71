import type { Database } from '@annex/database'
import { splitScope } from '@annex/protocol'
import type { Admission } from '../admission.ts'
import { mayHold } from '../authorize/requested-scopes.ts'
import type { Client } from '../clients/client.ts'
import type { ClientUses } from '../clients/uses/client-uses.ts'
import type { Grants } from '../grants/grants.ts'
import type { Tokens } from '../grants/tokens.ts'
import type { GrantRow } from '../storage/oauth-tables.ts'

export interface GrantTypeParts {
  readonly database: Database
  readonly grants: Grants
  readonly tokens: Tokens
  readonly admission: Admission
  /** Where exceptions that apps use are counted. */
  readonly uses: Pick<ClientUses, 'note'>
  readonly issuer: () => string
  readonly now: () => number
}

/** What of a grant's scopes (or of some of them) the client may still have: its registration may have shrunk since. */
export function heldScopes(grant: GrantRow, client: Client, scopes: readonly string[] = splitScope(grant.granted)): string {
  return scopes.filter((scope) => mayHold(client, scope, grant.sets)).join(' ')
}
