import { FrappeError, remembering, type Filter } from '@annex/protocol'
import { asText } from './texts.ts'

/** Whether a value meets a condition, as a Frappe on MariaDB judges it: nothing counts as the empty text. */
export function holds(value: unknown, { operator, value: wanted }: Filter): boolean {
  const text = asText(value)
  switch (operator) {
    case '=':
      return wanted !== null && compare(value, wanted) === 0
    case '!=':
      return compare(value, wanted) !== 0
    case '>':
      return value !== null && compare(value, wanted) > 0
    case '<':
      return value !== null && compare(value, wanted) < 0
    case '>=':
      return value !== null && compare(value, wanted) >= 0
    case '<=':
      return value !== null && compare(value, wanted) <= 0
    case 'like':
      return value !== null && isLike(text, asText(wanted))
    case 'not like':
      return !isLike(text, asText(wanted))
    case 'in':
      return listOf(wanted).includes(text)
    case 'not in':
      return !listOf(wanted).includes(text)
    case 'is':
      return (text !== '') === (asText(wanted).toLowerCase() === 'set')
    case 'between':
      return isBetween(value, wanted)
    default:
      throw new FrappeError('ValidationError', `The fake site does not know the operator ${operator}: answer by override`)
  }
}

function compare(value: unknown, wanted: unknown): number {
  if (typeof value === 'number' || typeof wanted === 'number') return Number(value ?? 0) - (Number(wanted) || 0)
  const [a, b] = [asText(value), asText(wanted)]
  return a === b ? 0 : a < b ? -1 : 1
}

/** An empty list matches what is empty. */
function listOf(wanted: unknown): string[] {
  const list = Array.isArray(wanted) ? wanted : asText(wanted).split(',')
  return list.length === 0 ? [''] : list.map((entry) => asText(entry).trim())
}

function isBetween(value: unknown, wanted: unknown): boolean {
  const [from, to] = Array.isArray(wanted) ? (wanted as unknown[]) : []
  // A date alone means the whole day.
  const end = typeof to === 'string' && to.length === 10 && asText(value).length > 10 ? `${to} 23:59:59.999999` : to
  return value !== null && compare(value, from) >= 0 && compare(value, end) <= 0
}

/** `%` any text, `_` any one character; case does not count. */
export const isLike = (text: string, pattern: string): boolean => patternOf(pattern).test(text)

const patternOf = remembering((pattern) => {
  const source = [...pattern].map((character) => {
    if (character === '%') return '.*'
    return character === '_' ? '.' : character.replace(/[\\^$.*+?()[\]{}|/]/, String.raw`\$&`)
  })
  return new RegExp(`^${source.join('')}$`, 'isu')
})
