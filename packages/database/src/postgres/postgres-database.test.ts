import { sql, type RawBuilder, type SqlBool } from 'kysely'
import { describe, expect, it } from 'vitest'
import { openedFor } from '../contract/open.fixture.ts'
import type { Connection, Database } from '../database.ts'

describe('PostgresDatabase', () => {
  const opened = openedFor('postgres')

  it('begins work again when two transactions wait for each other', async () => {
    const { database } = opened
    await sql`create table pair (name text primary key, value bigint)`.execute(database.connection)
    await sql`insert into pair values ('a', 0), ('b', 0)`.execute(database.connection)
    const arrived: (() => void)[] = []
    const meet = (): Promise<void> =>
      new Promise((resolve) => {
        arrived.push(resolve)
        if (arrived.length >= 2) for (const go of arrived) go()
      })
    const raise = (connection: Connection, name: string): Promise<unknown> =>
      sql`update pair set value = value + 1 where name = ${name}`.execute(connection)
    const crosswise = (first: string, second: string): Promise<void> =>
      database.transaction(async (connection) => {
        await raise(connection, first)
        await meet()
        await raise(connection, second)
      })
    await Promise.all([crosswise('a', 'b'), crosswise('b', 'a')])
    expect(arrived.length).toBeGreaterThan(2)
    expect((await sql`select value from pair`.execute(database.connection)).rows).toEqual([{ value: 2 }, { value: 2 }])
  })

  const kept = async (database: Database): Promise<number> => {
    for (let time = 0; time < 5; time += 1) await sql`select 1 as again`.execute(database.connection)
    const { rows } = await sql<{ n: number }>`select count(*) as n from pg_prepared_statements where statement like '%as again%'`.execute(
      database.connection,
    )
    return rows[0]?.n ?? -1
  }

  it('keeps a statement that comes again under a name, unless told not to', async () => {
    expect(await kept(await opened.again({ maxConnections: 1 }))).toBe(1)
    expect(await kept(await opened.again({ maxConnections: 1, namedStatements: false }))).toBe(0)
  })

  it('goes on using a statement that it knows, after a column of the table has another type', async () => {
    const database = await opened.again({ maxConnections: 1 })
    await sql`create table retyped (name text primary key, a text)`.execute(database.connection)
    const upsert = (a: string): Promise<unknown> =>
      database.transaction((connection) =>
        sql`insert into retyped (name, a) values ('x', ${a}) on conflict (name) do update set a = ${a}`.execute(connection),
      )
    for (let time = 0; time < 3; time += 1) await upsert('1')
    await sql`alter table retyped alter column a type bigint using a::bigint`.execute(opened.database.connection)
    await upsert('2')
    expect((await sql`select a from retyped where a = ${2}`.execute(database.connection)).rows).toEqual([{ a: 2 }])
  })

  it('goes on asking by a statement that it knows, after a column of the table has another type', async () => {
    const database = await opened.again({ maxConnections: 1 })
    await sql`create table asked (a text)`.execute(database.connection)
    await sql`insert into asked values ('1')`.execute(database.connection)
    const find = (a: string): Promise<unknown> =>
      database.transaction(async (connection) => (await sql`select count(*) as n from asked where a = ${a}`.execute(connection)).rows)
    for (let time = 0; time < 3; time += 1) expect(await find('1')).toEqual([{ n: 1 }])
    await sql`alter table asked alter column a type bigint using a::bigint`.execute(opened.database.connection)
    expect(await find('1')).toEqual([{ n: 1 }])
  })

  it.each([
    ['a value of another type', sql`insert into plain (a) values (now())`],
    ['an operator that is not there', sql`select a from plain where a = true`],
  ])('runs what is wrong by itself once: %s', async (_what, wrong) => {
    const database = await opened.again({ maxConnections: 1 })
    await sql`create table if not exists plain (a bigint)`.execute(database.connection)
    for (let time = 1; time <= 4; time += 1) {
      let runs = 0
      const work = async (connection: Connection): Promise<void> => {
        runs += 1
        await wrong.execute(connection)
      }
      await expect(database.transaction(work)).rejects.toMatchObject({ code: expect.stringMatching(/^42(804|883)$/) as string })
      expect([time, runs]).toEqual([time, 1])
    }
  })

  it('changes its connection before the statements kept on it grow without bound', async () => {
    const database = await opened.again({ maxConnections: 1 })
    const process = async (): Promise<unknown> =>
      (await sql<{ id: number }>`select pg_backend_pid() as id`.execute(database.connection)).rows[0]?.id
    const first = await process()
    for (let index = 0; index < 1600; index += 1)
      for (let time = 0; time < 2; time += 1) await sql.raw(`select ${index}`).execute(database.connection)
    expect(await process()).not.toBe(first)
  })

  it('goes on after the server has ended its connections, idle or at work', async () => {
    const database = await opened.again()
    const endAll = (): Promise<unknown> =>
      sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`.execute(
        opened.database.connection,
      )
    await database.transaction(async () => void (await endAll())).catch((error: unknown) => error)
    await endAll()
    const answer = async (): Promise<unknown> => (await sql`select 1 as answer`.execute(database.connection)).rows
    await expect.poll(() => answer().catch(() => undefined)).toEqual([{ answer: 1 }])
  })

  it('tells a value out of range from a fault of its own', async () => {
    const outOfRange = await sql`select cast(${'1e30'} as bigint)`.execute(opened.database.connection).catch((thrown: unknown) => thrown)
    expect(opened.dialect.isBadValue(outOfRange)).toBe(true)
    const fault = await sql`select * from nowhere`.execute(opened.database.connection).catch((thrown: unknown) => thrown)
    expect(opened.dialect.isBadValue(fault)).toBe(false)
    expect(opened.dialect.isBusy(fault)).toBe(false)
  })

  it('brings the extension that its search index uses', async () => {
    const { rows } = await sql`select extname from pg_extension where extname = 'pg_trgm'`.execute(opened.database.connection)
    expect(rows).toHaveLength(1)
    await sql`create table doc (name text primary key, _key text, _search text)`.execute(opened.database.connection)
    for (const statement of opened.dialect.searchIndex.create('doc')) await statement.execute(opened.database.connection)
    const { searchIndex } = opened.dialect
    const planOf = (condition: RawBuilder<SqlBool>): Promise<string> =>
      opened.database.transaction(async (connection) => {
        await sql`set local enable_seqscan = off`.execute(connection)
        return JSON.stringify((await sql`explain select name from doc where ${condition}`.execute(connection)).rows)
      })
    expect(await planOf(searchIndex.contains('doc', 'abc'))).toContain('doc~search')
    expect(await planOf(searchIndex.keyContains('doc', 'abc'))).toContain('doc~key-search')
  })
})
