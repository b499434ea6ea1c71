import { createHash, randomBytes } from 'node:crypto'
import { Api, readReply, type Reply, type Values } from './api.ts'
import type { Visitor } from './visitor.ts'

const OAUTH = '/api/method/frappe.integrations.oauth2.'

/** An app as the site's administrator registered it. */
export interface App {
  readonly id: string
  readonly secret: string
  readonly redirectUri: string
}

export interface Tokens {
  readonly code: string
  readonly access: string
  readonly refresh: string
  readonly idToken: string
  readonly scope: string
}

export async function registerApp(admin: Api, values: Values = {}): Promise<App> {
  const redirectUri = 'http://localhost:4100/connect/callback'
  const own = { app_name: 'An App', redirect_uris: redirectUri, default_redirect_uri: redirectUri, allowed_roles: [{ role: 'All' }] }
  const client = await admin.insert('OAuth Client', { ...own, ...values })
  const { client_id: id, client_secret: secret } = client
  return { id: String(id), secret: typeof secret === 'string' ? secret : '', redirectUri }
}

/** An authorization request of the app, as an address of the site. */
export const authorizationUrl = (app: App, scope: string, more: Readonly<Record<string, string>> = {}): string =>
  `${OAUTH}authorize?${new URLSearchParams({ client_id: app.id, redirect_uri: app.redirectUri, response_type: 'code', scope, state: 'xyz', ...more })}`

/** Tokens of a person for an app, by the whole road. @throws {Error} when the site gives none */
export async function connect(visitor: Visitor, app: App, scope: string): Promise<Tokens> {
  const callback = await visitor.allow(authorizationUrl(app, scope))
  const code = callback.searchParams.get('code') ?? ''
  const reply = await exchange(visitor.base, app, code)
  if (reply.status !== 200) throw new Error(`The site gives no tokens: ${callback.search} ${reply.text}`)
  return { ...tokensOf(reply), code }
}

export const exchange = (base: string, app: App, code: string): Promise<Reply> =>
  form(base, 'get_token', {
    grant_type: 'authorization_code',
    code,
    client_id: app.id,
    client_secret: app.secret,
    redirect_uri: app.redirectUri,
  })

export const renew = (base: string, app: App, refreshToken: string): Promise<Reply> =>
  form(base, 'get_token', { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: app.id, client_secret: app.secret })

export const tokensOf = ({ body }: Reply): Omit<Tokens, 'code'> => ({
  access: String(body['access_token']),
  refresh: String(body['refresh_token']),
  idToken: String(body['id_token']),
  scope: String(body['scope']),
})

/** A form post to one of the provider's endpoints, without cookies. */
export async function form(
  base: string,
  endpoint: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  return readReply(await fetch(base + OAUTH + endpoint, { method: 'POST', body: new URLSearchParams(fields), headers, redirect: 'manual' }))
}

export function pkce(): { readonly verifier: string; readonly challenge: string } {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}
