import { hiddenFields, html, shownName, type Html } from '../html.ts'
import { layout, noticeBox, type Person } from '../layout.ts'
import { paths } from '../paths.ts'
import { texts } from '../texts.ts'
import { appTexts } from './app-texts.ts'
import { grantCard, type GrantActions, type GrantView } from './grant-parts.ts'
import { useCard, type UseView } from './use-parts.ts'

export interface MyAppView {
  readonly person: Person
  readonly clientId: string
  readonly name: string
  readonly host: string
  readonly use: UseView
  readonly grants: readonly GrantView[]
  readonly actions: GrantActions
  /** Where Revoke is posted, with `client_id` and `csrf_token`. */
  readonly revokeAction: string
  readonly notice?: string | undefined
}

/** What one app did in the person's name, each of its grants and tokens, and the ways to end them. */
export function myAppPage(view: MyAppView): string {
  const main = html`<p><a href="${paths.myApps}">${appTexts.own.back}</a></p>
    ${noticeBox(view.notice)}
    <p class="soft">${shownName(view.host)}</p>
    ${useCard(view.use)}
    <h2>${appTexts.grant.title}</h2>
    ${view.grants.map((grant) => grantCard(grant, view.actions, view.person))} ${revoke(view)}`
  return layout({ title: view.name, person: view.person, main })
}

const revoke = ({ revokeAction, clientId, person }: MyAppView): Html =>
  html`<section class="card">
    <p class="hint">${texts.myApps.intro}</p>
    <form method="post" action="${revokeAction}">
      ${hiddenFields({ client_id: clientId, csrf_token: person.csrf })}<button class="bad">${texts.myApps.revoke}</button>
    </form>
  </section>`
