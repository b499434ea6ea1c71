import { invalid } from '@annex/protocol'
import type { FailureReason, OutgoingOutcome } from '../../outgoing/outcome.ts'
import type { Outgoing } from '../../outgoing/outgoing.ts'
import type { SocialKey } from './social-key.ts'

/** What signing in through another provider needs to know of it. */
export interface Provider {
  /** Under this name its subjects are known here. */
  readonly issuer: string
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  /** Absent when all is in the id_token. */
  readonly userinfoEndpoint: string | undefined
  /** Absent for a Frappe that signs with the client's secret. */
  readonly jwksUri: string | undefined
  /** Whether its answers name it (RFC 9207). */
  readonly announcesIssuer: boolean
  readonly takesChallenges: boolean
  /** Whether the secret goes into the Authorization header, and not into the body. */
  readonly secretByHeader: boolean
}

type Metadata = Readonly<Record<string, unknown>>

const WELL_KNOWN = '/.well-known/openid-configuration'
const FRAPPE_CONFIGURATION = '/api/method/frappe.integrations.oauth2.openid_configuration'
/** Milliseconds for one call; a save waits for two at most. */
const PATIENCE = 3000
const MAX_BYTES = 256 * 1024

const ADVICE: Readonly<Record<FailureReason, string>> = {
  url: 'check Base URL',
  forbidden: 'check Base URL, or let the site call it',
  dns: 'check how Base URL is spelled',
  refused: 'check its port, and that it is running',
  timeout: 'check that this site may reach it, and try again',
  tls: 'check its certificate, and that it speaks TLS there',
  broken: 'check that it speaks HTTP there',
  'too-large': 'check Base URL',
}

/**
 * What a provider says of itself.
 *
 * @throws {FrappeError} `ValidationError` with a sentence that tells an unknown name, a refusal, a time-out, bad TLS and what is
 *   no provider apart
 * @see OpenID Connect Discovery 1.0 section 4
 */
export async function discover(outgoing: Outgoing, key: SocialKey): Promise<Provider> {
  const metadata = await readMetadata(outgoing, key)
  return metadata['jwks_uri'] === undefined ? frappeProvider(key, metadata) : openIdProvider(key, metadata)
}

async function readMetadata(outgoing: Outgoing, key: SocialKey): Promise<Metadata> {
  const found = await get(outgoing, key.baseUrl + WELL_KNOWN)
  const metadata = objectOf(found) ?? (key.isFrappe ? objectOf(await get(outgoing, key.baseUrl + FRAPPE_CONFIGURATION)) : undefined)
  if (metadata) return metadata
  const what = key.isFrappe ? 'It is not a Frappe site' : 'It is not an OpenID provider'
  throw invalid(`${what}: ${key.baseUrl}${WELL_KNOWN} answered ${found.status} without its configuration; check Base URL`)
}

async function get(outgoing: Outgoing, url: string): Promise<Extract<OutgoingOutcome, { kind: 'answer' }>> {
  const outcome = await outgoing.get(url, { headers: { accept: 'application/json' }, timeout: PATIENCE, maxBytes: MAX_BYTES })
  if (outcome.kind === 'failure') throw invalid(`${outcome.message}; ${ADVICE[outcome.reason]}`)
  return outcome
}

/** The JSON object of a good answer. */
export function objectOf(outcome: OutgoingOutcome): Metadata | undefined {
  if (outcome.kind === 'failure' || outcome.status !== 200) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(outcome.body).toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Metadata) : undefined
  } catch {
    return undefined
  }
}

function openIdProvider(key: SocialKey, metadata: Metadata): Provider {
  const { issuer } = metadata
  if (typeof issuer !== 'string' || issuer.replace(/\/+$/, '') !== key.baseUrl)
    throw invalid(`The provider at ${key.baseUrl} calls itself by another name, its issuer; put that name into Base URL`)
  const listed = (name: string): readonly unknown[] => (Array.isArray(metadata[name]) ? metadata[name] : [])
  const methods = listed('token_endpoint_auth_methods_supported')
  return {
    issuer,
    authorizationEndpoint: endpoint(key, metadata, 'authorization_endpoint'),
    tokenEndpoint: endpoint(key, metadata, 'token_endpoint'),
    userinfoEndpoint: metadata['userinfo_endpoint'] === undefined ? undefined : endpoint(key, metadata, 'userinfo_endpoint'),
    jwksUri: endpoint(key, metadata, 'jwks_uri'),
    announcesIssuer: metadata['authorization_response_iss_parameter_supported'] === true,
    takesChallenges: listed('code_challenge_methods_supported').includes('S256'),
    secretByHeader: methods.length === 0 || methods.includes('client_secret_basic'),
  }
}

/** An endpoint is http only where the provider itself is. */
function endpoint(key: SocialKey, metadata: Metadata, name: string): string {
  const value = metadata[name]
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  const isSound = url?.protocol === 'https:' || (url?.protocol === 'http:' && key.baseUrl.startsWith('http:'))
  if (!url || !isSound) throw invalid(`It is not an OpenID provider: its configuration has no https URL in ${name}; check Base URL`)
  return url.href
}

/** A Frappe that publishes no keys. What it calls itself is whatever somebody typed there, so Base URL is its name here. */
function frappeProvider(key: SocialKey, metadata: Metadata): Provider {
  if (!key.isFrappe)
    throw invalid('The provider publishes no keys (jwks_uri), so nobody can tell its word from another’s; for a Frappe site choose Frappe')
  if (typeof metadata['token_endpoint'] !== 'string' || typeof metadata['userinfo_endpoint'] !== 'string')
    throw invalid(`It is not a Frappe site: its configuration has no token_endpoint and userinfo_endpoint; check Base URL`)
  return {
    issuer: key.baseUrl,
    authorizationEndpoint: joined(key, key.authorizeUrl, 'Authorize URL'),
    tokenEndpoint: joined(key, key.tokenUrl, 'Access Token URL'),
    userinfoEndpoint: joined(key, key.profileUrl, 'API Endpoint'),
    jwksUri: undefined,
    announcesIssuer: false,
    takesChallenges: true,
    secretByHeader: false,
  }
}

/** A path below Base URL, or an address of the same origin. */
function joined({ baseUrl }: SocialKey, path: string, label: string): string {
  const text = path.startsWith('/') ? baseUrl + path : path
  if (!URL.canParse(text) || new URL(text).origin !== new URL(baseUrl).origin)
    throw invalid(`${label} must lie at the Base URL; give a path such as /api/method/…`)
  return new URL(text).href
}
