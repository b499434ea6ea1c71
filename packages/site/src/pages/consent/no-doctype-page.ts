import { html, shownName } from '../html.ts'
import { layout, type Person } from '../layout.ts'
import { texts } from '../texts.ts'

const t = texts.noDoctype

export interface NoDoctypeView {
  readonly person: Person
  readonly appName: string
  /** Those that name a DocType which this site has not. */
  readonly scopes: readonly string[]
  /** Where the app hears what it always hears. */
  readonly back: string
}

/** Told to a System Manager whose app asks for rights on DocTypes that are not there. */
export function noDoctypePage({ person, appName, scopes, back }: NoDoctypeView): string {
  const main = html`<section class="card">
    <p>${shownName(appName)} ${t.asks}</p>
    <ul>
      ${scopes.map((scope) => html`<li><code>${scope}</code></li>`)}
    </ul>
    <p>${t.todo}</p>
    <p class="hint">${t.secret}</p>
    <p><a class="button" href="${back}">${texts.consent.goBack}</a></p>
  </section>`
  return layout({ title: t.title, person, narrow: true, main })
}
