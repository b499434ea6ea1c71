import { FrappeError, type Document } from '@annex/protocol'
import type { Answer, Exchange } from '../../http/exchange.ts'
import type { HttpServer } from '../../http/server.ts'
import { connectedAppPage, type ConnectedAppView } from '../../pages/connected-app-page.ts'
import { connectedAppsPage, newConnectedApp } from '../../pages/connected-apps-page.ts'
import type { Person } from '../../pages/layout.ts'
import { paths } from '../../pages/paths.ts'
import { secretPage } from '../../pages/secret-page.ts'
import type { Principal } from '../../policy/principal.ts'
import { requireSystemManager, type Clients } from '../clients/clients.ts'
import { hostOf } from '../clients/redirect-uris.ts'
import type { ClientSecretRow } from '../storage/oauth-tables.ts'
import type { Users } from '../oauth-parts.ts'
import { formValues, KINDS, relaxationsOf, shownValues } from './connected-app-form.ts'
import { forPerson, shownTime } from './page-parts.ts'

export interface ConnectedAppsParts {
  readonly clients: Clients
  readonly users: Users
  readonly zone: string
}

type Request = Exchange<Principal>
type Page = (exchange: Request, person: Person, parts: ConnectedAppsParts) => Promise<Answer>

const NEW = `${paths.connectedApps}/new`
const ONE = `${paths.connectedApps}/:id`
const pathOf = (id: string): string => `${paths.connectedApps}/${encodeURIComponent(id)}`
const idOf = (exchange: Request): string => exchange.params['id'] ?? ''

/** The registered apps, for System Managers; others are told so in words. */
export function connectedAppsRoutes(server: HttpServer<Principal>, parts: ConnectedAppsParts): void {
  const page = (run: Page): ((exchange: Request) => Promise<Answer>) =>
    forPerson(parts.users, async (exchange, person) => {
      requireSystemManager(exchange.caller)
      return run(exchange, person, parts)
    })
  const csrf = { csrf: 'required' } as const
  server.route('GET', paths.connectedApps, page(list))
  server.route('GET', NEW, page(showNew))
  server.route('POST', NEW, page(insert), csrf)
  server.route('GET', ONE, page(show))
  server.route('POST', ONE, page(update), csrf)
  server.route('POST', `${ONE}/rotate-secret`, page(rotate), csrf)
  server.route('POST', `${ONE}/retire`, page(retire), csrf)
}

async function list({ caller }: Request, person: Person, { clients, zone }: ConnectedAppsParts): Promise<Answer> {
  const apps = (await clients.list(caller)).map(({ id, name, kind, enabled, defaultRedirectUri, lastUsed }) => ({
    name,
    host: hostOf(defaultRedirectUri),
    kind,
    retired: !enabled,
    lastUsed: lastUsed === undefined ? undefined : shownTime(lastUsed, zone),
    href: pathOf(id),
  }))
  return { page: connectedAppsPage({ person, newHref: NEW, apps }) }
}

async function showNew(_exchange: Request, person: Person): Promise<Answer> {
  return { page: newPage({ person, values: newConnectedApp }) }
}

const newPage = (view: Pick<ConnectedAppView, 'person' | 'values' | 'error'>): string =>
  connectedAppPage({ ...view, action: NEW, kinds: KINDS })

async function insert({ caller, form }: Request, person: Person, { clients }: ConnectedAppsParts): Promise<Answer> {
  const values = shownValues(form)
  try {
    const made = await clients.insert(caller, formValues(values))
    if (made.secret === undefined) return { location: pathOf(made.id) }
    return { page: secretPage({ person, appName: values.app_name, clientId: made.id, secret: made.secret, href: pathOf(made.id) }) }
  } catch (error) {
    return refused(error, (sentence) => newPage({ person, values, error: sentence }))
  }
}

async function show(exchange: Request, person: Person, { clients, zone }: ConnectedAppsParts): Promise<Answer> {
  const id = idOf(exchange)
  const document = await clients.read(exchange.caller, id)
  const secrets = await clients.listSecrets(exchange.caller, id)
  return { page: savedPage({ person, values: shownValues(document) }, document, secrets, zone) }
}

function savedPage(
  view: Pick<ConnectedAppView, 'person' | 'values' | 'error'>,
  document: Document,
  secrets: readonly ClientSecretRow[],
  zone: string,
): string {
  const id = String(document.name)
  const saved = {
    clientId: id,
    retired: document['enabled'] === 0,
    secrets: secrets.map((secret) => shownSecret(secret, zone)),
    rotateAction: `${pathOf(id)}/rotate-secret`,
    retireAction: `${pathOf(id)}/retire`,
    relaxed: relaxationsOf(document),
  }
  return connectedAppPage({ ...view, action: pathOf(id), kinds: KINDS, saved })
}

const shownSecret = (
  { created, expires, last_used: lastUsed }: ClientSecretRow,
  zone: string,
): { created: string; expires?: string; lastUsed?: string } => ({
  created: shownTime(created, zone),
  ...(expires === null ? {} : { expires: shownTime(expires, zone) }),
  ...(lastUsed === null ? {} : { lastUsed: shownTime(lastUsed, zone) }),
})

async function update(exchange: Request, person: Person, { clients, zone }: ConnectedAppsParts): Promise<Answer> {
  const { caller, form } = exchange
  const id = idOf(exchange)
  const values = shownValues(form)
  const before = await clients.read(caller, id)
  try {
    const { secret } = await clients.update(caller, id, formValues(values))
    if (secret === undefined) return { location: pathOf(id) }
    return { page: secretPage({ person, appName: values.app_name, clientId: id, secret, href: pathOf(id) }) }
  } catch (error) {
    const secrets = await clients.listSecrets(caller, id)
    return refused(error, (sentence) => savedPage({ person, values, error: sentence }, before, secrets, zone))
  }
}

async function rotate(exchange: Request, person: Person, { clients, zone }: ConnectedAppsParts): Promise<Answer> {
  const id = idOf(exchange)
  const document = await clients.read(exchange.caller, id)
  const { secret, oldUntil } = await clients.rotateSecret(exchange.caller, id)
  const view = { person, appName: String(document['app_name']), clientId: id, secret, href: pathOf(id) }
  return { page: secretPage({ ...view, oldUntil: oldUntil === undefined ? undefined : shownTime(oldUntil, zone) }) }
}

async function retire(exchange: Request, _person: Person, { clients }: ConnectedAppsParts): Promise<Answer> {
  await clients.retire(exchange.caller, idOf(exchange))
  return { location: paths.connectedApps }
}

/** The form again, with what was typed and why it was refused. */
function refused(error: unknown, page: (sentence: string) => string): Answer {
  if (!(error instanceof FrappeError)) throw error
  return { status: error.status, page: page(error.message) }
}
