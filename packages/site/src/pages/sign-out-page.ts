import { hiddenFields, html, shownName } from './html.ts'
import { layout, type Person } from './layout.ts'
import { paths } from './paths.ts'
import { texts } from './texts.ts'

export interface SignOutView {
  readonly person: Person
  readonly action: string
  /** Posted with the decision. */
  readonly hidden: Readonly<Record<string, string>>
  /** Who asks; absent when nobody says so. */
  readonly appName?: string | undefined
  /** Where the browser goes afterwards. */
  readonly host?: string | undefined
}

const t = texts.signOutPage

/** Asks a person whether they want to sign out; posts `decision` with `sign-out` or `stay`. */
export function signOutPage({ person, action, hidden, appName, host }: SignOutView): string {
  const main = html`<form class="card" method="post" action="${action}">
    <p>${appName === undefined ? t.question : html`${shownName(appName)} ${t.asks}`}</p>
    <p class="soft">${t.signedInAs} ${shownName(person.fullName)}. ${t.appsGoOn}</p>
    ${host !== undefined && html`<p class="soft">${t.goesTo} <strong>${shownName(host)}</strong></p>`}
    ${hiddenFields({ ...hidden, csrf_token: person.csrf })}
    <div class="actions">
      <button class="main" name="decision" value="sign-out">${texts.signOut}</button>
      <button name="decision" value="stay">${t.stay}</button>
    </div>
  </form>`
  return layout({ title: t.title, narrow: true, main })
}

/** Nobody is signed in here any more. */
export function signedOutPage(): string {
  return layout({
    title: t.done,
    narrow: true,
    main: html`<p>${t.doneHint}</p>
      <p><a class="button main" href="${paths.signIn}">${texts.signIn.button}</a></p>`,
  })
}
