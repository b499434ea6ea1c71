import { FIELD_KINDS, type Filter, type Operator, type ValueFieldType } from '@annex/protocol'

/**
 * What filters mean, said once more in plain TypeScript over documents as readers get them, without a database:
 * `=` is exact and `like` ignores case, empty text and null are the same, text is compared by code points,
 * numbers and times by size, and what is null comes before every other.
 *
 * Times are in UTC, so that the order of their text is their order.
 */

export interface Thing {
  readonly name: string
  readonly above: string | null
  readonly [fieldname: string]: unknown
}

type Kind = 'text' | 'number' | 'date' | 'time' | 'datetime'
type Cell = string | number | null

/** The reference’s word for a filter that a site must refuse. */
export class Refused extends Error {}

export class Reference {
  readonly #things: readonly Thing[]
  readonly #typeOf: (fieldname: string) => ValueFieldType
  readonly #today: string

  constructor(things: readonly Thing[], typeOf: (fieldname: string) => ValueFieldType, today: string) {
    this.#things = things
    this.#typeOf = typeOf
    this.#today = today
  }

  /** The names that a list shows, in its order; equal ones by name. */
  names(filters: readonly Filter[], orFilters: readonly Filter[], order: string, descending: boolean): string[] {
    const all = filters.map((filter) => this.#condition(filter))
    const some = orFilters.map((filter) => this.#condition(filter))
    const found = this.#things.filter(
      (thing) => all.every((holds) => holds(thing)) && (some.length === 0 || some.some((holds) => holds(thing))),
    )
    const kind = kindOf(this.#typeOf(order))
    const byOrder = (a: Thing, b: Thing): number => compare(cellOf(kind, a[order]), cellOf(kind, b[order]))
    return found.toSorted((a, b) => (descending ? -1 : 1) * byOrder(a, b) || compare(a.name, b.name)).map((thing) => thing.name)
  }

  #condition({ fieldname, operator, value }: Filter): (thing: Thing) => boolean {
    const type = this.#typeOf(fieldname)
    const kind = kindOf(type)
    if (operator.includes(' of')) {
      if (fieldname !== 'name' && fieldname !== 'above') throw new Refused('no tree')
      const nodes = this.#nodes(operator, scalarText(value ?? ''))
      return (thing) => nodes.has(String(thing[fieldname])) !== operator.startsWith('not ')
    }
    const holds = condition(kind, operator, value, this.#today)
    return (thing) => holds(cellOf(kind, thing[fieldname]))
  }

  #nodes(operator: Operator, node: string): Set<string> {
    const above = new Map(this.#things.map((thing) => [thing.name, thing.above]))
    const pathUp = (name: string): string[] => {
      const path: string[] = []
      for (let up = above.get(name); up && !path.includes(up); up = above.get(up)) path.push(up)
      return path
    }
    if (operator.includes('ancestors')) return new Set(above.has(node) ? pathUp(node) : [])
    const below = [...above.keys()].filter((name) => pathUp(name).includes(node))
    return new Set(operator.endsWith('(inclusive)') && above.has(node) ? [node, ...below] : below)
  }
}

function kindOf(type: ValueFieldType): Kind {
  const kind = FIELD_KINDS[type]
  if (kind === 'int' || kind === 'check' || kind === 'decimal') return 'number'
  return kind === 'date' || kind === 'time' || kind === 'datetime' ? kind : 'text'
}

/** A shown value in a form whose order is the order of values. */
function cellOf(kind: Kind, shown: unknown): Cell {
  if (shown === null || shown === undefined) return kind === 'number' ? 0 : null
  if (kind === 'number') return Number(shown)
  const text = scalarText(shown)
  if (kind === 'time') return timeOf(text)
  return kind === 'datetime' ? datetimeOf(text) : text
}

const fraction = (text: string | undefined): string => (text ?? '').padEnd(6, '0')

function timeOf(text: string): string {
  const found = /^(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?$/.exec(text)
  if (!found || Number(found[1]) > 23) throw new Refused('no time')
  return `${found[1]!.padStart(2, '0')}:${found[2]}:${found[3] ?? '00'}.${fraction(found[4])}`
}

function datetimeOf(text: string): string {
  const [day = '', clock = '0:00'] = text.trim().split(' ')
  return `${dateOf(day)} ${timeOf(clock)}`
}

function dateOf(text: string): string {
  const found = /^(\d{4}-\d\d-\d\d)(?: (.+))?$/.exec(text.trim())
  if (!found || Number.isNaN(Date.parse(found[1]!)) || dayText(Date.parse(found[1]!)) !== found[1]) throw new Refused('no date')
  if (found[2] !== undefined) timeOf(found[2])
  return found[1]
}

const dayText = (time: number): string => new Date(time).toISOString().slice(0, 10)

/** By size, or by code points; null first. */
function compare(a: Cell, b: Cell): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null)
  if (typeof a === 'number' || typeof b === 'number') return Number(a) - Number(b)
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function scalarText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  if (typeof value === 'boolean') return value ? '1' : '0'
  throw new Refused('no text')
}

function operandOf(kind: Kind, value: unknown): Cell {
  const text = scalarText(value)
  if (kind === 'text') return text
  if (kind === 'date') return dateOf(text)
  if (kind === 'time') return timeOf(text.trim())
  if (kind === 'datetime') return datetimeOf(text)
  if (text !== '' && !/^-?(\d+\.?\d*|\.\d+)(e-?\d+)?$/.test(text.replaceAll(',', '').trim())) throw new Refused('no number')
  return Number(text.replaceAll(',', ''))
}

const isEmptyValue = (value: unknown): boolean => value === null || value === undefined || value === ''
const isUnset = (kind: Kind, cell: Cell): boolean => cell === null || cell === '' || (kind === 'number' && cell === 0)

type Holds = (cell: Cell) => boolean
const never: Holds = () => false

function condition(kind: Kind, operator: Operator, value: unknown, today: string): Holds {
  switch (operator) {
    case '=':
      return value === null || value === undefined ? never : equal(kind, value)
    case '!=': {
      const same = equal(kind, value)
      return (cell) => !same(cell)
    }
    case '>':
    case '<':
    case '>=':
    case '<=':
      return compared(kind, operator, value)
    case 'like':
      return like(kind, value)
    case 'not like': {
      const alike = like(kind, value)
      return (cell) => !alike(cell)
    }
    case 'in':
      return among(kind, value)
    case 'not in': {
      const one = among(kind, value)
      return (cell) => !one(cell)
    }
    case 'is':
      return isSet(kind, value)
    case 'between':
      return between(kind, value, today)
    default:
      return spanned(kind, operator, value, today)
  }
}

function equal(kind: Kind, value: unknown): Holds {
  if (isEmptyValue(value)) return (cell) => isUnset(kind, cell)
  const wanted = operandOf(kind, value)
  return (cell) => (wanted === 0 ? isUnset(kind, cell) : cell === wanted)
}

function compared(kind: Kind, operator: '>' | '<' | '>=' | '<=', value: unknown): Holds {
  if (value === null || value === undefined) return never
  if (value === '' && kind !== 'text' && kind !== 'number') return never
  const wanted = operandOf(kind, value)
  return (cell) => {
    // Empty text is no text; where there is no time, it is before all times.
    const order = compare(kind === 'text' ? (cell ?? '') : cell, wanted)
    if (operator === '>') return order > 0
    if (operator === '<') return order < 0
    return operator === '>=' ? order >= 0 : order <= 0
  }
}

const fold = (text: string): string => text.toLowerCase().replaceAll('ς', 'σ')

function like(kind: Kind, value: unknown): Holds {
  const pattern = scalarText(value ?? '')
  if (kind === 'datetime' && !/^(%+|%?\d{4}-\d\d-\d\d ?%|%?\d{4}-\d\d-?%|\d{4}-?%)$/.test(pattern)) throw new Refused('no beginning')
  const source = [...fold(pattern)].map((letter) =>
    letter === '%' ? '[^]*' : letter === '_' ? '[^]' : letter.replace(/[\\^$.*+?()[\]{}|/]/u, String.raw`\$&`),
  )
  const matcher = new RegExp(`^${source.join('')}$`, 'u')
  return (cell) => matcher.test(fold(kind === 'number' ? numberText(Number(cell)) : String(cell ?? '')))
}

/** Without an exponent and trailing zeros. */
const numberText = (number: number): string => number.toFixed(9).replace(/\.?0+$/, '')

function among(kind: Kind, value: unknown): Holds {
  const list: readonly unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value.split(',').map((part) => part.trim())
      : [value]
  const each = (list.length === 0 ? [''] : list).map((entry) => equal(kind, entry))
  return (cell) => each.some((holds) => holds(cell))
}

function isSet(kind: Kind, value: unknown): Holds {
  const word = typeof value === 'string' ? value.trim().toLowerCase() : ''
  if (word !== 'set' && word !== 'not set') throw new Refused('neither set nor not set')
  return (cell) => isUnset(kind, cell) === (word === 'not set')
}

const isDated = (kind: Kind): boolean => kind === 'date' || kind === 'datetime'

function between(kind: Kind, value: unknown, today: string): Holds {
  const ends: readonly unknown[] = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',').map((end) => end.trim()) : []
  if (ends.length < 1 || ends.length > 2) throw new Refused('not two ends')
  const [from, to] = [ends[0], ends[1]].map((end) => {
    if (!isEmptyValue(end)) return end
    if (!isDated(kind)) throw new Refused('an end is missing')
    return today
  })
  return within(kind, from, to)
}

function within(kind: Kind, from: unknown, to: unknown): Holds {
  const first = operandOf(kind, from)
  const isDay = kind === 'datetime' && typeof to === 'string' && to.trim().length === 10
  const last = operandOf(kind, isDay ? `${to.trim()} 23:59:59.999999` : to)
  return (cell) => cell !== null && compare(cell, first) >= 0 && compare(cell, last) <= 0
}

function spanned(kind: Kind, operator: Operator, value: unknown, today: string): Holds {
  if (!isDated(kind)) throw new Refused('no date')
  const word = typeof value === 'string' ? value : ''
  if (operator === 'timespan') return within(kind, ...(SPANS[word]?.(today) ?? [today, today]))
  const length = LENGTHS[word]
  if (length === undefined) throw new Refused('no such length')
  return within(kind, ...SPANS[`${operator === 'next' ? 'next' : 'last'} ${length}`]!(today))
}

const LENGTHS: Readonly<Record<string, string>> = {
  '1 week': 'week',
  '1 month': 'month',
  '3 months': 'quarter',
  '6 months': '6 months',
  '1 year': 'year',
}

type Span = (today: string) => [from: string, to: string]
const shifted = (day: string, days: number): string => dayText(Date.parse(day) + days * 86_400_000)

/** Walks from a day, a day at a time, to the last one that is of the same period. */
function edge(day: string, step: 1 | -1, periodOf: (day: string) => string): string {
  let last = day
  while (periodOf(shifted(last, step)) === periodOf(day)) last = shifted(last, step)
  return last
}

const PERIODS: Readonly<Record<string, (day: string) => string>> = {
  // The Sunday on or before the day.
  week: (day) => shifted(day, -new Date(day).getUTCDay()),
  month: (day) => day.slice(0, 7),
  quarter: (day) => `${day.slice(0, 4)} ${Math.floor((Number(day.slice(5, 7)) - 1) / 3)}`,
  year: (day) => day.slice(0, 4),
}

/** The period so many before or after the one of today. */
function periodAt(unit: string, by: number, today: string): [string, string] {
  const periodOf = PERIODS[unit]!
  let day = today
  for (let left = Math.abs(by); left > 0; left -= 1) day = shifted(edge(day, by < 0 ? -1 : 1, periodOf), Math.sign(by))
  return [edge(day, -1, periodOf), edge(day, 1, periodOf)]
}

export const SPANS: Readonly<Record<string, Span>> = {
  today: (day) => [day, day],
  yesterday: (day) => [shifted(day, -1), shifted(day, -1)],
  tomorrow: (day) => [shifted(day, 1), shifted(day, 1)],
  'last 6 months': (day) => [periodAt('quarter', -2, day)[0], periodAt('quarter', -1, day)[1]],
  'next 6 months': (day) => [periodAt('quarter', 1, day)[0], periodAt('quarter', 2, day)[1]],
  ...Object.fromEntries(
    Object.keys(PERIODS).flatMap((unit) => [
      [`last ${unit}`, (day: string) => periodAt(unit, -1, day)],
      [`this ${unit}`, (day: string) => periodAt(unit, 0, day)],
      [`next ${unit}`, (day: string) => periodAt(unit, 1, day)],
    ]),
  ),
  ...Object.fromEntries(
    [7, 14, 30].flatMap((count) => [
      [`last ${count} days`, (day: string) => [shifted(day, -count), day]],
      [`next ${count} days`, (day: string) => [day, shifted(day, count)]],
    ]),
  ),
}
