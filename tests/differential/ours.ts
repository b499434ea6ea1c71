import { Api } from '../support/callers/api.ts'
import { authorizationUrl, registerApp, type App } from '../support/callers/connected-app.ts'
import { Visitor } from '../support/callers/visitor.ts'
import type { Engine } from '../support/databases.ts'
import { startSite } from '../support/site.ts'
import { CLIENTS, REDIRECT, SCOPE, SERVICE_SCOPE, type ClientName, type Side } from './side.ts'

const ALICE = { email: 'alice@example.com', first_name: 'Alice', new_password: 'Corr3ct-horse-alice' }

const doctype = (name: string): Record<string, unknown> => ({
  name,
  module: 'Stock',
  custom: 1,
  fields: [{ fieldname: 'title', fieldtype: 'Data', label: 'Title' }],
  permissions: [{ role: 'All', read: 1 }],
})

const OWN: Readonly<Record<ClientName, Readonly<Record<string, unknown>>>> = {
  basic: {},
  post: {},
  public: { kind: 'public' },
  service: { kind: 'service', service_user: ALICE.email, scopes: SERVICE_SCOPE },
}

/** A real site, with the same apps. A repeated refresh is reuse at once, as it is for the other. */
export async function openOurs(engine: Engine): Promise<Side> {
  const site = await startSite(engine, { ANNEX_TRUSTED_PROXIES: '127.0.0.0/8' })
  const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  for (const name of ['Item', 'Customer']) await admin.insert('DocType', doctype(name))
  await admin.insert('User', ALICE)
  const apps: [ClientName, App][] = []
  for (const name of CLIENTS) apps.push([name, await register(admin, name)])
  const clients = Object.fromEntries(apps) as Readonly<Record<ClientName, App>>
  const browsers = new Browsers(site.url)
  const endpoint = `${site.url}/api/method/frappe.integrations.oauth2.`
  return {
    token: `${endpoint}get_token`,
    revocation: `${endpoint}revoke_token`,
    clients,
    close: () => site.close(),
    code: async (client, challenge) => {
      const pkce: Readonly<Record<string, string>> =
        challenge === undefined ? {} : { code_challenge: challenge, code_challenge_method: 'S256' }
      const callback = await (await browsers.next()).allow(authorizationUrl(clients[client], SCOPE, pkce))
      const code = callback.searchParams.get('code')
      if (code === null) throw new Error(`The site gives no code: ${callback.href}`)
      return code
    },
  }
}

async function register(admin: Api, name: ClientName): Promise<App> {
  const uris = { redirect_uris: REDIRECT, default_redirect_uri: REDIRECT }
  const app = await registerApp(admin, { scopes: SCOPE, rotation_leeway: 0, app_name: name, ...uris, ...OWN[name] })
  return { ...app, redirectUri: REDIRECT }
}

/** One session may ask for sixty codes a minute. */
const CODES_OF_ONE = 50

/** Alice's browsers, each with a session of its own, and no more codes from each than it may ask for. */
class Browsers {
  readonly #site: string
  #current: Promise<Visitor> | undefined
  #codes = 0

  constructor(site: string) {
    this.#site = site
  }

  next(): Promise<Visitor> {
    if (this.#current === undefined || this.#codes++ % CODES_OF_ONE === 0)
      this.#current = new Visitor(this.#site).signIn(ALICE.email, ALICE.new_password)
    return this.#current
  }
}
