import { createHash } from 'node:crypto'
import { OAUTH_PATHS, type TokenResponse } from '@annex/protocol'
import { VERIFIER, type Credentials, type Provider } from '../provider/provider-scenarios.ts'
import { codeText } from '../provider/prepared-codes.ts'
import { Browser } from './browser.ts'
import { requestBytes } from '../http-connection.ts'
import { benchDocTypes, GROUPS, itemValues, ROLE, UNITS } from './item-doctype.ts'
import { sendAll } from '../load.ts'

/** What an app holds once its user has allowed it in: as many pairs of tokens as it has connections. */
export interface Access {
  readonly clientId: string
  readonly clientSecret: string
  readonly tokens: readonly TokenResponse[]
  /** An app that acts for itself, as the same person. */
  readonly service: Credentials
}

export const PERSON = 'bench@example.com'
const PERSON_PASSWORD = 'A-clerk-for-the-bench-7'
export const REDIRECT = 'http://127.0.0.1:9/callback'
const SERVICE_SCOPES = 'Item:read Item:create'
const SCOPES = `openid ${SERVICE_SCOPES}`

/** Makes everything through the site's own doors: DocTypes, a clerk with one role, Items, and an app that the clerk lets in. */
export async function makeData(site: string, adminPassword: string, documents: number, connections: number): Promise<Access> {
  const administrator = new Browser(site)
  await administrator.signIn('Administrator', adminPassword)
  await makePeople(administrator)
  for (const doctype of benchDocTypes) await administrator.insert('DocType', doctype)
  for (const unit of UNITS) await administrator.insert('UOM', { uom_name: unit })
  for (const group of GROUPS) await administrator.insert('Item Group', { item_group_name: group })
  await sendAll(site, itemRequests(documents, administrator.cookie), connections)
  return letIn(site, administrator, connections)
}

async function makePeople(administrator: Browser): Promise<void> {
  await administrator.insert('Role', { role_name: ROLE, desk_access: 1 })
  await administrator.insert('User', { email: PERSON, first_name: 'Bench', new_password: PERSON_PASSWORD, roles: [{ role: ROLE }] })
}

function* itemRequests(documents: number, cookie: string): Generator<Buffer> {
  const headers = { 'content-type': 'application/json', cookie }
  for (let index = 0; index < documents; index += 1) {
    yield requestBytes({ method: 'POST', path: '/api/resource/Item', headers, body: JSON.stringify(itemValues(index)) })
  }
}

async function letIn(site: string, administrator: Browser, connections: number): Promise<Access> {
  const app = await letAppIn(site, administrator, connections)
  return { ...app, service: await registerService(site, administrator) }
}

/** An app that is kept to some documents, and is allowed what the other one is. */
export async function letFilteredAppIn(site: string, adminPassword: string, connections: number, rowFilters: object): Promise<App> {
  const administrator = new Browser(site)
  await administrator.signIn('Administrator', adminPassword)
  return letAppIn(site, administrator, connections, { app_name: 'Bench Filtered', row_filters: JSON.stringify(rowFilters) })
}

type App = Omit<Access, 'service'>

async function letAppIn(site: string, administrator: Browser, connections: number, values: object = {}): Promise<App> {
  const addresses = { redirect_uris: REDIRECT, default_redirect_uri: REDIRECT }
  const registration = { app_name: 'Bench', scopes: SCOPES, allowed_roles: [], ...addresses, ...values }
  const client = await administrator.insert('OAuth Client', registration)
  const [clientId, clientSecret] = [String(client['client_id']), String(client['client_secret'])]
  const clerk = new Browser(site)
  await clerk.signIn(PERSON, PERSON_PASSWORD)
  const tokens: TokenResponse[] = []
  for (let index = 0; index < connections; index += 1) tokens.push(await tokensFor(site, clerk, clientId, clientSecret))
  return { clientId, clientSecret, tokens }
}

/** Its first token makes the grant that all others hang from. */
async function registerService(site: string, administrator: Browser): Promise<Credentials> {
  const registration = { app_name: 'Bench Service', kind: 'service', service_user: PERSON, scopes: SERVICE_SCOPES }
  const client = await administrator.insert('OAuth Client', registration)
  const [id, secret] = [String(client['client_id']), String(client['client_secret'])]
  await requestToken(site, { grant_type: 'client_credentials', client_id: id, client_secret: secret })
  return { id, secret }
}

/** The site as one provider among others. */
export const providerOf = ({ clientId, clientSecret, tokens, service }: Access): Provider => ({
  tokenPath: OAUTH_PATHS.token,
  introspectionPath: OAUTH_PATHS.introspect,
  client: { id: clientId, secret: clientSecret },
  service,
  redirectUri: REDIRECT,
  pairs: tokens,
  code: codeText,
})

async function tokensFor(site: string, clerk: Browser, clientId: string, clientSecret: string): Promise<TokenResponse> {
  const challenge = createHash('sha256').update(VERIFIER).digest('base64url')
  const asked = {
    client_id: clientId,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: SCOPES,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  }
  const code = (await clerk.authorize(`${OAUTH_PATHS.authorize}?${new URLSearchParams(asked)}`)).get('code') ?? ''
  const exchange = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT,
    client_id: clientId,
    client_secret: clientSecret,
    code_verifier: VERIFIER,
  }
  return requestToken(site, exchange)
}

async function requestToken(site: string, fields: Readonly<Record<string, string>>): Promise<TokenResponse> {
  const response = await fetch(new URL(OAUTH_PATHS.token, site), {
    method: 'POST',
    body: new URLSearchParams(fields),
    signal: AbortSignal.timeout(30_000),
  })
  if (!response.ok) throw new Error(`The site gave no token (${response.status}): ${(await response.text()).slice(0, 500)}`)
  return (await response.json()) as TokenResponse
}
