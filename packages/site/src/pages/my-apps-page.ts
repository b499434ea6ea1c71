import { describeScope } from '@annex/protocol'
import { hiddenFields, html, shownName, type Html } from './html.ts'
import { layout, noticeBox, type Person } from './layout.ts'
import { appTexts } from './apps/app-texts.ts'
import { limitLines, type GrantView } from './apps/grant-parts.ts'
import { paths } from './paths.ts'
import { explainTexts } from './explain/explain-texts.ts'
import { texts } from './texts.ts'

/** One app that acts in the person's name, over all its live grants. */
export interface MyApp {
  readonly clientId: string
  readonly name: string
  /** Host of its redirect URI. */
  readonly host: string
  /** The page on what it did. */
  readonly href: string
  /** Which documents alone it reaches, in words. */
  readonly limits: GrantView['limits']
  /** Granted scopes. */
  readonly scopes: readonly string[]
  /** Shown as they are: times in the site's zone. */
  readonly since: string
  readonly lastUsed?: string | undefined
}

export interface MyAppsView {
  readonly person: Person
  /** Where Revoke is posted, with `client_id` and `csrf_token`. */
  readonly revokeAction: string
  /** Where all access is taken away, with `csrf_token` alone. */
  readonly endAllAction: string
  readonly apps: readonly MyApp[]
  readonly notice?: string | undefined
}

/** What each app may do, since when, when it last did, and a button that ends it. */
export function myAppsPage(view: MyAppsView): string {
  const list = view.apps.length === 0 ? html`<p>${texts.myApps.empty}</p>` : view.apps.map((app) => card(app, view))
  return layout({
    title: texts.myApps.title,
    person: view.person,
    main: html`${noticeBox(view.notice)}
      <p class="soft">${texts.myApps.intro}</p>
      <p><a href="${paths.explain}">${explainTexts.link}</a></p>
      ${list} ${view.apps.length > 0 && endAll(view)}`,
  })
}

const endAll = ({ endAllAction, person }: MyAppsView): Html =>
  html`<section class="card">
    <p class="hint">${appTexts.own.endAllHint}</p>
    <form method="post" action="${endAllAction}">
      ${hiddenFields({ csrf_token: person.csrf })}<button class="bad">${appTexts.own.endAll}</button>
    </form>
  </section>`

function card(app: MyApp, view: MyAppsView): Html {
  const rights = app.scopes.length === 0 ? [texts.myApps.noRights] : app.scopes.map(describeScope)
  return html`<section class="card">
    <h2>${shownName(app.name)}</h2>
    <p class="soft">${shownName(app.host)}</p>
    <p>${texts.myApps.may}:</p>
    <ul>
      ${rights.map((words) => html`<li>${words}</li>`)}
    </ul>
    ${limitLines(app.limits)}
    <dl>
      <dt>${texts.myApps.since}</dt>
      <dd>${app.since}</dd>
      <dt>${texts.myApps.lastUsed}</dt>
      <dd>${app.lastUsed ?? texts.myApps.never}</dd>
    </dl>
    <p>
      <a href="${app.href}">${appTexts.own.more}<span class="unseen"> (${shownName(app.name)})</span></a>
    </p>
    <form method="post" action="${view.revokeAction}">
      ${hiddenFields({ client_id: app.clientId, csrf_token: view.person.csrf })}<button class="bad">
        ${texts.myApps.revoke}<span class="unseen"> (${shownName(app.name)})</span>
      </button>
    </form>
  </section>`
}
