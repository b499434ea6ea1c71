import { sql, type KyselyPlugin } from 'kysely'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Engine } from '../../../../tests/support/databases.ts'
import { keptInsert, keptQuery, runKept } from '../connections/kept-query.ts'
import type { Connection } from '../database.ts'
import { openedFor } from './open.fixture.ts'

interface Thing {
  readonly name: string
  readonly size: number
  readonly note: string | null
}

type Tables = { thing: Thing }

const insertThings = keptInsert<Thing>('thing', ['name', 'size', 'note'])

/** Sizes are added to those that are there. */
const addThings = keptInsert<Thing, Pick<Thing, 'name' | 'size'>>('thing', ['name', 'size', 'note'], (insertion) =>
  insertion
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ size: sql`thing.size + excluded.size` }))
    .returning(['name', 'size']),
)

/** Two of the four values are the same one, and one is the query's own. */
const between = keptQuery<{ least: number; most: number }, Pick<Thing, 'name'>>((connection, { least, most }) =>
  connection
    .withTables<Tables>()
    .selectFrom('thing')
    .select('name')
    .where('size', '>=', least)
    .where((thing) => thing.or([thing('size', '<=', most), thing('note', '=', 'all')]))
    .where('size', '<>', 13)
    .where('size', '>', sql<number>`${least} - 1`)
    .orderBy('name'),
)

const grow = keptQuery<{ name: string; size: number }, Pick<Thing, 'size'>>((connection, { name, size }) =>
  connection.withTables<Tables>().updateTable('thing').set({ size }).where('name', '=', name).where('size', '<', size).returning('size'),
)

export function keptQueriesContract(engine: Engine): void {
  describe(`kept queries on ${engine}`, () => {
    const opened = openedFor(engine)
    const thing = (size: number, note: string | null = null): Thing => ({ name: `thing ${String(size).padStart(3, '0')}`, size, note })
    const count = async (connection: Connection): Promise<number> =>
      Number((await sql<{ n: number }>`select count(*) as n from thing`.execute(connection)).rows[0]?.n)

    beforeAll(() => sql`create table thing (name text primary key, size integer not null, note text)`.execute(opened.database.connection))
    beforeEach(() => sql`delete from thing`.execute(opened.database.connection))

    it('take the values of each call, those of the query and those that come twice', async () => {
      const { connection } = opened.database
      await insertThings(connection, [thing(1), thing(2), thing(13), thing(20, 'all')])
      expect(await between(connection, { least: 1, most: 15 })).toEqual([
        { name: 'thing 001' },
        { name: 'thing 002' },
        { name: 'thing 020' },
      ])
      expect(await between(connection, { least: 2, most: 2 })).toEqual([{ name: 'thing 002' }, { name: 'thing 020' }])
      expect(await between(connection, { least: 21, most: 99 })).toEqual([])
    })

    it('are run for their owners too, with other values in the places of those that they were made with', async () => {
      const { connection } = opened.database
      await insertThings(connection, [thing(1), thing(2)])
      const query = sql<Pick<Thing, 'name'>>`select name from thing where size = ${1}`.compile(connection)
      expect(await runKept(connection, query, [2])).toEqual([{ name: 'thing 002' }])
      expect(await opened.database.transaction((within) => runKept(within, query, [1]))).toEqual([{ name: 'thing 001' }])
    })

    it('run within a transaction, and are undone with it', async () => {
      const { connection } = opened.database
      await insertThings(connection, [thing(1)])
      const undone = opened.database.transaction(async (within) => {
        expect(await grow(within, { name: 'thing 001', size: 5 })).toEqual([{ size: 5 }])
        expect(await grow(within, { name: 'thing 001', size: 4 })).toEqual([])
        expect(await between(within, { least: 5, most: 5 })).toHaveLength(1)
        throw new Error('undone')
      })
      await expect(undone).rejects.toThrow('undone')
      expect(await between(connection, { least: 1, most: 1 })).toHaveLength(1)
    })

    it('refuse use after the end of their transaction', async () => {
      let used: Connection | undefined
      await opened.database.transaction(async (within) => void (used = within))
      await expect(insertThings(used!, [thing(1)])).rejects.toThrow(/has ended|already committed/)
    })

    it.each([0, 1, 2, 3, 7, 64, 151])('insert %i rows', async (rows) => {
      const { connection } = opened.database
      await insertThings(
        connection,
        Array.from({ length: rows }, (_, index) => thing(index, index % 2 === 0 ? null : 'odd')),
      )
      expect(await count(connection)).toBe(rows)
      const { rows: odd } = await sql<Thing>`select * from thing where note = 'odd' order by name`.execute(connection)
      expect(odd.every(({ name, size }) => size % 2 === 1 && thing(size).name === name)).toBe(true)
      expect(odd).toHaveLength(Math.floor(rows / 2))
    })

    it('insert rows or change those that are there, and tell what became of each', async () => {
      const { connection } = opened.database
      const things = Array.from({ length: 71 }, (_, index) => thing(index))
      await insertThings(connection, [thing(70), thing(7)])
      const added = await addThings(connection, things)
      expect(added).toHaveLength(71)
      for (const { name, size } of [
        { name: 'thing 070', size: 140 },
        { name: 'thing 007', size: 14 },
        { name: 'thing 008', size: 8 },
      ])
        expect(added).toContainEqual({ name, size })
      expect(await addThings(connection, [])).toEqual([])
      expect(await count(connection)).toBe(71)
    })

    it('are shown to plugins as any other query', async () => {
      const seen: string[] = []
      const plugin: KyselyPlugin = {
        transformQuery: ({ node }) => {
          seen.push(node.kind)
          return node
        },
        transformResult: async ({ result }) => result,
      }
      const watched = opened.database.connection.withPlugin(plugin)
      await insertThings(watched, [thing(1)])
      expect(await grow(watched, { name: 'thing 001', size: 2 })).toEqual([{ size: 2 }])
      expect(seen).toEqual(['InsertQueryNode', 'UpdateQueryNode'])
    })
  })
}
