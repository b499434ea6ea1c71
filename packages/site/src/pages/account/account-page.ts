import { hiddenFields, html, plain, shownName, type Html } from '../html.ts'
import { alertBox, layout, type Person } from '../layout.ts'
import { paths } from '../paths.ts'
import { texts } from '../texts.ts'

const t = texts.account

/** One browser that is signed in. Times are shown as they are. */
export interface SessionView {
  readonly id: string
  readonly browser: string | undefined
  readonly address: string | undefined
  readonly begun: string
  readonly lastSeen: string
  readonly isThis: boolean
}

/** Another site that the person signs in by. */
export interface IdentityView {
  readonly issuer: string
  /** What its button says; absent while its key is turned off. */
  readonly label: string | undefined
  readonly since: string
}

export interface AccountView {
  readonly person: Person
  readonly sessions: readonly SessionView[]
  /** Where one session is ended: posted with `session` and `csrf_token`. */
  readonly endAction: string
  /** Posted with `csrf_token` alone. */
  readonly endOthersAction: string
  readonly endAllAction: string
  readonly identities: readonly IdentityView[]
  /** Posted with `issuer`, `csrf_token` and, where it is asked for, `password`. */
  readonly untieAction: string
  /** What untying takes: `sign-in` when the session is too old and there is no password to type. */
  readonly proof: 'none' | 'password' | 'sign-in'
  readonly error?: string | undefined
}

/** Where a person is signed in, by which other sites, and buttons that end it. */
export function accountPage(view: AccountView): string {
  const main = html`${alertBox(view.error)}
    <section class="card">
      <h2><a href="${paths.factor}">${texts.factor.title}</a></h2>
      <p class="soft">${texts.factor.hint}</p>
    </section>
    ${view.identities.length > 0 && identityCards(view)}
    <h2>${t.sessions}</h2>
    ${view.sessions.map((session) => card(session, view))}
    ${view.sessions.length > 1 && bulk(view, view.endOthersAction, t.endOthers, t.endOthersHint)}
    ${bulk(view, view.endAllAction, t.endAll, t.endAllHint)}`
  return layout({ title: t.title, person: view.person, main })
}

function card(session: SessionView, { person, endAction }: AccountView): Html {
  const name = plain(session.browser ?? t.unknownBrowser)
  return html`<section class="card">
    <h3>${name}${session.isThis && html` <span class="tag">${t.thisOne}</span>`}</h3>
    <dl>
      <dt>${t.begun}</dt>
      <dd>${session.begun}</dd>
      <dt>${t.lastSeen}</dt>
      <dd>${session.lastSeen}</dd>
      ${
        session.address !== undefined &&
        html`<dt>${t.address}</dt>
          <dd>${plain(session.address)}</dd>`
      }
    </dl>
    <form method="post" action="${endAction}">
      ${hiddenFields({ session: session.id, csrf_token: person.csrf })}<button class="bad">
        ${t.end}<span class="unseen"> (${name}, ${session.begun})</span>
      </button>
    </form>
  </section>`
}

const identityCards = (view: AccountView): Html =>
  html`<h2>${t.identities}</h2>
    <p class="soft">${t.identitiesHint}</p>
    ${view.identities.map((identity, index) => identityCard(identity, `password-${index}`, view))}`

const identityCard = ({ issuer, label, since }: IdentityView, field: string, { proof, untieAction, person }: AccountView): Html =>
  html`<section class="card">
    <h3>${shownName(label ?? issuer)}${label === undefined && html` <span class="tag">${t.keyOff}</span>`}</h3>
    <dl>
      <dt>${t.address}</dt>
      <dd>${plain(issuer)}</dd>
      <dt>${t.tied}</dt>
      <dd>${since}</dd>
    </dl>
    ${
      proof === 'sign-in'
        ? html`<p>
            <a href="${`${paths.signIn}?again=1&redirect-to=${encodeURIComponent(paths.account)}`}">${t.signInAgain}</a>
            ${t.signInAgainHint}
          </p>`
        : html`<form method="post" action="${untieAction}">
            ${hiddenFields({ issuer, csrf_token: person.csrf })} ${proof === 'password' && passwordField(field)}
            <div class="actions">
              <button class="bad">${t.untie}<span class="unseen"> (${shownName(label ?? issuer)})</span></button>
            </div>
          </form>`
    }
  </section>`

const passwordField = (id: string): Html =>
  html`<label for="${id}">${texts.signIn.password}</label>
    <input type="password" id="${id}" name="password" autocomplete="current-password" required />`

const bulk = ({ person }: AccountView, action: string, words: string, hint: string): Html =>
  html`<section class="card">
    <p class="hint">${hint}</p>
    <form method="post" action="${action}">${hiddenFields({ csrf_token: person.csrf })}<button class="bad">${words}</button></form>
  </section>`
