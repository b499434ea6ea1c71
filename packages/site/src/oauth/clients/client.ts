export type ClientState = 'Active' | 'Pending' | 'Suspended' | 'Retired'
export type ClientKind = 'web' | 'public' | 'native' | 'service' | 'agent'

/** All in microseconds. */
export interface ClientLifetimes {
  readonly access: number
  /** In which a refresh token must be used. */
  readonly idle: number
  /** Of a grant, however much it is used. */
  readonly absolute: number
}

export interface LegacySwitches {
  readonly openidActsAsAll: boolean
  readonly refreshWithoutSecret: boolean
  readonly tokenDocument: boolean
  readonly shortVerifier: boolean
  /** Its id_tokens are signed with the secret that it shows. */
  readonly hs256IdToken: boolean
}

/** A registered app as the protocol sees it. */
export interface Client {
  readonly id: string
  readonly name: string
  /** Who registered it. */
  readonly owner: string
  readonly enabled: boolean
  readonly state: ClientState
  /** `web`, `service` and `agent` keep a secret; `public` (a browser app) and `native` have none and always use PKCE. */
  readonly kind: ClientKind
  /** It registered itself (RFC 7591). */
  readonly dynamicallyRegistered: boolean
  /** Of one that registered itself: a System Manager decided by hand what it may ask for. */
  readonly scopesApproved: boolean
  /** What the site's policy lets programs have that registered themselves, where the client is held to it (`withinPolicy`). */
  readonly policy?: readonly string[]
  /** Registered for the authorization code grant, not for the implicit one of old (which is never served). */
  readonly usesCodes: boolean
  /** Registered redirect URIs, the default one among them. */
  readonly redirectUris: readonly string[]
  readonly defaultRedirectUri: string
  /** What it may ask for: exact scopes or patterns (`Item:*`, `*:read`). */
  readonly scopes: readonly string[]
  readonly requiredScopes: readonly string[]
  readonly optionalScopes: readonly string[]
  readonly authorizationPolicy: 'Roles' | 'Everyone' | 'After Approval'
  /** With the policy `Roles` a user needs one of them; empty = anybody. */
  readonly allowedRoles: readonly string[]
  /** By DocType, what every document of this app's tokens must meet; JSON as it was saved. */
  readonly rowFilters: string | undefined
  /** Whose rights it has when it signs in for itself. */
  readonly serviceUser: string | undefined
  readonly homePage: string | undefined
  readonly logo: string | undefined
  readonly contact: string | undefined
  /** No consent page, where the redirect URI proves who gets the code. */
  readonly trusted: boolean
  readonly unfenced: boolean
  readonly requiresPkce: boolean
  /** Microseconds. */
  readonly rotationLeeway: number
  readonly lifetimes: ClientLifetimes
  /** Addresses and CIDR ranges that its tokens and secrets are good from; empty = any. */
  readonly ipRanges: readonly string[]
  /** Origins whose scripts may call the API with its tokens. */
  readonly allowedOrigins: readonly string[]
  /** What it may ask of the site; 0 is the site's own limit. */
  readonly budget: { readonly requestsPerSecond: number; readonly concurrentRequests: number }
  readonly postLogoutRedirectUris: readonly string[]
  readonly backchannelLogoutUri: string | undefined
  readonly eventUri: string | undefined
  /** Relaxations for programs that cannot be changed; each is counted when it is used. */
  readonly legacy: LegacySwitches
  /** Its id_tokens are signed with RS256 where the ring has such a key, for libraries that know no ES256. */
  readonly rs256IdToken: boolean
  /** Revoking one token leaves the rest of its grant alive. */
  readonly revokesTokenOnly: boolean
}

const SECRET_KINDS: ReadonlySet<ClientKind> = new Set(['web', 'service', 'agent'])

/** Whether an app of the kind keeps a secret on a server. */
export const keepsSecret = (kind: ClientKind): boolean => SECRET_KINDS.has(kind)
export const isConfidential = (client: Client): boolean => keepsSecret(client.kind)
export const needsPkce = (client: Client): boolean => client.requiresPkce || !isConfidential(client)

/** What tokens with these scopes open that none of them says: of an app of old, `openid` reads all that its user may. */
export const unsaidReach = ({ legacy }: Pick<Client, 'legacy'>, scopes: readonly string[]): readonly string[] =>
  legacy.openidActsAsAll && scopes.includes('openid') && !scopes.includes('all') && !scopes.includes('*:read') ? ['*:read'] : []

/** Whether the user holds one of the roles that the client is open to. */
export const isOpenTo = (client: Pick<Client, 'authorizationPolicy' | 'allowedRoles'>, roles: ReadonlySet<string>): boolean =>
  client.authorizationPolicy !== 'Roles' || client.allowedRoles.length === 0 || client.allowedRoles.some((role) => roles.has(role))
