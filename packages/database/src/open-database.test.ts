import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryDatabase } from '../../../tests/support/databases.ts'
import { openDatabase } from './open-database.ts'

describe('openDatabase', () => {
  let folder: string
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'annex-open-'))))
  afterAll(() => rm(folder, { recursive: true }))

  it.each([
    ['mysql://root@127.0.0.1/x', 'must begin with sqlite:/ or postgres://'],
    ['sqlite:site.db', 'must be absolute'],
    ['sqlite::memory:', 'must be absolute'],
    ['postgres://', 'Cannot open the database'],
  ])('refuses %s in one sentence that names the setting', async (url, reason) => {
    const error = await openDatabase(url, { setting: 'ANNEX_DATABASE' }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Error)
    expect(String(error)).toContain(reason)
    expect(String(error)).toContain('(ANNEX_DATABASE)')
    expect(String(error)).not.toContain('\n')
  })

  it('refuses a file in a folder that does not exist, and one that is no database', async () => {
    await expect(openDatabase(`sqlite:${folder}/nowhere/site.db`)).rejects.toThrow(
      /Cannot open the database sqlite:.*nowhere.*\(DATABASE_URL\)/,
    )
    await writeFile(join(folder, 'letter.db'), 'Dear database, '.repeat(100))
    await expect(openDatabase(`sqlite:${folder}/letter.db`)).rejects.toThrow(/letter\.db \(DATABASE_URL\): file is not a database/)
  })

  it('never shows a password, whatever the reason', async () => {
    const server = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const reach = (): Promise<unknown> =>
      openDatabase(`postgres://anna:hidden-word@127.0.0.1:${port}/site?password=hidden-word`).catch((thrown: unknown) => thrown)
    const broken = await reach()
    await new Promise((resolve) => server.close(resolve))
    const refused = await reach()
    for (const error of [broken, refused]) {
      expect(String(error)).toContain(`postgres://anna@127.0.0.1:${port}/site (DATABASE_URL): `)
      expect(String(error)).not.toContain('hidden-word')
      expect(String(error)).not.toMatch(/: $/)
    }
  })

  it('makes a file that nobody else may read, with a place to name it by', async () => {
    const path = join(folder, 'site.db')
    const database = await openDatabase(`sqlite:${path}`)
    await sql`create table thing (name text)`.execute(database.connection)
    expect(database.place).toBe(`sqlite:${path}`)
    for (const name of [path, `${path}-wal`]) expect((await stat(name)).mode & 0o777).toBe(0o600)
    await database.close()
  })

  it('keeps what was written for the next time, names with spaces too', async () => {
    const url = `sqlite:${folder}/two words.db`
    const first = await openDatabase(url)
    await sql`create table thing (name text)`.execute(first.connection)
    await first.close()
    const second = await openDatabase(url)
    expect((await sql`select * from thing`.execute(second.connection)).rows).toEqual([])
    await second.close()
  })

  it('waits for whoever else opens a new file at the same moment, while other work goes on', async () => {
    const path = join(folder, 'shared.db')
    const other = new Sqlite(path)
    other.exec('begin; create table thing (name text)')
    const opening = openDatabase(`sqlite:${path}`)
    await new Promise((resolve) => setImmediate(resolve))
    other.exec('commit')
    other.close()
    const database = await opening
    expect((await sql`pragma journal_mode`.execute(database.connection)).rows).toEqual([{ journal_mode: 'wal' }])
    await database.close()
  })

  it('refuses a PostgreSQL that answers before it has stored, and says what to set', async () => {
    const place = await temporaryDatabase('postgres')
    const first = await openDatabase(place.url)
    const name = new URL(place.url).pathname.slice(1)
    await sql`alter database ${sql.id(name)} set synchronous_commit = off`.execute(first.connection)
    await first.close()
    await expect(openDatabase(place.url)).rejects.toThrow('synchronous_commit is off, so')
    await place.remove()
  })

  it('names a PostgreSQL without its password', async () => {
    const place = await temporaryDatabase('postgres')
    const url = new URL(place.url)
    url.password ||= 'hidden-word'
    const database = await openDatabase(url.href)
    expect(database.place).toContain(url.pathname)
    expect(database.place).not.toContain(url.password)
    await database.close()
    await place.remove()
  })
})
