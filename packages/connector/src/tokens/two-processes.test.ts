import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { engines, temporaryDatabase, type TemporaryDatabase } from '../../../../tests/support/databases.ts'
import { FakeSite } from '../fake-site.fixture.ts'
import { openSqlStore, type SqlStore } from '../stores/sql.ts'
import { TestApp } from '../test-app.fixture.ts'

const script = fileURLToPath(new URL('./renew.fixture.ts', import.meta.url))
let database: TemporaryDatabase
let site: FakeSite
let store: SqlStore

async function open(engine: (typeof engines)[number]): Promise<void> {
  database = await temporaryDatabase(engine)
  site = await new FakeSite().start()
  store = await openSqlStore(database.url)
}

afterEach(async () => {
  await store.close()
  await site.close()
  await database.remove()
})

/** Starts the processes, lets them go at the same moment, and gives the tokens each of them got. */
async function race(app: TestApp, work: { connection: string; rejected: string }): Promise<string[][]> {
  const all = { issuer: site.url, clientId: site.clientId, secret: site.secret, vault: database.url, keys: app.keys, callers: 32, ...work }
  const processes = [1, 2].map(() =>
    spawn(process.execPath, ['--conditions=source', script, JSON.stringify(all)], { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  await Promise.all(processes.map(async (child) => once(child.stdout, 'data')))
  const outputs = processes.map((child) => text(child.stdout))
  for (const child of processes) child.stdin.write('go\n')
  return (await Promise.all(outputs)).map((output) => JSON.parse(output) as string[])
}

describe.each(engines)('on %s', (engine) => {
  beforeEach(() => open(engine))

  test.each([0, 1])('two processes of 32 callers on one vault renew once, with %i answers lost', async (lost) => {
    const app = new TestApp(site, { store })
    await app.signIn()
    const connection = await app.connection()
    const rejected = await connection.token()
    site.faults.loseTokenAnswers = lost
    const [first, second] = await race(app, { connection: connection.id, rejected })
    expect(first).toHaveLength(1)
    expect(second).toEqual(first)
    expect(site.refreshes).toBe(1)
    expect(await connection.token()).toBe(first![0])
  })
})

test('the files of the vault hold no token, no session id and no secret', async () => {
  await open('sqlite')
  const folder = dirname(database.url.slice('sqlite:'.length))
  const app = new TestApp(site, { store })
  await app.signIn()
  const token = await (await app.connection()).token()
  const refresh = site.tokens('refresh')
  expect(refresh).toHaveLength(1)
  const secrets = [token, ...refresh, ...app.cookies.values(), site.secret, ...Object.values(app.keys.ring)]
  for (const file of await readdir(folder)) {
    const bytes = await readFile(join(folder, file), 'latin1')
    for (const secret of secrets) expect(bytes.includes(secret)).toBe(false)
  }
})
