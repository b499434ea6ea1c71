import { html, type Html } from '../html.ts'
import type { AppField, AppFieldGroup } from './app-fields.ts'

/** Settings with what they hold; a box holds `1` or nothing. */
export type FieldValues = Readonly<Record<string, string>>

/** A group of settings under its heading. */
export const fieldGroup = ({ title, fields }: AppFieldGroup, values: FieldValues): Html =>
  html`<fieldset>
    <legend>${title}</legend>
    ${fields.map((field) => control(field, values[field.name] ?? ''))}
  </fieldset>`

function control(field: AppField, value: string): Html {
  const { name, label, hint, kind } = field
  if (kind === 'box') return box(field, value)
  const described = hint === undefined ? '' : html` aria-describedby="${name}-hint"`
  return html`<label for="${name}">${label}</label>${hint !== undefined && html`<p class="hint" id="${name}-hint">${hint}</p>`}${input()}`

  function input(): Html {
    if (kind === 'lines') {
      return html`<textarea id="${name}" name="${name}" ${described} autocapitalize="none" spellcheck="false">${value}</textarea>`
    }
    if (kind === 'line')
      return html`<input type="text" id="${name}" name="${name}" value="${value}" ${described} autocapitalize="none" spellcheck="false" />`
    if (kind === 'number')
      return html`<input type="text" inputmode="numeric" pattern="[0-9]*" id="${name}" name="${name}" value="${value}" ${described} />`
    const choices = kind === 'box' ? [] : kind
    return html`<select id="${name}" name="${name}" ${described}>
      ${choices.map((choice) => html`<option value="${choice}" ${choice === value && html` selected`}>${field.words?.[choice] ?? choice}</option>`)}
    </select>`
  }
}

const box = ({ name, label, legacy }: AppField, value: string): Html =>
  html`<label class="box${legacy === true ? ' legacy' : ''}"
    ><input type="checkbox" name="${name}" value="1" ${value === '1' && html` checked`} /> <span>${label}</span></label
  >`
