import { OAUTH_PATHS } from '@annex/protocol'
import { toBase64Url } from '../core/sealing/base64.ts'
import type { Tokens } from '../core/tokens/token-responses.ts'
import type { Fetch } from '../core/upstream/transport.ts'

export type Form = Readonly<Record<string, string>>
/** An answer of the token endpoint: what it says, a status alone, or that nobody hears it. */
export type Scripted = Readonly<Record<string, unknown>> | number | 'lost'

/** A site whose token endpoint says what a test has written, one answer after the other. */
export class ScriptedSite {
  readonly issuer = 'https://erp.test'
  readonly asked: (Form & { readonly path: string })[] = []
  readonly answers: Scripted[] = []
  /** What happens between a request to the token endpoint and its answer. */
  meanwhile: (() => Promise<void>) | undefined
  metadata: Record<string, unknown> = {
    issuer: this.issuer,
    authorization_endpoint: this.issuer + OAUTH_PATHS.authorize,
    token_endpoint: this.issuer + OAUTH_PATHS.token,
    revocation_endpoint: this.issuer + OAUTH_PATHS.revoke,
    userinfo_endpoint: this.issuer + OAUTH_PATHS.profile,
    device_authorization_endpoint: `${this.issuer}/device`,
    jwks_uri: `${this.issuer}/keys`,
    authorization_response_iss_parameter_supported: true,
    code_challenge_methods_supported: ['S256'],
  }
  /** What the device endpoint says. */
  device: Scripted = {
    device_code: 'the-code',
    user_code: 'ABCD-EFGH',
    verification_uri: `${this.issuer}/device-page`,
    expires_in: 600,
    interval: 5,
  }

  readonly fetch: Fetch = async (url, init) => {
    const path = new URL(url).pathname
    if (path === OAUTH_PATHS.serverMetadata) return Response.json(this.metadata)
    this.asked.push({ ...Object.fromEntries(new URLSearchParams(typeof init?.body === 'string' ? init.body : '')), path })
    if (path === OAUTH_PATHS.revoke) return Response.json({})
    if (path === OAUTH_PATHS.token) await this.meanwhile?.()
    return this.#reply(path === '/device' ? this.device : (this.answers.shift() ?? 500))
  }

  #reply(scripted: Scripted): Response {
    if (scripted === 'lost') throw new TypeError('fetch failed')
    if (typeof scripted === 'number') return new Response('', { status: scripted })
    return Response.json(scripted, { status: 'error' in scripted ? 400 : 200 })
  }

  /** What was sent to the token endpoint. */
  get tokenRequests(): Form[] {
    return this.asked.filter(({ path }) => path === OAUTH_PATHS.token)
  }
}

/** The tokens of a sign-in, told apart by a name. */
export const signInOf = (name: string, expiresAt = Infinity): Tokens => ({
  access: `access-${name}`,
  refresh: `refresh-${name}`,
  scopes: ['openid'],
  idToken: undefined,
  issuedAt: 0,
  expiresAt,
})

/** The answer of a token endpoint, with tokens that are told apart by a number. */
export const pair = (number: number, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  access_token: `access-${number}`,
  refresh_token: `refresh-${number}`,
  expires_in: 3600,
  scope: 'openid Item:read',
  ...more,
})

const part = (value: unknown): string => toBase64Url(new TextEncoder().encode(JSON.stringify(value)))
/** An id_token that nobody has signed. */
export const idToken = (claims: Readonly<Record<string, unknown>>): string => `${part({ alg: 'ES256' })}.${part(claims)}.c2ln`
