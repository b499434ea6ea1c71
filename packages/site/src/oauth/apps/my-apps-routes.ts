import { invalid, splitScope } from '@annex/protocol'
import type { Answer, Exchange } from '../../http/exchange.ts'
import type { HttpServer } from '../../http/server.ts'
import { myAppPage } from '../../pages/apps/my-app-page.ts'
import type { Person } from '../../pages/layout.ts'
import { myAppsPage, type MyApp } from '../../pages/my-apps-page.ts'
import { paths } from '../../pages/paths.ts'
import type { Principal } from '../../policy/principal.ts'
import { hostOf } from '../clients/redirect-uris.ts'
import { commandOf } from '../endpoints/every-version.ts'
import type { Users } from '../oauth-parts.ts'
import { grantView, limitsOf, sinceOf, useView, type Words } from './app-views.ts'
import type { Apps, OwnApp } from './apps.ts'
import { forPerson, shownTime } from './page-parts.ts'
import { OWN_GRANT, OWN_TOKEN } from './pages/grant-paths.ts'
import { showOwnGrant, showOwnToken } from './pages/grant-routes.ts'
import { END_GRANT, END_TOKEN, ownPathOf } from './pages/my-app-paths.ts'

export interface MyAppsParts extends Words {
  readonly apps: Apps
  readonly users: Users
}

type Request = Exchange<Principal>
type Page = (exchange: Request, person: Person, parts: MyAppsParts) => Promise<Answer>

const ONE = `${paths.myApps}/:id`
const REVOKE = `${paths.myApps}/revoke`
const END_ALL = `${paths.myApps}/end-all`
/** Frappe's own address for ending what an app was granted: its page of connected apps posts there. */
const DELETE_CLIENT = '/api/method/frappe.www.third_party_apps.delete_client'

/** What a person has allowed apps to do, what they did, and how it is taken back. */
export function myAppsRoutes(server: HttpServer<Principal>, parts: MyAppsParts): void {
  const page = (run: Page): ((exchange: Request) => Promise<Answer>) =>
    forPerson(parts.users, (exchange, person) => run(exchange, person, parts))
  const csrf = { csrf: 'required' } as const
  server.route('GET', paths.myApps, page(show))
  server.route('GET', ONE, page(showOne))
  server.route('GET', OWN_GRANT, page(showOwnGrant))
  server.route('GET', OWN_TOKEN, page(showOwnToken))
  server.route('POST', REVOKE, page(revoke), csrf)
  server.route('POST', END_ALL, page(endAll), csrf)
  server.route('POST', END_GRANT, page(endGrant), csrf)
  server.route('POST', END_TOKEN, page(endToken), csrf)
  const command = commandOf(DELETE_CLIENT)
  server.route('POST', DELETE_CLIENT, (exchange) => deleteClient(exchange, parts), { ...csrf, command })
}

async function show({ caller }: Request, person: Person, parts: MyAppsParts): Promise<Answer> {
  const apps = (await parts.apps.listOwn(caller)).map((app) => cardOf(app, parts))
  return { page: myAppsPage({ person, revokeAction: REVOKE, endAllAction: END_ALL, apps }) }
}

function cardOf(app: OwnApp, { zone, doctypeOf }: Words): MyApp {
  const { id, client, living, grants } = app
  const used = [
    ...grants.flatMap(({ use }) => use?.last_used ?? []),
    ...living.flatMap(({ grant }) => (grant.last_used > grant.created ? [grant.last_used] : [])),
  ]
  return {
    clientId: id,
    name: client?.name ?? id,
    host: client ? hostOf(client.defaultRedirectUri) : '',
    href: ownPathOf(id),
    scopes: [...new Set(living.flatMap(({ grant, unsaid }) => [...splitScope(grant.granted), ...unsaid]))],
    limits: living.flatMap(({ grant }) => limitsOf(grant.filters, doctypeOf)),
    since: sinceOf(app, zone),
    lastUsed: used.length === 0 ? undefined : shownTime(Math.max(...used), zone),
  }
}

async function showOne({ caller, params }: Request, person: Person, parts: MyAppsParts): Promise<Answer> {
  const id = params['id'] ?? ''
  const report = await parts.apps.reportOwn(caller, id)
  const [app] = await parts.apps.listOwn(caller, id)
  const view = {
    person,
    clientId: id,
    name: app?.client?.name ?? id,
    host: app?.client ? hostOf(app.client.defaultRedirectUri) : '',
    use: useView(report, parts),
    grants: (app?.grants ?? []).map((grant) => grantView(grant, parts, false)),
    actions: { endGrant: END_GRANT, endToken: END_TOKEN },
    revokeAction: REVOKE,
  }
  return { page: myAppPage(view) }
}

/** Ends every grant of the app; what was unticked is forgotten with them. */
async function revoke({ caller, form }: Request, _person: Person, { apps }: MyAppsParts): Promise<Answer> {
  const client = form?.get('client_id') ?? ''
  // Without a name it would be all of them.
  if (client === '') throw invalid('Send client_id')
  await apps.endOwn(caller, client)
  return { location: paths.myApps }
}

/** As `revoke`, for a script of the session's own page. */
async function deleteClient({ caller, args }: Request, { apps }: MyAppsParts): Promise<Answer> {
  const { client_id: client } = args
  if (typeof client !== 'string' || client === '') throw invalid('Send client_id')
  await apps.endOwn(caller, client)
  return { json: {} }
}

async function endAll({ caller }: Request, _person: Person, { apps }: MyAppsParts): Promise<Answer> {
  await apps.endOwn(caller)
  return { location: paths.myApps }
}

async function endGrant({ caller, form }: Request, _person: Person, { apps }: MyAppsParts): Promise<Answer> {
  await apps.endGrant(caller, form?.get('grant') ?? '')
  return { location: paths.myApps }
}

async function endToken({ caller, form }: Request, _person: Person, { apps }: MyAppsParts): Promise<Answer> {
  await apps.endToken(caller, form?.get('token') ?? '')
  return { location: paths.myApps }
}
