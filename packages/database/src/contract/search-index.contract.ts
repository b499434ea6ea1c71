import fc from 'fast-check'
import { sql } from 'kysely'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Engine } from '../../../../tests/support/databases.ts'
import { openedFor } from './open.fixture.ts'

const TABLE = 'tabSales Invoice'

export function searchIndexContract(engine: Engine): void {
  describe(`the search index on ${engine}`, () => {
    const opened = openedFor(engine)

    async function create(): Promise<void> {
      for (const statement of opened.dialect.searchIndex.create(TABLE)) await statement.execute(opened.database.connection)
    }
    async function drop(): Promise<void> {
      for (const statement of opened.dialect.searchIndex.drop(TABLE)) await statement.execute(opened.database.connection)
    }
    async function found(text: string): Promise<string[]> {
      const { rows } = await sql<{ name: string }>`
        select name from ${sql.table(TABLE)} as doc where ${opened.dialect.searchIndex.contains(TABLE, text, 'doc')} order by name`.execute(
        opened.database.connection,
      )
      return rows.map((row) => row.name)
    }
    async function keyed(text: string): Promise<string[]> {
      const { rows } = await sql<{ name: string }>`
        select name from ${sql.table(TABLE)} as doc where ${opened.dialect.searchIndex.keyContains(TABLE, text, 'doc')} order by name`.execute(
        opened.database.connection,
      )
      return rows.map((row) => row.name)
    }
    const insert = (name: string, search: string | null): Promise<unknown> =>
      sql`insert into ${sql.table(TABLE)} (name, _key, _search) values (${name}, ${name}, ${search})`.execute(opened.database.connection)
    const update = (name: string, to: string, search: string): Promise<unknown> =>
      sql`update ${sql.table(TABLE)} set name = ${to}, _key = ${to}, _search = ${search} where name = ${name}`.execute(
        opened.database.connection,
      )
    const remove = (name: string): Promise<unknown> =>
      sql`delete from ${sql.table(TABLE)} where name = ${name}`.execute(opened.database.connection)

    beforeAll(async () => {
      const { dialect, database } = opened
      await sql
        .raw(
          `create table "${TABLE}" (name ${dialect.columnType('key')} primary key, _key ${dialect.columnType('key')}, _search ${dialect.columnType('text')})`,
        )
        .execute(database.connection)
      await create()
    })
    beforeEach(() => sql`delete from ${sql.table(TABLE)}`.execute(opened.database.connection))

    it('finds text anywhere inside, and takes wildcards, quotes and backslashes as they are', async () => {
      await insert('A', 'hello wörld')
      await insert('B', String.raw`100%_"sure"\n *and* near('x')`)
      await insert('C', null)
      expect(await found('llo wö')).toEqual(['A'])
      for (const text of ['0%_', '%_"', '"sure"', String.raw`"\n`, '*and*', "('x')", 'and']) expect(await found(text)).toEqual(['B'])
      for (const text of ['l%o', 'w_r', 'hello and', 'null', '***']) expect(await found(text)).toEqual([])
    })

    it('tells the names of the rows that contain a text, unless they are too many', async () => {
      for (const name of ['A', 'B', 'C']) await insert(name, `words of ${name}`)
      const names = async (text: string, most: number): Promise<readonly string[] | undefined> =>
        (await opened.dialect.searchIndex.found(opened.database.connection, TABLE, text, most))?.toSorted()
      expect(await names('words of', 3)).toEqual(['A', 'B', 'C'])
      expect(await names('words of', 2)).toBeUndefined()
      expect(await names('s of B', 0)).toBeUndefined()
      expect(await names('nowhere', 0)).toEqual([])
      await expect(names('ab', 3)).rejects.toThrow(RangeError)
    })

    it('finds text of any length in keys, and never says of one that is there that none may hold it', async () => {
      for (const name of ['item-0012', '50%_b', 'größe 😀x', 'z']) await insert(name, 'words')
      await update('item-0012', 'part-77', 'words')
      for (const [text, names] of [
        ['part', ['part-77']],
        ['-7', ['part-77']],
        ['7', ['part-77']],
        ['%_', ['50%_b']],
        ['0%_b', ['50%_b']],
        ['größe 😀', ['größe 😀x']],
        ['😀', ['größe 😀x']],
        ['😀x', ['größe 😀x']],
        ['x', ['größe 😀x']],
        ['z', ['z']],
      ] as const) {
        expect(await keyed(text)).toEqual(names)
        expect(await opened.dialect.searchIndex.keyMayContain(opened.database.connection, TABLE, text)).toBe(true)
      }
      for (const text of ['item', 'words', 'q', '77-', 'a%b']) expect(await keyed(text)).toEqual([])
    })

    it.runIf(engine === 'sqlite')('knows at once that no key holds a text', async () => {
      await insert('item-0012', 'words')
      for (const text of ['words', 'qu', 'Q', '21-', 'item-0012 again'])
        expect(await opened.dialect.searchIndex.keyMayContain(opened.database.connection, TABLE, text)).toBe(false)
    })

    it('counts at least the names that it would have to read for a text', async () => {
      for (const name of ['A', 'B', 'C']) await insert(name, 'words')
      await remove('A')
      const count = await opened.dialect.searchIndex.countKeysRead(opened.database.connection, TABLE)
      if (engine === 'sqlite') expect(count).toBeGreaterThanOrEqual(2)
      else expect(count).toBe(0)
    })

    it('refuses what is shorter than three characters', () => {
      expect(() => opened.dialect.searchIndex.contains(TABLE, 'ab')).toThrow(RangeError)
      expect(() => opened.dialect.searchIndex.contains(TABLE, '😀😀')).toThrow(RangeError)
    })

    it('follows a row that gains text and loses it', async () => {
      await insert('A', '')
      await insert('B', null)
      await update('A', 'A', 'late words')
      await update('B', 'B', 'late words too')
      expect(await found('late')).toEqual(['A', 'B'])
      await update('A', 'A2', '')
      await remove('B')
      expect(await found('late')).toEqual([])
      await update('A2', 'A3', 'late again')
      expect(await found('late')).toEqual(['A3'])
    })

    it('follows inserts, changes, renames and removals, and their rollback', async () => {
      await insert('A', 'first words')
      await update('A', 'A', 'other words')
      expect(await found('first')).toEqual([])
      await update('A', 'Z', 'other words')
      expect(await found('other')).toEqual(['Z'])
      const undone = opened.database.transaction(async (connection) => {
        await sql`update ${sql.table(TABLE)} set _search = 'gone astray'`.execute(connection)
        throw new Error('undone')
      })
      await expect(undone).rejects.toThrow('undone')
      expect(await found('astray')).toEqual([])
      await remove('Z')
      expect(await found('other')).toEqual([])
    })

    it('agrees with a plain search after any history', async () => {
      const name = fc.constantFrom('A', 'B', 'C', 'D')
      const words = fc.string({ unit: fc.constantFrom('a', 'b', 'ä', '😀', '%', ' '), maxLength: 12 })
      const act = fc.oneof(fc.tuple(fc.constant('put' as const), name, words), fc.tuple(fc.constant('remove' as const), name, words))
      const text = fc.string({ unit: fc.constantFrom('a', 'b', 'ä', '😀', '%', ' '), minLength: 3, maxLength: 4 })
      const history = async (acts: readonly (readonly ['put' | 'remove', string, string])[], sought: string): Promise<void> => {
        await sql`delete from ${sql.table(TABLE)}`.execute(opened.database.connection)
        const documents = new Map<string, string>()
        for (const [what, who, content] of acts) {
          if (what === 'remove') await remove(who)
          else if (documents.has(who)) await update(who, who, content)
          else await insert(who, content)
          if (what === 'remove') documents.delete(who)
          else documents.set(who, content)
        }
        const expected = [...documents].filter(([, content]) => content.includes(sought)).map(([who]) => who)
        expect(await found(sought)).toEqual(expected.toSorted())
      }
      await fc.assert(fc.asyncProperty(fc.array(act, { maxLength: 12 }), text, history), { numRuns: 60 })
    })

    it('holds rows that were there before it, and still points at the right ones after the file was compacted', async () => {
      await drop()
      await drop()
      for (const name of ['one', 'two', 'three']) await insert(name, `words of ${name}`)
      await create()
      await remove('one')
      await sql`vacuum`.execute(opened.database.connection)
      expect(await found('of two')).toEqual(['two'])
      expect(await keyed('hre')).toEqual(['three'])
      expect(await opened.dialect.searchIndex.keyMayContain(opened.database.connection, TABLE, 'hre')).toBe(true)
      await update('three', 'three', 'words of thirteen')
      expect(await found('thirteen')).toEqual(['three'])
      expect(await found('words of')).toEqual(['three', 'two'])
    })

    it('is completed where an earlier release made less of it, and is left alone where nothing lacks', async () => {
      const { dialect, database } = opened
      const parts =
        engine === 'sqlite'
          ? [
              `drop trigger "${TABLE}~grams-inserted"`,
              `drop trigger "${TABLE}~grams-updated"`,
              `drop view "${TABLE}~places"`,
              `drop table "${TABLE}~grams"`,
            ]
          : [`drop index "${TABLE}~key-search"`]
      await insert('one', 'words')
      for (const part of parts) await sql.raw(part).execute(database.connection)
      for (const _ of ['first', 'again'])
        for (const statement of await dialect.searchIndex.follow(database.connection, TABLE)) await statement.execute(database.connection)
      expect(await dialect.searchIndex.follow(database.connection, TABLE)).toEqual([])
      await insert('two', 'words')
      for (const text of ['one', 'two']) {
        expect(await keyed(text)).toEqual([text])
        expect(await dialect.searchIndex.keyMayContain(database.connection, TABLE, text)).toBe(true)
      }
      expect(await dialect.indexesOf(database.connection, TABLE)).toEqual(
        engine === 'sqlite' ? [] : expect.arrayContaining([`${TABLE}~key-search`]),
      )
    })
  })
}
