import { createHash, randomBytes } from 'node:crypto'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { PASSWORD, type Provider } from './provider.fixture.ts'

export interface Reply {
  readonly status: number
  readonly text: string
  readonly json: Record<string, unknown>
  readonly headers: Headers
  /** Where a redirect goes; undefined without one. */
  readonly location: URL | undefined
}

export const REDIRECT = 'https://app.example.com/cb'
const BASE = '/api/method/frappe.integrations.oauth2.'
export const AUTHORIZE = `${BASE}authorize`
export const APPROVE = `${BASE}approve`
export const TOKEN = `${BASE}get_token`
export const REVOKE = `${BASE}revoke_token`
export const INTROSPECT = `${BASE}introspect_token`
export const PROFILE = `${BASE}openid_profile`

/** A site that answers somewhere. */
type Served = Pick<Provider, 'base'>
type Fields = Readonly<Record<string, string | readonly string[]>>

/** Fields with repeated names, as a form or a query carries them. */
export const formOf = (fields: Fields): URLSearchParams =>
  new URLSearchParams(Object.entries(fields).flatMap(([name, values]) => [values].flat().map((value): [string, string] => [name, value])))

export async function ask(provider: Served, path: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(provider.base + path, { redirect: 'manual', ...init })
  const text = await response.text()
  const location = response.headers.get('location')
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true && text !== ''
  return {
    status: response.status,
    text,
    json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
    headers: response.headers,
    location: location === null ? undefined : new URL(location, provider.base),
  }
}

export const post = (provider: Served, path: string, fields: Fields, headers: Record<string, string> = {}): Promise<Reply> =>
  ask(provider, path, { method: 'POST', body: formOf(fields), headers })

/** A person with a browser: cookies and nothing else. */
export class Browser {
  readonly provider: Served
  cookie = ''

  constructor(provider: Served) {
    this.provider = provider
  }

  async signIn(user: string, password = PASSWORD): Promise<this> {
    const response = await fetch(`${this.provider.base}/api/method/login`, {
      method: 'POST',
      body: formOf({ usr: user, pwd: password }),
      headers: this.headers(),
    })
    if (response.status !== 200) throw new Error(`Sign-in of ${user} failed: ${await response.text()}`)
    this.cookie = `sid=${/sid=([^;]+)/.exec(response.headers.getSetCookie().join('\n'))?.[1] ?? ''}`
    return this
  }

  headers(): Record<string, string> {
    return { accept: 'text/html', ...(this.cookie === '' ? {} : { cookie: this.cookie }) }
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Reply> {
    return ask(this.provider, path, { headers: { ...this.headers(), ...headers } })
  }

  post(path: string, fields: Fields, headers: Record<string, string> = {}): Promise<Reply> {
    return post(this.provider, path, fields, { ...this.headers(), origin: this.provider.base, ...headers })
  }

  authorize(query: Fields): Promise<Reply> {
    return this.get(`${AUTHORIZE}?${formOf(query)}`)
  }

  /** Presses a button of the consent page; `untick` names boxes. */
  decide(page: Reply, decision: 'allow' | 'deny' = 'allow', untick: readonly string[] = []): Promise<Reply> {
    return this.post(APPROVE, { ...readConsent(page, untick), decision })
  }

  /** The code that consent gives, or that comes at once. */
  async code(query: Fields, untick: readonly string[] = []): Promise<string> {
    const page = await this.authorize(query)
    const answer = page.status === 200 ? await this.decide(page, 'allow', untick) : page
    const code = answer.location?.searchParams.get('code')
    if (!code) throw new Error(`No code: ${answer.status} ${answer.location} ${answer.text}`)
    return code
  }
}

/** The fields that the consent form sends. */
export function readConsent(page: Reply, untick: readonly string[] = []): Record<string, string | string[]> {
  const form = /<form class="card"[\s\S]*?<\/form>/.exec(page.text)?.[0] ?? ''
  const fields: Record<string, string | string[]> = { scope: [] }
  for (const [tag] of form.matchAll(/<input\b[^>]*>/g)) {
    const [name, value] = [/name="([^"]*)"/.exec(tag)?.[1] ?? '', /value="([^"]*)"/.exec(tag)?.[1] ?? '']
    const sends = tag.includes('type="hidden"') || (/\schecked\b/.test(tag) && !untick.includes(value))
    if (!sends) continue
    if (name === 'scope') (fields['scope'] as string[]).push(value)
    else fields[name] = value
  }
  return fields
}

/** The boxes on a consent page. */
export const boxesOf = (page: Reply): string[] =>
  [...page.text.matchAll(/<input type="checkbox" name="scope" value="([^"]*)"/g)].map((found) => found[1] ?? '')

export interface App {
  readonly id: string
  readonly secret: string
  /** What its events are signed with, where it hears any. */
  readonly eventSecret?: string
}

let people = 0

/** A new user of the desk. */
export async function person(provider: Pick<Provider, 'documents'>, values: Record<string, unknown> = {}): Promise<string> {
  people += 1
  const email = `person${people}@example.com`
  const roles = [{ role: 'Desk User' }]
  await provider.documents.insert(ADMINISTRATOR, 'User', [
    { email, first_name: 'Person', last_name: String(people), new_password: PASSWORD, roles, ...values },
  ])
  return email
}

/** A site, by its provider alone or whole. */
interface Registering {
  readonly oauth: Pick<Provider['oauth'], 'clients'>
}

export async function register({ oauth }: Registering, values: Record<string, unknown> = {}): Promise<App> {
  const { id, secret, ...more } = await oauth.clients.insert(ADMINISTRATOR, {
    app_name: 'Field Sales',
    scopes: 'openid all',
    redirect_uris: REDIRECT,
    default_redirect_uri: REDIRECT,
    ...values,
  })
  return { id, secret: secret ?? '', ...more }
}

export const request = (app: App, values: Fields = {}): Fields => ({
  client_id: app.id,
  redirect_uri: REDIRECT,
  response_type: 'code',
  scope: 'openid all',
  state: 'xyz',
  ...values,
})

export const swap = (provider: Served, app: App, code: string, values: Fields = {}): Promise<Reply> =>
  post(provider, TOKEN, {
    grant_type: 'authorization_code',
    code,
    client_id: app.id,
    client_secret: app.secret,
    redirect_uri: REDIRECT,
    ...values,
  })

export const renew = (provider: Served, app: App, refreshToken: string, values: Fields = {}): Promise<Reply> =>
  post(provider, TOKEN, {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: app.id,
    client_secret: app.secret,
    ...values,
  })

export interface Tokens {
  readonly access: string
  readonly refresh: string
  readonly scope: string
  readonly idToken: string
}

export const tokensOf = (reply: Reply): Tokens => ({
  access: String(reply.json['access_token']),
  refresh: String(reply.json['refresh_token']),
  scope: String(reply.json['scope']),
  idToken: String(reply.json['id_token']),
})

/** Tokens of a person for an app, by the whole road. */
export async function connect(provider: Served, browser: Browser, app: App, values: Fields = {}): Promise<Tokens> {
  const reply = await swap(provider, app, await browser.code(request(app, values)))
  if (reply.status !== 200) throw new Error(`No tokens: ${reply.text}`)
  return tokensOf(reply)
}

export const me = (provider: Served, token: string, headers: Record<string, string> = {}): Promise<Reply> =>
  ask(provider, '/api/me', { headers: { authorization: `Bearer ${token}`, ...headers } })

export function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}
