import { hiddenFields, html, plain, shownName, type Html } from '../html.ts'
import { layout, type Person } from '../layout.ts'
import { paths } from '../paths.ts'
import { texts } from '../texts.ts'
import { appTexts, filled } from './app-texts.ts'
import { useCard, type UseView } from './use-parts.ts'

/** One app that acts in a user's name, over all of its connections. */
export interface UserApp {
  readonly name: string
  /** The page on what it did and who is connected. */
  readonly href: string
  readonly connections: number
  /** In words. */
  readonly rights: readonly string[]
  readonly since: string
}

export interface UserConnectionsView {
  readonly person: Person
  /** Where another user is asked for, with `user` and `csrf_token`. */
  readonly action: string
  /** The page that asks whether all of it shall end. */
  readonly endHref: string
  /** Empty when nobody is asked about yet. */
  readonly user: string
  /** Whether there is such a user, who may sign in. */
  readonly isKnown: boolean
  readonly apps: readonly UserApp[]
  /** What they did; absent where there are none. */
  readonly use?: UseView | undefined
  /** Where they called from, in words. */
  readonly networks: readonly string[]
  /** Absent for one whom no switch is for. */
  readonly access?: UserAccess | undefined
  readonly identities: readonly UserIdentity[]
  /** Posted with `user`, `issuer` and `csrf_token`. */
  readonly untieAction: string
}

/** Whether programs may act for the user. */
export interface UserAccess {
  readonly isOn: boolean
  /** Posted with `user`, `api_access` and `csrf_token`. */
  readonly action: string
}

/** A site that the user signs in by. */
export interface UserIdentity {
  readonly issuer: string
  /** Absent while nobody can sign in by it. */
  readonly label: string | undefined
  readonly since: string
}

const t = appTexts.user

/** What apps may do in one user's name, for System Managers. */
export function userConnectionsPage(view: UserConnectionsView): string {
  const { person, action, endHref, user, isKnown, apps } = view
  const main = html`<p><a href="${paths.connectedApps}">${texts.connectedApps.back}</a></p>
    ${userForm({ person, action, user })} ${user !== '' && html`<h2>${shownName(user)}</h2>`}
    ${user !== '' && apps.length === 0 && html`<p>${isKnown ? t.none : t.unknown}</p>`} ${apps.map(card)}
    ${apps.length > 0 && html`<p><a class="button bad" href="${endHref}">${t.end}</a></p>`} ${usePart(view)}
    ${view.access && accessCard(view.access, view)} ${view.identities.length > 0 && identitiesPart(view)}`
  return layout({ title: t.title, person, main })
}

/** Asks which user's connections to show. */
export const userForm = ({ person, action, user }: Pick<UserConnectionsView, 'person' | 'action' | 'user'>): Html =>
  html`<form class="card" method="post" action="${action}">
    ${hiddenFields({ csrf_token: person.csrf })}
    <label for="user">${t.title}</label>
    <p class="hint" id="user-hint">${t.hint}</p>
    <input type="text" id="user" name="user" value="${user}" aria-describedby="user-hint" autocomplete="off" maxlength="140" required />
    <div class="actions"><button>${t.show}</button></div>
  </form>`

const card = ({ name, href, connections, rights, since }: UserApp): Html =>
  html`<section class="card">
    <h3><a href="${href}">${shownName(name)}</a></h3>
    <ul>
      ${rights.map((words) => html`<li>${words}</li>`)}
    </ul>
    <p class="soft">${filled(t.connections, { count: connections, since })}</p>
  </section>`

const usePart = ({ use, networks }: UserConnectionsView): Html | false =>
  use !== undefined &&
  html`${useCard(use, { ...appTexts.use, title: t.did })}
    <p class="soft">${t.didHint}</p>
    ${networks.length > 0 && html`<p>${appTexts.grant.networks}: ${networks.join(', ')}</p>`}`

const accessCard = ({ isOn, action }: UserAccess, { user, person }: UserConnectionsView): Html =>
  html`<section class="card">
    <h2>${t.access}</h2>
    <p>${isOn ? t.accessOn : t.accessOff}</p>
    <form method="post" action="${action}">
      ${hiddenFields({ user, api_access: isOn ? '0' : '1', csrf_token: person.csrf })}<button ${isOn && html`class="bad"`}>
        ${isOn ? t.switchOff : t.switchOn}
      </button>
    </form>
  </section>`

const identitiesPart = (view: UserConnectionsView): Html =>
  html`<h2>${t.identities}</h2>
    <p class="soft">${t.identitiesHint} <a href="${paths.resetLink}">${t.resetLink}</a></p>
    ${view.identities.map((identity) => identityCard(identity, view))}`

const identityCard = ({ issuer, label, since }: UserIdentity, { untieAction, user, person }: UserConnectionsView): Html =>
  html`<section class="card">
    <h3>${shownName(label ?? issuer)}${label === undefined && html` <span class="tag">${texts.account.keyOff}</span>`}</h3>
    <dl>
      <dt>${texts.account.address}</dt>
      <dd>${plain(issuer)}</dd>
      <dt>${texts.account.tied}</dt>
      <dd>${since}</dd>
    </dl>
    <form method="post" action="${untieAction}">
      ${hiddenFields({ user, issuer, csrf_token: person.csrf })}
      <div class="actions">
        <button class="bad">${texts.account.untie}<span class="unseen"> (${shownName(label ?? issuer)})</span></button>
      </div>
    </form>
  </section>`

export interface EndUserConnectionsView {
  readonly person: Person
  /** Where the answer is posted, with `user` and `csrf_token`. */
  readonly action: string
  readonly backHref: string
  readonly user: string
  readonly count: number
}

/** Asks once more before all of a user's connections end. */
export function endUserConnectionsPage({ person, action, backHref, user, count }: EndUserConnectionsView): string {
  const main = html`<form class="card" method="post" action="${action}">
    ${hiddenFields({ user, csrf_token: person.csrf })}
    <h2>${shownName(user)}</h2>
    <p>${filled(t.sure, { count })}</p>
    <div class="actions"><button class="bad">${t.end}</button><a class="button" href="${backHref}">${t.keep}</a></div>
  </form>`
  return layout({ title: t.title, person, main })
}
