import { hiddenFields, html, shownName } from '../html.ts'
import { alertBox, layout, noticeBox, type Person } from '../layout.ts'
import { paths } from '../paths.ts'
import { texts } from '../texts.ts'

export interface DeviceCodeView {
  readonly person: Person
  /** What was typed before, after a refusal. */
  readonly typed?: string | undefined
  readonly error?: string | undefined
}

/** Asks for the code that a device shows; the form posts `user_code`. */
export function deviceCodePage({ person, typed, error }: DeviceCodeView): string {
  const main = html`${alertBox(error)}
    <form class="card" method="post" action="${paths.device}">
      ${hiddenFields({ csrf_token: person.csrf })}
      <label for="user_code">${texts.device.code}</label>
      <p class="soft" id="code-hint">${texts.device.hint}</p>
      <input
        type="text"
        id="user_code"
        name="user_code"
        value="${typed ?? ''}"
        aria-describedby="code-hint"
        autocomplete="off"
        autocapitalize="characters"
        spellcheck="false"
        maxlength="20"
        required
        autofocus
      />
      <div class="actions"><button class="main">${texts.device.next}</button></div>
    </form>`
  return layout({ title: texts.device.title, person, narrow: true, main })
}

export interface DeviceAnswerView {
  readonly person: Person
  readonly appName: string
  readonly allowed: boolean
}

/** Says what came of it. */
export function deviceAnswerPage({ person, appName, allowed }: DeviceAnswerView): string {
  const main = html`${noticeBox(allowed ? texts.device.allowed : texts.device.denied)}
    <p><strong>${shownName(appName)}</strong>: ${allowed ? texts.device.goBack : texts.device.nothing}</p>
    <p><a href="${paths.myApps}">${texts.myApps.title}</a></p>`
  return layout({ title: texts.device.title, person, narrow: true, main })
}
