import { OAuthError } from '@annex/protocol'
import type { Audit } from '../../../audit/audit.ts'
import { INCIDENT_HEADER } from '../../../audit/refusals/with-incident.ts'
import { addressBlock } from '../../../http/address-block.ts'
import type { Limits } from '../../../http/limits.ts'
import type { Parameters } from '../../endpoints/parameters.ts'
import { hashOf, isSameHash } from '../../token-text.ts'
import { isConfidential, type Client } from '../client.ts'
import { isFrom } from '../ip-ranges.ts'
import { noteSecretUse } from '../secrets/client-secrets-store.ts'
import type { ClientUses } from '../uses/client-uses.ts'
import { parseBasic } from './basic-credentials.ts'
import { KeptClients, type KeptClient, type KeptClientsParts } from './kept-clients.ts'

/** What a caller of the token endpoint shows of itself. */
interface Shown {
  readonly id: string | undefined
  readonly secret: string | undefined
  readonly basic: boolean
}

export interface ClientRequest {
  readonly parameters: Parameters
  readonly authorization: string | string[] | undefined
  readonly ip: string
  /** At the token endpoint: some clients of old refresh without their secret. */
  readonly grantType?: string
  /** Where something else is read for the request as well: reads it, and the generation with it. Asked once, before the client is judged. */
  readonly generation?: () => Promise<number>
}

export interface AuthenticationParts extends KeptClientsParts {
  /** Failures of one client from one address. */
  readonly failures: Limits
  readonly audit: Pick<Audit, 'refuse'>
  /** Where exceptions that apps use are counted. */
  readonly uses: ClientUses
  /** Told of each client that is known, and may refuse it: its budget is used up. */
  readonly onKnown?: (client: Client, request: ClientRequest) => Promise<void> | undefined
}

/** Compared against when there is no secret, so that an unknown client takes as long as a known one. */
const NOBODY = hashOf('nobody')

/**
 * Finds out which client is calling, by secret in the body or in the header, or by its id alone when it is public. What is
 * kept in memory of the site (its settings, its users) is as new as that afterwards, though no authenticator ran before.
 *
 * After twenty failures a minute from one address it is 429 there, and only there.
 *
 * @see RFC 6749 sections 2.3 and 3.2.1
 */
export class ClientAuthentication {
  readonly #parts: AuthenticationParts
  readonly #kept: KeptClients

  constructor(parts: AuthenticationParts) {
    this.#parts = parts
    this.#kept = new KeptClients(parts)
  }

  /** @throws {OAuthError} `invalid_client` (401; also from an address that the client is not let in from), `invalid_request` for two mechanisms at once */
  async require(request: ClientRequest): Promise<Client> {
    const shown = readShown(request)
    if (shown.id === undefined) throw refusal(shown)
    const counted = [addressBlock(request.ip), shown.id.slice(0, 140)] as const
    // What is there at once is not waited for, here and below.
    const held = this.#parts.failures.check(...counted)
    if (held) await held
    const client = this.#judge(await this.#kept.read(shown.id, request.generation), shown.secret, request.grantType)
    if (client) return this.#admit(client instanceof Promise ? await client : client, request)
    await this.#parts.failures.count(...counted)
    throw refusal(shown)
  }

  /**
   * The client, when credentials are shown; an id alone shows none (provider.md 0.7).
   *
   * @throws {OAuthError} as `require`, when they are wrong
   */
  async readShown(request: ClientRequest): Promise<Client | undefined> {
    return readShown(request).secret === undefined ? undefined : this.require(request)
  }

  /** What the id_token of a client of old is signed with: the secret that it shows in this very request. Counted; undefined for others. */
  hmacSecret(client: Client, request: ClientRequest): string | undefined {
    const secret = client.legacy.hs256IdToken ? readShown(request).secret : undefined
    if (secret !== undefined) this.#parts.uses.note(client.id, 'hs256IdToken', request.ip)
    return secret
  }

  async #admit(client: Client, request: ClientRequest): Promise<Client> {
    if (!isFrom(client, request.ip)) await this.#refuseAddress(client, request.ip)
    const spent = this.#parts.onKnown?.(client, request)
    if (spent) await spent
    return client
  }

  /** Told only to whoever showed the secret, or the id of a client that has none. */
  async #refuseAddress(client: Client, ip: string): Promise<never> {
    const incident = await this.#parts.audit.refuse({ event: 'oauth.client.refused', reason: 'address', client: client.id, ip })
    const sentence = 'This app may not be used from this address; its IP Ranges say from where'
    throw new OAuthError('invalid_client', sentence, { headers: { [INCIDENT_HEADER]: incident } })
  }

  #judge({ client, secrets }: KeptClient, secret: string | undefined, grantType: string | undefined): Promise<Client> | Client | undefined {
    const now = this.#parts.now()
    const live = secrets.filter(({ expires }) => expires === null || expires > now)
    const hash = hashOf(secret ?? '')
    const match = live.find((candidate) => isSameHash(candidate.hash, hash))
    if (live.length === 0) isSameHash(NOBODY, hash)
    if (!client?.enabled) return undefined
    if (!isConfidential(client)) return secret === undefined ? client : undefined
    if (!match) return secret === undefined && grantType === 'refresh_token' ? this.#withoutSecret(client) : undefined
    const noted = noteSecretUse(this.#parts.database.connection, match, now)
    return noted ? noted.then(() => client) : client
  }

  /** The refresh token is all that a client of old shows; whoever holds it has it from this client. */
  #withoutSecret(client: Client): Client | undefined {
    if (!client.legacy.refreshWithoutSecret) return undefined
    this.#parts.uses.note(client.id, 'refreshWithoutSecret')
    return client
  }
}

function readShown({ parameters, authorization }: ClientRequest): Shown {
  const basic = parseBasic(authorization)
  const id = parameters.get('client_id')
  const secret = parameters.get('client_secret')
  const assertion = parameters.has('client_assertion') || parameters.has('client_assertion_type')
  if ([basic !== undefined, secret !== undefined, assertion].filter(Boolean).length > 1)
    throw new OAuthError('invalid_request', 'Authenticate the client in one way, not in two')
  if (basic && id !== undefined && id !== basic.id)
    throw new OAuthError('invalid_request', 'client_id differs between the header and the body')
  if (basic) return { id: basic.id, secret: basic.secret === '' ? undefined : basic.secret, basic: true }
  return { id: assertion ? undefined : id, secret, basic: false }
}

const refusal = (shown: Shown): OAuthError =>
  new OAuthError('invalid_client', 'The client is unknown or its secret is wrong; check client_id and client_secret', {
    headers: shown.basic ? { 'www-authenticate': 'Basic realm="OAuth client", charset="UTF-8"' } : {},
  })
