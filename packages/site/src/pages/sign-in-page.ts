import { hiddenFields, html } from './html.ts'
import { alertBox, layout } from './layout.ts'
import { paths } from './paths.ts'
import { texts } from './texts.ts'

export interface SignInView {
  /** Where to go afterwards: a path of this site. */
  readonly redirectTo: string
  /** What was typed before, after a refusal. */
  readonly user?: string | undefined
  readonly error?: string | undefined
}

/** The sign-in form; it posts `usr`, `pwd` and `redirect-to`. */
export function signInPage({ redirectTo, user, error }: SignInView): string {
  const main = html`${alertBox(error)}
    <form class="card" method="post" action="${paths.signIn}">
      ${hiddenFields({ 'redirect-to': redirectTo })}
      <label for="usr">${texts.signIn.user}</label>
      <input
        type="text"
        id="usr"
        name="usr"
        value="${user ?? ''}"
        autocomplete="username"
        autocapitalize="none"
        spellcheck="false"
        required
        autofocus
      />
      <label for="pwd">${texts.signIn.password}</label>
      <input type="password" id="pwd" name="pwd" autocomplete="current-password" required />
      <div class="actions"><button class="main">${texts.signIn.button}</button></div>
    </form>`
  return layout({ title: texts.signIn.title, narrow: true, main })
}
