/** Rows of this room's tables. Times are UTC microseconds; scope lists are space-separated, as on the wire. */
export interface GrantRow {
  id: string
  client: string
  user: string
  requested: string
  granted: string
  /** What the user unticked; remembered until they change their mind or take the app's access away. */
  rejected: string
  /** JSON: DocType name to its id at consent. */
  doctype_ids: string
  /** Grants of an earlier epoch (before a restore) are dead. */
  epoch: number
  /** When the user had signed in. */
  auth_time: number
  created: number
  /** The end whatever happens: no refresh outlives it. */
  expires: number
  last_used: number
  revoked_at: number | null
  reason: string | null
}

export interface CodeRow {
  hash: string
  grant_id: string
  client: string
  redirect_uri: string
  /** 1 when the authorization request named the redirect URI, so that the exchange must name it too. */
  redirect_named: number
  challenge: string | null
  nonce: string | null
  issued: number
  expires: number
  used_at: number | null
  /** Exchanges that named this code and failed a check. */
  failures: number
}

export interface TokenRow {
  hash: string
  kind: 'access' | 'refresh'
  grant_id: string
  client: string
  scope: string
  issued: number
  expires: number
  /** Of a refresh token: when it was exchanged. */
  used_at: number | null
  /** Of a used refresh token: the hash of the one that took its place. */
  successor: string | null
}

export interface PendingRequestRow {
  hash: string
  session: string
  user: string
  client: string
  /** JSON: the authorization request as it came. */
  request: string
  created: number
  expires: number
}

export interface ClientSecretRow {
  id: string
  client: string
  hash: string
  created: number
  /** null = until it is rotated. */
  expires: number | null
  last_used: number | null
}

export interface SigningKeyRow {
  kid: string
  use: 'signing' | 'rotation'
  state: 'next' | 'current' | 'retired'
  /** JSON, public part only; null for a rotation key. */
  public_jwk: string | null
  created: number
}

export type OAuthTables = {
  oauth_grant: GrantRow
  oauth_code: CodeRow
  oauth_token: TokenRow
  pending_request: PendingRequestRow
  client_secret: ClientSecretRow
  signing_key: SigningKeyRow
  oauth_state: { id: number; epoch: number }
}
