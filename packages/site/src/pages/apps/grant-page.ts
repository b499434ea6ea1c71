import { html } from '../html.ts'
import { layout, type Person } from '../layout.ts'
import { appTexts } from './app-texts.ts'
import { endTokenForm, grantCard, shownHash, type GrantActions, type GrantView, type TokenView } from './grant-parts.ts'
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

interface TokenPageView {
  readonly person: Person
  /** Of its app. */
  readonly name: string
  /** The page of its connection. */
  readonly backHref: string
  readonly use: UseView
  readonly token: TokenView
  /** Where the button that ends it posts. */
  readonly endToken: string
}

/** What was done with one access token, and the way to end it. */
export function tokenPage({ person, name, backHref, use, token, endToken }: TokenPageView): string {
  const main = html`<p><a href="${backHref}">${t.backToOne}</a></p>
    ${useCard(use, appTexts.use.ofToken)}
    <h2>${t.oneToken}</h2>
    <section class="card">
      <p>${t.token[token.kind]} <code>${shownHash(token)}</code></p>
      <p>${t.rights}:</p>
      <ul>
        ${token.rights.map((words) => html`<li>${words}</li>`)}
      </ul>
      <dl>
        <dt>${t.since}</dt>
        <dd>${token.issued}</dd>
        <dt>${t.until}</dt>
        <dd>${token.expires}</dd>
      </dl>
      ${endTokenForm(token, endToken, person)}
    </section>`
  return layout({ title: name, person, main })
}
