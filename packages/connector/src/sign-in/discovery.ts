import { isRecord, OAUTH_PATHS, type ServerMetadata } from '@annex/protocol'
import { InvalidSignIn, UpstreamUnavailable } from '../errors.ts'
import type { Send, UpstreamAnswer } from '../upstream/transport.ts'

const KEPT_MS = 3_600_000
const MAX_REDIRECTS = 3
const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'revocation_endpoint',
  'introspection_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
] as const

/** Finds a site's endpoints, once an hour. */
export class Discovery {
  readonly #issuer: string
  readonly #send: Send
  readonly #clock: () => number
  #found: { metadata: Promise<ServerMetadata>; at: number } | undefined

  constructor(issuer: string, send: Send, clock: () => number) {
    this.#issuer = issuer
    this.#send = send
    this.#clock = clock
  }

  /**
   * Asks RFC 8414 first, then OpenID Connect Discovery, then takes Frappe's fixed paths (a Frappe 15 that has no
   * address configured announces no issuer).
   *
   * @throws {InvalidSignIn} when the site calls itself by another issuer, or points off its own origin
   * @throws {UpstreamUnavailable} when the site does not answer
   */
  async metadata(): Promise<ServerMetadata> {
    const now = this.#clock()
    if (this.#found === undefined || now - this.#found.at > KEPT_MS) {
      const found = { metadata: this.#discover(), at: now }
      this.#found = found
      found.metadata.catch(() => {
        if (this.#found === found) this.#found = undefined
      })
    }
    return this.#found.metadata
  }

  async #discover(): Promise<ServerMetadata> {
    for (const path of [OAUTH_PATHS.serverMetadata, OAUTH_PATHS.openidDiscovery]) {
      const document = await this.#ask(path)
      if (document !== undefined) return judgeMetadata(document, this.#issuer)
    }
    return fixedMetadata(this.#issuer)
  }

  async #ask(path: string): Promise<Record<string, unknown> | undefined> {
    const origin = new URL(this.#issuer).origin
    let url = `${origin}${path}`
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const answer = await this.#send(url, { headers: { accept: 'application/json' } })
      if (answer.status === 429 || answer.status >= 500)
        throw new UpstreamUnavailable(`The site at ${origin} answered ${answer.status}: try again later`)
      if (answer.status < 300 || answer.status >= 400) return readDocument(answer)
      const target = new URL(answer.headers.get('location') ?? '', url)
      if (target.origin !== origin)
        throw new InvalidSignIn(`The site at ${origin} sends ${path} to ${target.origin}: use that address as the issuer, if it is yours`)
      url = target.href
    }
    return undefined
  }
}

const readDocument = (answer: UpstreamAnswer): Record<string, unknown> | undefined =>
  answer.status === 200 && isRecord(answer.json) && typeof answer.json['issuer'] === 'string' && answer.json['issuer'] !== ''
    ? answer.json
    : undefined

/** @throws {InvalidSignIn} when the document is another issuer's (RFC 8414 section 3.3), or an endpoint is not on its origin */
function judgeMetadata(document: Record<string, unknown>, issuer: string): ServerMetadata {
  if (document['issuer'] !== issuer)
    throw new InvalidSignIn(
      `The site calls itself ${String(document['issuer'])}, the app was told ${issuer}: the two must be equal to the letter`,
    )
  for (const name of ENDPOINTS) {
    const endpoint = document[name]
    if (endpoint === undefined && name !== 'authorization_endpoint' && name !== 'token_endpoint') continue
    if (typeof endpoint !== 'string' || !URL.canParse(endpoint) || new URL(endpoint).origin !== new URL(issuer).origin)
      throw new InvalidSignIn(
        `The site's ${name} is not an address on ${new URL(issuer).origin}: its administrator has to set its own address`,
      )
  }
  return document as ServerMetadata
}

function fixedMetadata(issuer: string): ServerMetadata {
  const { origin } = new URL(issuer)
  return {
    issuer,
    authorization_endpoint: `${origin}${OAUTH_PATHS.authorize}`,
    token_endpoint: `${origin}${OAUTH_PATHS.token}`,
    revocation_endpoint: `${origin}${OAUTH_PATHS.revoke}`,
    introspection_endpoint: `${origin}${OAUTH_PATHS.introspect}`,
    userinfo_endpoint: `${origin}${OAUTH_PATHS.profile}`,
  }
}

/**
 * The issuer as it is compared.
 *
 * @throws {Error} when it is no address, or plain http off loopback
 */
export function parseIssuer(issuer: string): string {
  if (!URL.canParse(issuer)) throw new Error(`upstream.issuer ${issuer} must be the site's address, as https://erp.example.com`)
  const { protocol, hostname, search, hash } = new URL(issuer)
  const loopback =
    hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
  if (protocol !== 'https:' && !(protocol === 'http:' && loopback))
    throw new Error(`upstream.issuer ${issuer} must be https (http is for loopback alone)`)
  if (search !== '' || hash !== '') throw new Error(`upstream.issuer ${issuer} must have no query and no fragment`)
  return issuer
}
