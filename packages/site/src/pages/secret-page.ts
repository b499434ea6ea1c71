import { html, shownName } from './html.ts'
import { layout, type Person } from './layout.ts'
import { texts } from './texts.ts'

const t = texts.connectedApps

export interface SecretView {
  readonly person: Person
  readonly appName: string
  readonly clientId: string
  readonly secret: string
  /** Until when the secret before it goes on working. */
  readonly oldUntil?: string | undefined
  /** The app's own page. */
  readonly href: string
}

/** A new secret, shown this once. */
export function secretPage(view: SecretView): string {
  const main = html`<section class="card">
    <h2>${shownName(view.appName)}</h2>
    <p class="alert" role="alert">${t.secretOnce}</p>
    <dl>
      <dt>${t.clientId}</dt>
      <dd><code>${view.clientId}</code></dd>
      <dt>${t.secret}</dt>
      <dd><code>${view.secret}</code></dd>
    </dl>
    ${view.oldUntil !== undefined && html`<p>${t.oldSecretUntil} ${view.oldUntil}.</p>`}
    <p><a class="button main" href="${view.href}">${t.done}</a></p>
  </section>`
  return layout({ title: t.secretTitle, person: view.person, main })
}
