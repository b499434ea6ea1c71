import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { dialectOf, openDatabase } from '@annex/database'
import type { Database } from '@annex/database'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import { readConfig } from '../config.ts'
import { ADMINISTRATOR } from '../policy/principal.ts'
import { openSite, type Site } from '../site.ts'
import { backUpSite, copySite, planRestore, restoreSite } from '../transfers.ts'
import { readParts } from './database-parts.ts'
import { markUnfinished } from './mark.ts'
import type { Sum } from './parts.ts'
import { fillSite, makePlace, type Place } from './transfer.fixture.ts'

const quiet = (): void => {}

async function sumsOf(database: Database): Promise<Map<string, Sum>> {
  const sums = new Map<string, Sum>()
  let table = ''
  for await (const part of readParts(database.connection, dialectOf(database.engine))) {
    if (part.kind === 'table') table = part.table.name
    if (part.kind === 'sum') sums.set(table, part.sum)
  }
  return sums
}

async function withDatabase<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(url)
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

describe.each(engines)('a site on %s', (engine) => {
  let place: Place
  let site: Site
  let file: string
  const places: Place[] = []
  const another = async (of = engine): Promise<Place> => {
    const made = await makePlace(of)
    places.push(made)
    return made
  }
  beforeAll(async () => {
    place = await makePlace(engine)
    site = await place.open()
    await fillSite(site)
    file = join(place.folder, 'site.backup')
    await backUpSite(place.config, file, false, quiet)
  })
  afterAll(async () => {
    for (const made of places) await made.remove()
    await place.remove()
  })

  const check = async (there: Site): Promise<void> => {
    const list = (fields: string[]): Promise<unknown> =>
      there.backend.list(ADMINISTRATOR, { doctype: 'Move Sheet', fields, orderBy: 'name', limit: null })
    const fields = ['name', 'title', 'price', 'done', 'at', 'clock', 'facts', 'creation', 'modified']
    expect(await list(fields)).toEqual(
      await site.backend.list(ADMINISTRATOR, { doctype: 'Move Sheet', fields, orderBy: 'name', limit: null }),
    )
    expect(await there.backend.read(ADMINISTRATOR, { doctype: 'Move Sheet', name: 'MS-0011' })).toEqual(
      await site.backend.read(ADMINISTRATOR, { doctype: 'Move Sheet', name: 'MS-0011' }),
    )
    const found = await there.backend.searchLink(ADMINISTRATOR, { doctype: 'Move Sheet', text: 'quoted” \\ back 116', limit: 5 })
    expect(found.map(({ value }) => value)).toEqual(['MS-0117'])
    const [next] = await there.backend.insert(ADMINISTRATOR, 'Move Sheet', [{ title: 'new here', lines: [{ qty: 1 }] }])
    expect(next?.name).toBe('MS-0621')
    await expect(there.backend.insert(ADMINISTRATOR, 'Move Sheet', [{ title: 'new here' }])).rejects.toMatchObject({
      excType: 'UniqueValidationError',
    })
  }

  /** A copy has the keys of its source. */
  const openCopy = (target: Place): Promise<Site> =>
    openSite(readConfig({ ...process.env, DATABASE_URL: target.url, ANNEX_DATA: place.folder, PORT: '0' }))

  it.each(engines)('is copied whole into an empty database on %s, where it runs', async (other) => {
    const target = await another(other)
    const seen = new Map<string, number>()
    await copySite(place.url, target.url, ({ table, rows }) => void seen.set(table, rows), quiet)
    const [before, after] = [await sumsOf(site.rooms.database), await withDatabase(target.url, sumsOf)]
    expect(after).toEqual(before)
    expect(seen.get('tabMove Sheet')).toBe(620)
    expect([...seen.keys()].toSorted()).toEqual([...before.keys()].toSorted())
    const there = await openCopy(target)
    try {
      await check(there)
    } finally {
      await there.close()
    }
  })

  it('is not copied into a database that holds anything', async () => {
    const target = await another()
    await withDatabase(target.url, (database) => sql`create table mine (a text primary key)`.execute(database.connection))
    await expect(copySite(place.url, target.url, quiet, quiet)).rejects.toThrow(
      /is not empty \(it has 1 tables\); a site is copied into an empty one only$/,
    )
    await expect(copySite(place.url, place.url, quiet, quiet)).rejects.toThrow(/is not empty/)
  })

  it('is refused where its copy was interrupted, and copied there anew', async () => {
    const target = await another()
    await withDatabase(target.url, markUnfinished)
    await expect(target.open()).rejects.toThrow(
      /^The copy into the database .* did not end, so it holds no whole site: run annex copy again/,
    )
    await expect(copySite(target.url, (await another()).url, quiet, quiet)).rejects.toThrow(/did not end/)
    const said: string[] = []
    await copySite(place.url, target.url, quiet, () => said.push('anew'))
    expect(said).toEqual(['anew'])
    expect(await withDatabase(target.url, sumsOf)).toEqual(await sumsOf(site.rooms.database))
  })

  it('is copied anew after a copy that was killed in the middle', async () => {
    const target = await another()
    await killInTheMiddle(place.url, target.url, 'tabMove Sheet')
    await expect(target.open()).rejects.toThrow(/did not end, so it holds no whole site/)
    await withDatabase(target.url, async ({ connection, engine: of }) => {
      const tables = await dialectOf(of).listTables(connection)
      expect(tables.map(({ name }) => name)).not.toContain('tabMove Sheet')
    })
    const said: string[] = []
    await copySite(place.url, target.url, quiet, () => said.push('anew'))
    expect(said).toEqual(['anew'])
    expect(await withDatabase(target.url, sumsOf)).toEqual(await sumsOf(site.rooms.database))
    await (await openCopy(target)).close()
  })

  it('is copied from nowhere else than a site', async () => {
    const [empty, target] = [await another(), await another()]
    await withDatabase(empty.url, async () => {})
    await expect(copySite(empty.url, target.url, quiet, quiet)).rejects.toThrow(/^There is no site in the database/)
    await expect(copySite('sqlite:/nowhere/site.db', target.url, quiet, quiet)).rejects.toThrow(
      'Cannot open the database sqlite:/nowhere/site.db (--from): there is no such file',
    )
  })

  it('is backed up into a file that its owner alone may read, and no file is overwritten unasked', async () => {
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await expect(backUpSite(place.config, file, false, quiet)).rejects.toThrow(
      `there is a file ${file} already; name another, or replace it with --force`,
    )
    await backUpSite(place.config, file, true, quiet)
    expect(() => statSync(`${file}.unfinished`)).toThrow()
  })

  it('is backed up in the state of one moment, while documents are written', async () => {
    const moving = await another()
    const busy = await moving.open()
    await fillSite(busy)
    const stop = new AbortController()
    const writing = (async (): Promise<void> => {
      for (let turn = 0; !stop.signal.aborted; turn += 1) {
        await busy.backend.insert(ADMINISTRATOR, 'Move Sheet', [{ title: `written ${turn}`, lines: [{ qty: 1 }, { qty: 2 }] }])
        // SQLite answers at once, and the file is written between the turns of the loop.
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    const path = join(moving.folder, 'busy.backup')
    await backUpSite(moving.config, path, false, quiet)
    stop.abort()
    await writing
    const target = await another()
    await restoreSite(target.config, path, quiet)
    await withDatabase(target.url, async ({ connection }) => {
      const { rows } = await sql<{
        sheets: number
        lines: number
        current: number
      }>`select (select count(*) from "tabMove Sheet") as sheets,
        (select count(*) from "tabMove Line") as lines, (select current from naming_series where prefix = 'MS-') as current`.execute(
        connection,
      )
      expect(rows[0]?.sheets).toBe(rows[0]?.current)
      expect(rows[0]?.lines).toBe(124 + 2 * ((rows[0]?.sheets ?? 0) - 620))
    })
  })

  it.each(engines)('is restored into a running site on %s with the same keys, which goes on with what was restored', async (other) => {
    const target = await another(other)
    const running = await openCopy(target)
    try {
      await running.backend.insert(ADMINISTRATOR, 'DocType', [{ name: 'Only Here', fields: [{ fieldname: 'a', fieldtype: 'Data' }] }])
      const before = await running.rooms.generation.read()
      const plan = await planRestore(target.config, file)
      expect(plan.contents.get('tabMove Sheet')).toBe(620)
      expect(plan.held?.rows).toBeGreaterThan(10)
      await restoreSite(target.config, file, quiet)
      const now = await running.rooms.generation.read()
      expect(now).toBeGreaterThan(before)
      await running.rooms.generation.observe(now)
      expect(running.rooms.doctypes.get('Only Here')).toBeUndefined()
      await check(running)
    } finally {
      await running.close()
    }
  })

  it('has no session and no grant of before after a restore', async () => {
    const target = await another()
    const running = await target.open()
    const { connection } = running.rooms.database
    const epochs = async (): Promise<unknown> => (await sql`select epoch from oauth_state`.execute(connection)).rows
    await restoreSite(target.config, file, quiet)
    expect(await epochs()).toEqual([{ epoch: 2 }])
    await sql`insert into session (hash, "user", created, last_seen, expires) values ('h', 'Administrator', 1, 1, 9000000000000000)`.execute(
      connection,
    )
    await restoreSite(target.config, file, quiet)
    expect(await epochs()).toEqual([{ epoch: 3 }])
    expect((await sql`select hash from session`.execute(connection)).rows).toEqual([])
  })

  describe('and a file that is not whole', () => {
    const lines = (): string[] => gunzipSync(readFileSync(file)).toString().split('\n')
    const from = (...changed: string[]): Buffer => gzipSync(changed.join('\n'))
    it.each<[string, () => Buffer, RegExp]>([
      ['cut off', () => readFileSync(file).subarray(0, 5000), /cut off or damaged/],
      ['without its last line', () => from(...lines().slice(0, -2), ''), /cut off or damaged/],
      ['with a value changed', () => from(...lines().map((line) => line.replace('MS-0011', 'MS-0012'))), /cut off or damaged/],
      ['with a row taken out', () => from(...lines().filter((line) => !line.startsWith('["MS-0011"'))), /cut off or damaged/],
      ['with a table taken out', () => from(...withoutTable(lines(), 'tabMove Line')), /cut off or damaged/],
      ['of something else', () => Buffer.from('no backup'), /is no backup of Annex/],
      ['of other lines', () => from('{"a":1}', ''), /is no backup of Annex/],
      [
        'of a later release',
        () => from(...lines().map((line, index) => (index === 0 ? line.replace('"version":1', '"version":2') : line))),
        /made by a later release/,
      ],
      ['that is not there', () => Buffer.alloc(0), /no such file/],
    ])('%s changes nothing', async (name, bytes, sentence) => {
      const target = await another()
      const running = await target.open()
      const before = await sumsOf(running.rooms.database)
      const path = join(target.folder, name === 'that is not there' ? 'nowhere' : 'broken.backup')
      if (name !== 'that is not there') writeFileSync(path, bytes())
      for (const work of [() => planRestore(target.config, path), () => restoreSite(target.config, path, quiet)])
        await expect(work()).rejects.toThrow(sentence)
      expect(await sumsOf(running.rooms.database)).toEqual(before)
    })
  })

  it('writes files that the system’s own gzip reads', () => {
    expect(execFileSync('gzip', ['-t', '-v', '-S', '.backup', file], { stdio: 'pipe' })).toBeDefined()
  })
})

const copying = fileURLToPath(new URL('copying-process.fixture.ts', import.meta.url))

/** A copy by another process, which is killed when it has read the table and has not written all of it. */
async function killInTheMiddle(from: string, to: string, table: string): Promise<void> {
  const child = spawn(process.execPath, ['--conditions=source', copying, from, to, table], { stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout.on('data', () => child.kill('SIGKILL'))
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null]
  expect(signal).toBe('SIGKILL')
}

function withoutTable(lines: readonly string[], table: string): string[] {
  const start = lines.findIndex((line) => line.startsWith(`{"table":{"name":"${table}"`))
  const end = lines.findIndex((line, index) => index > start && line.startsWith('{"sum"'))
  return lines.toSpliced(start, end - start + 1)
}
