import type { Database } from '@annex/database'
import { splitScope, type DocType } from '@annex/protocol'
import type { Admission } from '../admission.ts'
import { isSameDocType, mayHold } from '../authorize/requested/requested-scopes.ts'
import type { Client } from '../clients/client.ts'
import type { ClientUses } from '../clients/uses/client-uses.ts'
import { parseIds, type Grants } from '../grants/grants.ts'
import type { Tokens } from '../grants/tokens.ts'
import type { GrantRow } from '../storage/oauth-tables.ts'

export interface GrantTypeParts {
  readonly database: Database
  readonly grants: Grants
  readonly tokens: Tokens
  readonly admission: Admission
  /** Where exceptions that apps use are counted. */
  readonly uses: Pick<ClientUses, 'note'>
  readonly doctypeOf: (name: string) => DocType | undefined
  readonly issuer: () => string
  readonly now: () => number
}

/**
 * Those scopes whose DocType is the one that was consented to: what is gone with its DocType, or was never there, is nothing that a token
 * opens, whoever has its name since.
 */
export function livingScopes(
  scopes: readonly string[],
  { doctype_ids }: Pick<GrantRow, 'doctype_ids'>,
  doctypeOf: GrantTypeParts['doctypeOf'],
): string[] {
  const ids = parseIds(doctype_ids)
  return scopes.filter((scope) => isSameDocType(scope, ids, doctypeOf))
}

/** What of a grant's scopes (or of some of them) the client may still have: its registration may have shrunk since. */
export function heldScopes(grant: GrantRow, client: Client, scopes: readonly string[] = splitScope(grant.granted)): string {
  return scopes.filter((scope) => mayHold(client, scope, grant.sets)).join(' ')
}
