import { OAuthError, splitScope, type Claims } from '@annex/protocol'
import type { Database } from '@annex/database'
import { addressBlock } from '../../http/address-block.ts'
import type { Answer, Exchange } from '../../http/exchange.ts'
import type { Limits } from '../../http/limits.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Admission } from '../admission.ts'
import { grantedDetails } from '../authorize/details/granted-details.ts'
import { KeptByRow } from '../bearer/kept/kept-by-row.ts'
import { claimsOf } from '../claims.ts'
import { isConfidential, type Client } from '../clients/client.ts'
import type { ClientAuthentication } from '../clients/authentication/client-authentication.ts'
import { livingScopes } from '../grant-types/grant-type-parts.ts'
import { audienceOf, isForSite } from '../grants/resources.ts'
import { readLiveToken, type LiveToken } from '../grants/tokens-store.ts'
import type { OAuthParts } from '../oauth-parts.ts'
import { tokenKey } from '../token-text.ts'
import { parseParameters, requireParameter } from './parameters.ts'

export interface IntrospectionParts extends Pick<OAuthParts, 'generation' | 'users' | 'doctypeOf' | 'issuer' | 'now'> {
  readonly database: Database
  readonly clients: ClientAuthentication
  readonly admission: Admission
  /** Unknown tokens that one client asks about. */
  readonly unknown: Limits
  readonly known: KnownAnswers
}

/** What was said of tokens, and to which state of their clients. */
export class KnownAnswers extends KeptByRow<LiveToken, { readonly client: Client; readonly json: object }> {}

const INACTIVE = { active: false } as const

/**
 * Says whether a token of the calling client is good, and for what; of any other token that it is not, and nothing else.
 *
 * @throws {OAuthError} `invalid_client` without a client's secret
 * @see RFC 7662 section 2
 */
export async function introspectionEndpoint(exchange: Exchange<Principal>, parts: IntrospectionParts): Promise<Answer> {
  const parameters = parseParameters(exchange)
  const asked = new AskedToken(parameters.get('token') ?? '', parts)
  const { headers, ip } = exchange
  const client = await parts.clients.require({ parameters, authorization: headers['authorization'], ip, generation: () => asked.read() })
  if (!isConfidential(client)) throw new OAuthError('invalid_client', 'Introspection needs a client with a secret')
  requireParameter(parameters, 'token')
  const counted = [addressBlock(ip), client.id] as const
  const held = parts.unknown.check(...counted)
  if (held) await held
  const json = asked.known(client) ?? (await asked.judge(client))
  if (json) return { json }
  await parts.unknown.count(...counted)
  return { json: INACTIVE }
}

/** The token of one request. Its row brings the generation along, so that with what is kept one statement is all that is read. */
class AskedToken {
  readonly #hash: string
  readonly #parts: IntrospectionParts
  #live: LiveToken | undefined

  constructor(text: string, parts: IntrospectionParts) {
    this.#hash = tokenKey(text)
    this.#parts = parts
  }

  async read(): Promise<number> {
    const { database, generation, now } = this.#parts
    this.#live = await readLiveToken(database.connection, this.#hash, now())
    return this.#live?.generation ?? generation.read()
  }

  /** What was said of the token when all was as it is now, whom it is for and who its user is included. */
  known(client: Client): object | undefined {
    const known = this.#live && this.#parts.known.get(this.#hash, this.#live)
    return known?.client === client ? known.json : undefined
  }

  /** What is said of the token; undefined when it is not good, or another client's. */
  async judge(client: Client): Promise<object | undefined> {
    const { admission, issuer, known } = this.#parts
    const live = this.#live
    if (live?.client !== client.id || !isForSite(live.resource, issuer()) || !(await admission.knows(live.user, client, live.kindOfGrant)))
      return undefined
    const json = await describe(live, client, this.#parts)
    known.set(this.#hash, live, { client, json })
    return json
  }
}

async function describe(live: LiveToken, client: Client, { users, doctypeOf, issuer }: IntrospectionParts): Promise<object> {
  const scopes = new Set(livingScopes(splitScope(live.scope), live, doctypeOf))
  const scope = [...scopes].join(' ')
  const isOwn = live.kindOfGrant === 'service'
  const person = scopes.has('openid') || isOwn ? await users.person(live.user) : undefined
  // An app that acts for itself is told as whom: an administrator named that user on it.
  const own = isOwn && person ? { sub: person.sub, username: live.user } : {}
  const claims: Partial<Claims> = person && !isOwn ? claimsOf(person, scopes, client, issuer()) : {}
  const details = grantedDetails(scope, live)
  return {
    client_id: client.id,
    trusted_client: client.trusted ? 1 : 0,
    active: true,
    exp: Math.floor(live.expires / 1_000_000),
    scope,
    ...(details === undefined ? {} : { authorization_details: details }),
    ...claims,
    ...(claims.email === undefined ? own : { username: live.user }),
    token_type: live.kind === 'access' ? 'Bearer' : 'refresh_token',
    iat: Math.floor(live.issued / 1_000_000),
    aud: audienceOf(live.resource, issuer()),
    iss: issuer(),
  }
}
