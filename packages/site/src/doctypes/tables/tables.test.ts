import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Document } from '@annex/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { insertDocType, insertDocument, readStored, removeDocType, startSite, updateDocType } from '../doctypes.fixture.ts'
import type { TestSite } from '../doctypes.fixture.ts'
import { listFormerColumns, purgeFormerColumns } from './former-columns.ts'

const field = (fieldname: string, fieldtype = 'Data', rest: object = {}): object => ({ fieldname, fieldtype, ...rest })

describe.each(engines)('the table of a changed DocType on %s', (engine) => {
  let site: TestSite
  beforeAll(async () => {
    site = await startSite(engine)
  })
  afterAll(() => site.close())

  let count = 0
  const make = async (...fields: object[]): Promise<Document> => insertDocType(site, { name: `Changing ${count++}`, fields })
  const write = (definition: Document, values: object): Promise<string> =>
    insertDocument(site, site.doctypes.require(String(definition.name)), { ...values })
  const read = (definition: Document, name: string): Promise<Record<string, unknown> | undefined> =>
    readStored(site, String(definition.name), name)
  const set = (definition: Document, ...fields: object[]): Promise<Document> => updateDocType(site, definition, { fields })

  it('gets a column for a new field, which begins with its default', async () => {
    const definition = await make(field('a'))
    const name = await write(definition, { a: 'kept' })
    await set(
      definition,
      field('a'),
      field('b'),
      field('n', 'Int', { default: '7' }),
      field('m', 'Int'),
      field('u', 'Data', { unique: 1, default: 'x' }),
      field('t', 'Date', { default: 'Today' }),
    )
    expect(await read(definition, name)).toMatchObject({ a: 'kept', b: null, n: 7, m: 0, u: null, t: null })
  })

  it('keeps the column of a field that is gone, and gives it back when the field returns', async () => {
    const definition = await make(field('a'), field('b', 'Int', { search_index: 1 }))
    const name = await write(definition, { a: 'x', b: 5 })
    const without = await set(definition, field('a'))
    await write(without, { a: 'y' })
    await set(without, field('a'), field('b', 'Int', { search_index: 1 }))
    expect(await read(definition, name)).toMatchObject({ a: 'x', b: 5 })
  })

  it('does not show the values of a gone field through a new one of another type', async () => {
    const definition = await make(field('a'), field('b', 'Data'))
    const name = await write(definition, { b: 'not a day' })
    let changed = await set(definition, field('a'))
    changed = await set(changed, field('a'), field('b', 'Date'))
    expect(await read(definition, name)).toMatchObject({ b: null })
    changed = await set(changed, field('a'))
    await set(changed, field('a'), field('b', 'Int'))
    expect(await read(definition, name)).toMatchObject({ b: 0 })
  })

  it('widens a type and keeps the values, with the index on it', async () => {
    const definition = await make(field('a', 'Int', { search_index: 1 }), field('b', 'Check'), field('c', 'Data'), field('d', 'Date'))
    const name = await write(definition, { a: 41, b: 1, c: 'x', d: '2026-01-31' })
    await set(definition, field('a', 'Currency', { search_index: 1 }), field('b', 'Int'), field('c', 'Long Text'), field('d', 'Data'))
    expect(await read(definition, name)).toMatchObject({ a: 41, b: 1, c: 'x', d: '2026-01-31' })
    const decimal = await write(definition, { a: 0.123456789 })
    expect(await read(definition, decimal)).toMatchObject({ a: 0.123456789 })
  })

  it('refuses a type that some stored values do not fit, says how many and names one, and stays as it was', async () => {
    const definition = await make(field('a', 'Data'))
    const names = [await write(definition, { a: '12' }), await write(definition, { a: 'x' })]
    await expect(set(definition, field('a', 'Int'))).rejects.toThrow(
      `Field a: 1 document of ${definition.name} has a value that is no Int, such as ${names[1]}; change it first, or add a new field`,
    )
    expect(await read(definition, String(names[0]))).toMatchObject({ a: '12' })
    expect(site.doctypes.require(String(definition.name)).fields[0]?.fieldtype).toBe('Data')
  })

  it.each([
    ['Data', 'Int', ['12', '', '-3', '0'], [12, 0, -3, 0]],
    ['Small Text', 'Float', ['12.50', '-0.000000001', null], [12.5, -1e-9, 0]],
    ['Data', 'Date', ['2026-01-31', '2026-01-31 00:00:00', ''], ['2026-01-31', '2026-01-31', null]],
    ['Data', 'Datetime', ['2026-01-31 10:00:00'], [Date.UTC(2026, 0, 31, 10) * 1000]],
    ['Data', 'Time', ['9:30'], ['09:30:00.000000']],
    ['Text', 'JSON', ['{"a":1}', ''], ['{"a":1}', null]],
    ['Text', 'Data', ['short enough'], ['short enough']],
    ['Float', 'Int', [4, -2], [4, -2]],
    ['Float', 'Data', [4.5, 0, 1e-9], ['4.5', '0', '0.000000001']],
    ['Int', 'Check', [0, 1], [0, 1]],
    ['Date', 'Datetime', ['2026-01-31'], [Date.UTC(2026, 0, 31) * 1000]],
    ['Datetime', 'Date', ['2026-01-31 00:00:00'], ['2026-01-31']],
    ['Datetime', 'Data', ['2026-01-31 10:00:00'], ['2026-01-31 10:00:00']],
    ['Time', 'Data', ['09:30:00'], ['9:30:00']],
  ] as const)('turns %s into %s when every value fits', async (before, after, values, kept) => {
    const definition = await make(field('a', before, { search_index: 1 }))
    const names: string[] = []
    for (const a of values) names.push(await write(definition, { a }))
    await set(definition, field('a', after, { search_index: 1 }))
    const found = await Promise.all(names.map((name) => read(definition, name)))
    expect(found.map((row) => row?.['a'])).toEqual(kept)
  })

  it.each([
    ['Data', 'Int', '007'],
    ['Data', 'Int', '1.5'],
    ['Data', 'Float', '1,5'],
    ['Data', 'Float', '0.1234567891'],
    ['Data', 'Float', '123456789012.123456789'],
    ['Data', 'Date', '2026-01-31 10:00:00'],
    ['Data', 'Date', '31.1.2026'],
    ['Data', 'JSON', '{'],
    ['Data', 'Check', '2'],
    ['Float', 'Int', 0.5],
    ['Int', 'Check', 2],
    ['Int', 'Date', 5],
    ['Datetime', 'Date', '2026-01-31 00:00:01'],
    ['Text', 'Data', 'x'.repeat(141)],
    ['Data', 'Phone', 'nobody'],
  ])('does not turn %s into %s for the value %j, of which something would be lost', async (before, after, a) => {
    const definition = await make(field('a', before))
    const stored = await read(definition, await write(definition, { a }))
    await expect(set(definition, field('a', after))).rejects.toThrow(/^Field a: 1 document of .* has a value that is no/)
    expect(await read(definition, String(stored?.['name']))).toEqual(stored)
  })

  it('makes a text field shorter when all its texts fit, and counts those that do not', async () => {
    const definition = await make(field('a'))
    for (const a of ['😀'.repeat(8), 'short']) await write(definition, { a })
    const shorter = await set(definition, field('a', 'Data', { length: 8 }))
    await expect(set(shorter, field('a', 'Data', { length: 4 }))).rejects.toThrow(
      /^Field a: 2 documents of .* have a value that is too long for it now, such as /,
    )
  })

  it('tells of a child row whose document it is', async () => {
    const definition = await insertDocType(site, { name: `Rows ${count++}`, istable: 1, fields: [field('a')] })
    await write(definition, { a: 'x', parent: 'DOC-1', parentfield: 'rows', parenttype: 'Some Parent' })
    await expect(set(definition, field('a', 'Int'))).rejects.toThrow('1 row of Rows')
    await expect(set(definition, field('a', 'Int'))).rejects.toThrow('such as a row of Some Parent DOC-1;')
  })

  it('converts more documents than it holds in memory at a time', async () => {
    const definition = await make(field('a'))
    for (let index = 0; index < 1201; index++) await write(definition, { a: String(index) })
    await set(definition, field('a', 'Int'))
    const sums = await sql`select count(*) as n, sum(a) as total from ${sql.table(`tab${definition.name}`)}`.execute(
      site.database.connection,
    )
    expect(sums.rows).toEqual([{ n: 1201, total: 720_600 }])
  })

  it('gives a gone field its values back under a type that all of them fit', async () => {
    const definition = await make(field('a'), field('b', 'Int'))
    const name = await write(definition, { b: 5 })
    await set(await set(definition, field('a')), field('a'), field('b', 'Data'))
    expect(await read(definition, name)).toMatchObject({ b: '5' })
  })

  it('makes a field unique that several documents leave empty', async () => {
    const definition = await make(field('a'))
    for (const a of ['', '', 'x']) await write(definition, { a })
    await set(definition, field('a', 'Data', { unique: 1 }))
    await expect(write(definition, { a: 'x' })).rejects.toThrow()
  })

  it('takes any type while there are no documents', async () => {
    const definition = await make(field('a', 'Data', { search_index: 1 }))
    await set(definition, field('a', 'Int', { search_index: 1 }))
    const name = await write(definition, { a: 3 })
    expect(await read(definition, name)).toMatchObject({ a: 3 })
  })

  it('lets a unique field have a value once and be empty often', async () => {
    const definition = await make(field('a', 'Data', { unique: 1 }))
    await write(definition, { a: 'x' })
    await write(definition, { a: '' })
    await write(definition, { a: '' })
    const error: unknown = await write(definition, { a: 'x' }).catch((thrown: unknown) => thrown)
    expect(site.dialect.uniqueViolation(error)).toMatchObject({ columns: ['a'], primary: false })
    await set(definition, field('a'))
    await write(definition, { a: 'x' })
  })

  it('refuses to make a field unique whose values are not', async () => {
    const definition = await make(field('a'))
    for (const a of ['x', 'x']) await write(definition, { a })
    await expect(set(definition, field('a', 'Data', { unique: 1 }))).rejects.toThrow(/^Field a: documents of Changing \d+ share a value/)
    await write(definition, { a: 'x' })
  })

  it('has no two names that differ in case alone', async () => {
    const definition = await insertDocType(site, { name: 'Named', autoname: 'prompt' })
    await write(definition, { name: 'Straße' })
    const error: unknown = await write(definition, { name: 'STRAßE' }).catch((thrown: unknown) => thrown)
    expect(site.dialect.uniqueViolation(error)).toMatchObject({ columns: ['_key'], primary: false })
  })

  it('is searched by the fields that are to be searched now', async () => {
    const definition = await insertDocType(site, { name: 'Searched', search_fields: 'a', fields: [field('a'), field('b')] })
    const names = []
    for (let index = 0; index < 3; index++) names.push(await write(definition, { a: `apple ${index}`, b: `Bänana ${index}` }))
    const found = async (text: string): Promise<string[]> => {
      const rows = await sql<{
        name: string
      }>`select name from ${sql.table('tabSearched')} where ${site.dialect.searchIndex.contains('tabSearched', text)}`.execute(
        site.database.connection,
      )
      return rows.rows.map((row) => row.name).toSorted()
    }
    expect([await found('apple'), await found('bänana')]).toEqual([names.toSorted(), []])
    await updateDocType(site, definition, { search_fields: 'b' })
    expect([await found('apple'), await found('bänana 1')]).toEqual([[], [names[1]]])
  })

  it('serves lists by time, links and titles from an index', async () => {
    await insertDocType(site, {
      name: 'Indexed',
      title_field: 't',
      fields: [
        field('t'),
        field('who', 'Link', { options: 'User' }),
        field('u', 'Data', { unique: 1 }),
        field('s', 'Int', { search_index: 1 }),
      ],
    })
    const names =
      engine === 'sqlite'
        ? sql<{ name: string }>`select name from sqlite_schema where type = 'index' and tbl_name = 'tabIndexed'`
        : sql<{ name: string }>`select indexname as name from pg_indexes where tablename = 'tabIndexed'`
    const found = (await names.execute(site.database.connection)).rows.map((row) => row.name)
    for (const part of [
      /^unique_\w+__key$/,
      /^index_\w+_modified_name$/,
      /^unique_\w+_u$/,
      /^index_[0-9a-f]{12}_t_name$/,
      /^index_[0-9a-f]{12}_who_name$/,
      /^index_[0-9a-f]{12}_s_name$/,
    ])
      expect(found.some((name) => part.test(name))).toBe(true)
    expect(found.filter((name) => !/^sqlite_autoindex|_pkey$|~/.test(name))).toHaveLength(6)
  })

  it('takes the longest values in every field that may be indexed, and a document with all fields full', async () => {
    const long = '😀'.repeat(500)
    const definition = await insertDocType(site, {
      name: 'Long',
      title_field: 't',
      fields: [
        field('t', 'Text'),
        field('u', 'Data', { unique: 1, length: 500 }),
        field('s', 'Data', { search_index: 1, length: 500 }),
        field('l', 'Link', { options: 'User', length: 5000 }),
        field('j', 'JSON', { search_index: 1 }),
        ...Array.from({ length: 395 }, (_, index) => field(`f${index}`, 'Long Text')),
      ],
    })
    const texts = Object.fromEntries(
      Array.from({ length: 395 }, (_, index) => [`f${index}`, `${index} ${randomBytes(3000).toString('base64')}`]),
    )
    const whole = {
      name: '😀'.repeat(140),
      t: long.repeat(10),
      u: long,
      s: long,
      l: long.repeat(10),
      j: JSON.stringify([long.repeat(10)]),
      ...texts,
    }
    expect(await read(definition, await write(definition, whole))).toMatchObject(whole)
  })

  it('drops what gone fields left behind when that is asked for, and tells before what it is', async () => {
    const definition = await make(field('a'), field('b', 'Int'), field('c', 'Float'))
    const kept = await write(definition, { a: 'x', b: 5, c: 1 })
    await write(definition, { a: '', b: 6 })
    const changed = await set(await set(definition, field('c', 'Float')), field('c', 'Float'), field('b', 'Check'))
    const name = String(definition.name)
    const former = await listFormerColumns(site.database, site.doctypes, name)
    expect(former).toEqual([
      { column: 'a', values: 1 },
      { column: expect.stringMatching(/^b~/) as string, values: 2 },
    ])
    const other = await site.join()
    const seen = other.doctypes.version
    expect(await purgeFormerColumns(site.database, site.doctypes, name)).toEqual(former)
    expect(await listFormerColumns(site.database, site.doctypes, name)).toEqual([])
    expect(await read(definition, kept)).toEqual(expect.not.objectContaining({ a: 'x' }))
    expect(await read(definition, kept)).toMatchObject({ c: 1, b: 0 })
    await other.doctypes.load()
    expect(other.doctypes.version).toBeGreaterThan(seen)
    await set(changed, field('a'), field('c', 'Float'))
    expect(await read(definition, kept)).toMatchObject({ a: null })
  })

  it('goes with its DocType, and a namesake begins empty', async () => {
    const definition = await insertDocType(site, { name: 'Gone', search_fields: 'a', fields: [field('a'), field('b')] })
    const without = await updateDocType(site, definition, { search_fields: '', fields: [field('b')] })
    await removeDocType(site, without)
    expect(await site.dialect.tableExists(site.database.connection, 'tabGone')).toBe(false)
    const again = await insertDocType(site, { name: 'Gone', fields: [field('b')] })
    await updateDocType(site, again, { fields: [field('a', 'Int'), field('b')] })
    expect(await read(again, await write(again, { a: 1 }))).toMatchObject({ a: 1 })
  })
})
