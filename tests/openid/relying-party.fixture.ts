import { createHash } from 'node:crypto'
import { createRemoteJWKSet, jwtVerify, type JWTPayload } from 'jose'
import { expect } from 'vitest'
import {
  Browser,
  PROFILE,
  REDIRECT,
  TOKEN,
  ask,
  person,
  post,
  register,
  request,
  type App,
  type Reply,
} from '../../packages/site/src/oauth/testing/app.fixture.ts'
import type { Provider } from '../../packages/site/src/oauth/testing/provider.fixture.ts'

type Fields = Readonly<Record<string, string>>

/** What one sign-in gave. */
export interface SignedIn {
  readonly code: string
  readonly access: string
  readonly refresh: string
  readonly idToken: string
  readonly claims: JWTPayload
  readonly answer: Reply
}

/** A relying party as the certification suite plays it, with a person at a browser of their own. */
export class RelyingParty {
  readonly provider: Provider
  readonly app: App
  readonly user: string
  readonly browser: Browser

  private constructor(provider: Provider, app: App, user: string) {
    this.provider = provider
    this.app = app
    this.user = user
    this.browser = new Browser(provider)
  }

  static async open(provider: Provider, values: Record<string, unknown> = {}): Promise<RelyingParty> {
    const app = await register(provider, { scopes: 'openid profile email offline_access', ...values })
    return new RelyingParty(provider, app, await person(provider))
  }

  /** The person proves who they are, anew. */
  async signIn(): Promise<this> {
    await this.browser.signIn(this.user)
    return this
  }

  query(values: Fields = {}): Fields {
    return request(this.app, { scope: 'openid', nonce: 'a-nonce', ...values }) as Fields
  }

  authorize(values: Fields = {}): Promise<Reply> {
    return this.browser.authorize(this.query(values))
  }

  /** Follows the consent page, when there is one, and judges the answer at the app's address. */
  async callback(page: Reply): Promise<URLSearchParams> {
    const { status, location } = page.status === 200 ? await this.browser.decide(page) : page
    expect([302, 303]).toContain(status)
    expect(`${location?.origin}${location?.pathname}`).toBe(REDIRECT)
    const values = location?.searchParams ?? new URLSearchParams()
    expect(values.get('state')).toBe('xyz')
    expect(values.get('iss')).toBe(this.provider.base)
    return values
  }

  exchange(code: string, values: Fields = {}): Promise<Reply> {
    const { id, secret } = this.app
    const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')
    const fields = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, ...values }
    return post(this.provider, TOKEN, fields, 'client_secret' in values ? {} : { authorization: `Basic ${basic}` })
  }

  refresh(token: string): Promise<Reply> {
    return this.exchange('', { grant_type: 'refresh_token', refresh_token: token })
  }

  userinfo(token: string, method: 'GET' | 'POST' = 'GET'): Promise<Reply> {
    return ask(this.provider, PROFILE, { method, headers: { authorization: `Bearer ${token}` } })
  }

  /** From the request to the tokens, judged as the suite judges every one of them. */
  async run(values: Fields = {}, exchanged: Fields = {}): Promise<SignedIn> {
    return this.finish(await this.authorize(values), values, exchanged)
  }

  async finish(page: Reply, values: Fields = {}, exchanged: Fields = {}): Promise<SignedIn> {
    const callback = await this.callback(page)
    expect(callback.get('error')).toBeNull()
    const code = callback.get('code') ?? ''
    expect(code.length).toBeGreaterThanOrEqual(22)
    const answer = await this.exchange(code, exchanged)
    const { access, refresh, idToken } = judgeTokens(answer)
    const nonce = values['nonce'] === '' ? undefined : (values['nonce'] ?? 'a-nonce')
    return { code, access, refresh, idToken, answer, claims: await this.judgeIdToken(idToken, access, nonce) }
  }

  /** @see OpenID Connect Core section 3.1.3.7 */
  async judgeIdToken(idToken: string, access: string, nonce: string | undefined): Promise<JWTPayload> {
    const jwks = createRemoteJWKSet(new URL(`${this.provider.base}/.well-known/jwks.json`))
    const { payload, protectedHeader } = await jwtVerify(idToken, jwks, { issuer: this.provider.base, audience: this.app.id })
    expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: expect.any(String) as string })
    expect(payload['nonce']).toBe(nonce)
    expect(payload['azp']).toBe(this.app.id)
    expect(payload.sub).toMatch(/^[\x21-\x7e]{1,255}$/)
    expect(Number(payload.exp) - Number(payload.iat)).toBe(3600)
    expect(Number(payload['auth_time'])).toBeLessThanOrEqual(Number(payload.iat))
    expect(payload['at_hash']).toBe(createHash('sha256').update(access).digest().subarray(0, 16).toString('base64url'))
    return payload
  }
}

/** @see RFC 6749 section 5.1 */
function judgeTokens(answer: Reply): Pick<SignedIn, 'access' | 'refresh' | 'idToken'> {
  expect(answer.status, answer.text).toBe(200)
  expect(answer.headers.get('content-type')).toBe('application/json')
  expect(answer.headers.get('cache-control')).toContain('no-store')
  expect(answer.headers.get('pragma')).toBe('no-cache')
  expect(String(answer.json['token_type']).toLowerCase()).toBe('bearer')
  expect(Number(answer.json['expires_in'])).toBeGreaterThan(0)
  const [access, refresh, idToken] = ['access_token', 'refresh_token', 'id_token'].map((name) => String(answer.json[name]))
  // RFC 6750 section 2.1: its alphabet; RFC 6749 section 10.10: too long to guess.
  for (const token of [access, refresh]) expect(token).toMatch(/^[A-Za-z0-9._~+/-]{27,}=*$/)
  return { access: access ?? '', refresh: refresh ?? '', idToken: idToken ?? '' }
}
