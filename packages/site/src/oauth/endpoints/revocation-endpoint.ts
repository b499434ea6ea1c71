import { FrappeError, OAuthError } from '@annex/protocol'
import type { Connection, Database } from '@annex/database'
import type { Answer, Exchange } from '../../http/exchange.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Client } from '../clients/client.ts'
import type { ClientAuthentication } from '../clients/authentication/client-authentication.ts'
import { readClient } from '../clients/clients-store.ts'
import type { Grants } from '../grants/grants.ts'
import { readGrant } from '../grants/grants-store.ts'
import { endToken, readToken } from '../grants/tokens-store.ts'
import type { OAuthParts } from '../oauth-parts.ts'
import { tokenKey } from '../token-text.ts'
import { parseParameters, requireParameter } from './parameters.ts'

export interface RevocationParts extends Pick<OAuthParts, 'audit' | 'now' | 'onFault'> {
  readonly database: Database
  readonly clients: ClientAuthentication
  readonly grants: Grants
}

/**
 * Ends a token, and with it its grant unless the client is set otherwise; of an app's own tokens, which share a grant
 * and nothing else, the one alone. Whoever holds a token may end it; a
 * client that proves itself may end its own alone. An unknown token is as good as ended.
 *
 * @throws {OAuthError} `temporarily_unavailable` (503) when it could not be stored: never a yes that is not true
 * @see RFC 7009 section 2
 */
export async function revocationEndpoint(exchange: Exchange<Principal>, parts: RevocationParts): Promise<Answer> {
  const parameters = parseParameters(exchange)
  const token = requireParameter(parameters, 'token')
  try {
    const shown = await parts.clients.readShown({ parameters, authorization: exchange.headers['authorization'], ip: exchange.ip })
    await revoke(tokenKey(token), shown, exchange.ip, parts)
  } catch (error) {
    if (error instanceof OAuthError || error instanceof FrappeError) throw error
    parts.onFault(error)
    throw new OAuthError('temporarily_unavailable', 'The token may still be alive: ask again', {
      status: 503,
      headers: { 'retry-after': '5' },
    })
  }
  return { json: {} }
}

async function revoke(hash: string, shown: Client | undefined, ip: string, parts: RevocationParts): Promise<void> {
  const row = await readToken(parts.database.connection, hash)
  if (!row || (shown && shown.id !== row.client)) return
  const client = shown ?? (await readClient(parts.database.connection, row.client))
  await parts.database.transaction(
    async (connection) => {
      if (client?.revokesTokenOnly === true || (await isService(connection, row.grant_id))) await endToken(connection, hash, parts.now())
      else await parts.grants.revokeWithin(connection, { id: row.grant_id }, 'token_revoked')
      await parts.audit.write(connection, {
        event: 'oauth.token.revoked',
        client: row.client,
        grant: row.grant_id,
        ip,
        detail: { by: shown ? 'client' : 'holder' },
      })
    },
    { durable: true },
  )
}

const isService = async (connection: Connection, grant: string): Promise<boolean> =>
  (await readGrant(connection, grant))?.kind === 'service'
