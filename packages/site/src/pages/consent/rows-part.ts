import { html, plain, shownName, type Html } from '../html.ts'
import { texts } from '../texts.ts'

/** Which documents of a DocType alone an app reaches, and who said so. */
export interface ConsentLimit {
  readonly doctype: string
  readonly by: 'site' | 'app' | 'user'
  /** One sentence a filter; all of them hold. */
  readonly words: readonly string[]
}

/** A field in which the person names the documents that the app is kept to. */
export interface ConsentChoice {
  readonly doctype: string
  readonly field: string
  /** As they were named before. */
  readonly names: readonly string[]
}

export interface ConsentRows {
  readonly limits: readonly ConsentLimit[]
  readonly choices: readonly ConsentChoice[]
  /** Whether rights are asked for that a choice leaves no room for. */
  readonly dropsWide: boolean
}

const WHO = { site: texts.consent.limitedBySite, app: texts.consent.limitedByApp, user: texts.consent.limitedByUser } as const

/** What stands under the rights on a DocType: which of its documents the app is kept to, and the field for more. */
export const rowsPart = (rows: ConsentRows | undefined, doctype: string): Html =>
  html`${rows?.limits.filter((limit) => limit.doctype === doctype).map(limitLine)}
  ${rows?.choices.filter((choice) => choice.doctype === doctype).map((choice) => choiceField(choice, rows.dropsWide))}`

/** The limits of DocTypes that no right on the page names. */
export function otherLimits(rows: ConsentRows | undefined, shown: ReadonlySet<string>): Html | false {
  const others = rows?.limits.filter(({ doctype }) => !shown.has(doctype)) ?? []
  if (others.length === 0) return false
  return html`<fieldset>
    <legend>${texts.consent.limits}</legend>
    ${others.map(limitLine)}
  </fieldset>`
}

const limitLine = ({ doctype, by, words }: ConsentLimit): Html =>
  html`<p class="hint">
    ${shownName(doctype)}: ${texts.consent.onlyWhere}
    ${words.map((sentence, index) => html`${index > 0 && html` ${texts.consent.and} `}<strong>${plain(sentence)}</strong>`)} ${WHO[by]}
  </p>`

function choiceField({ doctype, field, names }: ConsentChoice, dropsWide: boolean): Html {
  const hint = `${field}-hint`
  return html`<details${names.length > 0 && html` open`}>
    <summary>${texts.consent.onlyCertain} (${shownName(doctype)})</summary>
    <label for="${field}">${texts.consent.onlyThese}<span class="unseen"> (${shownName(doctype)})</span></label>
    <p class="hint" id="${hint}">${texts.consent.onlyTheseHint}${dropsWide && ` ${texts.consent.dropsWide}`}</p>
    <textarea id="${field}" name="${field}" rows="3" aria-describedby="${hint}" autocapitalize="off" spellcheck="false">
${names.join('\n')}</textarea>
  </details>`
}
