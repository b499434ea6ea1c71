import { sql } from 'kysely'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../../../../tests/support/databases.ts'
import { createShapedIndexes, createShapedTable, dropShapedTable } from '../shapes/shaped-tables.ts'
import { keyOf, type TableShape } from '../shapes/shape.ts'
import { openedFor } from './open.fixture.ts'

const COLUMNS = ['name', '_key', '_search', 'n', 'price', 'bytes'] as const

export function catalogContract(engine: Engine): void {
  describe(`the catalog of ${engine}`, () => {
    const opened = openedFor(engine)
    const listed = async (name: string): Promise<TableShape | undefined> =>
      (await opened.dialect.listTables(opened.database.connection)).find((table) => table.name === name)

    beforeAll(async () => {
      const { database, dialect } = opened
      const type = (kind: Parameters<typeof dialect.columnType>[0]): string => dialect.columnType(kind)
      await sql
        .raw(
          `create table "tab Some" (name ${type('key')} not null primary key, _key ${type('key')}, _search ${type('text')} not null default 'it''s', n ${type('int')} not null default 0, price ${type('decimal')}, bytes ${type('blob')})`,
        )
        .execute(database.connection)
      await dialect.createIndex('tab Some', ['n', 'price'], { unique: true }).execute(database.connection)
      for (const statement of dialect.searchIndex.create('tab Some')) await statement.execute(database.connection)
      await sql
        .raw(`create table pair (b ${type('key')} not null, a ${type('key')} not null, primary key (a, b))`)
        .execute(database.connection)
    })

    it('tells tables with their keys, defaults and indexes, and nothing of what belongs to a search index', async () => {
      const names = (await opened.dialect.listTables(opened.database.connection)).map((table) => table.name)
      expect(names.filter((name) => name.startsWith('tab') || name === 'pair')).toEqual(['pair', 'tab Some'])
      const table = await listed('tab Some')
      expect(table?.columns.map((column) => column.name)).toEqual(COLUMNS)
      expect(table?.columns.map((column) => column.kind)).toEqual(['text', 'text', 'text', 'int', 'decimal', 'blob'])
      expect(table?.columns.map((column) => column.fallback)).toEqual([null, null, "it's", 0, null, null])
      expect(table?.columns.map((column) => column.required)).toEqual([true, false, true, true, false, false])
      expect(table?.indexes).toMatchObject([{ unique: true, columns: [{ name: 'n', descending: false }, { name: 'price' }] }])
      expect(keyOf((await listed('pair'))!)).toEqual(['a', 'b'])
    })

    it('makes the same table again from what it tells, with its search index', async () => {
      const { database, dialect } = opened
      const table = { ...(await listed('tab Some'))!, name: 'tab Copy' }
      const copy = { ...table, indexes: table.indexes.map((index) => ({ ...index, name: 'copy_index' })) }
      await database.transaction(async (connection) => {
        await createShapedTable(connection, dialect, copy)
        await sql`insert into "tab Copy" (name, _search) values ('a', 'some text')`.execute(connection)
        await createShapedIndexes(connection, dialect, copy)
      })
      expect(await listed('tab Copy')).toEqual(copy)
      expect(await dialect.indexesOf(database.connection, 'tab Copy')).toContain('copy_index')
      const found = await sql`select n from "tab Copy" where ${dialect.searchIndex.contains('tab Copy', 'me te')}`.execute(
        database.connection,
      )
      expect(found.rows).toEqual([{ n: 0 }])
      await database.transaction((connection) => dropShapedTable(connection, dialect, copy))
      expect(await listed('tab Copy')).toBeUndefined()
    })

    it('knows no index of a table that is not there', async () => {
      expect(await opened.dialect.indexesOf(opened.database.connection, 'nowhere')).toEqual([])
    })
  })

  describe(`a snapshot of ${engine}`, () => {
    const opened = openedFor(engine)
    const count = async (connection: typeof opened.database.connection): Promise<number> =>
      (await sql<{ n: number }>`select count(*) as n from word`.execute(connection)).rows[0]?.n ?? -1

    beforeAll(() => sql`create table word (word text primary key)`.execute(opened.database.connection))

    it('shows one moment, while others write', async () => {
      await opened.database.snapshot(async (connection) => {
        const before = await count(connection)
        await sql`insert into word values ('new')`.execute(opened.database.connection)
        expect(await count(opened.database.connection)).toBe(before + 1)
        expect(await count(connection)).toBe(before)
      })
    })

    it('does not write', async () => {
      const write = opened.database.snapshot((connection) => sql`insert into word values ('refused')`.execute(connection))
      await expect(write).rejects.toThrow(/read-?only/)
    })

    it('ends when its work throws, and another one can begin', async () => {
      await expect(opened.database.snapshot(() => Promise.reject(new Error('enough')))).rejects.toThrow('enough')
      expect(await opened.database.snapshot(count)).toBeGreaterThanOrEqual(0)
      await opened.database.transaction((connection) => opened.dialect.lockMigrations(connection))
    })
  })
}
