import { canonicalDecimal } from '@annex/database'
import type { Values } from '@annex/protocol'
import fc from 'fast-check'

/** A value as it is sent, and as a reader gets it. */
export interface Sent {
  readonly sent: unknown
  readonly shown: unknown
}

export interface Kind {
  readonly definition: Values
  readonly value: fc.Arbitrary<Sent>
}

const same = (value: fc.Arbitrary<unknown>): fc.Arbitrary<Sent> => value.map((sent) => ({ sent, shown: sent }))
const pad = (number: number, width = 2): string => String(number).padStart(width, '0')

/** Any text that can be stored: every plane of Unicode, odd spaces and controls; no zero character, no half of a pair. */
const text = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .oneof(
      fc.string({ unit: 'binary', maxLength }),
      fc.string({ unit: 'grapheme', maxLength: Math.ceil(maxLength / 4) }),
      fc.constantFrom(
        '',
        ' ',
        ' x ',
        '\n',
        '\t\r\n',
        "';--",
        '"',
        '\\',
        '%_',
        '%s',
        '{{7*7}}',
        '\u202e',
        '\ufeff',
        'İı',
        'e\u0301',
        '🏳️‍🌈',
        'null',
        '0',
        'true',
      ),
    )
    .map((value) => [...value.replaceAll('\0', '').toWellFormed()].slice(0, maxLength).join(''))

const withoutTags = (value: string): string => value.replaceAll('<', '‹')
const plain = (maxLength: number): fc.Arbitrary<Sent> => same(text(maxLength).map(withoutTags))
const long = fc.oneof(
  plain(60),
  plain(60).map(({ sent }) => ({ sent: String(sent).repeat(500), shown: String(sent).repeat(500) })),
)

const decimal = (min: number, max: number): fc.Arbitrary<Sent> =>
  fc
    .oneof(
      fc.double({ min, max, noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: Math.ceil(min), max: Math.floor(max) }),
      fc.constantFrom(0, -0, 1e-9, 0.1, 0.000000001, min, max),
      fc.integer({ min: -99_999_999, max: 99_999_999 }).map((cents) => Math.min(max, Math.max(min, cents / 100))),
    )
    .map((sent) => ({ sent, shown: Number(canonicalDecimal(sent)) + 0 }))

const day = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))

const clock = fc
  .record({
    hour: fc.nat({ max: 23 }),
    minute: fc.nat({ max: 59 }),
    second: fc.nat({ max: 59 }),
    micros: fc.oneof(fc.constant(0), fc.nat({ max: 999_999 })),
  })
  .map(({ hour, minute, second, micros }) => ({ hour, rest: `:${pad(minute)}:${pad(second)}${micros === 0 ? '' : `.${pad(micros, 6)}`}` }))

const time = clock.map(({ hour, rest }) => ({ sent: `${pad(hour)}${rest}`, shown: `${hour}${rest}` }))

/** Whole seconds where a double does not hold microseconds. */
const moment = fc.tuple(day, clock).map(([date, { hour, rest }]) => {
  const isExact = date >= '1700' && date < '2250'
  const shown = `${date} ${pad(hour)}${isExact ? rest : rest.slice(0, 6)}`
  return { sent: shown, shown }
})

const json = fc.oneof(
  same(fc.json()),
  fc.dictionary(fc.constantFrom('b', 'a', 'é'), fc.oneof(fc.integer(), fc.constant(null), fc.constantFrom('x', '😀'))).map((sent) => ({
    sent,
    shown: JSON.stringify(Object.fromEntries(Object.entries(sent).toSorted(([one], [other]) => (one < other ? -1 : 1))), null, 4),
  })),
)

const kind = (fieldtype: string, value: fc.Arbitrary<Sent>, rest: Values = {}): Kind => ({ definition: { fieldtype, ...rest }, value })

/** Every kind of field with a value of its own, by a name. */
export const KINDS: Readonly<Record<string, Kind>> = {
  data: kind('Data', plain(140)),
  long_data: kind('Data', plain(1000), { length: 1000 }),
  kept: kind('Data', same(text(140)), { ignore_xss_filter: 1 }),
  read_only: kind('Read Only', plain(140)),
  autocomplete: kind('Autocomplete', plain(140)),
  icon: kind('Icon', plain(140)),
  small_text: kind('Small Text', long),
  text: kind('Text', long),
  long_text: kind('Long Text', long),
  text_editor: kind('Text Editor', long),
  html_editor: kind('HTML Editor', long),
  markdown: kind('Markdown Editor', long),
  code: kind('Code', same(text(500))),
  attach: kind('Attach', plain(200)),
  attach_image: kind('Attach Image', plain(200)),
  signature: kind('Signature', plain(200)),
  barcode: kind('Barcode', plain(40)),
  choice: kind('Select', same(fc.constantFrom('', 'One', 'Zwölf', '三')), { options: '\nOne\nZwölf\n三' }),
  color: kind('Color', same(fc.constantFrom('', '#fff', '#449CF0', 'red', 'rgb(1, 2, 3)'))),
  phone: kind('Phone', same(fc.constantFrom('', '+49 30 123-456', '(0)7 88'))),
  link: kind('Link', same(fc.constantFrom(null, 'Role', 'User')), { options: 'DocType' }),
  any_link: kind('Dynamic Link', same(fc.constantFrom(null, 'Role', 'User')), { options: 'link_type' }),
  number: kind(
    'Int',
    same(fc.oneof(fc.integer({ min: -2_147_483_647, max: 2_147_483_647 }), fc.constantFrom(0, -2_147_483_647, 2_147_483_647))),
  ),
  big_number: kind('Int', same(fc.oneof(fc.maxSafeInteger(), fc.constantFrom(Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER))), {
    length: 20,
  }),
  yes: kind('Check', same(fc.constantFrom(0, 1))),
  fraction: kind('Float', decimal(-999_999_999_999, 999_999_999_999)),
  money: kind('Currency', decimal(-999_999_999_999, 999_999_999_999)),
  percent: kind('Percent', decimal(-1000, 1000)),
  rating: kind('Rating', decimal(0, 1)),
  duration: kind('Duration', decimal(0, 1e9)),
  day: kind('Date', same(day)),
  moment: kind('Datetime', moment),
  time: kind('Time', time),
  json: kind('JSON', json),
  place: kind('Geolocation', json),
}

/** A value for each kind of field. */
export const randomBody: fc.Arbitrary<Readonly<Record<string, Sent>>> = fc.record(
  Object.fromEntries(Object.entries(KINDS).map(([name, { value }]) => [name, value])),
)

export const part = (body: Readonly<Record<string, Sent>>, key: keyof Sent): Record<string, unknown> =>
  Object.fromEntries(Object.entries(body).map(([name, value]) => [name, value[key]]))
