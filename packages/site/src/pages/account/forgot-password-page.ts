import { html, type Html } from '../html.ts'
import { alertBox, layout } from '../layout.ts'
import { paths } from '../paths.ts'
import { texts } from '../texts.ts'

const t = texts.forgotPassword

export interface ForgotPasswordView {
  /** Whether this site sends letters at all. */
  readonly isOpen: boolean
  /** Why nothing was sent: never that there is no such account. */
  readonly error?: string | undefined
}

/** Asks for the address of somebody who cannot sign in; posts `user`. */
export function forgotPasswordPage({ isOpen, error }: ForgotPasswordView): string {
  return whole(html`${alertBox(error)} ${isOpen ? form : html`<p>${t.noMail}</p>`}`)
}

/** The same for every address. */
export const passwordAskedPage = (): string =>
  whole(
    html`<p>${t.asked}</p>
      <p>${t.nothingCame}</p>`,
  )

const form = html`<form class="card" method="post" action="${paths.forgotPassword}">
  <p class="hint">${t.hint}</p>
  <label for="user">${texts.signIn.user}</label>
  <input
    type="text"
    id="user"
    name="user"
    autocomplete="username"
    autocapitalize="none"
    spellcheck="false"
    maxlength="140"
    required
    autofocus
  />
  <div class="actions"><button class="main">${t.button}</button></div>
</form>`

const whole = (main: Html): string =>
  layout({
    title: t.title,
    narrow: true,
    main: html`${main}
      <p><a href="${paths.signIn}">${t.back}</a></p>`,
  })
