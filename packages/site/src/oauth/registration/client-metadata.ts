import { OAuthError, isLoopback, isRecord, splitScope } from '@annex/protocol'
import { keepsSecret, type ClientKind } from '../clients/client.ts'
import { redirectFault } from '../clients/redirect-uris.ts'
import { isContact } from '../clients/rules/address-rules.ts'
import type { SigningAlgorithm } from '../keys/key-ring.ts'

/** What a program says of itself, judged; each value is one that the site can keep. */
export interface ClientMetadata {
  readonly redirectUris: readonly string[]
  readonly kind: ClientKind
  readonly authMethod: AuthMethod
  readonly grantTypes: readonly string[]
  /** undefined = it did not say, and is shown by its host. */
  readonly name: string | undefined
  /** undefined = whatever the site gives such programs. */
  readonly scopes: readonly string[] | undefined
  readonly homePage: string | undefined
  readonly logo: string | undefined
  readonly contacts: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  readonly backchannelLogoutUri: string | undefined
  readonly alg: SigningAlgorithm
}

export interface MetadataRules {
  /** Grant types that a program which registered itself may have. */
  readonly grantTypes: readonly string[]
  readonly algorithms: readonly SigningAlgorithm[]
}

const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'none'] as const
type AuthMethod = (typeof AUTH_METHODS)[number]

const MOST_URIS = 20
const MOST_CONTACTS = 10
const LONGEST_CONTACT = 254
const NO_HTTP_HOSTS: readonly string[] = []

const wrong = (sentence: string): OAuthError => new OAuthError('invalid_client_metadata', sentence)
const wrongRedirect = (sentence: string): OAuthError => new OAuthError('invalid_redirect_uri', sentence)

/**
 * Reads and judges client metadata. What is not named here (a client id or secret, rights, exceptions, keys) is passed over, as
 * the RFC has it: it is for the site to give.
 *
 * @throws {OAuthError} `invalid_redirect_uri`, `invalid_client_metadata` with a sentence that names the field
 * @see RFC 7591 section 2, OpenID Connect Dynamic Client Registration 1.0 section 2
 */
export function parseClientMetadata(json: unknown, rules: MetadataRules): ClientMetadata {
  if (!isRecord(json) || Array.isArray(json)) throw wrong('Send the metadata as one JSON object')
  checkFixed(json, rules)
  const redirectUris = textsOf(json, 'redirect_uris', wrongRedirect)
  if (redirectUris.length === 0 || redirectUris.length > MOST_URIS)
    throw wrongRedirect(`redirect_uris must name 1 to ${MOST_URIS} addresses`)
  const { kind, authMethod } = kindOf(json, redirectUris)
  for (const uri of redirectUris) refuse('The redirect URI', uri, kind)
  const postLogoutRedirectUris = textsOf(json, 'post_logout_redirect_uris', wrong)
  if (postLogoutRedirectUris.length > MOST_URIS) throw wrong(`post_logout_redirect_uris must name at most ${MOST_URIS} addresses`)
  for (const uri of postLogoutRedirectUris) refuse('The post-logout redirect URI', uri, kind)
  for (const field of ['tos_uri', 'policy_uri']) linkOf(json, field)
  return {
    redirectUris,
    kind,
    authMethod,
    grantTypes: grantTypesOf(json, rules.grantTypes),
    name: textOf(json, 'client_name')?.trim() || undefined,
    scopes: scopesOf(json),
    homePage: linkOf(json, 'client_uri'),
    logo: linkOf(json, 'logo_uri'),
    contacts: contactsOf(json),
    postLogoutRedirectUris,
    backchannelLogoutUri: calledOf(json, 'backchannel_logout_uri', kind),
    alg: algOf(json, rules.algorithms),
  }
}

/** Fields with a few values, of which the site has some. */
// prettier-ignore
const FIXED: readonly (readonly [field: string, allowed: readonly string[], sentence: string])[] = [
  ['application_type', ['web', 'native'], 'application_type must be web or native'],
  ['token_endpoint_auth_method', AUTH_METHODS, 'token_endpoint_auth_method must be client_secret_basic, client_secret_post or none'],
  ['subject_type', ['public'], 'subject_type must be public'],
]

function checkFixed(json: Fields, { algorithms }: MetadataRules): void {
  for (const [field, allowed, sentence] of FIXED) {
    const value = textOf(json, field)
    if (value !== undefined && !allowed.includes(value)) throw wrong(sentence)
  }
  const types = textsOf(json, 'response_types', wrong)
  if (types.some((type) => type !== 'code')) throw wrong('response_types must be code alone')
  for (const field of ['userinfo_signed_response_alg', 'id_token_encrypted_response_alg', 'request_object_signing_alg'])
    if (textOf(json, field) !== undefined) throw wrong(`${field} is not supported`)
  const alg = textOf(json, 'id_token_signed_response_alg')
  if (alg !== undefined && !algorithms.some((known) => known === alg))
    throw wrong(`id_token_signed_response_alg must be ${algorithms.join(' or ')}`)
}

type Fields = Readonly<Record<string, unknown>>

/**
 * A native app keeps no secret, whatever it asks for: whoever has the app has its secret. One that does not say what it is
 * counts as native when all of its addresses are on the user's own machine.
 */
function kindOf(json: Fields, redirectUris: readonly string[]): { readonly kind: ClientKind; readonly authMethod: AuthMethod } {
  const asked = AUTH_METHODS.find((method) => method === json['token_endpoint_auth_method']) ?? 'client_secret_basic'
  if (json['application_type'] === 'native') return { kind: 'native', authMethod: 'none' }
  if (asked !== 'none') return { kind: 'web', authMethod: asked }
  const isNative = json['application_type'] === undefined && redirectUris.every(isOnMachine)
  return { kind: isNative ? 'native' : 'public', authMethod: 'none' }
}

function isOnMachine(uri: string): boolean {
  if (!URL.canParse(uri)) return false
  const url = new URL(uri)
  return url.protocol === 'http:' ? isLoopback(url.hostname) : url.protocol !== 'https:'
}

function refuse(label: string, uri: string, kind: ClientKind): void {
  const fault = redirectFault(uri, { kind, httpHosts: NO_HTTP_HOSTS })
  if (fault !== undefined) throw wrongRedirect(`${label} ${printable(uri)} ${printable(fault)}`)
}

function grantTypesOf(json: Fields, known: readonly string[]): readonly string[] {
  const asked = textsOf(json, 'grant_types', wrong)
  const stray = asked.find((type) => !known.includes(type))
  if (stray !== undefined) throw wrong(`grant_types may name ${known.join(', ')}; not ${printable(stray)}`)
  if (asked.length > 0 && !asked.includes('authorization_code')) throw wrong('grant_types must name authorization_code')
  return asked.length === 0 ? ['authorization_code', 'refresh_token'] : [...new Set(asked)]
}

function scopesOf(json: Fields): readonly string[] | undefined {
  const scope = textOf(json, 'scope')
  const scopes = splitScope(scope)
  return scopes.length === 0 ? undefined : scopes
}

/** What people are shown as a link; the site itself never opens it. */
function linkOf(json: Fields, field: string): string | undefined {
  const uri = textOf(json, field)
  if (uri === undefined || uri === '') return undefined
  if (uri.length > 2000 || !URL.canParse(uri) || new URL(uri).protocol !== 'https:') throw wrong(`${field} must be an https address`)
  return uri
}

/** What the site will call: https alone, and through the guarded fetch. */
function calledOf(json: Fields, field: string, kind: ClientKind): string | undefined {
  const uri = linkOf(json, field)
  if (uri === undefined) return undefined
  const fault = redirectFault(uri, { kind, httpHosts: NO_HTTP_HOSTS })
  if (fault !== undefined) throw wrong(`${field} ${printable(fault)}`)
  return uri
}

function contactsOf(json: Fields): readonly string[] {
  const contacts = textsOf(json, 'contacts', wrong)
  if (contacts.length > MOST_CONTACTS || contacts.some((contact) => contact.length > LONGEST_CONTACT))
    throw wrong(`contacts may name ${MOST_CONTACTS} addresses of ${LONGEST_CONTACT} characters`)
  if (!contacts.every(isContact)) throw wrong('contacts must each be one e-mail address, such as ann@example.com')
  return contacts
}

function algOf(json: Fields, algorithms: readonly SigningAlgorithm[]): SigningAlgorithm {
  return algorithms.find((alg) => alg === json['id_token_signed_response_alg']) ?? 'ES256'
}

function textOf(json: Fields, field: string): string | undefined {
  const value = json[field] ?? undefined
  if (value === undefined || typeof value === 'string') return value
  throw wrong(`${field} must be text`)
}

function textsOf(json: Fields, field: string, fault: (sentence: string) => OAuthError): readonly string[] {
  const value = json[field] ?? []
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) throw fault(`${field} must be a list of texts`)
  return value
}

/** Whether the site makes a secret for it. */
export const getsSecret = ({ kind }: ClientMetadata): boolean => keepsSecret(kind)

/** A caller's own word in a description: error texts take a small alphabet (RFC 6749 section 5.2). */
const printable = (text: string): string => text.slice(0, 200).replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?')
