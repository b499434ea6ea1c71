import { invalid, type Values } from '@annex/protocol'
import type { AppField } from '../../../pages/apps/app-fields.ts'
import { appTexts, filled } from '../../../pages/apps/app-texts.ts'
import type { FieldValues } from '../../../pages/apps/field-parts.ts'
import { SETTING_FIELDS } from '../../../pages/apps/settings-fields.ts'
import { textOf } from '../../text-of.ts'

/** What the form holds, from what was posted or from the stored document. Browsers end lines in CR LF. */
export function shownSettings(source: URLSearchParams | Readonly<Record<string, unknown>>): FieldValues {
  const shown = ({ name }: AppField): string => {
    if (!(source instanceof URLSearchParams)) return textOf(source[name])
    return (source.get(name) ?? '').replaceAll('\r\n', '\n').trim()
  }
  return Object.fromEntries(SETTING_FIELDS.map((field) => [field.name, shown(field)]))
}

/**
 * The document's fields for a form.
 *
 * @throws {FrappeError} `ValidationError` for a number that is none: an empty box must not become a nought, which often means no limit
 */
export function settingValues(values: FieldValues): Values {
  return Object.fromEntries(SETTING_FIELDS.map((field) => [field.name, valueOf(field, values[field.name] ?? '')]))
}

function valueOf({ kind, label }: AppField, text: string): unknown {
  if (kind === 'number' && !/^\d{1,9}$/.test(text)) throw invalid(filled(appTexts.settings.noNumber, { label }))
  return text === '' ? null : text
}
