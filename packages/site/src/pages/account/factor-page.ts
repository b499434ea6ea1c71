import { hiddenFields, html, type Html } from '../html.ts'
import { alertBox, layout, type Person } from '../layout.ts'
import { paths } from '../paths.ts'
import { texts } from '../texts.ts'

const t = texts.factor

/** What an app on the phone must be told. */
export interface EnrolmentView {
  readonly secret: string
  readonly uri: string
}

export interface FactorView {
  readonly person: Person
  /** To be confirmed; another session's is not shown. */
  readonly enrolment: EnrolmentView | 'elsewhere' | undefined
  /** Recovery codes; undefined while the factor is off. */
  readonly codesLeft: number | undefined
  /** A role asks for it: it cannot be turned off. */
  readonly isRequired?: boolean
  readonly error?: string | undefined
}

/** One's own second factor: set up, confirm, turn off. */
export function factorPage(view: FactorView): string {
  const main = html`${alertBox(view.error)} ${view.codesLeft === undefined ? whileOff(view) : whileOn(view, view.codesLeft)}
    <p><a href="${paths.account}">${texts.account.title}</a></p>`
  return layout({ title: t.title, person: view.person, main })
}

const whileOff = (view: FactorView): Html =>
  html`${typeof view.enrolment === 'object' && confirmForm(view, view.enrolment)} ${passwordForm(view, 'begin', t.begin, hintOf(view))}`

function hintOf({ enrolment }: FactorView): string {
  if (enrolment === 'elsewhere') return t.elsewhere
  return enrolment ? t.anew : t.intro
}

const whileOn = (view: FactorView, codesLeft: number): Html =>
  html`<p>${t.isOn} ${t.codesLeft} <strong>${codesLeft}</strong></p>
    ${view.isRequired === true ? html`<p>${t.required}</p>` : passwordForm(view, 'off', t.off, t.offHint)}`

/** The secret, and the same as an address. */
export const enrolmentFacts = ({ secret, uri }: EnrolmentView): Html =>
  html`<p>${t.enter}</p>
    <dl>
      <dt>${t.secret}</dt>
      <dd><code>${secret}</code></dd>
      <dt>${t.address}</dt>
      <dd><a href="${uri}">${t.open}</a> <code>${uri}</code></dd>
    </dl>`

const confirmForm = ({ person }: FactorView, enrolment: EnrolmentView): Html =>
  html`<form class="card" method="post" action="${paths.factor}/confirm">
    ${enrolmentFacts(enrolment)} ${hiddenFields({ csrf_token: person.csrf })}
    <label for="code">${t.code}</label>
    <input type="text" id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required />
    <div class="actions"><button class="main">${t.confirm}</button></div>
  </form>`

const passwordForm = ({ person }: FactorView, act: 'begin' | 'off', words: string, hint: string): Html =>
  html`<form class="card" method="post" action="${paths.factor}/${act}">
    <p>${hint}</p>
    ${hiddenFields({ csrf_token: person.csrf })}
    <label for="password">${texts.signIn.password}</label>
    <input type="password" id="password" name="password" autocomplete="current-password" required />
    <div class="actions"><button>${words}</button></div>
  </form>`

export interface RecoveryCodesView {
  /** Absent at the end of a sign-in. */
  readonly person?: Person
  readonly codes: readonly string[]
  /** Where one goes on. */
  readonly href: string
}

/** The recovery codes, shown this once. */
export function recoveryCodesPage({ person, codes, href }: RecoveryCodesView): string {
  const main = html`<section class="card">
    <p class="alert" role="alert">${t.codesOnce}</p>
    <ul>
      ${codes.map((code) => html`<li><code>${code}</code></li>`)}
    </ul>
    <p><a class="button main" href="${href}">${texts.connectedApps.done}</a></p>
  </section>`
  return layout({ title: t.codesTitle, person, main })
}
