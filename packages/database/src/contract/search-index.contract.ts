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
    const insert = (name: string, search: string | null): Promise<unknown> =>
      sql`insert into ${sql.table(TABLE)} (name, _search) values (${name}, ${search})`.execute(opened.database.connection)
    const update = (name: string, to: string, search: string): Promise<unknown> =>
      sql`update ${sql.table(TABLE)} set name = ${to}, _search = ${search} where name = ${name}`.execute(opened.database.connection)
    const remove = (name: string): Promise<unknown> =>
      sql`delete from ${sql.table(TABLE)} where name = ${name}`.execute(opened.database.connection)

    beforeAll(async () => {
      const { dialect, database } = opened
      await sql
        .raw(`create table "${TABLE}" (name ${dialect.columnType('key')} primary key, _search ${dialect.columnType('text')})`)
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

    it('finds the same in the form chosen for a rare text and for a common one', async () => {
      const { dialect, database } = opened
      await database.transaction(async (connection) => {
        for (let index = 0; index < 600; index += 1)
          await sql`insert into ${sql.table(TABLE)} (name, _search) values (${`D-${index}`}, ${`everywhere d-${index}.`})`.execute(
            connection,
          )
      })
      for (const [text, count] of [
        ['everywhere', 600],
        ['d-59', 11],
        ['d-599.', 1],
        ['nowhere', 0],
      ] as const) {
        const condition = await dialect.searchIndex.chosen(database.connection, TABLE, text, 'doc')
        const { rows } = await sql`select name from ${sql.table(TABLE)} as doc where ${condition}`.execute(database.connection)
        expect(rows).toHaveLength(count)
      }
      await expect(dialect.searchIndex.chosen(database.connection, TABLE, 'ab')).rejects.toThrow(RangeError)
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
      await update('three', 'three', 'words of thirteen')
      expect(await found('thirteen')).toEqual(['three'])
      expect(await found('words of')).toEqual(['three', 'two'])
    })
  })
}
