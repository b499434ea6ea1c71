import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { engines, temporaryDatabase } from '../../../../../tests/support/databases.ts'
import { randomToken } from '../../core/sealing/base64.ts'
import { connectionOf } from '../contract/samples.fixture.ts'
import type { StoredConnection } from '../connector-store.ts'
import { openSqlStore, type SqlStore } from '../sql.ts'

const [FROM, TO] = ['https://old.example.com', 'https://new.example.com']
const many = (): StoredConnection[] =>
  Array.from({ length: 120 }, (_, index) => connectionOf({ issuer: FROM, subject: `person ${100 + index}` }))

describe('on postgres a site is followed to its new address', () => {
  /** A move that meets what somebody else has written and not committed yet. Gives how many moved. */
  async function moveAlong(
    store: SqlStore,
    url: string,
    [write, parameters]: readonly [sql: string, parameters: readonly unknown[]],
  ): Promise<number> {
    const writer = new pg.Client({ connectionString: url })
    const watcher = new pg.Client({ connectionString: url })
    await Promise.all([writer.connect(), watcher.connect()])
    await writer.query('begin')
    await writer.query(write, [...parameters])
    let isOver = false
    const move = store
      .of('')
      .connections.move(FROM, TO)
      .finally(() => (isOver = true))
    // Watched below; what it ends with is the test's to see.
    move.catch(() => undefined)
    const waiting = "select count(*)::int as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    await expect.poll(async () => isOver || (await watcher.query<{ waiting: number }>(waiting)).rows[0]!.waiting > 0).toBe(true)
    await writer.query('commit')
    await Promise.all([writer.end(), watcher.end()])
    return move
  }

  test.each([
    [
      'also by those who are being renewed',
      () => ['update connector_connection set version = version + 1, name = $1 where subject = $2', ['Renewed', 'person 110']] as const,
      { moved: 120, kept: { issuer: TO, version: 3, name: 'Renewed' } },
    ],
    [
      'by all but who signs in there meanwhile, whose newer place counts',
      () =>
        [
          `insert into connector_connection select c.* from connector_connection as old,
            jsonb_populate_record(old, jsonb_build_object('id', $1::text, 'issuer', $2::text)) as c where old.subject = $3`,
          [randomToken(), TO, 'person 110'],
        ] as const,
      { moved: 119, kept: { issuer: FROM, version: 1 } },
    ],
  ])('%s', async (_, write, { moved, kept }) => {
    const database = await temporaryDatabase('postgres')
    const store = await openSqlStore(database.url)
    const { connections } = store.of('')
    const moving = many()
    for (const connection of moving) await connections.insert(connection)
    const held = moving[10]!
    expect(await moveAlong(store, database.url, write())).toBe(moved)
    expect(await connections.read(held.id)).toEqual({ ...held, ...kept })
    expect((await connections.find(TO, held.subject))?.id === held.id).toBe(kept.issuer === TO)
    await store.close()
    await database.remove()
  })
})

test.each(engines)('on %s nobody is lost of a site that moves while its people sign in at both addresses', async (engine) => {
  const database = await temporaryDatabase(engine)
  const store = await openSqlStore(database.url)
  const { connections } = store.of('')
  const moving = many()
  for (const connection of moving) await connections.insert(connection)
  const arriving = moving.filter((_, index) => index % 2 === 1).map(({ subject }) => connectionOf({ issuer: TO, subject }))
  const [moved, came] = await Promise.all([
    connections.move(FROM, TO),
    Promise.all(arriving.map((connection) => connections.insert(connection))),
  ])
  expect(moved).toBe(moving.length - came.filter(Boolean).length)
  for (const { subject } of moving) expect(await connections.find(TO, subject)).toBeDefined()
  await store.close()
  await database.remove()
})
