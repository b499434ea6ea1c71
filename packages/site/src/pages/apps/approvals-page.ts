import { hiddenFields, html, shownName, type Html } from '../html.ts'
import { layout, noticeBox, type Person } from '../layout.ts'
import { paths } from '../paths.ts'
import { texts } from '../texts.ts'
import { appTexts } from './app-texts.ts'

export interface WaitingView {
  readonly client: string
  readonly appName: string
  readonly user: string
  readonly asked: string
}

export interface ApprovalsView {
  readonly person: Person
  /** Where a decision is posted, with `client`, `user`, `decision` (`approve` or `refuse`) and `csrf_token`. */
  readonly action: string
  readonly waiting: readonly WaitingView[]
  readonly notice?: string | undefined
}

const t = appTexts.site

/** Who waits for a System Manager to let them use an app. */
export function approvalsPage(view: ApprovalsView): string {
  const list = view.waiting.length === 0 ? html`<p>${t.approvalsNone}</p>` : view.waiting.map((each) => card(each, view))
  const main = html`<p><a href="${paths.connectedApps}">${texts.connectedApps.back}</a></p>
    ${noticeBox(view.notice)} ${list}`
  return layout({ title: t.approvals, person: view.person, main })
}

const card = ({ client, appName, user, asked }: WaitingView, { action, person }: ApprovalsView): Html =>
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
    <div class="actions">
      <button class="main" name="decision" value="approve">${t.approve}<span class="unseen"> ${shownName(user)}</span></button>
      <button class="bad" name="decision" value="refuse">${t.refuse}<span class="unseen"> ${shownName(user)}</span></button>
    </div>
  </form>`
