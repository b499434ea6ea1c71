import { hiddenFields, html, type Html } from './html.ts'
import { alertBox, layout, noticeBox, type Person } from './layout.ts'
import { paths } from './paths.ts'
import { adviceCard, type AdviceView } from './apps/advice-parts.ts'
import { APP_FIELD_GROUPS, NEW_APP_FIELDS } from './apps/app-fields.ts'
import { appTexts } from './apps/app-texts.ts'
import { fieldGroup, type FieldValues } from './apps/field-parts.ts'
import { limitLines, type GrantView } from './apps/grant-parts.ts'
import { stateCard, type AppState } from './apps/state-parts.ts'
import { texts } from './texts.ts'
import type { ConnectedAppValues } from './connected-apps-page.ts'

export interface ConnectedAppSecret {
  readonly id: string
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
  /** Of a new app: what its further settings hold. */
  readonly newFields?: FieldValues | undefined
  /** Absent for a new app. */
  readonly saved?: {
    readonly clientId: string
    readonly state: AppState
    /** The page on what it did. */
    readonly useHref: string
    /** The page on what it is told. */
    readonly toldHref: string
    /** What the settings hold, by their fields. */
    readonly fields: FieldValues
    /** Its row filters in words. */
    readonly limits: GrantView['limits']
    readonly advice: readonly AdviceView[]
    readonly secrets: readonly ConnectedAppSecret[]
    /** Where these are posted, with `csrf_token` alone. */
    readonly rotateAction: string
    readonly retireAction: string
    /** With `state` besides. */
    readonly stateAction: string
    /** With `secret` besides. */
    readonly endSecretAction: string
    /** With `scope` besides. */
    readonly takeAwayAction: string
    /** Relaxations for an old client, in plain words; shown in red. */
    readonly relaxed: readonly string[]
  }
}

const t = texts.connectedApps
const kinds: Readonly<Record<string, string>> = texts.kinds
/** Kinds of apps that cannot do without a redirect URI; of a new one the kind is chosen in the same form, and the site says what lacks. */
const BROWSER_KINDS = ['web', 'public']

/** The form of one registered app, new or saved. */
export function connectedAppPage(view: ConnectedAppView): string {
  const title = view.saved ? view.values.app_name : t.newTitle
  const main = html`<p><a href="${paths.connectedApps}">${t.back}</a></p>
    ${alertBox(view.error)}${noticeBox(view.notice)}${view.saved?.state === 'Retired' && alertBox(t.isRetired)}
    ${
      view.saved &&
      html`<p><a href="${view.saved.useHref}">${appTexts.site.use}</a></p>
        <p><a href="${view.saved.toldHref}">${appTexts.site.told}</a></p>`
    }
    ${view.saved?.relaxed.map((words) => html`<p class="alert">${t.relaxed}: ${words}</p>`)} ${view.saved && limitLines(view.saved.limits)}
    ${view.saved && adviceCard(view.saved.advice, view.saved.takeAwayAction, view.person)} ${form(view)}
    ${view.saved && secretsCard(view.saved, view.person)} ${view.saved && stateCard(view.saved.state, view.saved.stateAction, view.person)}
    ${view.saved && view.saved.state !== 'Retired' && retireCard(view.saved.retireAction, view.person)}`
  return layout({ title, person: view.person, main })
}

const form = ({ action, values, person, saved, newFields, kinds: choices }: ConnectedAppView): Html =>
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
    ${area('redirect_uris', t.redirectUris, t.redirectUrisHint, values.redirect_uris, saved !== undefined && BROWSER_KINDS.includes(values.kind))}
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
    ${saved === undefined && fieldGroup(NEW_APP_FIELDS, newFields ?? {})} ${saved && hiddenFields({ all_settings: '1' })}
    ${saved && APP_FIELD_GROUPS.map((group) => fieldGroup(group, saved.fields))}
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
    ${saved.secrets.map((secret) => secretLine(secret, saved, person))}
    ${
      saved.state !== 'Retired' &&
      html`<p class="hint">${t.rotateHint}</p>
        <form method="post" action="${saved.rotateAction}">${hiddenFields({ csrf_token: person.csrf })}<button>${t.rotate}</button></form>`
    }
  </section>`

const secretLine = ({ id, created, expires, lastUsed }: ConnectedAppSecret, saved: Saved, person: Person): Html =>
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
    </dl>
    ${
      saved.secrets.length > 1 &&
      html`<form method="post" action="${saved.endSecretAction}">
        ${hiddenFields({ secret: id, csrf_token: person.csrf })}<button class="bad">
          ${appTexts.secret.end}<span class="unseen"> (${t.secretCreated} ${created})</span>
        </button>
      </form>`
    }`

const retireCard = (action: string, person: Person): Html =>
  html`<section class="card">
    <p class="hint">${t.retireHint}</p>
    <form method="post" action="${action}">${hiddenFields({ csrf_token: person.csrf })}<button class="bad">${t.retire}</button></form>
  </section>`
