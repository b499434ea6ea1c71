import { FrappeError } from '@annex/protocol'
import type { DocType, Values } from '@annex/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { coreDocType } from '../core-doctypes.ts'
import { startSite } from '../doctypes.fixture.ts'
import type { SiteProcess, TestSite } from '../doctypes.fixture.ts'
import { parseDocType } from '../parse-doctype.ts'
import { checkName, giveBackName, nameFor, namingField, shownName } from './name-for.ts'

const doctypeNamed = (autoname: string, more: Values = {}): DocType =>
  parseDocType(
    {
      name: 'Thing',
      autoname,
      fields: [{ fieldname: 'title' }, { fieldname: 'naming_series', fieldtype: 'Select', options: 'A-.###\nB-.###' }],
      ...more,
    },
    { origin: 'api', id: 'x' },
  )

interface Asked {
  readonly values?: Values
  readonly sent?: Values
}

const nameIn = (site: SiteProcess, doctype: DocType, { values = {}, sent = {} }: Asked = {}): Promise<string> =>
  site.database.transaction((connection) =>
    nameFor({ connection, doctype, values, sent, now: Date.parse('2026-02-03T00:00:00Z') * 1000, zone: 'UTC' }),
  )

describe.each(engines)('a name on %s', (engine) => {
  let site: TestSite
  beforeAll(async () => {
    site = await startSite(engine)
  })
  afterAll(() => site.close())

  const giveBack = (doctype: DocType, name: string, values: Values = {}): Promise<void> =>
    site.database.transaction((connection) =>
      giveBackName({ connection, doctype, name, values, now: Date.parse('2026-02-03T00:00:00Z') * 1000, zone: 'UTC' }),
    )

  const refusal = async (doctype: DocType, asked: Asked): Promise<FrappeError> => {
    const error: unknown = await nameIn(site, doctype, asked).catch((thrown: unknown) => thrown)
    if (error instanceof FrappeError) return error
    throw new Error(`it was not refused: ${String(error)}`)
  }

  it('is random when nothing else is said, whatever the body says', async () => {
    for (const autoname of ['', 'hash', 'Hash'])
      expect(await nameIn(site, doctypeNamed(autoname), { sent: { name: 'MINE' } })).toMatch(/^[0-9a-v]{10}$/)
  })

  it('of a child row is random whatever its DocType says', async () => {
    expect(await nameIn(site, doctypeNamed('prompt', { istable: 1 }), { sent: { name: 'MINE' } })).toMatch(/^[0-9a-v]{10}$/)
  })

  it('comes from the body when it is prompted for', async () => {
    expect(await nameIn(site, doctypeNamed('Prompt'), { sent: { name: ' Mine ' } })).toBe('Mine')
    expect(await nameIn(site, doctypeNamed('prompt'), { sent: { __newname: 'Mine' } })).toBe('Mine')
    expect(await refusal(doctypeNamed('prompt'), {})).toMatchObject({ excType: 'ValidationError', status: 417 })
  })

  it('is the trimmed value of a field', async () => {
    expect(namingField(doctypeNamed('field:title'))).toBe('title')
    expect(await nameIn(site, doctypeNamed('field:title'), { values: { title: ' The Book ' } })).toBe('The Book')
    for (const title of ['  ', null, undefined])
      expect(await refusal(doctypeNamed('field:title'), { values: { title } })).toMatchObject({ excType: 'ValidationError', status: 417 })
  })

  it('of a User is the address in small letters', async () => {
    expect(await nameIn(site, coreDocType('User'), { values: { email: 'Alice@Example.com' } })).toBe('alice@example.com')
  })

  it('is counted within the series that the document names, the first by default', async () => {
    const thing = doctypeNamed('naming_series:')
    expect(await nameIn(site, thing)).toBe('A-001')
    expect(await nameIn(site, thing, { values: { naming_series: 'B-.###' } })).toBe('B-001')
    expect(await nameIn(site, thing, { values: { naming_series: 'NEW-.YYYY.-' } })).toBe('NEW-2026-00001')
    expect(await nameIn(site, thing)).toBe('A-002')
    expect(await refusal(thing, { values: { naming_series: "A'.##" } })).toMatchObject({ excType: 'InvalidNamingSeriesError', status: 417 })
  })

  it('is made of fields and dates in a format, counted within what stands before', async () => {
    const thing = doctypeNamed('format:{title}/{YYYY}-{MM}/{###}')
    expect(await nameIn(site, thing, { values: { title: 'x' } })).toBe('x/2026-02/001')
    expect(await nameIn(site, thing, { values: { title: 'y' } })).toBe('y/2026-02/001')
    expect(await nameIn(site, thing, { values: { title: 'x' } })).toBe('x/2026-02/002')
  })

  it('whose fields are too long is refused before it is counted', async () => {
    const asked = { values: { title: 'x'.repeat(5000) } }
    expect(await refusal(doctypeNamed('format:{title}-{##}'), asked)).toMatchObject({
      excType: 'CharacterLengthExceededError',
      status: 417,
    })
  })

  it('grows beyond the digits of its series', async () => {
    const thing = doctypeNamed('GROW-.#')
    for (let count = 1; count < 10; count++) await nameIn(site, thing)
    expect(await nameIn(site, thing)).toBe('GROW-10')
  })

  it('of a series is unique and without a gap when 40 callers in two processes ask at once and some fail', async () => {
    const other = await site.join()
    const thing = doctypeNamed('C-.####')
    const work = async (process: SiteProcess, fails: boolean): Promise<string | undefined> => {
      try {
        return await process.database.transaction(async (connection) => {
          const name = await nameFor({ connection, doctype: thing, values: {}, sent: {}, now: 0, zone: 'UTC' })
          if (fails) throw new Error('the insert failed')
          return name
        })
      } catch {
        return undefined
      }
    }
    const names = await Promise.all(Array.from({ length: 40 }, (_, index) => work(index % 2 ? site : other, index % 4 === 3)))
    const made = names.filter((name) => name !== undefined).toSorted()
    expect(made).toEqual(Array.from({ length: 30 }, (_, index) => `C-${String(index + 1).padStart(4, '0')}`))
  })

  it('that is the newest of its series is given out again when it is given back, an older one is not', async () => {
    const thing = doctypeNamed('naming_series:')
    const values = { naming_series: 'D-.###' }
    const names = [await nameIn(site, thing, { values }), await nameIn(site, thing, { values })]
    await giveBack(thing, names[0] ?? '', values)
    expect(await nameIn(site, thing, { values })).toBe('D-003')
    await giveBack(thing, 'D-003', values)
    await giveBack(thing, 'D-other', values)
    expect(await nameIn(site, thing, { values })).toBe('D-003')
  })

  it.each([
    ['H-.YYYY.-.##.-X', {}, 'H-2026-01-X'],
    ['format:I/{title}/{#}/{YY}', { title: 'a' }, 'I/a/1/26'],
  ])('of the series %s is given back by what stands before and after the counter', async (autoname, values, first) => {
    const thing = doctypeNamed(autoname)
    expect(await nameIn(site, thing, { values })).toBe(first)
    await giveBack(thing, first, values)
    expect(await nameIn(site, thing, { values })).toBe(first)
  })

  it('beyond the digits of its series is given back too', async () => {
    const thing = doctypeNamed('J-.#')
    for (let count = 0; count < 10; count++) await nameIn(site, thing)
    await giveBack(thing, 'J-10')
    expect(await nameIn(site, thing)).toBe('J-10')
  })

  it('whose series is none any more gives nothing back', async () => {
    const thing = doctypeNamed('naming_series:', { fields: [{ fieldname: 'naming_series' }] })
    for (const series of ['', '<>']) await expect(giveBack(thing, 'A-001', { naming_series: series })).resolves.toBeUndefined()
  })

  it('of an amendment gives nothing back', async () => {
    const thing = doctypeNamed('K-.##')
    await nameIn(site, thing)
    await giveBack(thing, 'K-01-1')
    expect(await nameIn(site, thing)).toBe('K-02')
  })

  it('that is counted is 1, 2, 3, and a number is not given out again', async () => {
    const thing = doctypeNamed('autoincrement', { name: 'Counted' })
    expect([await nameIn(site, thing), await nameIn(site, thing, { sent: { name: 'MINE' } })]).toEqual(['1', '2'])
    await giveBack(thing, '2')
    expect(await nameIn(site, thing)).toBe('3')
    expect([shownName(thing, '12'), shownName(thing, 'twelve'), shownName(doctypeNamed('hash'), '12')]).toEqual([12, 'twelve', '12'])
  })

  it('of a Single is the name of its DocType', async () => {
    expect(await nameIn(site, doctypeNamed('hash', { issingle: 1 }))).toBe('Thing')
  })
})

describe('every name', () => {
  const thing = doctypeNamed('prompt')
  it.each([
    ['', 'ValidationError', 417],
    ['a<b', 'NameError', 409],
    ['a>b', 'NameError', 409],
    ['Thing', 'NameError', 409],
    ['New Thing 1', 'NameError', 409],
    ['x'.repeat(141), 'CharacterLengthExceededError', 417],
    ['a\0b', 'ValidationError', 417],
  ])('that is %j is refused with %s', (name, excType, status) => {
    expect(() => checkName(thing, name)).toThrow(expect.objectContaining({ excType, status }))
  })

  it('may be long, and have slashes, quotes and any letters', () => {
    for (const name of ['x'.repeat(140), 'A/B?c=d&e', `it's "so"`, 'Ünïcödé 😀', '../..']) expect(checkName(thing, name)).toBe(name)
  })
})
