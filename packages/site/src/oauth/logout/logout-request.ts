import type { Database } from '@annex/database'
import { OAuthError } from '@annex/protocol'
import type { Client } from '../clients/client.ts'
import { readClient } from '../clients/clients-store.ts'
import { isRegistered } from '../clients/redirect-uris.ts'
import type { Hint, IdTokens } from '../keys/id-tokens.ts'

export interface LogoutRequestParts {
  readonly database: Database
  readonly idTokens: IdTokens
  readonly issuer: () => string
}

/** A request to sign out, whose client and way back are proven. */
export interface LogoutRequest {
  readonly hint: Hint | undefined
  readonly client: Client | undefined
  /** Where the browser goes afterwards, with the state; undefined = it stays here. */
  readonly location: string | undefined
}

/** Those of RP-Initiated Logout that count here; others are passed over. */
export const LOGOUT_PARAMETERS = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state'] as const
const LONGEST_STATE = 2048

const wrong = (sentence: string): OAuthError => new OAuthError('invalid_request', sentence)

/**
 * Judges a sign-out that an app asks for. What it throws is shown to the person and sent nowhere.
 *
 * @throws {OAuthError} `invalid_request` for repeated parameters, a hint of another client, an address that the app did not register
 * @see OpenID Connect RP-Initiated Logout 1.0 sections 2 and 3
 */
export async function readLogoutRequest(values: URLSearchParams, parts: LogoutRequestParts): Promise<LogoutRequest> {
  for (const name of LOGOUT_PARAMETERS) if (values.getAll(name).length > 1) throw wrong(`Duplicate ${name} parameter.`)
  const hint = await readHint(values.get('id_token_hint') || undefined, parts)
  const named = values.get('client_id') || undefined
  if (hint?.client !== undefined && named !== undefined && named !== hint.client) throw wrong('id_token_hint is for another client.')
  const id = named ?? hint?.client
  const found = id === undefined ? undefined : await readClient(parts.database.connection, id)
  const client = found?.enabled === true ? found : undefined
  if (named !== undefined && !client) throw wrong('Invalid client_id parameter value.')
  return { hint, client, location: wayBack(values, client) }
}

/** One that cannot be verified (its key is long gone, it is another site's) is none: the person is asked then. */
async function readHint(hint: string | undefined, { idTokens, issuer }: LogoutRequestParts): Promise<Hint | undefined> {
  if (hint === undefined) return undefined
  try {
    return await idTokens.readHintClaims(hint, issuer())
  } catch (error) {
    if (error instanceof OAuthError) return undefined
    throw error
  }
}

function wayBack(values: URLSearchParams, client: Client | undefined): string | undefined {
  const uri = values.get('post_logout_redirect_uri') || undefined
  if (uri === undefined) return undefined
  if (!client) throw wrong('post_logout_redirect_uri needs a client_id, or an id_token_hint of this site.')
  if (!isRegistered(uri, { kind: client.kind, redirectUris: client.postLogoutRedirectUris }))
    throw wrong('Mismatching post-logout redirect URI.')
  const state = values.get('state') || undefined
  if (state === undefined) return uri
  if (state.length > LONGEST_STATE) throw wrong(`state must have at most ${LONGEST_STATE} characters`)
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ state }).toString()}`
}
