import { signWebhook } from '@annex/protocol'
import type { Fetch } from '../../../core/upstream/transport.ts'
import type { FakeGrant } from '../oauth/grants.ts'
import type { OAuthParts } from '../oauth/oauth-parts.ts'

/** An app that the site tells when access ends or narrows. */
export interface FakeListener {
  /** Where event calls go, and what they are signed with (`whsec_…`). */
  readonly events?: { readonly url: string; readonly secret: string }
  /** Where logout tokens go. */
  readonly logoutUrl?: string
  /** Global fetch when absent. */
  readonly fetch?: Fetch
}

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/'
const LOGOUT = 'http://schemas.openid.net/event/backchannel-logout'
/** A logout token holds so many seconds. */
const LOGOUT_LIFE_S = 120

/** Tells apps what happens to access: event calls and back-channel logout. A Frappe tells nobody. */
export class FakeTelling {
  readonly #parts: OAuthParts
  readonly #listeners: FakeListener[] = []

  constructor(parts: OAuthParts) {
    this.#parts = parts
  }

  add(listener: FakeListener): void {
    if (this.#parts.kind === 'annex') this.#listeners.push(listener)
  }

  /** The grant has ended: an event call, and a logout token. Gives the answers of the apps. */
  async ended(grant: FakeGrant): Promise<Response[]> {
    const detail = { reason: 'user_revoked', initiating_entity: 'user' }
    return [...(await this.#event('session-revoked', grant, detail)), ...(await this.signedOut(grant))]
  }

  async narrowed(grant: FakeGrant): Promise<Response[]> {
    return this.#event('token-claims-change', grant, { initiating_entity: 'admin', claims: { scope: grant.scopes.join(' ') } })
  }

  async signedOut(grant: FakeGrant): Promise<Response[]> {
    const answers: Response[] = []
    for (const { logoutUrl, fetch: send = fetch } of this.#listeners) {
      if (logoutUrl === undefined) continue
      const body = new URLSearchParams({ logout_token: await this.logoutToken(grant) }).toString()
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      answers.push(await send(logoutUrl, { method: 'POST', headers, body }))
    }
    return answers
  }

  /** @see OpenID Connect Back-Channel Logout 1.0 section 2.4 */
  async logoutToken(grant: FakeGrant, odd: Readonly<Record<string, unknown>> = {}, type = 'logout+jwt'): Promise<string> {
    const { issuer, clock, users, idTokens } = this.#parts
    const now = Math.floor(clock() / 1000)
    const sub = users.find((user) => user.name === grant.user)?.sub ?? grant.user
    const claims = { iss: issuer(), aud: grant.client, iat: now, exp: now + LOGOUT_LIFE_S, jti: crypto.randomUUID(), sub, sid: grant.sid }
    return idTokens.sign({ ...claims, events: { [LOGOUT]: {} }, ...odd }, type)
  }

  async #event(type: string, grant: FakeGrant, detail: Readonly<Record<string, unknown>>): Promise<Response[]> {
    const { issuer, clock, users } = this.#parts
    const now = clock()
    const sub = users.find((user) => user.name === grant.user)?.sub ?? grant.user
    const at = { event_timestamp: Math.floor(now / 1000) }
    const data = { iss: issuer(), client_id: grant.client, sub, grant: grant.id, ...detail, ...at }
    const body = JSON.stringify({ type: CAEP + type, timestamp: new Date(now).toISOString(), data })
    const answers: Response[] = []
    for (const { events, fetch: send = fetch } of this.#listeners) {
      if (events === undefined) continue
      const signed = await signWebhook({ id: crypto.randomUUID(), timestamp: Math.floor(now / 1000), body }, [events.secret])
      answers.push(await send(events.url, { method: 'POST', headers: { 'content-type': 'application/json', ...signed }, body }))
    }
    return answers
  }
}
