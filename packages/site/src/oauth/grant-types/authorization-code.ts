import { createHash } from 'node:crypto'
import type { Connection } from '@annex/database'
import { OAuthError } from '@annex/protocol'
import { needsPkce, type Client } from '../clients/client.ts'
import { requireParameter } from '../endpoints/parameters.ts'
import { consumeCode, countCodeFailure, readCode } from '../grants/codes-store.ts'
import { lockGrant, readGrant } from '../grants/grants-store.ts'
import type { CodeRow } from '../storage/oauth-tables.ts'
import { tokenKey, isSameHash } from '../token-text.ts'
import type { GrantType, TokenGrant, TokenRequest } from './grant-type.ts'
import { heldScopes, type GrantTypeParts } from './grant-type-parts.ts'
import { narrow } from './narrowing.ts'

const refusal = (sentence = 'The code is unknown, used or expired; start the sign-in again'): OAuthError =>
  new OAuthError('invalid_grant', sentence)

/** Why a transaction gave no tokens. */
type Outcome = TokenGrant | 'replayed' | 'refused'

/**
 * Exchanges a code for the first tokens of its grant.
 *
 * The redirect URI, the client and the verifier are checked before the code is used up, so that whoever stole a
 * code without its verifier cannot burn it; after five failures it is dead. A code that was used already has been
 * copied: its grant is revoked before this throws.
 *
 * @see RFC 6749 section 4.1.3, RFC 7636 section 4.6, RFC 9700 section 4.5
 */
export function authorizationCode(parts: GrantTypeParts): GrantType {
  return async (request) => {
    const { connection } = parts.database
    const hash = tokenKey(requireParameter(request.parameters, 'code'))
    const code = await readCode(connection, hash)
    if (!code || code.client !== request.client.id) throw refusal()
    if (!request.client.usesCodes) throw new OAuthError('unauthorized_client', 'The app is registered for another grant type')
    if (code.used_at !== null) throw await replayed(parts, code)
    await checkProofs(connection, code, request)
    const grant = await readGrant(connection, code.grant_id)
    if (!grant || !(await parts.admission.allows(request.client, grant.user))) throw refusal('The user may not use this app any more')
    if (heldScopes(grant, request.client) === '') throw refusal('The app may not have any of these rights any more')
    const outcome = await parts.database.transaction((within) => consume(within, parts, code, request), { durable: true })
    if (outcome === 'replayed') throw await replayed(parts, code)
    if (outcome === 'refused') throw refusal()
    if (isShort(request.parameters.get('code_verifier'))) parts.uses.note(request.client.id, 'shortVerifier', request.ip)
    return outcome
  }
}

async function replayed({ grants }: GrantTypeParts, code: CodeRow): Promise<OAuthError> {
  await grants.revoke({ id: code.grant_id }, 'code_replay')
  return refusal()
}

async function consume(connection: Connection, parts: GrantTypeParts, code: CodeRow, request: TokenRequest): Promise<Outcome> {
  const now = parts.now()
  const grant = await lockGrant(connection, code.grant_id, now)
  if (!grant) return 'refused'
  if (await consumeCode(connection, code.hash, now)) {
    // A scope or resource that is refused undoes the use with the transaction.
    const narrowed = narrow(grant, request, parts)
    const tokens = await parts.tokens.issue(connection, { grant, client: request.client, narrowed })
    return { tokens, grant, identity: { grant, nonce: code.nonce } }
  }
  const after = await readCode(connection, code.hash)
  return after?.used_at === null ? 'refused' : 'replayed'
}

/** What the app must show besides the code. A failure that guessing could have made is counted. */
async function checkProofs(connection: Connection, code: CodeRow, request: TokenRequest): Promise<void> {
  const fault = redirectFault(code, request) ?? verifierFault(code, request)
  if (!fault) return
  await countCodeFailure(connection, code.hash)
  throw fault
}

function redirectFault(code: CodeRow, { parameters }: TokenRequest): OAuthError | undefined {
  const named = parameters.get('redirect_uri')
  if (named === code.redirect_uri || (named === undefined && code.redirect_named === 0)) return undefined
  return refusal('Mismatching redirect URI.')
}

function verifierFault(code: CodeRow, { client, parameters }: TokenRequest): OAuthError | undefined {
  const verifier = parameters.get('code_verifier')
  if (code.challenge === null) {
    if (verifier !== undefined) return refusal('The authorization request had no code_challenge')
    return needsPkce(client) ? refusal('This app must use PKCE') : undefined
  }
  if (verifier === undefined) return refusal('Missing code_verifier parameter.')
  if (!isVerifier(verifier, client))
    return new OAuthError('invalid_request', 'code_verifier must have 43 to 128 characters of A-Z a-z 0-9 - . _ ~')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  return isSameHash(challenge, code.challenge) ? undefined : refusal('code_verifier does not match the code_challenge')
}

/** A program of old may send fewer characters than the RFC asks for, where an administrator lets it. */
const isVerifier = (verifier: string, { legacy }: Client): boolean =>
  /^[A-Za-z0-9._~-]{1,128}$/.test(verifier) && (!isShort(verifier) || legacy.shortVerifier)

const isShort = (verifier: string | undefined): boolean => verifier !== undefined && verifier.length < 43
