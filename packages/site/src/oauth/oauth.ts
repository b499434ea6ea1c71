import type { Authenticator } from '../http/exchange.ts'
import { Limits } from '../http/limits.ts'
import type { HttpServer } from '../http/server.ts'
import type { Principal } from '../policy/principal.ts'
import { Admission } from './admission.ts'
import { bearerAuthenticator } from './bearer/bearer-authenticator.ts'
import { ClientAuthentication } from './clients/client-authentication.ts'
import { Clients } from './clients/clients.ts'
import { Tokens } from './grants/tokens.ts'
import { authorizationCode } from './grant-types/authorization-code.ts'
import type { GrantType } from './grant-types/grant-type.ts'
import { refreshToken } from './grant-types/refresh-token.ts'
import { IdTokens } from './keys/id-tokens.ts'
import { recordKeys } from './keys/signing-keys-store.ts'
import { LastUses } from './bearer/last-uses.ts'
import type { OAuthParts } from './oauth-parts.ts'
import { oauthRoutes, resourceMetadataUrl } from './oauth-routes.ts'
import { sweep } from './storage/sweep-store.ts'

const HOUR = 3_600_000

/** The provider of a running site. */
export interface OAuth {
  /** Knows callers by access token; the first of the site's authenticators. */
  readonly authenticator: Authenticator<Principal>
  readonly clients: Clients
  routes(server: HttpServer<Principal>): void
  /** Writes what it still remembers. To be called before the database is closed. */
  close(): Promise<void>
}

/**
 * Puts the provider together.
 *
 * @throws {Error} one sentence, when the site uses a key that this process was not given
 */
export async function openOAuth(parts: OAuthParts): Promise<OAuth> {
  const { database, ring, now, onFault } = parts
  await database.transaction((connection) => recordKeys(connection, ring, now()), { durable: true })
  const admission = new Admission(parts)
  const lastUses = new LastUses(database, onFault)
  const clients = new Clients(parts)
  const sweeping = setInterval(() => void sweep(database.connection, now()).catch(onFault), HOUR).unref()
  return {
    authenticator: bearerAuthenticator({
      ...parts,
      lastUses,
      principalOf: (user, token) => parts.users.principal(user, token),
      admits: (user) => admission.admits(user),
      resourceMetadata: () => resourceMetadataUrl(parts.issuer()),
    }),
    clients,
    routes: (server) => oauthRoutes(server, routeParts(parts, admission, clients)),
    close: async () => {
      clearInterval(sweeping)
      await lastUses.flush()
    },
  }
}

function routeParts(parts: OAuthParts, admission: Admission, clients: Clients): Parameters<typeof oauthRoutes>[1] {
  const tokens = new Tokens(parts.database, parts.ring, parts.now)
  const grantTypeParts = { ...parts, admission, tokens }
  const grantTypes = new Map<string, GrantType>([
    ['authorization_code', authorizationCode(grantTypeParts)],
    ['refresh_token', refreshToken(grantTypeParts)],
  ])
  const failures = new Limits({ points: 20, seconds: 60 })
  const authentication = new ClientAuthentication({ ...parts, failures })
  return { ...parts, admission, clients, grantTypes, authentication, idTokens: new IdTokens(parts.ring) }
}
