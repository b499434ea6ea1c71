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
  /** JSON: DocType to filters in Frappe's form, which every document reached with this grant meets; null = none. */
  filters: string | null
  /** JSON: what of the granted scopes the client may have by a set alone, by the set's name; null = nothing. */
  sets: string | null
  /** JSON: by DocType, the filters that the app asked for in `authorization_details`; null = it sent none. */
  details: string | null
  /** Space-separated resources of RFC 8707 that were asked for; null = the site. */
  resource: string | null
  /** SHA-256 of the session that consented; null = no session did (a service, a device). */
  session: string | null
  /** How it came about; null = by consent in a browser. */
  kind: 'service' | 'device' | null
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
  /** Its time of issue, then its hash (`tokenKey`); of an earlier release the hash alone. */
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
  /** Its time of issue, then its hash (`tokenKey`); of an earlier release the hash alone. */
  hash: string
  kind: 'access' | 'refresh'
  grant_id: string
  client: string
  scope: string
  issued: number
  expires: number
  /** Of a refresh token: when it was exchanged. */
  used_at: number | null
  /** Of a used refresh token: the key, as in `hash`, of the one that took its place. */
  successor: string | null
  /** Space-separated resources of RFC 8707 that it is for; null = the site. */
  resource: string | null
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

/** A device that waits for its user (RFC 8628). */
export interface DeviceRow {
  /** Of the device code. */
  hash: string
  /** Keyed hash of the code that the person types: it is short, and a plain hash of it could be searched through. */
  user_code: string
  client: string
  /** What the device asked for, as it named it; empty = all that its client is registered for. */
  scopes: string
  resource: string | null
  created: number
  expires: number
  /** Seconds that the device must wait between two questions. */
  pace: number
  polled_at: number | null
  /** Who opened the code first; nobody else may decide. */
  user: string | null
  state: 'open' | 'allowed' | 'denied' | 'used'
  grant_id: string | null
}

export interface SigningKeyRow {
  kid: string
  /** `rotation`: a secret key, by its name in the key file. */
  use: 'signing' | 'rotation'
  state: 'next' | 'current' | 'retired'
  /** JSON, public part only; null for a secret key. */
  public_jwk: string | null
  created: number
  /** Since when it is in its state. */
  changed: number
}

/** Grants that are being ended in batches: of an app that was closed to some of its users, or all of an app's, or of a user's. */
export interface ClosingRow {
  id: string
  /** Empty = of every app. */
  client: string
  /** Empty = of every user. */
  user: string
  /** JSON: the roles that an app stayed open to, where `closed_at` is null. */
  roles: string
  /** Those that came about until then are dead, whosever they are; null = those alone whose users have none of the roles. */
  closed_at: number | null
  reason: string
  /** When the last grant that was judged came about, and its id. */
  reached: number
  reached_id: string
  /** Empty = nobody was known. */
  closed_by: string
  /** Of the user, who may be gone when the rest is told. */
  sub: string | null
  /** Where the app listened, which may be gone as well. */
  event_uri: string | null
  logout_uri: string | null
}

export type OAuthTables = {
  oauth_grant: GrantRow
  oauth_code: CodeRow
  oauth_token: TokenRow
  oauth_device: DeviceRow
  oauth_closing: ClosingRow
  pending_request: PendingRequestRow
  client_secret: ClientSecretRow
  signing_key: SigningKeyRow
  oauth_state: { id: number; epoch: number }
}
