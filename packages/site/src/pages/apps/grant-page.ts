import { html } from '../html.ts'
import { layout, type Person } from '../layout.ts'
import { appTexts } from './app-texts.ts'
import { grantCard, type GrantActions, type GrantView } from './grant-parts.ts'
import { useCard, type UseView } from './use-parts.ts'

export interface GrantPageView {
  readonly person: Person
  /** Of its app. */
  readonly name: string
  /** The page with all connections of the app. */
  readonly backHref: string
  readonly use: UseView
  readonly grant: GrantView
  readonly actions: GrantActions
}

const t = appTexts.grant

/** What was done with one connection, its tokens, and the ways to end them. */
export function grantPage({ person, name, backHref, use, grant, actions }: GrantPageView): string {
  const main = html`<p><a href="${backHref}">${t.back}</a></p>
    ${useCard(use)}
    <h2>${t.one}</h2>
    ${grantCard(grant, actions, person)}`
  return layout({ title: name, person, main })
}
