import { hiddenFields, html, type Html } from './html.ts'
import { alertBox, layout, noticeBox, type Person } from './layout.ts'
import { paths } from './paths.ts'
import { texts } from './texts.ts'
import type { ConnectedAppValues } from './connected-apps-page.ts'

export interface ConnectedAppSecret {
  /** Shown as they are: times in the site's zone. */
  readonly created: string
  readonly expires?: string | undefined
  readonly lastUsed?: string | undefined
}

export interface ConnectedAppView {
  readonly person: Person
  /** Where Save is posted. */
  readonly action: string
  readonly values: ConnectedAppValues
  /** The values of `kind` that may be chosen. */
  readonly kinds: readonly string[]
  /** Why the last Save was refused. */
  readonly error?: string | undefined
  readonly notice?: string | undefined
  /** Absent for a new app. */
  readonly saved?: {
    readonly clientId: string
    readonly retired: boolean
    readonly secrets: readonly ConnectedAppSecret[]
    /** Where these are posted, with `csrf_token` alone. */
    readonly rotateAction: string
    readonly retireAction: string
    /** Relaxations for an old client, in plain words; shown in red. */
    readonly relaxed: readonly string[]
  }
}

const t = texts.connectedApps
const kinds: Readonly<Record<string, string>> = texts.kinds

/** The form of one registered app, new or saved. */
export function connectedAppPage(view: ConnectedAppView): string {
  const title = view.saved ? view.values.app_name : t.newTitle
  const main = html`<p><a href="${paths.connectedApps}">${t.back}</a></p>
    ${alertBox(view.error)}${noticeBox(view.notice)}${view.saved?.retired === true && alertBox(t.isRetired)}
    ${view.saved?.relaxed.map((words) => html`<p class="alert">${t.relaxed}: ${words}</p>`)} ${form(view)}
    ${view.saved && secretsCard(view.saved, view.person)}
    ${view.saved?.retired === false && retireCard(view.saved.retireAction, view.person)}`
  return layout({ title, person: view.person, main })
}

const form = ({ action, values, person, saved, kinds: choices }: ConnectedAppView): Html =>
  html` <form class="card" method="post" action="${action}">
    ${hiddenFields({ csrf_token: person.csrf })}
    ${
      saved &&
      html`<dl>
        <dt>${t.clientId}</dt>
        <dd><code>${saved.clientId}</code></dd>
      </dl>`
    }
    <label for="app_name">${t.name}</label>
    <input type="text" id="app_name" name="app_name" value="${values.app_name}" maxlength="140" required />
    ${area('redirect_uris', t.redirectUris, t.redirectUrisHint, values.redirect_uris, true)}
    ${area('scopes', t.scopes, t.scopesHint, values.scopes, true)}
    ${area('required_scopes', t.requiredScopes, t.requiredScopesHint, values.required_scopes, false)}
    ${area('optional_scopes', t.optionalScopes, t.optionalScopesHint, values.optional_scopes, false)}
    <label for="kind">${t.kind}</label>
    <select id="kind" name="kind">
      ${choices.map((kind) => html`<option value="${kind}" ${kind === values.kind && html` selected`}>${kinds[kind] ?? kind}</option>`)}
    </select>
    <label class="box"
      ><input type="checkbox" name="pkce_required" value="1" ${values.pkce_required && html` checked`} aria-describedby="pkce-hint" />
      ${t.pkce}</label
    >
    <p class="hint" id="pkce-hint">${t.pkceHint}</p>
    <div class="actions"><button class="main">${t.save}</button></div>
  </form>`

const area = (name: string, label: string, hint: string, value: string, required: boolean): Html =>
  html` <label for="${name}">${label}</label>
    <p class="hint" id="${name}-hint">${hint}</p>
    <textarea
      id="${name}"
      name="${name}"
      aria-describedby="${name}-hint"
      autocapitalize="none"
      spellcheck="false"
      ${required && html` required`}
    >
${value}</textarea>`

type Saved = NonNullable<ConnectedAppView['saved']>

const secretsCard = (saved: Saved, person: Person): Html =>
  html`<section class="card">
    <h2>${t.secrets}</h2>
    ${saved.secrets.map(secretLine)}
    ${
      !saved.retired &&
      html`<p class="hint">${t.rotateHint}</p>
        <form method="post" action="${saved.rotateAction}">${hiddenFields({ csrf_token: person.csrf })}<button>${t.rotate}</button></form>`
    }
  </section>`

const secretLine = ({ created, expires, lastUsed }: ConnectedAppSecret): Html =>
  html`<dl>
    <dt>${t.secretCreated}</dt>
    <dd>${created}</dd>
    ${
      expires !== undefined &&
      html`<dt>${t.secretExpires}</dt>
        <dd>${expires}</dd>`
    }
    <dt>${t.lastUsed}</dt>
    <dd>${lastUsed ?? t.never}</dd>
  </dl>`

const retireCard = (action: string, person: Person): Html =>
  html`<section class="card">
    <p class="hint">${t.retireHint}</p>
    <form method="post" action="${action}">${hiddenFields({ csrf_token: person.csrf })}<button class="bad">${t.retire}</button></form>
  </section>`
