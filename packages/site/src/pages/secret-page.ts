import { appTexts } from './apps/app-texts.ts'
import { html, shownName, type Html } from './html.ts'
import { layout, type Person } from './layout.ts'
import { texts } from './texts.ts'

const t = texts.connectedApps

export interface SecretView {
  readonly person: Person
  readonly appName: string
  readonly clientId: string
  /** Absent when only the calls to its event address got one. */
  readonly secret?: string | undefined
  /** `whsec_…`: what the calls to its event address are signed with. */
  readonly eventSecret?: string | undefined
  /** Until when the secret before it goes on working. */
  readonly oldUntil?: string | undefined
  /** The app's own page. */
  readonly href: string
}

const secretLine = (title: string, secret: string | undefined): Html | undefined =>
  secret === undefined
    ? undefined
    : html`<dt>${title}</dt>
        <dd><code>${secret}</code></dd>`

/** A new secret, shown this once. */
export function secretPage(view: SecretView): string {
  const main = html`<section class="card">
    <h2>${shownName(view.appName)}</h2>
    <p class="alert" role="alert">${t.secretOnce}</p>
    <dl>
      <dt>${t.clientId}</dt>
      <dd><code>${view.clientId}</code></dd>
      ${secretLine(t.secret, view.secret)} ${secretLine(appTexts.secret.event, view.eventSecret)}
    </dl>
    ${view.oldUntil !== undefined && html`<p>${t.oldSecretUntil} ${view.oldUntil}.</p>`}
    <p><a class="button main" href="${view.href}">${t.done}</a></p>
  </section>`
  return layout({ title: t.secretTitle, person: view.person, main })
}
