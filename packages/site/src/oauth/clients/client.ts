/** A registered app as the protocol sees it. */
export interface Client {
  readonly id: string
  readonly name: string
  /** Who registered it. */
  readonly owner: string
  readonly enabled: boolean
  /** `web` keeps a secret; `public` (a browser app) and `native` have none and always use PKCE. */
  readonly kind: 'web' | 'public' | 'native'
  /** Registered for the authorization code grant, not for the implicit one of old (which is never served). */
  readonly usesCodes: boolean
  /** Registered redirect URIs, the default one among them. */
  readonly redirectUris: readonly string[]
  readonly defaultRedirectUri: string
  /** What it may ask for: exact scopes or patterns (`Item:*`, `*:read`). */
  readonly scopes: readonly string[]
  readonly requiredScopes: readonly string[]
  readonly optionalScopes: readonly string[]
  /** A user needs one of them; empty = anybody. */
  readonly allowedRoles: readonly string[]
  /** No consent page, where the redirect URI proves who gets the code. */
  readonly trusted: boolean
  readonly unfenced: boolean
  readonly requiresPkce: boolean
  /** Microseconds. */
  readonly rotationLeeway: number
  /** Revoking one token leaves the rest of its grant alive. */
  readonly revokesTokenOnly: boolean
}

export const isConfidential = (client: Client): boolean => client.kind === 'web'
export const needsPkce = (client: Client): boolean => client.requiresPkce || !isConfidential(client)

/** Whether the user holds one of the roles that the client is open to. */
export const isOpenTo = (client: Client, roles: ReadonlySet<string>): boolean =>
  client.allowedRoles.length === 0 || client.allowedRoles.some((role) => roles.has(role))
