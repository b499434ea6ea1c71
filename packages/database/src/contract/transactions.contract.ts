import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Engine } from '../../../../tests/support/databases.ts'
import { afterCommit } from '../connections/commit-tasks.ts'
import type { Connection } from '../database.ts'
import { savepoint } from '../savepoint.ts'
import { countUp, createCounter, readCounter } from './counter.fixture.ts'
import { openedFor } from './open.fixture.ts'

type Tables = { thing: { name: string } }

const insert = (connection: Connection, name: string): Promise<unknown> =>
  connection.withTables<Tables>().insertInto('thing').values({ name }).execute()
const names = async (connection: Connection): Promise<string[]> =>
  (await connection.withTables<Tables>().selectFrom('thing').select('name').orderBy('name').execute()).map((row) => row.name)

export function transactionsContract(engine: Engine): void {
  describe(`transactions on ${engine}`, () => {
    const opened = openedFor(engine)

    beforeAll(() => sql`create table thing (name text primary key)`.execute(opened.database.connection))
    beforeEach(() => sql`delete from thing`.execute(opened.database.connection))

    it('keep all of their work, and give back what it returns', async () => {
      const answer = await opened.database.transaction(async (connection) => {
        await insert(connection, 'a')
        await insert(connection, 'b')
        return names(connection)
      })
      expect(answer).toEqual(['a', 'b'])
      expect(await names(opened.database.connection)).toEqual(['a', 'b'])
    })

    it('keep nothing when an error comes from deep inside', async () => {
      const deep = async (connection: Connection): Promise<void> => {
        await insert(connection, 'b')
        throw new Error('from deep inside')
      }
      const work = opened.database.transaction(async (connection) => {
        await insert(connection, 'a')
        await deep(connection)
      })
      await expect(work).rejects.toThrow('from deep inside')
      expect(await names(opened.database.connection)).toEqual([])
    })

    it('undo changes of tables too', async () => {
      const work = opened.database.transaction(async (connection) => {
        await sql`create table passing (name text)`.execute(connection)
        await sql`alter table thing add column more text`.execute(connection)
        throw new Error('undone')
      })
      await expect(work).rejects.toThrow('undone')
      expect(await opened.dialect.tableExists(opened.database.connection, 'passing')).toBe(false)
      expect(await opened.dialect.columnsOf(opened.database.connection, 'thing')).toEqual(['name'])
    })

    it('run what waits for their commit after it, in order, and not when they are undone', async () => {
      const told: string[] = []
      const seen: Promise<string[]>[] = []
      await opened.database.transaction(async (connection) => {
        afterCommit(connection, () => void seen.push(names(opened.database.connection)))
        afterCommit(connection, () => void told.push('second'))
        await insert(connection, 'a')
        expect(told).toEqual([])
      })
      expect([told, await seen[0]]).toEqual([['second'], ['a']])
      const undone = opened.database.transaction(async (connection) => {
        afterCommit(connection, () => void told.push('never'))
        throw new Error('undone')
      })
      await expect(undone).rejects.toThrow('undone')
      expect(told).toEqual(['second'])
      expect(() => afterCommit(opened.database.connection, () => {})).toThrow('no commit')
    })

    it('refuse their connection once the work has ended, well or badly', async () => {
      let kept: Connection | undefined
      await opened.database.transaction(async (connection) => void (kept = connection))
      await expect(insert(kept!, 'late')).rejects.toThrow(/already committed|has ended/)
      await opened.database
        .transaction((connection) => {
          kept = connection
          throw new Error('badly')
        })
        .catch(() => undefined)
      await expect(insert(kept!, 'late')).rejects.toThrow(/rolled back|has ended/)
      expect(await names(opened.database.connection)).toEqual([])
    })

    it('refuse a query that nobody awaited, instead of running it behind the commit', async () => {
      let forgotten: Promise<unknown> | undefined
      await opened.database.transaction(async (connection) => {
        forgotten = new Promise((resolve) => setImmediate(resolve)).then(() => insert(connection, 'forgotten'))
        forgotten.catch(() => undefined)
      })
      await expect(forgotten).rejects.toThrow(/already committed|has ended/)
      expect(await names(opened.database.connection)).toEqual([])
    })

    it('cannot go on after a failed statement, even if its error was caught', async () => {
      const work = opened.database.transaction(async (connection) => {
        await insert(connection, 'a')
        await insert(connection, 'a').catch(() => undefined)
        await insert(connection, 'b')
      })
      await expect(work).rejects.toThrow('can only be rolled back')
      expect(await names(opened.database.connection)).toEqual([])
    })

    it('do not commit when a failure was passed over in silence', async () => {
      const work = opened.database.transaction(async (connection) => {
        await insert(connection, 'a')
        await insert(connection, 'a').catch(() => undefined)
      })
      await expect(work).rejects.toThrow('can only be rolled back')
      expect(await names(opened.database.connection)).toEqual([])
    })

    it('go on after a failure inside a savepoint, which undoes that part alone', async () => {
      await opened.database.transaction(async (connection) => {
        await insert(connection, 'a')
        const part = savepoint(connection, async () => {
          await insert(connection, 'b')
          await insert(connection, 'a')
        })
        await expect(part).rejects.toThrow(/unique/i)
        expect(await savepoint(connection, () => names(connection))).toEqual(['a'])
        await insert(connection, 'c')
      })
      expect(await names(opened.database.connection)).toEqual(['a', 'c'])
    })

    it('are refused inside one another, where they would wait for themselves', async () => {
      const work = opened.database.transaction(() => opened.database.transaction(async () => undefined))
      await expect(work).rejects.toThrow('inside a transaction')
    })

    it('are begun through the database and not through its connection', async () => {
      await expect(opened.database.connection.transaction().execute(async () => undefined)).rejects.toThrow('database.transaction()')
      await expect(savepoint(opened.database.connection, async () => undefined)).rejects.toThrow('needs an open transaction')
    })

    it('let others read what was before, without waiting', async () => {
      await insert(opened.database.connection, 'before')
      await opened.database.transaction(async (connection) => {
        await insert(connection, 'after')
        expect(await names(connection)).toEqual(['after', 'before'])
        expect(await names(opened.database.connection)).toEqual(['before'])
      })
      expect(await names(opened.database.connection)).toEqual(['after', 'before'])
    })

    it('lose nothing when many read and then write at once, in two processes', async () => {
      await createCounter(opened.database)
      const program = fileURLToPath(new URL('other-process.fixture.ts', import.meta.url))
      const other = fork(program, [opened.url, '150'], { execArgv: ['--conditions=source'] })
      await once(other, 'message')
      other.send('go')
      const [[code]] = await Promise.all([once(other, 'exit'), countUp(opened.database, 75), countUp(opened.database, 75)])
      expect(code).toBe(0)
      expect(await readCounter(opened.database)).toBe(300)
    })

    it('may ask to be on the disk before they return', async () => {
      const setting =
        engine === 'sqlite'
          ? sql<{ level: unknown }>`select synchronous as level from pragma_synchronous`
          : sql<{ level: unknown }>`select current_setting('synchronous_commit') as level`
      const level = async (connection: Connection): Promise<unknown> => (await setting.execute(connection)).rows[0]?.level
      expect(await opened.database.transaction(level, { durable: true })).toBe(engine === 'sqlite' ? 2 : 'on')
      expect(await opened.database.transaction(level)).toBe(engine === 'sqlite' ? 1 : 'on')
      await opened.database.transaction(() => Promise.reject(new Error('fails')), { durable: true }).catch(() => undefined)
      expect(await opened.database.transaction(level)).toBe(engine === 'sqlite' ? 1 : 'on')
    })
  })
}
