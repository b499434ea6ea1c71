import type { Database } from '@annex/database'
import { OAuthError, type DocType } from '@annex/protocol'
import { isOpenTo, needsPkce, type Client } from '../clients/client.ts'
import { readClient } from '../clients/clients-store.ts'
import { withinPolicy } from '../clients/rules/registration-policy.ts'
import { joinResources } from '../grants/resources.ts'
import { RedirectMismatch } from '../clients/redirects/redirect-miss.ts'
import { isRegistered } from '../clients/redirect-uris.ts'
import type { IdTokens } from '../keys/id-tokens.ts'
import type { Principal } from '../../policy/principal.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { OAuthSettings } from '../settings.ts'
import { readRequested } from './requested/requested.ts'

/** Whom an answer may be sent to. */
export interface Receiver {
  readonly client: Client
  readonly redirectUri: string
  /** Whether the request named it, so that the exchange of the code must name it too. */
  readonly redirectNamed: boolean
}

/** A request whose receiver is proven and whose user is signed in. */
export interface Asking extends Receiver {
  readonly request: AuthorizationRequest
  readonly principal: Principal
}

export interface CheckParts {
  readonly database: Database
  readonly idTokens: IdTokens
  readonly doctypeOf: (name: string) => DocType | undefined
  readonly issuer: () => string
  readonly subOf: (user: string) => Promise<string | undefined>
  readonly settings: Pick<OAuthSettings, 'read'>
}

const MAX_STATE = 2048
const MAX_REQUEST = 32_768
const PROMPTS = new Set(['none', 'login', 'consent', 'select_account'])
const wrong = (sentence: string): OAuthError => new OAuthError('invalid_request', sentence)

/** No such client, or none for this user: nobody is told which. */
export class UnknownClient extends OAuthError {
  constructor() {
    super('invalid_request', 'Invalid client_id parameter value.')
  }
}

/**
 * Proves who the answer goes to. What it throws is shown to the person and never sent to the address
 * in question; an unknown, a disabled and a forbidden client read the same.
 *
 * @throws {OAuthError} `invalid_request`
 */
export async function proveReceiver(request: AuthorizationRequest, parts: CheckParts): Promise<Receiver> {
  if (request.isRepeated('client_id')) throw wrong('Duplicate client_id parameter.')
  const id = request.get('client_id')
  if (id === undefined) throw wrong('Missing client_id parameter.')
  const found = await readClient(parts.database.connection, id)
  if (!found?.enabled) throw new UnknownClient()
  const client = withinPolicy(found, await parts.settings.read())
  if (request.isRepeated('redirect_uri')) throw wrong('Duplicate redirect_uri parameter.')
  const named = request.get('redirect_uri')
  if (named === undefined && scopesOf(request).includes('openid'))
    throw wrong('Missing redirect_uri parameter; a request with openid must name it.')
  const redirectUri = named ?? client.defaultRedirectUri
  if (!isRegistered(redirectUri, client)) throw new RedirectMismatch(redirectUri, client)
  return { client, redirectUri, redirectNamed: named !== undefined }
}

/** @throws {OAuthError} as for an unknown client, when the user has none of the roles that the client is open to */
export function checkRole({ client, principal }: Asking): void {
  if (!isOpenTo(client, principal.roles)) throw new UnknownClient()
}

type Check = (asking: Asking, parts: CheckParts) => void | Promise<void>

/** In this order. What one throws is told to the app at its redirect URI. */
// prettier-ignore
const CHECKS: readonly (readonly [check: Check, law: string])[] = [
  [checkLength,        'ours: 32768 characters without the scope, which has a limit of its own'],
  [checkRepeated,      'RFC 6749 section 3.1'],
  [checkState,         'ours: 2048 characters'],
  [checkRequestObject, 'OpenID Connect Core section 6: not supported, never fetched'],
  [checkResponseType,  'RFC 6749 section 4.1.1; code alone (RFC 9700 section 2.1.2)'],
  [checkResponseMode,  'OAuth 2.0 Multiple Response Types: query alone'],
  [checkPkce,          'RFC 7636 section 4.3; S256 alone'],
  [checkScopes,        'RFC 6749 section 3.3, RFC 9396 section 5'],
  [checkResource,      'RFC 8707 section 2: this site alone'],
  [checkPrompt,        'OpenID Connect Core section 3.1.2.1'],
  [checkMaxAge,        'OpenID Connect Core section 3.1.2.1'],
  [checkHint,          'OpenID Connect Core section 3.1.2.1'],
]

/** @throws {OAuthError} the first thing that is wrong with the request */
export async function checkRequest(asking: Asking, parts: CheckParts): Promise<void> {
  for (const [check] of CHECKS) await check(asking, parts)
}

/** Whether a request is too long to be kept, or to stand in an address. */
export const isTooLong = (request: AuthorizationRequest): boolean => request.toString().length > MAX_REQUEST

/** What the app is told then. */
export const tooLong = (): OAuthError => wrong(`The request must be at most ${MAX_REQUEST} characters long`)

/** What is asked is kept until its user has decided: as sent, but for the scope, which may name the same right again and again. */
function checkLength({ request }: Asking): void {
  if (isTooLong(request.with({ scope: undefined }))) throw tooLong()
}

function checkRepeated({ request }: Asking): void {
  // Several resources are lawful (RFC 8707 section 2).
  const name = request.repeated().find((repeated) => repeated !== 'resource')
  if (name !== undefined) throw wrong(`Duplicate ${name.slice(0, 40).replace(/[^A-Za-z0-9_.-]/g, '?')} parameter.`)
}

function checkState({ request }: Asking): void {
  if ((request.get('state') ?? '').length > MAX_STATE) throw wrong(`state must be at most ${MAX_STATE} characters`)
  if ((request.get('nonce') ?? '').length > MAX_STATE) throw wrong(`nonce must be at most ${MAX_STATE} characters`)
}

function checkRequestObject({ request }: Asking): void {
  if (request.get('request_uri') !== undefined) throw new OAuthError('request_uri_not_supported', 'Send the parameters themselves')
  if (request.get('request') !== undefined) throw new OAuthError('request_not_supported', 'Send the parameters themselves')
}

function checkResponseType({ request, client }: Asking): void {
  const type = request.get('response_type')
  if (type === undefined) throw wrong('Missing response_type parameter.')
  if (type !== 'code') throw new OAuthError('unsupported_response_type', 'This site answers with response_type=code alone')
  if (!client.usesCodes)
    throw new OAuthError('unauthorized_client', 'The app is registered for another grant type; change it to Authorization Code')
}

function checkResponseMode({ request }: Asking): void {
  if ((request.get('response_mode') ?? 'query') !== 'query') throw wrong('response_mode must be query')
}

function checkPkce({ request, client }: Asking): void {
  const challenge = request.get('code_challenge')
  const method = request.get('code_challenge_method')
  if (challenge === undefined && method !== undefined) throw wrong('code_challenge_method came without a code_challenge')
  if (challenge === undefined && needsPkce(client))
    throw wrong('This app must use PKCE: send code_challenge and code_challenge_method=S256')
  if (challenge === undefined) return
  if (method !== 'S256') throw wrong('Transform algorithm not supported; send code_challenge_method=S256')
  if (!/^[A-Za-z0-9_-]{43}$/.test(challenge)) throw wrong('code_challenge must be the base64url of a SHA-256: 43 characters')
}

async function checkScopes(asking: Asking, parts: CheckParts): Promise<void> {
  const { scopes } = await readRequested(asking, parts)
  if (scopes.length === 0) throw new OAuthError('invalid_scope', 'The app asks for nothing that it may have; name a scope')
}

function checkResource({ request }: Asking, { issuer }: CheckParts): void {
  joinResources(
    request.all('resource').filter((resource) => resource !== ''),
    issuer(),
  )
}

function checkPrompt({ request }: Asking): void {
  const prompts = request.prompts()
  for (const prompt of prompts) if (!PROMPTS.has(prompt)) throw wrong('prompt must be none, login, consent or select_account')
  if (prompts.has('none') && prompts.size > 1) throw wrong('Prompt none is mutually exclusive with other values.')
}

function checkMaxAge({ request }: Asking): void {
  const age = request.get('max_age')
  if (age !== undefined && !/^\d{1,9}$/.test(age)) throw wrong('max_age must be a whole number of seconds')
}

async function checkHint({ request, principal }: Asking, parts: CheckParts): Promise<void> {
  const hint = request.get('id_token_hint')
  if (hint === undefined) return
  const sub = await parts.idTokens.readHint(hint, parts.issuer())
  if (sub !== (await parts.subOf(principal.user)))
    throw new OAuthError('login_required', 'Session user does not match client supplied user.')
}

/** Words of the scope parameter, before anything is known of them. */
const scopesOf = (request: AuthorizationRequest): string[] => (request.get('scope') ?? '').split(/\s+/)
