import type { FrappeError } from '@annex/protocol'
import { addressBlock } from '../http/address-block.ts'
import type { Authenticator } from '../http/exchange.ts'
import { Limits } from '../http/limits.ts'
import type { HttpServer } from '../http/server.ts'
import type { Principal } from '../policy/principal.ts'
import type { Courier } from '../webhooks/courier.ts'
import { Admission } from './admission.ts'
import { Apps } from './apps/apps.ts'
import { AllowedOrigins } from './access/allowed-origins.ts'
import { Closings } from './access/closings/closings.ts'
import { bearerAuthenticator, invalidToken, type BearerParts } from './bearer/bearer-authenticator.ts'
import { BearerRefusals } from './bearer/refused/bearer-refusals.ts'
import { Budgets } from './budgets/budgets.ts'
import { ClientAuthentication, type ClientRequest } from './clients/authentication/client-authentication.ts'
import { isConfidential, type Client } from './clients/client.ts'
import { tokenDocument, type TokenDocument } from './bearer/token-document.ts'
import { Clients } from './clients/clients.ts'
import { Explain } from './explain/explain.ts'
import { isForSite } from './grants/resources.ts'
import { Tokens } from './grants/tokens.ts'
import { authorizationCode } from './grant-types/authorization-code.ts'
import { clientCredentials } from './grant-types/client-credentials.ts'
import { DEVICE_CODE, deviceCode } from './grant-types/device-code.ts'
import type { GrantType } from './grant-types/grant-type.ts'
import { refreshToken } from './grant-types/refresh-token.ts'
import { IdTokens } from './keys/id-tokens.ts'
import { KeyRotation } from './keys/rotation/key-rotation.ts'
import { SealedValues } from './keys/sealing/sealed-values.ts'
import { LastUses } from './bearer/last-uses.ts'
import type { OAuthParts } from './oauth-parts.ts'
import { oauthRoutes, resourceMetadataUrl } from './oauth-routes.ts'
import { removeUnusedRegistrations } from './registration/unused-registrations.ts'
import { sweep } from './storage/sweep-store.ts'
import { Tidying } from './tidying.ts'
import { Usage } from './usage/usage.ts'
import { appCouriers } from './telling/app-couriers.ts'
import { sweepEventSecrets } from './telling/event-secrets-store.ts'

/** The provider of a running site. */
export interface OAuth {
  /** Knows callers by access token; the first of the site's authenticators. */
  readonly authenticator: Authenticator<Principal>
  readonly clients: Clients
  /** What an app of old may read of its own token. */
  readonly tokenDocument: TokenDocument
  /** Says why an app was refused. */
  readonly explain: Explain
  /** The site's keys, and their changes. */
  readonly keys: KeyRotation
  /** What they seal. */
  readonly sealedValues: SealedValues
  /** Carry what apps are told; by kind of message, for the delivery worker. */
  readonly couriers: ReadonlyMap<string, Courier>
  /** What apps may do and did, for their users and for System Managers. */
  readonly apps: Apps
  /** What apps do, counted. */
  readonly usage: Usage
  /** What programs may ask of the site. */
  readonly budgets: Budgets
  /** Whose scripts may call from other origins. */
  readonly origins: AllowedOrigins
  routes(server: HttpServer<Principal>): void
  /** Ends what is left to end of grants that were closed; done each second by itself. */
  endClosed(): Promise<void>
  /** What is done each hour: what ended is removed, and the signing key changed when it is due. */
  tidy(): Promise<void>
  /** Writes what it still remembers. To be called before the database is closed. */
  close(): Promise<void>
}

/**
 * Puts the provider together.
 *
 * @throws {Error} one sentence, when the site uses a key that this process was not given
 */
export async function openOAuth(parts: OAuthParts): Promise<OAuth> {
  const { database, now, onFault } = parts
  await followKeys(parts)
  const { ring } = parts
  const keys = new KeyRotation({ ...parts, keys: ring })
  const sealedValues = new SealedValues({ ...parts, keys })
  const admission = new Admission(parts)
  const lastUses = new LastUses(database, onFault)
  const clients = new Clients(parts)
  const usage = new Usage(parts)
  const budgets = new Budgets({ ...parts, onRefused: (token) => usage.refused(token, 'limit') })
  const apps = new Apps({ ...parts, clients, usage })
  const explain = new Explain({ ...parts, admission })
  const origins = new AllowedOrigins(parts)
  const closings = new Closings(parts)
  const invalid = (incident: string): FrappeError => invalidToken(resourceMetadataUrl(parts.issuer()), incident)
  const refusals = new BearerRefusals({ ...parts, usage, invalidToken: invalid })
  const tidying = new Tidying(
    [
      () => keys.rotateWhenDue(),
      (isOver) => sealedValues.bindOlder(isOver),
      () => removeUnusedRegistrations(parts),
      () => sweepEventSecrets(database.connection, now()),
      () => usage.sweep(),
      (isOver) => sweep(database.connection, now(), isOver),
    ],
    onFault,
  )
  return {
    authenticator: bearerAuthenticator({ ...parts, ...judgedBy(parts, admission), lastUses, usage, budgets, refusals, uses: clients.uses }),
    clients,
    tokenDocument: tokenDocument({ ...parts, uses: clients.uses }),
    explain,
    keys,
    sealedValues,
    couriers: appCouriers({ ...parts, eventSecrets: parts.telling.eventSecrets, idTokens: new IdTokens(ring) }),
    apps,
    usage,
    budgets,
    origins,
    endClosed: () => closings.run(),
    tidy: () => tidying.run(),
    routes: (server) =>
      oauthRoutes(server, { ...routeParts({ ...parts, usage, budgets, apps }, admission, clients), explain, origins, refusals }),
    close: async () => {
      await tidying.close()
      await closings.close()
      await lastUses.flush()
      await usage.close()
      await clients.uses.flush()
    },
  }
}

type Judged = Pick<BearerParts, 'principalOf' | 'admits' | 'holds' | 'isForSite' | 'resourceMetadata'>

/** What is asked at each call of a token's user and of what the token is for. */
const judgedBy = (parts: OAuthParts, admission: Admission): Judged => ({
  principalOf: (user, token) => parts.users.principal(user, token),
  admits: (user) => admission.admits(user),
  holds: (principal, client, kind) => admission.holds(principal, client, kind),
  isForSite: (resource) => isForSite(resource, parts.issuer()),
  resourceMetadata: () => resourceMetadataUrl(parts.issuer()),
})

/** The ring of this process follows the rotations of all of them. */
async function followKeys({ ring, generation, onBroken }: OAuthParts): Promise<void> {
  await ring.record()
  generation.onChange(() =>
    ring.follow().catch((error: unknown) => {
      onBroken(error)
      throw error
    }),
  )
}

type CountingParts = OAuthParts & { readonly usage: Usage; readonly budgets: Budgets; readonly apps: Apps }

function routeParts(
  parts: CountingParts,
  admission: Admission,
  clients: Clients,
): Omit<Parameters<typeof oauthRoutes>[1], 'explain' | 'origins' | 'refusals'> {
  const tokens = new Tokens(parts.database, parts.ring, parts.now)
  const grantTypeParts = { ...parts, admission, tokens, uses: clients.uses }
  const grantTypes = new Map<string, GrantType>([
    ['authorization_code', authorizationCode(grantTypeParts)],
    ['refresh_token', refreshToken(grantTypeParts)],
    ['client_credentials', clientCredentials(grantTypeParts)],
    [DEVICE_CODE, deviceCode(grantTypeParts)],
  ])
  const failures = new Limits({ points: 20, seconds: 60 })
  const onKnown = (client: Client, { ip }: ClientRequest): Promise<void> | undefined => {
    if (isConfidential(client)) parts.usage.secretUsed(client.id, ip)
    // Anybody can send the id of an app that shows no secret: that uses up the budget of their own address, not the app's.
    const isProven = isConfidential(client) && !client.legacy.refreshWithoutSecret
    return parts.budgets.spendOfClient(isProven ? client.id : `${client.id} ${addressBlock(ip)}`, client.budget)
  }
  const authentication = new ClientAuthentication({ ...parts, failures, uses: clients.uses, onKnown })
  return { ...parts, admission, clients, grantTypes, authentication, idTokens: new IdTokens(parts.ring) }
}
