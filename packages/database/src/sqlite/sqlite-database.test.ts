import { stat } from 'node:fs/promises'
import Sqlite from 'better-sqlite3'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { temporaryDatabase, type TemporaryDatabase } from '../../../../tests/support/databases.ts'
import type { Database } from '../database.ts'
import { dialectOf } from '../dialect-of.ts'
import { openDatabase } from '../open-database.ts'

describe('SqliteDatabase', () => {
  let place: TemporaryDatabase
  let database: Database
  let other: Sqlite.Database

  beforeEach(async () => {
    place = await temporaryDatabase('sqlite')
    database = await openDatabase(place.url)
    other = new Sqlite(place.url.slice('sqlite:'.length), { timeout: 0 })
    await sql`create table thing (name text primary key)`.execute(database.connection)
  })
  afterEach(async () => {
    other.close()
    await database.close()
    await place.remove()
  })

  const insert = (name: string): Promise<unknown> => sql`insert into thing values (${name})`.execute(database.connection)
  const names = async (): Promise<unknown[]> =>
    (await sql<{ name: string }>`select name from thing order by rowid`.execute(database.connection)).rows.map((row) => row.name)

  it('lets writers in one at a time, in order of asking, single statements too', async () => {
    const asked: Promise<unknown>[] = []
    const slowly = (name: string): Promise<unknown> =>
      database.transaction(async (connection) => {
        await new Promise((resolve) => setImmediate(resolve))
        await sql`insert into thing values (${name})`.execute(connection)
      })
    for (const ask of [
      () => slowly('first'),
      () => insert('second'),
      () => slowly('third'),
      () => insert('fourth'),
      () => slowly('fifth'),
    ]) {
      asked.push(ask())
      // Lets it come to the writer's door, while the first is still inside.
      for (let step = 0; step < 50; step += 1) await Promise.resolve()
    }
    await Promise.all(asked)
    expect(await names()).toEqual(['first', 'second', 'third', 'fourth', 'fifth'])
  })

  it('copies its log into the file each 16 MB, and not sooner', async () => {
    const lengths: number[] = []
    for (let written = 0; written < 12; written += 1) {
      await sql`insert into thing values (${String(written)} || printf('%.*c', 1000000, 'x'))`.execute(database.connection)
      lengths.push((await stat(`${place.url.slice('sqlite:'.length)}-wal`)).size)
    }
    // Each text lies in the table and in the index of its key.
    expect(Math.max(...lengths)).toBeGreaterThan(14_000_000)
    expect(Math.max(...lengths)).toBeLessThan(20_000_000)
  })

  it('begins as a writer, so that what a transaction has read cannot grow stale', async () => {
    await database.transaction(async (connection) => {
      await sql`select * from thing`.execute(connection)
      expect(() => other.exec("insert into thing values ('between')")).toThrow(/locked/)
    })
  })

  it('goes on with other work while another process writes, and writes once that is done', async () => {
    other.exec('begin immediate')
    const written = insert('waiting')
    const begun = database.transaction((connection) => sql`insert into thing values ('waiting too')`.execute(connection))
    expect(await names()).toEqual([])
    other.exec('commit')
    await Promise.all([written, begun])
    expect(await names()).toEqual(['waiting', 'waiting too'])
  })

  it('refuses a write beside the transaction that it stands in, where it would wait for ever', async () => {
    await expect(database.transaction(() => insert('beside'))).rejects.toThrow('use the connection')
    let later: Promise<unknown> | undefined
    await database.transaction(async () => {
      later = new Promise((resolve) => setTimeout(resolve)).then(() => insert('long after'))
    })
    await later
    expect(await names()).toEqual(['long after'])
  })

  it('is free again after a statement or a begin has failed', async () => {
    await expect(sql`insert into nowhere values (1)`.execute(database.connection)).rejects.toThrow('no such table')
    await insert('a')
    await expect(insert('a')).rejects.toThrow('UNIQUE')
    await database.transaction((connection) => sql`insert into thing values ('b')`.execute(connection))
    expect(await names()).toEqual(['a', 'b'])
  })

  it('gives up after five seconds with an error that says busy', { timeout: 20_000 }, async () => {
    other.exec('begin immediate')
    const began = performance.now()
    const error = await insert('never').catch((thrown: unknown) => thrown)
    expect(performance.now() - began).toBeGreaterThan(4500)
    expect(dialectOf('sqlite').isBusy(error)).toBe(true)
    other.exec('rollback')
    await insert('after all')
    expect(await names()).toEqual(['after all'])
  })

  it('holds references between tables to their word', async () => {
    await sql`create table part (thing text references thing (name))`.execute(database.connection)
    await expect(sql`insert into part values ('nothing')`.execute(database.connection)).rejects.toThrow('FOREIGN KEY')
  })

  it('writes ahead, so that readers and the writer do not wait for each other', async () => {
    expect((await sql`select journal_mode from pragma_journal_mode`.execute(database.connection)).rows).toEqual([{ journal_mode: 'wal' }])
  })
})
