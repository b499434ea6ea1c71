import { isRecord, OAuthError, splitScope } from '@annex/protocol'
import { AppRefused, refusalOf, UpstreamUnavailable } from '../errors.ts'
import { outageOf, retryAfterMs, type UpstreamAnswer } from '../upstream/transport.ts'

const DEFAULT_LIFETIME_S = 3600
/** A year: what a store keeps are whole milliseconds, and not any number of them. */
const LONGEST_LIFETIME_S = 31_536_000

/** What a token endpoint gave. Times are milliseconds since 1970. */
export interface Tokens {
  readonly access: string
  readonly refresh: string | null
  readonly scopes: readonly string[]
  readonly idToken: string | undefined
  readonly issuedAt: number
  readonly expiresAt: number
}

/** What was asked: before the request was sent, and with which scopes and refresh token. */
export interface Asked {
  readonly at: number
  readonly scopes: readonly string[]
  readonly refresh: string | null
}

/**
 * Judges an answer of the token endpoint.
 *
 * The life of a token counts from before the request, so that a slow answer never makes it look longer. An answer
 * without a scope granted what was asked; one without a refresh token leaves the old one in force (RFC 6749 section 6).
 *
 * @throws {OAuthError} what the site refused, by the RFC's code
 * @throws {UpstreamUnavailable} for an answer that is neither tokens nor a refusal
 */
export function parseTokens(answer: UpstreamAnswer, asked: Asked): Tokens {
  const { json } = answer
  if (answer.status !== 200 || !isRecord(json) || typeof json['access_token'] !== 'string' || json['access_token'] === '')
    throw refusal(answer, asked)
  const lifetime = Number(json['expires_in'])
  return {
    access: json['access_token'],
    refresh: typeof json['refresh_token'] === 'string' && json['refresh_token'] !== '' ? json['refresh_token'] : asked.refresh,
    scopes: typeof json['scope'] === 'string' ? splitScope(json['scope']) : asked.scopes,
    idToken: typeof json['id_token'] === 'string' ? json['id_token'] : undefined,
    issuedAt: asked.at,
    expiresAt: asked.at + Math.floor(1000 * Math.min(lifetime > 0 ? lifetime : DEFAULT_LIFETIME_S, LONGEST_LIFETIME_S)),
  }
}

/** In whatever order they were granted. */
export const isSameScopes = (before: readonly string[], after: readonly string[]): boolean =>
  [...before].toSorted().join(' ') === [...after].toSorted().join(' ')

function refusal(answer: UpstreamAnswer, asked: Asked): OAuthError | UpstreamUnavailable {
  const { status, json } = answer
  if (status === 429 || status >= 500)
    return new UpstreamUnavailable(outageOf(answer), `The site answered ${status} to a request for tokens: try again later`, {
      retryAfterMs: retryAfterMs(answer.headers, asked.at),
    })
  if (isRecord(json) && typeof json['error'] === 'string')
    return refusalOf(json['error'], describe(json), { status, errorUri: json['error_uri'] })
  if (isRecord(json) && typeof json['exc_type'] === 'string') return frappeRefusal(status, asked)
  return new UpstreamUnavailable(
    outageOf(answer),
    `The site answered ${status} to a request for tokens, without any: check the address of the site`,
  )
}

const describe = (json: Record<string, unknown>): string =>
  [json['error_description'], json['description']].find((text): text is string => typeof text === 'string' && text !== '') ??
  String(json['error'])

/** Frappe 15 says 404 for an unknown refresh token, and for an unknown client, which `TokenRequests.checkClient` tells apart; and 401 for credentials that it cannot read. */
function frappeRefusal(status: number, asked: Asked): OAuthError {
  if (status === 404 && asked.refresh !== null)
    return new OAuthError('invalid_grant', 'The site does not know the refresh token', { status })
  return new AppRefused('invalid_client', 'it does not know the app, or the secret is wrong')
}
