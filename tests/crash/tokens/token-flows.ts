import type { Reply } from '../../support/callers/api.ts'
import { authorizationUrl, connect, form, renew, tokensOf, type App } from '../../support/callers/connected-app.ts'
import type { TokenSite } from './token-site.ts'

type Fields = Readonly<Record<string, string>>
/** What a client was given for itself. */
export type Pair = Readonly<Record<'access' | 'refresh', string>>

/** One request of a client, which is sent to a site that dies of it, and again to the next. */
export interface Act {
  send(url: string, headers?: Fields): Promise<Reply>
  /** A code or token of the grant that it is about. */
  readonly mark: string
  readonly app: App
  /** What had been given before. */
  readonly known: readonly Pair[]
}

export interface Flow {
  readonly name: string
  /** How a site that lives answers. */
  readonly status: number
  /** Whether the grant is dead when it has been answered; else it gave tokens. */
  readonly ends: boolean
  /** What a client that repeats it may hear: 200, or `invalid_grant` with nothing left alive. */
  readonly repeats: readonly number[]
  begin(site: TokenSite): Promise<Act>
}

const act = (app: App, endpoint: string, fields: Fields, mark: string, known: readonly Pair[]): Act => ({
  send: (url, headers) => form(url, endpoint, { ...fields, client_id: app.id, client_secret: app.secret }, headers),
  mark,
  app,
  known,
})

const exchange = (app: App, code: string, known: readonly Pair[] = []): Act =>
  act(app, 'get_token', { grant_type: 'authorization_code', code, redirect_uri: app.redirectUri }, code, known)

const refresh = (app: App, token: string, known: readonly Pair[]): Act =>
  act(app, 'get_token', { grant_type: 'refresh_token', refresh_token: token }, token, known)

async function refreshOf(site: TokenSite, app: App): Promise<Act> {
  const first = await connect(site.visitor, app, 'openid')
  return refresh(app, first.refresh, [first])
}

async function revocationOf(site: TokenSite, kind: keyof Pair): Promise<Act> {
  const app = site.apps.lenient
  const first = await connect(site.visitor, app, 'openid')
  return act(app, 'revoke_token', { token: first[kind] }, first[kind], [first])
}

/** The next pair. @throws {Error} when the site gives none */
async function renewed(url: string, app: App, { refresh: token }: Pair): Promise<Pair> {
  const reply = await renew(url, app, token)
  if (reply.status !== 200) throw new Error(`The site renews nothing: ${reply.status} ${reply.text}`)
  return tokensOf(reply)
}

export const flows: readonly Flow[] = [
  {
    name: 'a code is exchanged',
    status: 200,
    ends: false,
    repeats: [200, 400],
    begin: async (site) => {
      const app = site.apps.lenient
      const callback = await site.visitor.allow(authorizationUrl(app, 'openid'))
      return exchange(app, callback.searchParams.get('code') ?? '')
    },
  },
  {
    name: 'a token is refreshed',
    status: 200,
    ends: false,
    repeats: [200],
    begin: (site) => refreshOf(site, site.apps.lenient),
  },
  {
    name: 'a token is refreshed without leeway',
    status: 200,
    ends: false,
    repeats: [200, 400],
    begin: (site) => refreshOf(site, site.apps.strict),
  },
  {
    name: 'an access token is revoked',
    status: 200,
    ends: true,
    repeats: [200],
    begin: (site) => revocationOf(site, 'access'),
  },
  {
    name: 'a refresh token is revoked',
    status: 200,
    ends: true,
    repeats: [200],
    begin: (site) => revocationOf(site, 'refresh'),
  },
  {
    name: 'a code is exchanged a second time',
    status: 400,
    ends: true,
    repeats: [400],
    begin: async (site) => {
      const app = site.apps.lenient
      const first = await connect(site.visitor, app, 'openid')
      return exchange(app, first.code, [first])
    },
  },
  {
    name: 'an old refresh token is shown again',
    status: 400,
    ends: true,
    repeats: [400],
    begin: async (site) => {
      const app = site.apps.lenient
      const first = await connect(site.visitor, app, 'openid')
      const second = await renewed(site.url, app, first)
      return refresh(app, first.refresh, [first, second, await renewed(site.url, app, second)])
    },
  },
]
