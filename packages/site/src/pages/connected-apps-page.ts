import { html, shownName, type Html } from './html.ts'
import { layout, noticeBox, type Person } from './layout.ts'
import { appTexts } from './apps/app-texts.ts'
import { userForm } from './apps/user-connections-page.ts'
import { paths } from './paths.ts'
import { explainTexts } from './explain/explain-texts.ts'
import { texts } from './texts.ts'

/** One registered app, as the list shows it. */
export interface ConnectedApp {
  readonly name: string
  /** Host of its redirect URI. */
  readonly host: string
  readonly kind: string
  /** In a word, what it is in place of being in use. */
  readonly tag?: string | undefined
  readonly lastUsed?: string | undefined
  /** The page where it is changed. */
  readonly href: string
}

export interface ConnectedAppsView {
  readonly person: Person
  readonly newHref: string
  readonly settingsHref: string
  /** Where a user is asked for by name, with `user` and `csrf_token`. */
  readonly userAction: string
  /** The page on who may use an app that asks for approval, and how many wait. */
  readonly approvals: { readonly href: string; readonly count: number }
  readonly apps: readonly ConnectedApp[]
  readonly notice?: string | undefined
}

/** The registered apps, for System Managers. */
export function connectedAppsPage(view: ConnectedAppsView): string {
  const list = view.apps.length === 0 ? html`<p>${texts.connectedApps.empty}</p>` : view.apps.map(card)
  const main = html`${noticeBox(view.notice)}
    <p class="soft">${texts.connectedApps.intro}</p>
    <p><a href="${view.settingsHref}">${appTexts.settings.link}</a></p>
    <p><a href="${paths.explain}">${explainTexts.link}</a></p>
    <p><a class="button main" href="${view.newHref}">${texts.connectedApps.new}</a></p>
    <p><a href="${view.approvals.href}">${appTexts.site.approvals}: ${view.approvals.count}</a></p>
    ${list} ${userForm({ person: view.person, action: view.userAction, user: '' })}`
  return layout({ title: texts.connectedApps.title, person: view.person, main })
}

const kinds: Readonly<Record<string, string>> = texts.kinds

const card = (app: ConnectedApp): Html =>
  html`<section class="card">
    <h2><a href="${app.href}">${shownName(app.name)}</a> ${app.tag !== undefined && html`<span class="tag">${app.tag}</span>`}</h2>
    <dl>
      <dt>${texts.connectedApps.host}</dt>
      <dd>${shownName(app.host)}</dd>
      <dt>${texts.connectedApps.kind}</dt>
      <dd>${kinds[app.kind] ?? app.kind}</dd>
      <dt>${texts.connectedApps.lastUsed}</dt>
      <dd>${app.lastUsed ?? texts.connectedApps.never}</dd>
    </dl>
  </section>`

/** What the form of an app holds; the names are those of the posted fields. */
export interface ConnectedAppValues {
  readonly app_name: string
  /** One a line. */
  readonly redirect_uris: string
  readonly scopes: string
  readonly required_scopes: string
  readonly optional_scopes: string
  /** Posted as `pkce_required=1` or not at all. */
  readonly pkce_required: boolean
  readonly kind: string
}

/** What a new app starts with. */
export const newConnectedApp: ConnectedAppValues = {
  app_name: '',
  redirect_uris: '',
  scopes: 'openid profile email',
  required_scopes: '',
  optional_scopes: '',
  pkce_required: true,
  kind: 'web',
}
