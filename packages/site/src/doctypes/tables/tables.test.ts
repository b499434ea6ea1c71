import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Document } from '@annex/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { insertDocType, insertDocument, readStored, removeDocType, startSite, updateDocType } from '../doctypes.fixture.ts'
import type { TestSite } from '../doctypes.fixture.ts'

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

  it('refuses a type that stored values do not fit, and stays as it was', async () => {
    const definition = await make(field('a', 'Data'))
    const name = await write(definition, { a: 'x' })
    await expect(set(definition, field('a', 'Int'))).rejects.toThrow(
      'Field a: documents hold values of the type Data, which cannot become Int; add a new field',
    )
    expect(await read(definition, name)).toMatchObject({ a: 'x' })
    expect(site.doctypes.require(String(definition.name)).fields[0]?.fieldtype).toBe('Data')
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
      /^index_\w+_t$/,
      /^index_\w+_who$/,
      /^index_\w+_s$/,
    ])
      expect(found.some((name) => part.test(name))).toBe(true)
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
