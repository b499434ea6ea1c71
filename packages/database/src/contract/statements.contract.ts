import { sql, type Kysely } from 'kysely'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../../../../tests/support/databases.ts'
import { BadValue } from '../values/bad-value.ts'
import type { Connection } from '../database.ts'
import { openedFor } from './open.fixture.ts'

type Tables = { part: { name: string; size: number | null; price: number | null; stock: number | boolean | null; code: Buffer | null } }

export function statementsContract(engine: Engine): void {
  describe(`statements on ${engine}`, () => {
    const opened = openedFor(engine)
    const parts = (connection: Connection = opened.database.connection): Kysely<Tables> => connection.withTables<Tables>()

    beforeAll(async () => {
      const { dialect, database } = opened
      const columns = (['key', 'int', 'decimal', 'flag', 'blob'] as const).map((kind) => dialect.columnType(kind))
      await sql
        .raw(
          `create table part (name ${columns[0]} primary key, size ${columns[1]}, price ${columns[2]}, stock ${columns[3]}, code ${columns[4]})`,
        )
        .execute(database.connection)
    })

    it('give numbers as numbers, truth as 1 and 0, and bytes as bytes', async () => {
      const micros = 1_795_000_000_123_456
      await parts()
        .insertInto('part')
        .values({ name: 'bolt', size: micros, price: 0.1, stock: true, code: Buffer.from([0, 255]) })
        .execute()
      const row = await parts()
        .selectFrom('part')
        .selectAll()
        .select(sql`exists (select 1)`.as('here'))
        .where('stock', '=', true)
        .executeTakeFirst()
      expect(row).toEqual({ name: 'bolt', size: micros, price: 0.1, stock: 1, code: Buffer.from([0, 255]), here: 1 })
      const { total } = await parts()
        .selectFrom('part')
        .select(({ fn }) => fn.countAll().as('total'))
        .executeTakeFirstOrThrow()
      expect(total).toBe(1)
    })

    it('tell how many rows they changed, also when they return them', async () => {
      const changed = await parts().updateTable('part').set({ size: 2 }).executeTakeFirst()
      expect(changed.numUpdatedRows).toBe(1n)
      const none = await parts().updateTable('part').set({ size: 2 }).where('name', '=', 'nut').executeTakeFirst()
      expect(none.numUpdatedRows).toBe(0n)
      const returned = await parts().updateTable('part').set({ size: 3 }).returning(['name', 'size']).execute()
      expect(returned).toEqual([{ name: 'bolt', size: 3 }])
    })

    it('stay right when they were kept and their table changes', async () => {
      await sql`create table growing (name text)`.execute(opened.database.connection)
      await sql`insert into growing values ('a')`.execute(opened.database.connection)
      const all = (connection: Connection): Promise<unknown[]> =>
        sql`select * from growing`.execute(connection).then((result) => result.rows)
      for (let time = 0; time < 3; time += 1) expect(await all(opened.database.connection)).toEqual([{ name: 'a' }])
      await opened.database.transaction(async (connection) => expect(await all(connection)).toEqual([{ name: 'a' }]))
      await sql`alter table growing add column size bigint default 7`.execute(opened.database.connection)
      expect(await all(opened.database.connection)).toEqual([{ name: 'a', size: 7 }])
      await sql`alter table growing add column more bigint default 8`.execute(opened.database.connection)
      await opened.database.transaction(async (connection) => expect(await all(connection)).toEqual([{ name: 'a', size: 7, more: 8 }]))
    })

    it('refuse text with a zero character as the sender’s mistake', async () => {
      const error = await parts()
        .insertInto('part')
        .values({ name: 'a\0b', size: 1, price: 1, stock: 1, code: null })
        .execute()
        .catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(BadValue)
      expect(opened.dialect.isBadValue(error)).toBe(true)
      const other = await sql`select * from nowhere`.execute(opened.database.connection).catch((thrown: unknown) => thrown)
      expect(opened.dialect.isBadValue(other)).toBe(false)
    })

    it('are not streamed', async () => {
      const stream = parts().selectFrom('part').selectAll().stream()
      await expect(stream[Symbol.asyncIterator]().next()).rejects.toThrow('a page at a time')
    })

    it('say which unique index they violated', async () => {
      const { dialect, database } = opened
      const key = dialect.columnType('key')
      await sql
        .raw(`create table "tabSales Invoice" (name ${key} primary key, number ${key} not null, company ${key}, "_key" ${key})`)
        .execute(database.connection)
      await dialect.createIndex('tabSales Invoice', ['number', 'company'], { unique: true }).execute(database.connection)
      await dialect.createIndex('tabSales Invoice', ['_key'], { unique: true }).execute(database.connection)
      const insert = (name: string, number: string | null, company: string, folded: string): Promise<unknown> =>
        sql`insert into "tabSales Invoice" values (${name}, ${number}, ${company}, ${folded})`.execute(database.connection).then(
          () => 'inserted',
          (error: unknown) => dialect.uniqueViolation(error),
        )
      const table = 'tabSales Invoice'
      expect(await insert('A', '1', 'x)=(', 'a')).toBe('inserted')
      expect(await insert('A', '2', 'y', 'b')).toEqual({ table, columns: ['name'], primary: true })
      expect(await insert('B', '1', 'x)=(', 'b')).toEqual({ table, columns: ['number', 'company'], primary: false })
      expect(await insert('B', '3', 'y', 'a')).toEqual({ table, columns: ['_key'], primary: false })
      expect(await insert('B', null, 'y', 'b')).toBeUndefined()
      expect(dialect.uniqueViolation(new Error('UNIQUE constraint failed: a.b'))).toBeUndefined()
    })
  })
}
