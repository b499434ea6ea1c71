import { statSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { temporaryDatabase, type TemporaryDatabase } from '../../../../tests/support/databases.ts'
import type { Connection, Database } from '../database.ts'
import { openDatabase } from '../open-database.ts'

describe('transactions that wait in line for the writer of SQLite', () => {
  let place: TemporaryDatabase
  let database: Database
  let path: string

  beforeEach(async () => {
    place = await temporaryDatabase('sqlite')
    path = place.url.slice('sqlite:'.length)
    database = await openDatabase(place.url)
    await sql`create table thing (name text primary key)`.execute(database.connection)
  })
  afterEach(async () => {
    await database.close()
    await place.remove()
  })

  const insert = (connection: Connection, name: string): Promise<unknown> => sql`insert into thing values (${name})`.execute(connection)
  const stored = async (connection: Connection = database.connection): Promise<string[]> =>
    (await sql<{ name: string }>`select name from thing order by name`.execute(connection)).rows.map((row) => row.name)

  it('share one write to the log', async () => {
    const before = statSync(`${path}-wal`).size
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        database.transaction((connection) => insert(connection, `thing ${index}`), { durable: true }),
      ),
    )
    const page = 4096 + 24
    expect((statSync(`${path}-wal`).size - before) / page).toBeLessThan(12)
  })

  it('share it with single statements, of which one that fails takes nothing of the others with it', async () => {
    await insert(database.connection, 'there')
    const before = statSync(`${path}-wal`).size
    const settled = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) =>
        index % 2 === 0
          ? insert(database.connection, index === 20 ? 'there' : `thing ${index}`)
          : database.transaction((connection) => insert(connection, `thing ${index}`)),
      ),
    )
    expect(settled.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([20])
    expect(await stored()).toHaveLength(40)
    expect((statSync(`${path}-wal`).size - before) / (4096 + 24)).toBeLessThan(12)
  })

  describe('whose requests are read one after the other', () => {
    // However slow the machine is: a group of theirs never lasts too long.
    beforeEach(() => void vi.spyOn(performance, 'now').mockReturnValue(0))
    afterEach(() => void vi.restoreAllMocks())

    const pages = (): number => statSync(`${path}-wal`).size
    /** All that needs nobody to wait: a transaction is through, and its commit is to come. */
    const settle = async (): Promise<void> => {
      for (let turn = 0; turn < 200; turn += 1) await Promise.resolve()
    }
    const inTurn = async (count: number, durable: (index: number) => boolean): Promise<number> => {
      const before = pages()
      const begun: Promise<unknown>[] = []
      for (let index = 0; index < count; index += 1) {
        begun.push(database.transaction((connection) => insert(connection, `thing ${pages()} ${index}`), { durable: durable(index) }))
        await settle()
      }
      await Promise.all(begun)
      return pages() - before
    }

    it('share one write as well', async () => {
      const alone = await inTurn(1, () => true)
      expect(await inTurn(10, () => true)).toBe(alone)
    })

    it('share it with one that asks for less, and never with one that asks for more', async () => {
      const alone = await inTurn(1, () => true)
      expect(await inTurn(2, (index) => index === 0)).toBe(alone)
      expect(await inTurn(2, (index) => index === 1)).toBe(2 * alone)
    })

    it('keep nobody out when all of them have failed', async () => {
      const other = new Sqlite(path, { timeout: 0 })
      await expect(database.transaction(() => Promise.reject(new Error('fails')))).rejects.toThrow('fails')
      other.exec('begin immediate; rollback')
      other.close()
    })

    it('are committed when the database is closed before their turn', async () => {
      const written = database.transaction((connection) => insert(connection, 'late'), { durable: true })
      await settle()
      await database.close()
      await written
      database = await openDatabase(place.url)
      expect(await stored()).toEqual(['late'])
    })
  })

  it('are told that they have committed when others can see it, and not before', async () => {
    const other = new Sqlite(path, { readonly: true })
    const seen = other.prepare('select 1 from thing where name = ?')
    const tell = async (name: string): Promise<boolean> => {
      await database.transaction((connection) => insert(connection, name), { durable: true })
      return seen.get(name) !== undefined
    }
    expect(await Promise.all(['a', 'b', 'c', 'd'].map(tell))).toEqual([true, true, true, true])
    other.close()
  })

  it('take nothing of the others with them when they fail, whatever mix of them waits', async () => {
    const attempt = fc.record({ fails: fc.boolean(), durable: fc.boolean(), alone: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { maxLength: 20 }), async (attempts) => {
        await sql`delete from thing`.execute(database.connection)
        const work = async ({ fails, durable, alone }: { fails: boolean; durable: boolean; alone: boolean }, index: number) => {
          const name = `${100 + index}`
          if (alone) await insert(database.connection, name)
          else
            await database.transaction(
              async (connection) => {
                await insert(connection, name)
                if (fails) throw new Error('fails')
              },
              { durable },
            )
          return name
        }
        const settled = await Promise.allSettled(attempts.map(work))
        const kept = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
        expect(await stored()).toEqual(kept)
        expect(kept.length).toBe(attempts.filter(({ fails, alone }) => alone || !fails).length)
      }),
      { numRuns: 40 },
    )
  })

  it('are all refused when the commit that they share fails', async () => {
    await sql`create table parent (name text primary key)`.execute(database.connection)
    await sql`create table child (parent text references parent (name) deferrable initially deferred)`.execute(database.connection)
    const orphan = (): Promise<unknown> =>
      database.transaction((connection) => sql`insert into child values ('nobody')`.execute(connection))
    const settled = await Promise.allSettled([
      database.transaction((connection) => insert(connection, 'beside')),
      orphan(),
      database.transaction((connection) => insert(connection, 'behind')),
    ])
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(await stored()).toEqual([])
    await database.transaction((connection) => insert(connection, 'afterwards'))
    expect(await stored()).toEqual(['afterwards'])
  })
})
