import { OAUTH_PATHS } from '@annex/protocol'
import { InvalidSignIn } from '../errors.ts'

/** What stands at the other end, by what it can do. */
export interface Site {
  /** For people and logs: what to do is decided by the other fields. */
  readonly kind: 'annex' | 'frappe-16' | 'frappe-15'
  /** As the app was told; persons are known by it. */
  readonly issuer: string
  readonly endpoints: {
    readonly authorize: string
    readonly token: string
    readonly revoke: string
    readonly introspect: string | undefined
    readonly profile: string
    readonly endSession: string | undefined
    readonly register: string | undefined
    readonly device: string | undefined
  }
  /** How an id_token is proven: by published keys, or by the client's secret. A client that has none asks the profile instead. */
  readonly proof: { readonly jwksUri: string } | 'secret'
  /** What `iss` of an id_token may be besides `issuer`; empty where there are keys. */
  readonly oddIssuers: readonly string[]
  /** Whether each answer to a sign-in names its issuer (RFC 9207). */
  readonly announcesIss: boolean
  /** False only where the site lists its methods and S256 is not among them. */
  readonly pkce: boolean
  readonly secretIn: 'body' | 'header'
  /** Whether it tells apps of sign-outs (OpenID Connect Back-Channel Logout 1.0). */
  readonly tellsSignOuts: boolean
  /** Whether a renewal ends the refresh token that was shown; a Frappe 15 leaves it good for ever. */
  readonly rotates: boolean
  /** Whether a token opens only what its scopes name; a Frappe's opens all that its user may see. */
  readonly limitsTokens: boolean
  /** Whether `active` of an introspection can be believed: on a Frappe, tokens that are over are active. */
  readonly trueIntrospection: boolean
}

export type Document = Readonly<Record<string, unknown>>

/** What was found of a site: its documents, in the order in which they were asked for. */
export interface Found {
  readonly issuer: string
  /** RFC 8414's. */
  readonly server: Document | undefined
  /** OpenID Connect's. */
  readonly openid: Document | undefined
  /** Whether the second came without a redirect, as from Frappe 16. */
  readonly isDirect: boolean
}

const PATHS: Readonly<Record<string, string>> = {
  authorization_endpoint: OAUTH_PATHS.authorize,
  token_endpoint: OAUTH_PATHS.token,
  revocation_endpoint: OAUTH_PATHS.revoke,
  introspection_endpoint: OAUTH_PATHS.introspect,
  userinfo_endpoint: OAUTH_PATHS.profile,
  registration_endpoint: OAUTH_PATHS.register,
}
const REQUIRED = ['authorization_endpoint', 'token_endpoint']

/**
 * Judges what a site says of itself.
 *
 * A document that names keys is held to RFC 8414 section 3.3. One without, whose endpoints have Frappe's own paths, may
 * name whatever address somebody typed there: none of its addresses is used, and what it calls itself counts only for
 * id_tokens that are proven by the client's secret.
 *
 * @throws {InvalidSignIn} when the site calls itself by another issuer, or points off its own origin
 */
export function siteOf({ issuer, server, openid, isDirect }: Found): Site {
  const document = server ?? openid ?? {}
  const isFrappe = (server ?? openid) === undefined || isFrappes(document)
  if (!isFrappe && document['issuer'] !== issuer)
    throw new InvalidSignIn(
      `The site calls itself ${String(document['issuer'])}, the app was told ${issuer}: the two must be equal to the letter`,
    )
  const { origin } = new URL(issuer)
  const at = (name: string): string | undefined => (isFrappe ? fixedAddress : toldAddress)(name, document, origin)
  const [jwksUri, introspect] = [at('jwks_uri'), at('introspection_endpoint')]
  const odd = [server, openid].flatMap((said) => (said === undefined ? [] : [textOf(said['issuer'])]))
  const kind = isFrappe ? (server !== undefined || isDirect ? 'frappe-16' : 'frappe-15') : 'annex'
  return {
    kind,
    issuer,
    endpoints: {
      authorize: at('authorization_endpoint')!,
      token: at('token_endpoint')!,
      revoke: at('revocation_endpoint') ?? `${origin}${OAUTH_PATHS.revoke}`,
      introspect,
      profile: at('userinfo_endpoint') ?? `${origin}${OAUTH_PATHS.profile}`,
      endSession: at('end_session_endpoint'),
      register: at('registration_endpoint'),
      device: at('device_authorization_endpoint'),
    },
    proof: jwksUri === undefined ? 'secret' : { jwksUri },
    oddIssuers: isFrappe ? [...new Set(odd)].filter((said) => said !== issuer) : [],
    announcesIss: document['authorization_response_iss_parameter_supported'] === true,
    pkce: knowsS256(document),
    secretIn: secretIn(document),
    tellsSignOuts: jwksUri !== undefined && document['backchannel_logout_supported'] === true,
    rotates: kind !== 'frappe-15',
    limitsTokens: kind === 'annex',
    trueIntrospection: introspect !== undefined && jwksUri !== undefined,
  }
}

/** A document without keys, whose endpoints are Frappe's: on whatever host, or on none. */
function isFrappes(document: Document): boolean {
  if (document['jwks_uri'] !== undefined) return false
  return REQUIRED.every((name) => pathOf(document[name]) === PATHS[name])
}

/** What a Frappe has stands at its own path, whatever address it tells; only that apps may register themselves has to be told. */
function fixedAddress(name: string, document: Document, origin: string): string | undefined {
  const path = name === 'registration_endpoint' && document[name] === undefined ? undefined : PATHS[name]
  return path === undefined ? undefined : `${origin}${path}`
}

function toldAddress(name: string, document: Document, origin: string): string | undefined {
  const address = document[name]
  if (address === undefined && !REQUIRED.includes(name)) return undefined
  if (typeof address === 'string' && URL.canParse(address) && new URL(address).origin === origin) return address
  throw new InvalidSignIn(`The site's ${name} is not an address on ${origin}: its administrator has to set its own address`)
}

function knowsS256(document: Document): boolean {
  const methods = document['code_challenge_methods_supported']
  return !Array.isArray(methods) || methods.includes('S256')
}

/** In the body unless the site refuses that: Frappe 15 takes a Basic header on these endpoints for an API key. */
function secretIn(document: Document): 'body' | 'header' {
  const methods = document['token_endpoint_auth_methods_supported']
  return Array.isArray(methods) && !methods.includes('client_secret_post') && methods.includes('client_secret_basic') ? 'header' : 'body'
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
/** Somebody may have typed a slash at the end of what the path is put behind. */
const pathOf = (value: unknown): string | undefined =>
  typeof value === 'string' && URL.canParse(value, 'http://localhost')
    ? new URL(value, 'http://localhost').pathname.replace(/^\/\/+/, '/')
    : undefined
