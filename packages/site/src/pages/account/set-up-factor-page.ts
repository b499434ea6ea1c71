import { hiddenFields, html } from '../html.ts'
import { alertBox, layout } from '../layout.ts'
import { paths } from '../paths.ts'
import { texts } from '../texts.ts'
import { enrolmentFacts, type EnrolmentView } from './factor-page.ts'

const t = texts.factor

export interface SetUpFactorView {
  /** Names the sign-in that waits. */
  readonly pending: string
  readonly redirectTo: string
  /** Shown this once; absent when a first code was wrong. */
  readonly enrolment?: EnrolmentView | undefined
  readonly error?: string | undefined
}

/** Between the password and the session of somebody who must have a second factor; posts `otp`, `tmp_id`, `set_up` and `redirect-to`. */
export function setUpFactorPage({ pending, redirectTo, enrolment, error }: SetUpFactorView): string {
  const main = html`${alertBox(error)}
    <p>${t.must}</p>
    <form class="card" method="post" action="${paths.signIn}">
      ${hiddenFields({ 'redirect-to': redirectTo, tmp_id: pending, set_up: '1' })}
      ${enrolment ? enrolmentFacts(enrolment) : html`<p>${t.typeAgain}</p>`}
      <label for="otp">${t.code}</label>
      <input type="text" id="otp" name="otp" inputmode="numeric" autocomplete="one-time-code" required autofocus />
      <div class="actions"><button class="main">${t.confirm}</button></div>
    </form>
    <p><a href="${`${paths.signIn}?redirect-to=${encodeURIComponent(redirectTo)}`}">${t.anewByPassword}</a></p>`
  return layout({ title: t.mustTitle, narrow: true, main })
}
