import { isRecord } from '@annex/protocol'
import { AppRefused, UpstreamUnavailable } from '../errors.ts'
import type { RegisteredClient } from '../setup/client.ts'
import type { Discovery } from '../setup/discovery.ts'
import type { Site } from '../setup/site.ts'
import { outageOf, type Send, type UpstreamAnswer } from '../upstream/transport.ts'

/** A lost answer is asked for again with the same refresh token, which must happen inside the site's leeway of 10 s. */
const TOKEN_TIMEOUT_MS = 4_000

/** Of no code and no verifier, and long enough for both (RFC 7636 section 4.1). */
const NO_CODE = 'made-up-to-see-who-looks-made-up-to-see-who-looks'

/** Sends this app's requests to the site's token and revocation endpoints; `token-responses` judges what comes back. */
export class TokenRequests {
  readonly #discovery: Discovery
  readonly #client: () => Promise<RegisteredClient>
  readonly #send: Send
  /** A Frappe 16 may announce the header and yet take it for an API key. */
  #secretInBody = false

  constructor(discovery: Discovery, client: () => Promise<RegisteredClient>, send: Send) {
    this.#discovery = discovery
    this.#client = client
    this.#send = send
  }

  /** @see RFC 6749 section 4.1.3, RFC 7636 section 4.5 */
  async exchange(code: string, verifier: string): Promise<UpstreamAnswer> {
    const form = { grant_type: 'authorization_code', code, redirect_uri: (await this.#client()).redirectUri, code_verifier: verifier }
    return this.#post('token', form)
  }

  /** @see RFC 6749 section 6 */
  async refresh(refreshToken: string): Promise<UpstreamAnswer> {
    return this.#post('token', { grant_type: 'refresh_token', refresh_token: refreshToken })
  }

  /**
   * Frappe 15 says 404 for a refresh token that is good no more, and for an app that it does not know: a code that nobody has
   * is refused for itself, or for who shows it.
   *
   * @throws {AppRefused} when the site does not know the app
   * @throws {UpstreamUnavailable} when it cannot say so now
   */
  async checkClient(): Promise<void> {
    const { id } = await this.#client()
    const answer = await this.exchange(NO_CODE, NO_CODE)
    if (answer.status === 404)
      throw new AppRefused('invalid_client', `it knows no app ${id}`, {
        advice: 'compare client.id with the site, where it may have been deleted',
      })
    if (answer.status < 429 && isRecord(answer.json) && typeof answer.json['error'] === 'string') return
    throw new UpstreamUnavailable(outageOf(answer), `The site answered ${answer.status} when it was asked for this app: try again later`)
  }

  /** Frappe 15 revokes a refresh token only with the hint and the client's id. @see RFC 7009 section 2.1 */
  async revoke(token: string, hint: 'refresh_token' | 'access_token' = 'refresh_token'): Promise<UpstreamAnswer> {
    return this.#post('revoke', { token, token_type_hint: hint })
  }

  /**
   * Ends a refresh token that nobody is going to use, at a site where it would be good for ever; elsewhere a renewal has ended
   * it, or it is what another got too. Never fails: the site may be away.
   */
  async endUnused(refreshToken: string): Promise<void> {
    try {
      if (!(await this.#discovery.site()).rotates) await this.revoke(refreshToken)
    } catch {
      // It stays good at the site until somebody revokes it there.
    }
  }

  /** Only where the site's metadata names an endpoint for it. @see RFC 7662 section 2.1 */
  async introspect(token: string): Promise<UpstreamAnswer> {
    return this.#post('introspect', { token, token_type_hint: 'access_token' })
  }

  async #post(endpoint: 'token' | 'revoke' | 'introspect', form: Readonly<Record<string, string>>): Promise<UpstreamAnswer> {
    const { endpoints, secretIn } = await this.#discovery.site()
    const client = await this.#client()
    const url = endpoints[endpoint]!
    const inHeader = secretIn === 'header' && !this.#secretInBody && client.secret !== undefined
    const answer = await this.#ask(url, form, authentication(client, inHeader ? 'header' : 'body'))
    if (!inHeader || answer.status !== 401 || (isRecord(answer.json) && typeof answer.json['error'] === 'string')) return answer
    this.#secretInBody = true
    return this.#ask(url, form, authentication(client, 'body'))
  }

  #ask(url: string, form: Readonly<Record<string, string>>, { credentials, headers }: Authentication): Promise<UpstreamAnswer> {
    return this.#send(url, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams({ ...form, ...credentials }).toString(),
      timeoutMs: TOKEN_TIMEOUT_MS,
    })
  }
}

interface Authentication {
  readonly credentials: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
}

function authentication({ id, secret }: RegisteredClient, place: Site['secretIn']): Authentication {
  if (secret === undefined) return { credentials: { client_id: id }, headers: {} }
  if (place === 'body') return { credentials: { client_id: id, client_secret: secret }, headers: {} }
  return { credentials: {}, headers: { authorization: `Basic ${btoa(`${encodeForm(id)}:${encodeForm(secret)}`)}` } }
}

/** RFC 6749 section 2.3.1: form encoding before base64. */
const encodeForm = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)
