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
import { createTable } from '../tables.ts'
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
    await followRelease(database, before)
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
    expect(await followRelease(site.database, before)).toBe(false)
    expect(await column(site.database, 'tabDocField')).toContain('depends_on')
  })

  it('is refused in one sentence, and not changed, when the site has a DocType of its own by a new one’s name', async () => {
    const { site } = await oldSite()
    await insertOwn(site, { name: 'ToDo', fields: [{ fieldname: 'mine', fieldtype: 'Data' }] })
    await expect(followRelease(site.database)).rejects.toThrow(/^this release brings a DocType ToDo, and the site has one of its own/)
    expect(await dialectOf(engine).tableExists(site.database.connection, 'tabVersion')).toBe(false)
  })
})
