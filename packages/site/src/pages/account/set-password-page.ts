import { hiddenFields, html, shownName } from '../html.ts'
import { alertBox, layout } from '../layout.ts'
import { paths } from '../paths.ts'
import { texts } from '../texts.ts'

const t = texts.setPassword

export interface SetPasswordView {
  /** Of the link; posted with the new `password`. */
  readonly key: string
  readonly user: string
  readonly error?: string | undefined
}

/** Where a reset link leads: a new password, and nothing of the old. */
export function setPasswordPage({ key, user, error }: SetPasswordView): string {
  const main = html`${alertBox(error)}
    <form class="card" method="post" action="${paths.setPassword}">
      <p>${t.for} ${shownName(user)}. ${t.hint}</p>
      ${hiddenFields({ key })}
      <input type="text" name="username" value="${user}" autocomplete="username" hidden />
      <label for="password">${t.password}</label>
      <input type="password" id="password" name="password" autocomplete="new-password" minlength="8" required autofocus />
      <div class="actions"><button class="main">${t.button}</button></div>
    </form>`
  return layout({ title: t.title, narrow: true, main })
}

const closing = (title: string, sentence: string): string =>
  layout({
    title,
    narrow: true,
    main: html`<p>${sentence}</p>
      <p><a class="button main" href="${paths.signIn}">${texts.signIn.button}</a></p>`,
  })

export const passwordSetPage = (): string => closing(t.done, t.doneHint)
/** The link was used, is too old, or never was. */
export const spentLinkPage = (): string => closing(t.spentTitle, t.spent)
