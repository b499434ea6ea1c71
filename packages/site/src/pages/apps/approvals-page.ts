import { hiddenFields, html, shownName, type Html } from '../html.ts'
import { layout, type Person } from '../layout.ts'
import { paths } from '../paths.ts'
import { texts } from '../texts.ts'
import { appTexts } from './app-texts.ts'

/** One user’s wish to use an app. */
export interface ApplicantView {
  readonly client: string
  readonly appName: string
  readonly user: string
  readonly asked: string
}

export interface ApprovalsView {
  readonly person: Person
  /** Where a decision is posted, with `client`, `user`, `decision` (`approve` or `refuse`) and `csrf_token`. */
  readonly action: string
  readonly waiting: readonly ApplicantView[]
  /** Whom the page lets one decide about anew. */
  readonly approved: readonly ApplicantView[]
  readonly refused: readonly ApplicantView[]
}

type Decision = 'approve' | 'refuse'

const t = appTexts.site

/** Who waits for a System Manager to let them use an app, and about whom one has decided: each decision can be taken back. */
export function approvalsPage(view: ApprovalsView): string {
  const { waiting, approved, refused } = view
  const list = waiting.length === 0 ? html`<p>${t.approvalsNone}</p>` : waiting.map((each) => card(each, ['approve', 'refuse'], view))
  const main = html`<p><a href="${paths.connectedApps}">${texts.connectedApps.back}</a></p>
    ${list} ${decided(t.approved, approved, 'refuse', view)} ${decided(t.refused, refused, 'approve', view)}`
  return layout({ title: t.approvals, person: view.person, main })
}

const decided = (title: string, list: readonly ApplicantView[], decision: Decision, view: ApprovalsView): Html | false =>
  list.length > 0 &&
  html`<details>
    <summary>${title} (${list.length})</summary>
    ${list.map((each) => card(each, [decision], view))}
  </details>`

const card = ({ client, appName, user, asked }: ApplicantView, decisions: readonly Decision[], { action, person }: ApprovalsView): Html =>
  html`<form class="card" method="post" action="${action}">
    ${hiddenFields({ client, user, csrf_token: person.csrf })}
    <dl>
      <dt>${t.user}</dt>
      <dd>${shownName(user)}</dd>
      <dt>${t.app}</dt>
      <dd>${shownName(appName)}</dd>
      <dt>${t.asked}</dt>
      <dd>${asked}</dd>
    </dl>
    <div class="actions">${decisions.map((decision) => button(decision, user, appName))}</div>
  </form>`

const button = (decision: Decision, user: string, appName: string): Html =>
  html`<button class="${decision === 'approve' ? 'main' : 'bad'}" name="decision" value="${decision}">
    ${t[decision]}<span class="unseen"> ${shownName(user)}: ${shownName(appName)}</span>
  </button>`
