import { html, shownName, type Html } from './html.ts'
import { layout, type Person } from './layout.ts'
import { paths } from './paths.ts'
import { texts } from './texts.ts'

/** Where one lands after signing in. */
export function homePage(person: Person): string {
  const main = html`<p>${texts.home.signedInAs} ${shownName(person.fullName)}.</p>
    ${link(paths.myApps, texts.home.myApps, texts.home.myAppsHint)} ${link(paths.account, texts.home.account, texts.home.accountHint)}
    ${person.systemManager && link(paths.connectedApps, texts.home.connectedApps, texts.home.connectedAppsHint)}
    ${person.systemManager && link(paths.resetLink, texts.home.resetLink, texts.home.resetLinkHint)}`
  return layout({ title: texts.home.title, person, main })
}

const link = (path: string, title: string, hint: string): Html =>
  html`<section class="card">
    <h2><a href="${path}">${title}</a></h2>
    <p class="soft">${hint}</p>
  </section>`
