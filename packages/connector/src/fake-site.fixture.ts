import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose'
import { encodeError, FrappeError, OAUTH_PATHS } from '@annex/protocol'
import { fromBase64Url, randomToken, sha256, toBase64Url } from './tokens/base64.ts'

/** How long a repeated refresh gets the same pair, as the real site's leeway. */
const LEEWAY_MS = 10_000

type FakeDocument = Record<string, unknown> & { readonly title?: string }

interface Grant {
  readonly scopes: readonly string[]
  revoked: boolean
}

interface FakeToken {
  readonly grant: Grant
  readonly kind: 'access' | 'refresh'
  expiresAt: number
  successor?: { readonly body: Record<string, unknown>; readonly at: number }
}

interface FakeCode {
  readonly challenge: string
  readonly nonce: string
  readonly scopes: readonly string[]
}

export interface FakeRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type FakeReply = { readonly status?: number; readonly headers?: Record<string, string>; readonly json?: unknown }

/** What may go wrong, for tests to set. */
export interface Faults {
  /** Token answers to lose after the site has done its work. */
  loseTokenAnswers: number
  /** Answers of this status to the token endpoint, instead of doing anything. */
  tokenStatus: number | undefined
  retryAfter: string | undefined
  /** The whole site answers nothing. */
  down: boolean
  deny: boolean
  /** Scopes that the person unticks. */
  unticked: readonly string[]
  announcedIssuer: string | undefined
  answeredIssuer: string | undefined
  claims: JWTPayload
  /** Lifetime of an access token, in seconds. */
  expiresIn: number
}

/** A small stand-in for a site, on a real socket: one user, one client, rotation with reuse detection, and faults on demand. */
export class FakeSite {
  readonly clientId = 'fake-client'
  readonly secret = 'fake-secret'
  readonly apiKey = 'fakekey:fakesecret'
  readonly requests: FakeRequest[] = []
  readonly documents = new Map<string, FakeDocument>()
  readonly faults: Faults = {
    loseTokenAnswers: 0,
    tokenStatus: undefined,
    retryAfter: undefined,
    down: false,
    deny: false,
    unticked: [],
    announcedIssuer: undefined,
    answeredIssuer: undefined,
    claims: {},
    expiresIn: 3600,
  }
  /** Answers of resource calls, asked before the site's own; for one test's special case. */
  override: ((request: FakeRequest) => FakeReply | undefined) | undefined
  refreshes = 0
  readonly #tokens = new Map<string, FakeToken>()
  readonly #codes = new Map<string, FakeCode>()
  readonly #grants: Grant[] = []
  readonly #server = createServer((request, response) => void this.#serve(request, response))
  #keys: { privateKey: CryptoKey; publicKey: CryptoKey } | undefined
  url = ''

  async start(): Promise<this> {
    this.#keys = await generateKeyPair('ES256')
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** As the person's click on Revoke. */
  revokeAll(): void {
    for (const grant of this.#grants) grant.revoked = true
  }

  /** Every access token is over; refresh tokens live on. */
  expireAccess(): void {
    for (const token of this.#tokens.values()) if (token.kind === 'access') token.expiresAt = 0
  }

  /** Every token of a kind that was issued. */
  tokens(kind: 'access' | 'refresh'): string[] {
    return [...this.#tokens].filter(([, token]) => token.kind === kind).map(([value]) => value)
  }

  count(path: string): number {
    return this.requests.filter((request) => request.path === path).length
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', this.url)
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const request = {
      method: incoming.method ?? 'GET',
      path: pathname,
      query: searchParams,
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString(),
    }
    this.requests.push(request)
    if (this.faults.down) return void incoming.socket.destroy()
    const { status = 200, headers = {}, json } = await this.#answer(request)
    if (pathname === OAUTH_PATHS.token && this.faults.loseTokenAnswers-- > 0) return void incoming.socket.destroy()
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json ?? {}))
  }

  async #answer(request: FakeRequest): Promise<FakeReply> {
    const special = this.override?.(request)
    if (special !== undefined) return special
    const form = new URLSearchParams(request.body)
    if (request.path === OAUTH_PATHS.serverMetadata) return { json: this.#metadata() }
    if (request.path === OAUTH_PATHS.jwks)
      return { json: { keys: [{ ...(await exportJWK(this.#keys!.publicKey)), kid: 'fake', alg: 'ES256', use: 'sig' }] } }
    if (request.path === OAUTH_PATHS.authorize) return this.#authorize(request.query)
    if (request.path === OAUTH_PATHS.token) return this.#token(form)
    if (request.path === OAUTH_PATHS.revoke) return this.#revoke(form)
    return this.#resource(request)
  }

  #metadata(): Record<string, unknown> {
    return {
      issuer: this.faults.announcedIssuer ?? this.url,
      authorization_endpoint: this.url + OAUTH_PATHS.authorize,
      token_endpoint: this.url + OAUTH_PATHS.token,
      revocation_endpoint: this.url + OAUTH_PATHS.revoke,
      userinfo_endpoint: this.url + OAUTH_PATHS.profile,
      jwks_uri: this.url + OAUTH_PATHS.jwks,
      authorization_response_iss_parameter_supported: true,
    }
  }

  /** The person allows at once (or denies), with the boxes as the faults say. */
  #authorize(query: URLSearchParams): FakeReply {
    const target = new URL(query.get('redirect_uri')!)
    const scopes = query.get('scope')!.split(' ')
    const code = randomToken()
    this.#codes.set(code, {
      challenge: query.get('code_challenge')!,
      nonce: query.get('nonce')!,
      scopes: scopes.filter((scope) => !this.faults.unticked.includes(scope)),
    })
    for (const [name, value] of Object.entries(this.faults.deny ? { error: 'access_denied' } : { code }))
      target.searchParams.set(name, value)
    target.searchParams.set('state', query.get('state')!)
    target.searchParams.set('iss', this.faults.answeredIssuer ?? this.url)
    return { status: 303, headers: { location: target.href } }
  }

  async #token(form: URLSearchParams): Promise<FakeReply> {
    const { tokenStatus, retryAfter } = this.faults
    if (tokenStatus !== undefined) return { status: tokenStatus, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } }
    if (form.get('client_id') !== this.clientId || form.get('client_secret') !== this.secret)
      return { status: 401, json: { error: 'invalid_client' } }
    return form.get('grant_type') === 'refresh_token' ? this.#refresh(form.get('refresh_token') ?? '') : this.#redeem(form)
  }

  async #redeem(form: URLSearchParams): Promise<FakeReply> {
    const code = this.#codes.get(form.get('code') ?? '')
    this.#codes.delete(form.get('code') ?? '')
    if (code === undefined || (await sha256(form.get('code_verifier') ?? '')) !== code.challenge)
      return { status: 400, json: { error: 'invalid_grant' } }
    const grant: Grant = { scopes: code.scopes, revoked: false }
    this.#grants.push(grant)
    const pair = this.#issue(grant)
    return { json: { ...pair, id_token: await this.#idToken(String(pair['access_token']), code.nonce) } }
  }

  #refresh(refreshToken: string): FakeReply {
    const token = this.#tokens.get(refreshToken)
    if (token === undefined || token.kind !== 'refresh' || token.grant.revoked) return { status: 400, json: { error: 'invalid_grant' } }
    if (token.successor !== undefined && Date.now() - token.successor.at > LEEWAY_MS) {
      token.grant.revoked = true
      return { status: 400, json: { error: 'invalid_grant', error_description: 'The token was used already' } }
    }
    this.refreshes += token.successor === undefined ? 1 : 0
    token.successor ??= { body: this.#issue(token.grant), at: Date.now() }
    return { json: token.successor.body }
  }

  #issue(grant: Grant): Record<string, unknown> {
    const [access, refresh] = [randomToken(), randomToken()]
    this.#tokens.set(access, { grant, kind: 'access', expiresAt: Date.now() + this.faults.expiresIn * 1000 })
    this.#tokens.set(refresh, { grant, kind: 'refresh', expiresAt: Number.MAX_SAFE_INTEGER })
    return {
      access_token: access,
      token_type: 'Bearer',
      expires_in: this.faults.expiresIn,
      refresh_token: refresh,
      scope: grant.scopes.join(' '),
    }
  }

  async #idToken(access: string, nonce: string): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const hash = toBase64Url(fromBase64Url(await sha256(access)).slice(0, 16))
    const claims = {
      iss: this.url,
      aud: this.clientId,
      sub: 'sam-sub',
      name: 'Sam Seller',
      email: 'sam@example.com',
      nonce,
      at_hash: hash,
      iat: now,
      exp: now + 3600,
    }
    return new SignJWT({ ...claims, ...this.faults.claims }).setProtectedHeader({ alg: 'ES256', kid: 'fake' }).sign(this.#keys!.privateKey)
  }

  #revoke(form: URLSearchParams): FakeReply {
    const token = this.#tokens.get(form.get('token') ?? '')
    if (token !== undefined) token.grant.revoked = true
    return {}
  }

  #resource(request: FakeRequest): FakeReply {
    const [scheme, credential = ''] = (request.headers.authorization ?? '').split(' ')
    const token = this.#tokens.get(credential)
    const known =
      scheme === 'token' ? credential === this.apiKey : token?.kind === 'access' && !token.grant.revoked && token.expiresAt > Date.now()
    if (!known) return failure(new FrappeError('AuthenticationError', 'The token is not valid'))
    const [, , kind, doctype = '', name] = request.path.split('/').map(decodeURIComponent)
    if (kind === 'method') return this.#method(doctype, request.query, token?.grant.scopes)
    if (name === undefined && request.method === 'GET') return { json: { data: [...this.documents.values()] } }
    if (name === undefined) return this.#store(JSON.parse(request.body) as Record<string, unknown>)
    const document = this.documents.get(name)
    if (document === undefined) return failure(new FrappeError('DoesNotExistError', `${doctype} ${name} not found`))
    if (request.method === 'PUT') return this.#store({ ...document, ...(JSON.parse(request.body) as object) })
    if (request.method === 'DELETE') this.documents.delete(name)
    return request.method === 'DELETE' ? { status: 202, json: { data: 'ok' } } : { json: { data: document } }
  }

  #store(document: Record<string, unknown>): FakeReply {
    this.documents.set(String(document['name']), document)
    return { json: { data: document } }
  }

  #method(method: string, query: URLSearchParams, scopes: readonly string[] | undefined): FakeReply {
    if (method !== 'frappe.desk.search.search_link') return { json: { message: 'sam@example.com' } }
    const needed = `${query.get('doctype')!.replaceAll(' ', '.')}:select`
    if (scopes !== undefined && !scopes.includes(needed.replace(':select', ':read'))) {
      const headers = { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${needed}"` }
      return failure(new FrappeError('PermissionError', 'The token does not cover this', { headers }))
    }
    const text = (query.get('txt') ?? '').toLowerCase()
    const found = [...this.documents.values()].filter(
      (document) => document['doctype'] === query.get('doctype') && JSON.stringify(document).toLowerCase().includes(text),
    )
    return {
      json: {
        message: found
          .map((document) => ({ value: document['name'], description: document.title ?? '' }))
          .slice(0, Number(query.get('page_length'))),
      },
    }
  }
}

const failure = (error: FrappeError): FakeReply => ({
  status: error.status,
  headers: { ...error.options.headers },
  json: encodeError(error),
})
