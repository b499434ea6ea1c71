import { FrappeError, type Document } from '@annex/protocol'
import type { Answer } from '../../http/exchange.ts'
import type { HttpServer } from '../../http/server.ts'
import { appTexts } from '../../pages/apps/app-texts.ts'
import { connectedAppUsePage } from '../../pages/apps/connected-app-use-page.ts'
import type { FieldValues } from '../../pages/apps/field-parts.ts'
import { connectedAppPage, type ConnectedAppView } from '../../pages/connected-app-page.ts'
import { connectedAppsPage } from '../../pages/connected-apps-page.ts'
import type { Person } from '../../pages/layout.ts'
import { paths } from '../../pages/paths.ts'
import { secretPage } from '../../pages/secret-page.ts'
import { texts } from '../../pages/texts.ts'
import type { Principal } from '../../policy/principal.ts'
import type { RegisteredClient } from '../clients/clients.ts'
import { stateOf } from '../clients/clients-store.ts'
import type { ListedSecret } from '../clients/secrets/client-secrets.ts'
import { requireSystemManager } from '../clients/require-system-manager.ts'
import { hostOf } from '../clients/redirect-uris.ts'
import type { ListedDelivery } from '../telling/deliveries.ts'
import { textOf } from '../text-of.ts'
import { adviceView, grantView, limitsOf, networkText, useView } from './app-views.ts'
import { decide, showApprovals } from './approvals-routes.ts'
import { endAll, endGrant, endSecret, endToken, retire, rotate, setState, takeAway } from './connected-app-acts.ts'
import {
  fieldValues,
  formValues,
  KINDS,
  newFields,
  newFieldValues,
  relaxationsOf,
  shownFields,
  shownValues,
  suggestedFields,
  suggestedValues,
} from './connected-app-form.ts'
import {
  APPROVALS,
  FRAPPE_NEW,
  NEW,
  ONE,
  SETTINGS_PAGE,
  idOf,
  pathOf,
  toldPathOf,
  type Act,
  type ConnectedAppsParts,
  type Request,
} from './connected-app-paths.ts'
import { forPerson, shownTime } from './page-parts.ts'
import { SITE_GRANT, SITE_TOKEN } from './pages/grant-paths.ts'
import { showSiteGrant, showSiteToken } from './pages/grant-routes.ts'
import { saveSettings, showSettings } from './pages/settings-routes.ts'
import { askToEnd, endUser, findUser, showUser, switchAccess, untieUser } from './people/user-connections-routes.ts'
import { END_USER, UNTIE_USER, USER, USER_ACCESS } from './people/user-paths.ts'
import { endEventSecret, forgetDelivery, retryDelivery, rotateEventSecret, showTold } from './pages/told-routes.ts'

export type { ConnectedAppsParts } from './connected-app-paths.ts'

/** The registered apps, for System Managers; others are told so in words. */
export function connectedAppsRoutes(server: HttpServer<Principal>, parts: ConnectedAppsParts): void {
  const page = (run: Act): ((exchange: Request) => Promise<Answer>) =>
    forPerson(parts.users, async (exchange, person) => {
      requireSystemManager(exchange.caller)
      return run(exchange, person, parts)
    })
  const csrf = { csrf: 'required' } as const
  server.route('GET', paths.connectedApps, page(list))
  server.route('GET', NEW, page(showNew))
  server.route('POST', NEW, page(insert), csrf)
  server.route('GET', FRAPPE_NEW, async ({ query }) => ({ location: query.size === 0 ? NEW : `${NEW}?${query.toString()}` }))
  server.route('GET', SETTINGS_PAGE, page(showSettings))
  server.route('POST', SETTINGS_PAGE, page(saveSettings), csrf)
  server.route('GET', APPROVALS, page(showApprovals))
  server.route('POST', APPROVALS, page(decide), csrf)
  server.route('GET', USER, page(showUser))
  server.route('POST', USER, page(findUser), csrf)
  server.route('GET', END_USER, page(askToEnd))
  server.route('POST', END_USER, page(endUser), csrf)
  server.route('POST', USER_ACCESS, page(switchAccess), csrf)
  server.route('POST', UNTIE_USER, page(untieUser), csrf)
  server.route('GET', ONE, page(show))
  server.route('POST', ONE, page(update), csrf)
  server.route('GET', `${ONE}/use`, page(showUse))
  server.route('GET', SITE_GRANT, page(showSiteGrant))
  server.route('GET', SITE_TOKEN, page(showSiteToken))
  server.route('GET', `${ONE}/told`, page(showTold))
  for (const [path, act] of Object.entries(ACTS)) server.route('POST', `${ONE}/${path}`, page(act), csrf)
}

/** What the buttons of an app's pages do. */
const ACTS: Readonly<Record<string, Act>> = {
  'rotate-secret': rotate,
  'end-secret': endSecret,
  retire,
  state: setState,
  'take-away': takeAway,
  'end-all': endAll,
  'end-grant': endGrant,
  'end-token': endToken,
  'retry-delivery': retryDelivery,
  'forget-delivery': forgetDelivery,
  'rotate-event-secret': rotateEventSecret,
  'end-event-secret': endEventSecret,
}

async function list({ caller }: Request, person: Person, { clients, zone }: ConnectedAppsParts): Promise<Answer> {
  const apps = (await clients.list(caller)).map(({ id, name, kind, state, defaultRedirectUri, lastUsed }) => ({
    name,
    host: hostOf(defaultRedirectUri),
    kind,
    tag: appTexts.state.tags[state],
    lastUsed: lastUsed === undefined ? undefined : shownTime(lastUsed, zone),
    href: pathOf(id),
  }))
  const { length: count } = await clients.approvals.list(caller)
  const approvals = { href: APPROVALS, count }
  return { page: connectedAppsPage({ person, newHref: NEW, settingsHref: SETTINGS_PAGE, userAction: USER, apps, approvals }) }
}

/** A link may fill it in; only who saves it registers anything. */
async function showNew({ query }: Request, person: Person): Promise<Answer> {
  const notice = query.size === 0 ? undefined : texts.connectedApps.suggested
  return { page: newPage({ person, values: suggestedValues(query), newFields: suggestedFields(query), notice }) }
}

const newPage = (view: Pick<ConnectedAppView, 'person' | 'values' | 'newFields' | 'error' | 'notice'>): string =>
  connectedAppPage({ ...view, action: NEW, kinds: KINDS })

async function insert({ caller, form }: Request, person: Person, { clients }: ConnectedAppsParts): Promise<Answer> {
  const values = shownValues(form)
  try {
    return saved(await clients.insert(caller, { ...formValues(values), ...newFieldValues(form) }), values.app_name, person)
  } catch (error) {
    return refused(error, async (sentence) => newPage({ person, values, newFields: newFields(form), error: sentence }))
  }
}

/** The app's page; first the secrets that the change made, which nobody is shown again. */
function saved({ id, secret, eventSecret }: RegisteredClient, appName: string, person: Person): Answer {
  if (secret === undefined && eventSecret === undefined) return { location: pathOf(id) }
  return { page: secretPage({ person, appName, clientId: id, secret, eventSecret, href: pathOf(id) }) }
}

async function show(exchange: Request, person: Person, parts: ConnectedAppsParts): Promise<Answer> {
  const document = await parts.clients.read(exchange.caller, idOf(exchange))
  return { page: await savedPage(exchange, { person, values: shownValues(document) }, { document, fields: shownFields(document) }, parts) }
}

interface Saved {
  readonly document: Document
  readonly fields: FieldValues
}

async function savedPage(
  { caller }: Request,
  view: Pick<ConnectedAppView, 'person' | 'values' | 'error'>,
  { document, fields }: Saved,
  { apps, clients, settings, zone, doctypeOf }: ConnectedAppsParts,
): Promise<string> {
  const id = String(document.name)
  const { unusedRightDays } = await settings.read()
  const shown = {
    clientId: id,
    state: stateOf(document['state'], document['enabled']),
    useHref: `${pathOf(id)}/use`,
    toldHref: toldPathOf(id),
    fields,
    limits: limitsOf(textOf(document['row_filters']), doctypeOf),
    advice: (await apps.advice(caller, id)).map((advice) => adviceView(advice, unusedRightDays)),
    secrets: (await clients.listSecrets(caller, id)).map((secret) => shownSecret(secret, zone)),
    rotateAction: `${pathOf(id)}/rotate-secret`,
    endSecretAction: `${pathOf(id)}/end-secret`,
    takeAwayAction: `${pathOf(id)}/take-away`,
    stateAction: `${pathOf(id)}/state`,
    retireAction: `${pathOf(id)}/retire`,
    relaxed: relaxationsOf(document, await clients.listUses(caller, id), zone),
  }
  return connectedAppPage({ ...view, action: pathOf(id), kinds: KINDS, saved: shown })
}

const shownSecret = (
  { id, created, expires, last_used: lastUsed }: ListedSecret,
  zone: string,
): { id: string; created: string; expires?: string; lastUsed?: string } => ({
  id,
  created: shownTime(created, zone),
  ...(expires === null ? {} : { expires: shownTime(expires, zone) }),
  ...(lastUsed === null ? {} : { lastUsed: shownTime(lastUsed, zone) }),
})

async function update(exchange: Request, person: Person, parts: ConnectedAppsParts): Promise<Answer> {
  const { caller, form } = exchange
  const id = idOf(exchange)
  const values = shownValues(form)
  const document = await parts.clients.read(caller, id)
  try {
    return saved(await parts.clients.update(caller, id, { ...formValues(values), ...fieldValues(form) }), values.app_name, person)
  } catch (error) {
    const fields = form?.get('all_settings') === '1' ? shownFields(form) : shownFields(document)
    return refused(error, (sentence) => savedPage(exchange, { person, values, error: sentence }, { document, fields }, parts))
  }
}

async function showUse(exchange: Request, person: Person, parts: ConnectedAppsParts): Promise<Answer> {
  const { caller } = exchange
  const { apps, clients, telling } = parts
  const id = idOf(exchange)
  const document = await clients.read(caller, id)
  const deliveries = await telling.deliveries.list(caller, id)
  const countOf = (state: ListedDelivery['state']): number => deliveries.filter((delivery) => delivery.state === state).length
  const view = {
    person,
    name: String(document['app_name']),
    href: pathOf(id),
    use: useView(await apps.report(caller, id), parts),
    grants: (await apps.listGrants(caller, id)).map((grant) => grantView(grant, parts, true)),
    actions: { endGrant: `${pathOf(id)}/end-grant`, endToken: `${pathOf(id)}/end-token` },
    endAllAction: `${pathOf(id)}/end-all`,
    secretNetworks: (await apps.listSecretNetworks(caller, id)).map(networkText),
    told: { href: toldPathOf(id), waiting: countOf('waiting'), dead: countOf('dead') },
  }
  return { page: connectedAppUsePage(view) }
}

/** The form again, with what was typed and why it was refused. */
async function refused(error: unknown, page: (sentence: string) => Promise<string>): Promise<Answer> {
  if (!(error instanceof FrappeError)) throw error
  return { status: error.status, page: await page(error.message) }
}
