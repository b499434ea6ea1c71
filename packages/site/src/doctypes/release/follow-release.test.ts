import { databaseMigrations, dialectOf, migrate, openDatabase } from '@annex/database'
import type { Database } from '@annex/database'
import { OPTIONAL_COLUMNS } from '@annex/protocol'
import type { DocType } from '@annex/protocol'
import { sql } from 'kysely'
import { afterEach, describe, expect, it } from 'vitest'
import { engines, temporaryDatabase } from '../../../../../tests/support/databases.ts'
import { coreDefinitions, coreDocType, parseCore } from '../core-doctypes.ts'
import type { CoreDefinition } from '../core-doctypes.ts'
import { readDefinitionsVersion } from '../doctype-store.ts'
import { doctypeMigrations, doctypeTables } from '../migrations.ts'
import { insertDocument, startProcess, readStored } from '../doctypes.fixture.ts'
import type { SiteProcess } from '../doctypes.fixture.ts'
import { parseDocType } from '../parse-doctype.ts'
import { shortHash, tableName } from '../table-name.ts'
import { createTable } from '../tables.ts'
import { indexesOf } from '../tables/indexes.ts'
import { followRelease } from './follow-release.ts'
import { ReleaseStore } from './release-store.ts'

/** What the release before brought: fewer DocTypes, a DocField and a User with fewer fields, and one that has gone since. */
const NEWER = ['Version', 'Comment', 'ToDo', 'DocShare', 'File', 'Deleted Document', 'Custom DocPerm']
const NEWER_FIELDS: Readonly<Record<string, readonly string[]>> = {
  DocField: ['depends_on', 'fetch_if_empty'],
  DocType: ['is_tree'],
  User: ['last_name'],
}
const before: CoreDefinition[] = coreDefinitions
  .filter(({ name }) => !NEWER.includes(name))
  .map((definition) => ({
    ...definition,
    fields: [
      ...(definition['fields'] as { fieldname: string }[]).filter(({ fieldname }) => !NEWER_FIELDS[definition.name]?.includes(fieldname)),
      ...(definition.name === 'User' ? [{ fieldname: 'nick', fieldtype: 'Data' }] : []),
    ],
  }))

/** Tables as the release before left them: without the columns that every table has now. */
async function age(database: Database): Promise<void> {
  for (const { name, columns } of await dialectOf(database.engine).listTables(database.connection))
    for (const column of OPTIONAL_COLUMNS)
      if (columns.some((there) => there.name === column))
        await sql`alter table ${sql.id(name)} drop column ${sql.id(column)}`.execute(database.connection)
}

describe.each(engines)('a database of the release before, on %s', (engine) => {
  const ends: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end()
  })

  async function oldSite(): Promise<{ url: string; site: SiteProcess }> {
    const place = await temporaryDatabase(engine)
    ends.push(() => place.remove())
    const database = await openDatabase(place.url)
    ends.push(() => database.close())
    await migrate(database, [...databaseMigrations, ...doctypeTables])
    await followRelease(database, undefined, before)
    // Since then its own migrations have run under their names.
    await migrate(
      database,
      doctypeMigrations.map((migration) => ({ ...migration, up: async () => {} })),
    )
    const site = await startProcess(place.url)
    ends.push(() => site.close())
    return { url: place.url, site }
  }
  const column = async (database: Database, table: string): Promise<string[]> => dialectOf(engine).columnsOf(database.connection, table)

  it('gets what the new one brings, and loses nothing', async () => {
    const { site } = await oldSite()
    await insertOld(site)
    await age(site.database)
    await sql`insert into naming_series (prefix, current) values ('S-', 7)`.execute(site.database.connection)
    expect(await followRelease(site.database)).toBe(true)
    await site.doctypes.load()

    expect(await column(site.database, 'tabComment')).toContain('reference_name')
    expect(await column(site.database, 'tabDocField')).toEqual(expect.arrayContaining(['depends_on', 'fetch_if_empty']))
    for (const table of ['tabUser', 'tabCustomer', 'tabDocType'])
      expect(await column(site.database, table)).toEqual(expect.arrayContaining([...OPTIONAL_COLUMNS]))
    expect(await column(site.database, 'tabHas Role')).not.toContain('_assign')
    expect(await readStored(site, 'Customer', 'ACME')).toMatchObject({ city: 'Berlin', _assign: null })
    expect(await readStored(site, 'User', 'ann@example.com')).toMatchObject({ nick: 'Annie', last_name: null })
    expect(site.doctypes.require('Customer').fields.map((field) => field.fieldname)).toEqual(['city'])

    const definition = await sql<{ n: number }>`select count(*) as n from "tabDocField" where parent = 'Comment'`.execute(
      site.database.connection,
    )
    expect(definition.rows[0]?.n).toBe(coreDocType('Comment').fields.length)
    const fresh = await sql<{ n: number }>`select count(*) as n from "tabDocField" where parent = 'User' and fieldname = 'nick'`.execute(
      site.database.connection,
    )
    expect(fresh.rows[0]?.n).toBe(0)
    expect(await followRelease(site.database)).toBe(false)
  })

  /** A DocType of the site's own, as the release before wrote it. */
  async function insertOwn(site: SiteProcess, definition: CoreDefinition): Promise<DocType> {
    const doctype = parseDocType(definition, { origin: 'file', id: 'own' })
    await site.database.transaction(async (connection) => {
      await new ReleaseStore(connection, before.map(parseCore), 1).writeDefinition({ permissions: [], ...definition })
      await sql`update "tabDocType" set doctype_id = 'own' where name = ${definition.name}`.execute(connection)
      await createTable(connection, site.dialect, doctype)
    })
    return doctype
  }

  async function insertOld(site: SiteProcess): Promise<void> {
    const customer = await insertOwn(site, {
      name: 'Customer',
      autoname: 'prompt',
      fields: [{ fieldname: 'city', fieldtype: 'Data', search_index: 1 }],
    })
    await insertDocument(site, customer, { name: 'ACME', city: 'Berlin' })
    await sql`insert into "tabUser" (name, owner, creation, modified, modified_by, _key, nick) values ('ann@example.com', 'x', 1, 1, 'x', 'ann@example.com', 'Annie')`.execute(
      site.database.connection,
    )
  }

  /** Names of the indexes that the site made of a table. */
  async function ours(site: SiteProcess, doctype: DocType): Promise<string[]> {
    const names = await dialectOf(engine).indexesOf(site.database.connection, tableName(doctype.name))
    return names.filter((name) => /^(?:unique|index)_[0-9a-f]{12}_/.test(name)).toSorted()
  }

  /** Indexes as an earlier release made them, of the field alone, in the place of today's. */
  async function indexAlone(site: SiteProcess, doctype: DocType, fieldnames: readonly string[]): Promise<void> {
    const [table, { connection }] = [tableName(doctype.name), site.database]
    for (const name of await ours(site, doctype)) if (name.startsWith('index_')) await sql`drop index ${sql.id(name)}`.execute(connection)
    for (const fieldname of fieldnames)
      await sql`create index ${sql.id(`index_${shortHash(`${table}\n${fieldname}`)}_${fieldname}`)} on ${sql.id(table)} (${sql.ref(fieldname)})`.execute(
        connection,
      )
  }

  it('gets indexes that hold the name too in the place of those of a field alone, and keeps unique ones', async () => {
    const { site } = await oldSite()
    const fields = [
      { fieldname: 'city', fieldtype: 'Data', search_index: 1 },
      { fieldname: 'number', fieldtype: 'Data', unique: 1 },
    ]
    const town = await insertOwn(site, { name: 'Town', autoname: 'prompt', fields })
    for (const name of ['B', 'A']) await insertDocument(site, town, { name, city: 'Berlin' })
    await indexAlone(site, town, ['city'])
    await indexAlone(site, coreDocType('User Permission'), ['user', 'allow'])
    expect(await ours(site, town)).toContainEqual(expect.stringMatching(/^index_[0-9a-f]{12}_city$/))
    const unique = (await ours(site, town)).filter((name) => name.startsWith('unique_'))
    expect(unique).toHaveLength(2)

    await followRelease(site.database)
    for (const doctype of [town, coreDocType('User Permission')])
      expect(await ours(site, doctype)).toEqual(
        indexesOf(doctype)
          .map(({ name }) => name)
          .toSorted(),
      )
    expect(await ours(site, town)).toEqual(expect.arrayContaining([...unique, expect.stringMatching(/^index_[0-9a-f]{12}_city_name$/)]))
  })

  it('gets another type for a core field that an earlier release indexed, and loses the index of one that has gone', async () => {
    const { site } = await oldSite()
    const changed: CoreDefinition[] = before.map((definition) => {
      if (definition.name !== 'User Permission') return definition
      const fields = (definition['fields'] as { fieldname: string }[]).filter(({ fieldname }) => fieldname !== 'applicable_for')
      return {
        ...definition,
        fields: fields.map((field) => (field.fieldname === 'user' ? { ...field, fieldtype: 'Int', options: '' } : field)),
      }
    })
    await indexAlone(site, coreDocType('User Permission'), ['user', 'applicable_for'])
    expect(await followRelease(site.database, undefined, changed)).toBe(true)
    const names = await ours(site, coreDocType('User Permission'))
    expect(names.filter((name) => /_(?:user|applicable_for)(?:_name)?$/.test(name))).toEqual([expect.stringMatching(/_user_name$/)])
  })

  it('goes on to the release after this one', async () => {
    const { site } = await oldSite()
    await followRelease(site.database)
    const later = coreDefinitions.map((definition) =>
      definition.name === 'User'
        ? { ...definition, fields: [...(definition['fields'] as object[]), { fieldname: 'nick', fieldtype: 'Data' }] }
        : definition,
    )
    expect(await followRelease(site.database, undefined, later)).toBe(true)
    expect(await column(site.database, 'tabUser')).toContain('nick')
  })

  it('is brought up to date once, by one of two processes that start together', async () => {
    const { url, site } = await oldSite()
    const other = await openDatabase(url)
    ends.push(() => other.close())
    const did = await Promise.all([followRelease(site.database), followRelease(other)])
    expect(did.toSorted()).toEqual([false, true])
  })

  it('is told to every process by the generation', async () => {
    const { site } = await oldSite()
    const seen = await site.generation.read()
    const version = await readDefinitionsVersion(site.database.connection)
    await followRelease(site.database)
    expect(await site.generation.read()).toBeGreaterThan(seen)
    await site.doctypes.load()
    expect(site.doctypes.version).toBeGreaterThan(version)
  })

  it('is left alone by a process of an earlier release, started after a later one', async () => {
    const { site } = await oldSite()
    await followRelease(site.database)
    expect(await followRelease(site.database, undefined, before)).toBe(false)
    expect(await column(site.database, 'tabDocField')).toContain('depends_on')
  })

  it('is refused in one sentence, and not changed, when the site has a DocType of its own by a new one’s name', async () => {
    const { site } = await oldSite()
    await insertOwn(site, { name: 'ToDo', fields: [{ fieldname: 'mine', fieldtype: 'Data' }] })
    await expect(followRelease(site.database)).rejects.toThrow(/^this release brings a DocType ToDo, and the site has one of its own/)
    expect(await dialectOf(engine).tableExists(site.database.connection, 'tabVersion')).toBe(false)
  })
})
