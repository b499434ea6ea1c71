import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { SignJWT, exportJWK, generateKeyPair, type JWK } from 'jose'

export const CLIENT = { id: 'relying-site', secret: 'a secret of the client & more' }

/** What the provider says of whoever comes, and how it misbehaves. */
export interface Manners {
  sub?: string
  /** Of the id_token besides. */
  claims?: Record<string, unknown>
  profile?: Record<string, unknown>
  metadata?: Record<string, unknown>
  nonce?: string
  issuer?: string
  audience?: string | string[]
  expires?: string
  /** The `iss` of its answer to the browser; null for none. */
  answers?: string | null
  /** Signs with a key that it does not publish. */
  otherKey?: boolean
  /** Answers as Frappe 15: no keys, and HS256 by the client's secret. */
  frappe?: boolean
}

/** An OpenID provider that lets everybody in at once, and misbehaves on demand. */
export class TestProvider {
  base = ''
  manners: Manners = {}
  /** Calls of its token endpoint. */
  redeemed = 0
  readonly #codes = new Map<string, { readonly nonce: string; readonly challenge: string | null }>()
  readonly #server = createServer((request, response) => void this.#serve(request, response))
  #key!: { readonly privateKey: CryptoKey; readonly jwk: JWK }
  #other!: CryptoKey

  static async open(): Promise<TestProvider> {
    const provider = new TestProvider()
    const pair = await generateKeyPair('ES256')
    provider.#key = { privateKey: pair.privateKey, jwk: { ...(await exportJWK(pair.publicKey)), alg: 'ES256', kid: 'one' } }
    provider.#other = (await generateKeyPair('ES256')).privateKey
    await new Promise<void>((resolve) => provider.#server.listen(0, '127.0.0.1', resolve))
    provider.base = `http://127.0.0.1:${(provider.#server.address() as AddressInfo).port}`
    return provider
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** What its page would do with a browser that was sent there: the answer's address. */
  authorize(location: string): string {
    const { searchParams: asked } = new URL(location)
    const code = randomBytes(8).toString('hex')
    this.#codes.set(code, { nonce: asked.get('nonce') ?? '', challenge: asked.get('code_challenge') })
    const answer = new URL(asked.get('redirect_uri') ?? '')
    answer.searchParams.set('code', code)
    answer.searchParams.set('state', asked.get('state') ?? '')
    const { answers = this.base } = this.manners
    if (answers !== null) answer.searchParams.set('iss', answers)
    return answer.href
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#answer(new URL(request.url ?? '/', this.base).pathname, request)
    response.writeHead(answer === undefined ? 404 : 'error' in answer ? 400 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer ?? {}))
  }

  async #answer(path: string, request: IncomingMessage): Promise<object | undefined> {
    const { frappe = false, profile = {} } = this.manners
    if (path.endsWith('openid_configuration') && frappe) return this.#metadata()
    if (path === '/.well-known/openid-configuration' && !frappe) return this.#metadata()
    if (path === '/jwks') return { keys: [this.#key.jwk] }
    if (path === '/profile' || path.endsWith('.openid_profile')) return { sub: this.#sub, ...profile }
    if (path === '/token' || path.endsWith('.get_token')) return this.#tokens(request)
    return undefined
  }

  get #sub(): string {
    return this.manners.sub ?? 'subject-1'
  }

  #metadata(): object {
    const { base, manners } = this
    const endpoints = { authorization_endpoint: `${base}/authorize`, token_endpoint: `${base}/token`, userinfo_endpoint: `${base}/profile` }
    if (manners.frappe === true) return { issuer: 'http://somewhere.else', ...endpoints }
    return {
      issuer: base,
      ...endpoints,
      jwks_uri: `${base}/jwks`,
      authorization_response_iss_parameter_supported: true,
      code_challenge_methods_supported: ['S256'],
      ...manners.metadata,
    }
  }

  async #tokens(request: IncomingMessage): Promise<object> {
    this.redeemed += 1
    const { manners } = this
    const body = new URLSearchParams(await text(request))
    const [id, secret] = manners.frappe === true ? [body.get('client_id'), body.get('client_secret')] : credentialsOf(request)
    const begun = this.#codes.get(body.get('code') ?? '')
    this.#codes.delete(body.get('code') ?? '')
    const challenge = createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url')
    if (id !== CLIENT.id || secret !== CLIENT.secret || !begun || begun.challenge !== challenge) return { error: 'invalid_grant' }
    return { access_token: 'for the profile', token_type: 'Bearer', id_token: await this.#idToken(begun.nonce) }
  }

  #idToken(nonce: string): Promise<string> {
    const { manners } = this
    const token = new SignJWT({ nonce: manners.nonce ?? nonce, ...manners.claims })
      .setIssuer(manners.frappe === true ? 'http://somewhere.else' : (manners.issuer ?? this.base))
      .setAudience(manners.audience ?? CLIENT.id)
      .setSubject(this.#sub)
      .setIssuedAt()
      .setExpirationTime(manners.expires ?? '1h')
    if (manners.frappe === true) return token.setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(CLIENT.secret))
    const key = manners.otherKey === true ? this.#other : this.#key.privateKey
    return token.setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(key)
  }
}

function credentialsOf({ headers }: IncomingMessage): readonly string[] {
  const pair = Buffer.from(headers.authorization?.replace(/^Basic /, '') ?? '', 'base64').toString()
  return pair.split(':').map((part) => new URLSearchParams(`part=${part}`).get('part') ?? '')
}
