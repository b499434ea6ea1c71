import { FrappeError, isRecord } from '@annex/protocol'
import { randomToken } from '../../../core/sealing/base64.ts'
import { TRAITS, type FakeKind } from '../kinds.ts'
import { refused, type FakeReply, type FakeRequest } from '../replies.ts'
import type { FakeClient } from './oauth-parts.ts'

/** A Frappe 16 registers one app in so many milliseconds. */
const PAUSE_MS = 600_000

/** Apps that register themselves. @see RFC 7591 */
export class Registrations {
  readonly #kind: FakeKind
  readonly #clients: Map<string, FakeClient>
  readonly #clock: () => number
  #last = -Infinity

  constructor(kind: FakeKind, clients: Map<string, FakeClient>, clock: () => number) {
    this.#kind = kind
    this.#clients = clients
    this.#clock = clock
  }

  answer({ body, path }: FakeRequest): FakeReply {
    if (!TRAITS[this.#kind].registration)
      return refused(new FrappeError('ValidationError', `Failed to get method for command ${path.split('/').at(-1)}`))
    if (TRAITS[this.#kind].frappe && this.#clock() - this.#last < PAUSE_MS)
      return refused(new FrappeError('RateLimitExceededError', 'You hit the rate limit because of too many requests'))
    const wanted = parseWanted(body)
    if (wanted === undefined)
      return { status: 400, json: { error: 'invalid_client_metadata', error_description: 'redirect_uris: missing' } }
    this.#last = this.#clock()
    const isPublic = wanted['token_endpoint_auth_method'] === 'none'
    const [id, secret] = [randomToken().slice(0, 10), randomToken()]
    // A Frappe keeps several with line breaks between them, and looks for spaces: one alone is ever found.
    const redirectUris = wanted['redirect_uris'] as string[]
    const found = TRAITS[this.#kind].frappe && redirectUris.length > 1 ? [] : redirectUris
    this.#clients.set(id, { ...(isPublic ? {} : { secret }), redirectUris: found })
    return {
      status: 201,
      json: {
        client_id: id,
        ...(isPublic ? {} : { client_secret: secret }),
        client_id_issued_at: Math.floor(this.#clock() / 1000),
        client_secret_expires_at: 0,
        client_name: wanted['client_name'],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        scope: wanted['scope'] ?? 'all',
        redirect_uris: redirectUris,
      },
    }
  }
}

function parseWanted(body: string): Record<string, unknown> | undefined {
  const wanted: unknown = body === '' ? undefined : JSON.parse(body)
  if (!isRecord(wanted) || typeof wanted['client_name'] !== 'string') return undefined
  const uris = wanted['redirect_uris']
  return Array.isArray(uris) && uris.length > 0 && uris.every((uri) => typeof uri === 'string') ? wanted : undefined
}
