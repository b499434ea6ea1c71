import { hiddenFields, html } from '../html.ts'
import { alertBox, layout } from '../layout.ts'
import { paths } from '../paths.ts'
import { texts } from '../texts.ts'

export interface SignInCodeView {
  /** Names the sign-in that waits for its code. */
  readonly pending: string
  readonly redirectTo: string
  readonly error?: string | undefined
}

/** Asks for the code after the password; posts `otp`, `tmp_id` and `redirect-to`. */
export function signInCodePage({ pending, redirectTo, error }: SignInCodeView): string {
  const main = html`${alertBox(error)}
    <form class="card" method="post" action="${paths.signIn}">
      ${hiddenFields({ 'redirect-to': redirectTo, tmp_id: pending })}
      <label for="otp">${texts.factor.code}</label>
      <input type="text" id="otp" name="otp" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" required autofocus />
      <p class="hint">${texts.factor.codeHint}</p>
      <div class="actions"><button class="main">${texts.signIn.button}</button></div>
    </form>`
  return layout({ title: texts.signIn.title, narrow: true, main })
}
