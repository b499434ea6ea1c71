import { describeScope } from '@annex/protocol'
import { hiddenFields, html, shownName, type Html } from '../html.ts'
import { alertBox, layout, noticeBox, type Person } from '../layout.ts'
import { paths } from '../paths.ts'
import { texts } from '../texts.ts'
import { appTexts, filled } from './app-texts.ts'
import { fieldGroup, type FieldValues } from './field-parts.ts'
import { SETTING_GROUPS } from './settings-fields.ts'

/** What apps may ask for under one name. */
export interface SetView {
  readonly name: string
  readonly title: string
  readonly scopes: readonly string[]
}

export interface SettingsView {
  readonly person: Person
  /** Where Save is posted. */
  readonly action: string
  /** Of the settings when they were read; a save of others is refused. Empty before the first. */
  readonly modified: string
  readonly values: FieldValues
  /** What is in force, whatever was typed. */
  readonly sets: readonly SetView[]
  readonly error?: string | undefined
  /** The settings are others by now. */
  readonly isStale?: boolean
  readonly notice?: string | undefined
}

const t = appTexts.settings

/** What counts for every app of the site, for System Managers. */
export function settingsPage(view: SettingsView): string {
  const { person, action, modified, values, sets } = view
  const main = html`<p><a href="${paths.connectedApps}">${texts.connectedApps.back}</a></p>
    ${view.isStale === true && staleBox(action)}${alertBox(view.error)}${noticeBox(view.notice)}
    <p class="soft">${t.intro}</p>
    <form class="card" method="post" action="${action}">
      ${hiddenFields({ csrf_token: person.csrf, modified })} ${SETTING_GROUPS.map((group) => fieldGroup(group, values))}
      <div class="actions"><button class="main">${texts.connectedApps.save}</button></div>
    </form>
    ${sets.length > 0 && setsCard(sets)}`
  return layout({ title: t.title, person, main })
}

const staleBox = (action: string): Html => html`<p class="alert" role="alert">${t.changed}<a href="${action}">${t.anew}</a>.</p>`

const setsCard = (sets: readonly SetView[]): Html =>
  html`<section class="card">
    <h2>${t.setsNow}</h2>
    ${sets.map(
      ({ name, title, scopes }) =>
        html`<h3>${shownName(filled(t.set, { name, title }))}</h3>
          <ul>
            ${scopes.map((scope) => html`<li>${describeScope(scope)}</li>`)}
          </ul>`,
    )}
  </section>`
