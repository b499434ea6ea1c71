import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'

/** An app as the peer knows it; without a redirect URI it acts for itself. */
export interface PeerClient {
  readonly id: string
  /** Absent for one that keeps none. */
  readonly secret?: string
  /** `client_secret_basic`, `client_secret_post` or `none`. */
  readonly method: string
  readonly scope: string
  readonly redirectUri?: string
}

export interface PeerSettings {
  readonly issuer: string
  /** All that it will ever know; with `stored` they come from its store, as apps do that are registered while it runs. */
  readonly clients: readonly PeerClient[]
  readonly stored?: true
  /** Makes the store of each model; absent = the package's own, in memory. */
  readonly adapter?: (model: string) => object
  readonly findAccount?: (id: string) => object | undefined
  readonly features?: Readonly<Record<string, object>>
  /** Seconds by the model's name, besides an hour for each and a minute for codes. */
  readonly ttl?: Readonly<Record<string, number>>
}

const account = (id: string): object => ({ accountId: id, claims: () => ({ sub: id }) })
const HOUR = 3600

/**
 * oidc-provider, set as our site is: ES256, opaque tokens, a refresh token with every code's first tokens, a new one at each
 * use, and no pages of its own.
 */
export async function makePeer({
  issuer,
  clients,
  stored,
  adapter,
  findAccount = account,
  features,
  ttl,
}: PeerSettings): Promise<Provider> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return new Provider(issuer, {
    clients: stored ? [] : clients.map(metadataOf),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: ['a-key-for-tests-alone'] },
    scopes: [...new Set(['offline_access', ...clients.flatMap(({ scope }) => scope.split(' '))])],
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    features: { devInteractions: { enabled: false }, clientCredentials: { enabled: true }, ...features },
    findAccount: (_context: unknown, id: string) => findAccount(id),
    interactions: { url: () => '/unused' },
    clientBasedCORS: () => false,
    allowOmittingSingleRegisteredRedirectUri: false,
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    ttl: { AccessToken: HOUR, AuthorizationCode: 60, ClientCredentials: HOUR, Grant: HOUR, IdToken: HOUR, RefreshToken: HOUR, ...ttl },
    ...(adapter ? { adapter } : {}),
  })
}

/** A client in the words of RFC 7591, as the package reads and stores it. */
export const metadataOf = ({ id, secret, method, scope, redirectUri }: PeerClient): object => ({
  client_id: id,
  token_endpoint_auth_method: method,
  ...(secret === undefined ? {} : { client_secret: secret }),
  ...(redirectUri === undefined
    ? { grant_types: ['client_credentials'], response_types: [], redirect_uris: [], scope }
    : { grant_types: ['authorization_code', 'refresh_token'], redirect_uris: [redirectUri], scope: `${scope} offline_access` }),
})

/** What a person has allowed. */
export interface Allowed {
  readonly account: string
  readonly client: string
  readonly scope: string
}

/** The values that every model of one authorization begins with, its grant stored. */
export async function allow(provider: Provider, { account: accountId, client, scope }: Allowed): Promise<object> {
  const grant = new provider.Grant({ accountId, clientId: client })
  grant.addOIDCScope(scope)
  const authTime = Math.floor(Date.now() / 1000)
  return { accountId, client: await provider.Client.find(client), grantId: await grant.save(), gty: 'authorization_code', scope, authTime }
}

export interface PeerCode extends Allowed {
  readonly redirectUri: string
  readonly challenge: string | undefined
}

/** What its authorization endpoint makes when a person has allowed all. */
export async function issueCode(provider: Provider, { redirectUri, challenge, ...allowed }: PeerCode): Promise<string> {
  const pkce = challenge === undefined ? {} : { codeChallenge: challenge, codeChallengeMethod: 'S256' }
  return new provider.AuthorizationCode({ ...(await allow(provider, allowed)), redirectUri, ...pkce }).save()
}
