import { hiddenFields, html, shownName, type Html } from './html.ts'
import { alertBox, layout } from './layout.ts'
import { paths } from './paths.ts'
import { texts } from './texts.ts'

export interface SignInView {
  /** Where to go afterwards: a path of this site. */
  readonly redirectTo: string
  /** What was typed before, after a refusal. */
  readonly user?: string | undefined
  readonly error?: string | undefined
  /** Other providers that one may sign in by: names of Social Login Keys, and what their buttons say. */
  readonly providers?: readonly { readonly name: string; readonly label: string }[]
}

/** The sign-in form; it posts `usr`, `pwd` and `redirect-to`. */
export function signInPage({ redirectTo, user, error, providers = [] }: SignInView): string {
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
      <p><a href="${paths.forgotPassword}">${texts.signIn.forgot}</a></p>
    </form>
    ${providers.map((provider) => providerForm(provider, redirectTo))}`
  return layout({ title: texts.signIn.title, narrow: true, main })
}

/** A form of its own, so that no other site can begin it by a link. */
const providerForm = ({ name, label }: { readonly name: string; readonly label: string }, redirectTo: string): Html =>
  html`<form class="card" method="post" action="${`${paths.socialSignIn}/${encodeURIComponent(name)}`}">
    ${hiddenFields({ 'redirect-to': redirectTo })}
    <div class="actions"><button>${texts.signIn.by} ${shownName(label)}</button></div>
  </form>`
