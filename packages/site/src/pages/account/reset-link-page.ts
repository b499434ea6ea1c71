import { hiddenFields, html, shownName, type Html } from '../html.ts'
import { alertBox, layout, type Person } from '../layout.ts'
import { paths } from '../paths.ts'
import { texts } from '../texts.ts'

const t = texts.resetLink

export interface ResetLinkView {
  readonly person: Person
  readonly user?: string | undefined
  /** Shown this once. */
  readonly link?: string | undefined
  readonly error?: string | undefined
}

/** Where a System Manager makes a link for somebody who cannot sign in. */
export function resetLinkPage(view: ResetLinkView): string {
  const main = html`${alertBox(view.error)} ${view.link !== undefined && made(view.link, view.user ?? '')}
    <form class="card" method="post" action="${paths.resetLink}">
      <p class="hint">${t.hint}</p>
      ${hiddenFields({ csrf_token: view.person.csrf })}
      <label for="user">${texts.signIn.user}</label>
      <input type="text" id="user" name="user" value="${view.link === undefined ? (view.user ?? '') : ''}" autocomplete="off" required />
      <div class="actions"><button class="main">${t.button}</button></div>
    </form>`
  return layout({ title: t.title, person: view.person, main })
}

const made = (link: string, user: string): Html =>
  html`<section class="card">
    <h2>${shownName(user)}</h2>
    <p class="alert" role="alert">${t.once}</p>
    <p><code>${link}</code></p>
  </section>`
