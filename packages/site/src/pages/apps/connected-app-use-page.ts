import { hiddenFields, html, type Html } from '../html.ts'
import { layout, noticeBox, type Person } from '../layout.ts'
import { appTexts, filled } from './app-texts.ts'
import { grantCard, type GrantActions, type GrantView } from './grant-parts.ts'
import { useCard, type UseView } from './use-parts.ts'

export interface ConnectedAppUseView {
  readonly person: Person
  readonly name: string
  /** The page of its settings. */
  readonly href: string
  readonly use: UseView
  readonly grants: readonly GrantView[]
  readonly actions: GrantActions
  /** Where all of its connections are ended, with `csrf_token` alone. */
  readonly endAllAction: string
  /** Where its secret was used from, in words. */
  readonly secretNetworks: readonly string[]
  /** The page on what it is told, and how many messages are there. */
  readonly told: { readonly href: string; readonly waiting: number; readonly dead: number }
  readonly notice?: string | undefined
}

const t = appTexts.site

/** What one app did for everybody, who is connected with it, and what it was told. */
export function connectedAppUsePage(view: ConnectedAppUseView): string {
  const main = html`<p><a href="${view.href}">${t.settings}</a></p>
    ${noticeBox(view.notice)} ${useCard(view.use)}
    ${view.secretNetworks.length > 0 && html`<p>${t.secretNetworks}: ${view.secretNetworks.join(', ')}</p>`}
    <h2>${appTexts.grant.title}</h2>
    ${
      view.grants.length === 0
        ? html`<p>${appTexts.grant.none}</p>`
        : [
            html`<p class="soft">${appTexts.grant.newest}</p>`,
            ...view.grants.map((grant) => grantCard(grant, view.actions, view.person)),
            endAll(view),
          ]
    }
    ${toldCard(view.told)}`
  return layout({ title: view.name, person: view.person, main })
}

const endAll = ({ endAllAction, person }: ConnectedAppUseView): Html =>
  html`<section class="card">
    <p class="hint">${t.endAllHint}</p>
    <form method="post" action="${endAllAction}">${hiddenFields({ csrf_token: person.csrf })}<button class="bad">${t.endAll}</button></form>
  </section>`

const toldCard = ({ href, waiting, dead }: ConnectedAppUseView['told']): Html =>
  html`<section class="card">
    <h2><a href="${href}">${appTexts.told.title}</a></h2>
    <p class="soft">${filled(appTexts.told.counts, { waiting, dead })}</p>
  </section>`
