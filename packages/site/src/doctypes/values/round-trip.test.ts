import { FIELD_KINDS } from '@annex/protocol'
import type { DocType } from '@annex/protocol'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { insertDocType, insertDocument, readStored, startSite } from '../doctypes.fixture.ts'
import type { TestSite } from '../doctypes.fixture.ts'
import { toShown } from './to-shown.ts'
import type { Stored } from './to-stored.ts'

type Case = readonly [fieldtype: string, sent: unknown, shown: unknown]
const LONG = 'Ünïcödé "quotes" \\ %_ 😀\n'.repeat(500)

const CASES: readonly Case[] = [
  ['Data', 'Straße 😀', 'Straße 😀'],
  ['Link', 'User', 'User'],
  ['Dynamic Link', 'anything', 'anything'],
  ['Select', 'Two', 'Two'],
  ['Read Only', 'x', 'x'],
  ['Color', '#ff0000', '#ff0000'],
  ['Icon', 'star', 'star'],
  ['Phone', '+49 30 123-456', '+49 30 123-456'],
  ['Autocomplete', 'x', 'x'],
  ['Small Text', LONG, LONG],
  ['Text', LONG, LONG],
  ['Attach', '/files/a.pdf', '/files/a.pdf'],
  ['Attach Image', '/files/a.png', '/files/a.png'],
  ['Long Text', LONG, LONG],
  ['Code', LONG, LONG],
  ['Text Editor', '<p>x</p>', '<p>x</p>'],
  ['HTML Editor', '<p>x</p>', '<p>x</p>'],
  ['Markdown Editor', '# x', '# x'],
  ['Signature', 'data:image/png;base64,AA', 'data:image/png;base64,AA'],
  ['Barcode', '<svg/>', '<svg/>'],
  ['Geolocation', '{"type":"Point"}', '{"type":"Point"}'],
  ['Int', -2_147_483_647, -2_147_483_647],
  ['Check', 'yes', 1],
  ['Float', '0.1', 0.1],
  ['Currency', '999,999,999,999.999', 999_999_999_999.999],
  ['Percent', 33.333333333, 33.333333333],
  ['Rating', 0.8, 0.8],
  ['Duration', 86_400.5, 86_400.5],
  ['Date', '1899-12-31', '1899-12-31'],
  ['Datetime', '2026-02-03 04:05:06.000007', '2026-02-03 04:05:06.000007'],
  ['Datetime', '9999-12-31 23:59:59', '9999-12-31 23:59:59'],
  ['Time', '08:30', '8:30:00'],
  ['JSON', { a: '😀' }, '{\n    "a": "😀"\n}'],
]

const OPTIONS: Readonly<Record<string, string>> = { Link: 'User', 'Dynamic Link': 'f0', Select: 'One\nTwo' }
const EMPTY: Readonly<Record<string, unknown>> = { Int: 0, Check: 0, Float: 0, Currency: 0, Percent: 0, Rating: 0, Duration: 0 }

describe.each(engines)('on %s', (engine) => {
  let site: TestSite
  let doctype: DocType
  beforeAll(async () => {
    site = await startSite(engine)
    const fields = CASES.map(([fieldtype], index) => ({ fieldname: `f${index}`, fieldtype, options: OPTIONS[fieldtype] ?? '' }))
    await insertDocType(site, { name: 'Everything', fields })
    doctype = site.doctypes.require('Everything')
  })
  afterAll(() => site.close())

  const shownOf = async (name: string): Promise<unknown[]> => {
    const row = await readStored(site, 'Everything', name)
    return doctype.fields.map((field) => toShown(field, row?.[field.fieldname] as Stored, 'UTC'))
  }

  it('a value of every field type comes back as it was sent', async () => {
    const name = await insertDocument(site, doctype, Object.fromEntries(CASES.map(([, sent], index) => [`f${index}`, sent])))
    expect(await shownOf(name)).toEqual(CASES.map(([, , shown]) => shown))
  })

  it('an empty value of every field type comes back empty, numbers as 0', async () => {
    const name = await insertDocument(site, doctype, Object.fromEntries(CASES.map((_, index) => [`f${index}`, null])))
    expect(await shownOf(name)).toEqual(CASES.map(([fieldtype]) => EMPTY[fieldtype] ?? null))
  })

  it('dates, times and moments are ordered as time runs', async () => {
    await insertDocType(site, {
      name: 'Moment',
      fields: ['Date', 'Datetime', 'Time'].map((fieldtype) => ({ fieldname: `a_${fieldtype.toLowerCase()}`, fieldtype })),
    })
    const moment = site.doctypes.require('Moment')
    for (const [day, time] of [
      ['2026-10-01', '9:00'],
      ['2026-02-01', '10:00'],
      ['1969-02-01', '8:59:59.9'],
    ]) {
      await insertDocument(site, moment, { a_date: day, a_datetime: `${day} ${time}`, a_time: time })
    }
    for (const [field, days] of [
      ['a_date', ['1969', '2026-02', '2026-10']],
      ['a_datetime', ['1969', '2026-02', '2026-10']],
      ['a_time', ['1969', '2026-10', '2026-02']],
    ] as const) {
      const { rows } = await sql<{
        a_date: string
      }>`select a_date from ${sql.table('tabMoment')} order by ${site.dialect.order(sql.ref(field))}`.execute(site.database.connection)
      expect(rows.map((row, index) => row.a_date.startsWith(days[index] ?? '?'))).toEqual([true, true, true])
    }
  })
})

it('every field type with a value of its own is tried', () => {
  const tried = new Set(CASES.map(([fieldtype]) => fieldtype))
  expect(Object.keys(FIELD_KINDS).filter((fieldtype) => !tried.has(fieldtype))).toEqual(['Password', 'Table', 'Table MultiSelect'])
})
