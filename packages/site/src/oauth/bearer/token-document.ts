import type { Database } from '@annex/database'
import type { Document } from '@annex/protocol'
import type { Principal, TokenRights } from '../../policy/principal.ts'
import { readClient } from '../clients/clients-store.ts'
import type { ClientUses } from '../clients/uses/client-uses.ts'
import { tokenKey, isSameHash } from '../token-text.ts'
import { bearerTokenDocument } from './bearer-token-controller.ts'
import { listAccessTokens } from './bearer-tokens-store.ts'

export interface TokenDocumentParts {
  readonly database: Database
  readonly uses: Pick<ClientUses, 'note'>
  readonly now: () => number
  /** IANA name of the zone that documents show times in. */
  readonly zone: string
}

export type TokenDocument = (
  principal: Principal,
  id: { readonly doctype: string; readonly name: string },
) => Promise<Document | undefined> | undefined

/**
 * What apps of old find out their user by: `OAuth Bearer Token/<token>`, for the very token that asks and for an app
 * that a System Manager made the exception for. It says whose it is, for what and until when; the refresh token never.
 * Undefined for everything else, which is then judged as any document is.
 */
export function tokenDocument(parts: TokenDocumentParts): TokenDocument {
  return ({ token }, { doctype, name }) =>
    token && doctype === 'OAuth Bearer Token' && isSameHash(tokenKey(name), token.hash) ? readOwn(parts, token) : undefined
}

async function readOwn({ database, uses, ...shown }: TokenDocumentParts, token: TokenRights): Promise<Document | undefined> {
  if ((await readClient(database.connection, token.client))?.legacy.tokenDocument !== true) return undefined
  const [row] = await listAccessTokens(database.connection, { hash: token.hash })
  if (!row) return undefined
  uses.note(token.client, 'tokenDocument')
  return bearerTokenDocument(row, shown)
}
