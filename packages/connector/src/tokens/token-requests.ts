import type { ServerMetadata } from '@annex/protocol'
import type { Discovery } from '../sign-in/discovery.ts'
import type { Send, UpstreamAnswer } from '../upstream/transport.ts'

/** This app as the site knows it. */
export interface Client {
  readonly id: string
  /** Absent for a public client. */
  readonly secret?: string
  /** Byte for byte as registered at the site. */
  readonly redirectUri: string
}

/** A lost answer is asked for again with the same refresh token, which must happen inside the site's leeway of 10 s. */
const TOKEN_TIMEOUT_MS = 4_000

/** Sends this app's requests to the site's token and revocation endpoints; `token-responses` judges what comes back. */
export class TokenRequests {
  readonly #discovery: Discovery
  readonly #client: Client
  readonly #send: Send

  constructor(discovery: Discovery, client: Client, send: Send) {
    this.#discovery = discovery
    this.#client = client
    this.#send = send
  }

  /** @see RFC 6749 section 4.1.3, RFC 7636 section 4.5 */
  async exchange(code: string, verifier: string): Promise<UpstreamAnswer> {
    const form = { grant_type: 'authorization_code', code, redirect_uri: this.#client.redirectUri, code_verifier: verifier }
    return this.#post((metadata) => metadata.token_endpoint, form)
  }

  /** @see RFC 6749 section 6 */
  async refresh(refreshToken: string): Promise<UpstreamAnswer> {
    return this.#post((metadata) => metadata.token_endpoint, { grant_type: 'refresh_token', refresh_token: refreshToken })
  }

  /** Frappe 15 revokes a refresh token only with the hint and the client's id. @see RFC 7009 section 2.1 */
  async revoke(refreshToken: string): Promise<UpstreamAnswer> {
    return this.#post((metadata) => metadata.revocation_endpoint ?? metadata.token_endpoint, {
      token: refreshToken,
      token_type_hint: 'refresh_token',
    })
  }

  async #post(endpoint: (metadata: ServerMetadata) => string, form: Readonly<Record<string, string>>): Promise<UpstreamAnswer> {
    const metadata = await this.#discovery.metadata()
    const { credentials, headers } = this.#authentication(metadata)
    return this.#send(endpoint(metadata), {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams({ ...form, ...credentials }).toString(),
      timeoutMs: TOKEN_TIMEOUT_MS,
    })
  }

  /** In the body unless the site refuses that: Frappe 15 takes a Basic header on these endpoints for an API key. */
  #authentication(metadata: ServerMetadata): { credentials: Record<string, string>; headers: Record<string, string> } {
    const { id, secret } = this.#client
    if (secret === undefined) return { credentials: { client_id: id }, headers: {} }
    const methods = metadata['token_endpoint_auth_methods_supported']
    const basicAlone = Array.isArray(methods) && !methods.includes('client_secret_post') && methods.includes('client_secret_basic')
    if (!basicAlone) return { credentials: { client_id: id, client_secret: secret }, headers: {} }
    return { credentials: {}, headers: { authorization: `Basic ${btoa(`${encodeForm(id)}:${encodeForm(secret)}`)}` } }
  }
}

/** RFC 6749 section 2.3.1: form encoding before base64. */
const encodeForm = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)
