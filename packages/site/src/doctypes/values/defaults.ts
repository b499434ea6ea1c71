import { fieldKind } from '@annex/protocol'
import type { DocField, DocType, Values } from '@annex/protocol'
import { formatDatetime, formatTimestamp } from './timestamps.ts'

/**
 * What a new document has where its maker says nothing, in the form that callers send.
 * Fields that stay empty, and defaults that another document holds (`:Company`), are absent.
 *
 * @param now - UTC microseconds, shown in the zone for `Today` and `Now`
 */
export function defaultsFor(doctype: DocType, user: string, now: number, zone = 'UTC'): Values {
  const defaults: Record<string, string | number> = {}
  for (const field of doctype.fields) {
    const value = defaultOf(field, user, now, zone)
    if (value !== undefined) defaults[field.fieldname] = value
  }
  return defaults
}

function defaultOf(field: DocField, user: string, now: number, zone: string): string | number | undefined {
  const kind = fieldKind(field)
  if (kind === undefined || kind === 'table' || kind === 'password') return undefined
  if (field.default !== null) return literal(field, field.default, user, now, zone)
  if (field.fieldtype === 'Select') return field.options.split('\n')[0]?.trim() ?? ''
  if (kind === 'int' || kind === 'check' || kind === 'decimal') return 0
  // Frappe fills a Time without a default with the time of day.
  return kind === 'time' ? timeOfDay(now, zone) : undefined
}

/** Known only when a document is made: `Today`, `Now`, `__user`, or the default of another document. */
export const isDynamicDefault = (text: string): boolean => /^(today|now|__user)$/i.test(text) || text.startsWith(':')

function literal(field: DocField, text: string, user: string, now: number, zone: string): string | undefined {
  const word = text.toLowerCase()
  if (word === '__user') return user
  if (word === 'today') return formatTimestamp(now, zone).slice(0, 10)
  if (word === 'now')
    return field.fieldtype === 'Time'
      ? timeOfDay(now, zone)
      : field.fieldtype === 'Date'
        ? formatTimestamp(now, zone).slice(0, 10)
        : formatDatetime(now, zone)
  return text.startsWith(':') ? undefined : text
}

const timeOfDay = (now: number, zone: string): string => formatTimestamp(now, zone).slice(11)
