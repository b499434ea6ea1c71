import { isRecord } from '@annex/protocol'
import { UpstreamUnavailable } from '../errors.ts'
import type { Discovery } from '../setup/discovery.ts'
import { outageOf, retryAfterMs, type Send, type UpstreamAnswer } from '../upstream/transport.ts'
import type { TokenRequests } from './token-requests.ts'
import type { HeldTokens } from './token-vault.ts'

const LOGGED_USER = '/api/method/frappe.auth.get_logged_user'
const MAX_KEPT = 1000

export interface VerificationParts {
  readonly discovery: Discovery
  readonly requests: TokenRequests
  readonly send: Send
  /** Milliseconds since 1970. */
  readonly clock: () => number
}

/** Asks the site whether a token stands before it is handed out: an end is heard of at the next use, also from a site that tells nobody. */
export class Verification {
  readonly #parts: VerificationParts
  readonly #everyMs: number
  /** By connection: the token that stood, and when that was asked. */
  readonly #stood = new Map<string, { readonly access: string; readonly at: number }>()
  readonly #asking = new Map<string, Promise<boolean>>()

  /** @param everyMs how long an answer counts; 0 asks each time */
  constructor(parts: VerificationParts, everyMs: number) {
    this.#parts = parts
    this.#everyMs = everyMs
  }

  /** @throws {UpstreamUnavailable} when nobody can tell now */
  async stands({ access, connection: { id } }: HeldTokens): Promise<boolean> {
    const stood = this.#stood.get(id)
    if (stood?.access === access && this.#parts.clock() - stood.at < this.#everyMs) return true
    const asking = this.#asking.get(access) ?? this.#ask(id, access).finally(() => this.#asking.delete(access))
    this.#asking.set(access, asking)
    return asking
  }

  async #ask(id: string, access: string): Promise<boolean> {
    const at = this.#parts.clock()
    const stands = await this.#isActive(access)
    this.#stood.delete(id)
    const [oldest] = this.#stood.keys()
    if (this.#stood.size >= MAX_KEPT && oldest !== undefined) this.#stood.delete(oldest)
    if (stands) this.#stood.set(id, { access, at })
    return stands
  }

  async #isActive(access: string): Promise<boolean> {
    const site = await this.#parts.discovery.site()
    if (site.trueIntrospection) {
      const { status, json } = await this.#parts.requests.introspect(access)
      if (status === 200 && isRecord(json) && typeof json['active'] === 'boolean') return json['active']
    }
    // A Frappe's introspection calls tokens active that are over: what it lets the token do is the answer.
    const headers = { accept: 'application/json', authorization: `Bearer ${access}` }
    return this.#judge(await this.#parts.send(new URL(LOGGED_USER, site.issuer).href, { headers }))
  }

  /** The status alone tells: the body of a refusal is JSON too. */
  #judge(answer: UpstreamAnswer): boolean {
    const { status, json, headers } = answer
    if (status === 401 || status === 403) return false
    const user = status === 200 && isRecord(json) ? json['message'] : undefined
    if (typeof user === 'string') return user !== 'Guest'
    throw new UpstreamUnavailable(
      outageOf(answer),
      `The site answered ${status} when it was asked whether access stands: try again later`,
      {
        retryAfterMs: retryAfterMs(headers, this.#parts.clock()),
      },
    )
  }
}
