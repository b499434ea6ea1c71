import { spawn, type ChildProcess } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { engines, temporaryDatabase } from '../../../../../../tests/support/databases.ts'
import { noRedis, openRedisClient, TemporaryRedis } from '../../../../../../tests/support/redis.ts'
import type { ConnectorStore } from '../../../stores/connector-store.ts'
import { redisStore } from '../../../stores/redis.ts'
import { openSqlStore } from '../../../stores/sql.ts'
import { documentOf, FRAPPE, Receiving } from '../receiver.fixture.ts'

const script = fileURLToPath(new URL('./listening-app.fixture.ts', import.meta.url))
const MODIFIED = '2026-11-22 08:00:00.000001'
let leave: (() => unknown)[] = []
afterEach(async () => {
  for (const act of leave.toReversed()) await act()
  leave = []
})

async function storeUrl(home: string): Promise<string> {
  if (home === 'redis') {
    const redis = await TemporaryRedis.start()
    leave.push(() => redis.remove())
    return redis.url
  }
  const database = await temporaryDatabase(home as (typeof engines)[number])
  leave.push(() => database.remove())
  return database.url
}

async function open(url: string): Promise<ConnectorStore> {
  if (url.startsWith('redis:')) {
    const client = openRedisClient(url)
    leave.push(() => client.close())
    return redisStore(client.call)
  }
  const store = await openSqlStore(url)
  leave.push(() => store.close())
  return store
}

async function startApp(store: string): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const work = JSON.stringify({ store, secret: FRAPPE })
  const child = spawn(process.execPath, ['--conditions=source', script, work], { stdio: ['ignore', 'pipe', 'inherit'] })
  leave.push(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('The app ended before it listened')))
  const [line] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer]
  ended.catch(() => undefined)
  return { child, url: String(line).trim() }
}

function send(url: string, body: string): Promise<Response> {
  const signature = createHmac('sha256', FRAPPE).update(body).digest('base64')
  const headers = { 'x-frappe-webhook-signature': signature, 'content-type': 'application/x-www-form-urlencoded' }
  return fetch(`${url}/connect/webhook/Customer`, { method: 'POST', headers, body })
}

describe.each([...engines, 'redis'])('with its store in %s', (home) => {
  test.skipIf(home === 'redis' && noRedis !== undefined)(
    'D24 what was answered 204 is there after the process was killed, and is worked on then',
    async () => {
      const url = await storeUrl(home)
      const { child, url: app } = await startApp(url)
      const names = Array.from({ length: 20 }, (_, n) => `C-${n}`)
      const sent = names.map((name) => send(app, `{"name": "${name}", "modified": "${MODIFIED}"}`))
      // Killed with the first answer: what is not answered may or may not be there.
      await Promise.any(sent)
      child.kill('SIGKILL')
      const answered = (await Promise.allSettled(sent)).flatMap((result, n) =>
        result.status === 'fulfilled' && result.value.status === 204 ? [names[n]!] : [],
      )
      expect(answered.length).toBeGreaterThan(0)
      const receiving = new Receiving({}, (await open(url)).of(''))
      receiving.reads = (_person, doctype, name) => documentOf(doctype, name, MODIFIED)
      while ((await receiving.work()) > 0);
      const told = receiving.told.map(({ name }) => name)
      expect(told).toEqual(expect.arrayContaining(answered))
      expect(new Set(told).size).toBe(told.length)
    },
  )

  test.skipIf(home === 'redis' && noRedis !== undefined)('two processes that work on one inbox tell each change once', async () => {
    const url = await storeUrl(home)
    const apps = [new Receiving({}, (await open(url)).of('')), new Receiving({}, (await open(url)).of(''))] as const
    for (const app of apps) app.reads = (_person, doctype, name) => documentOf(doctype, name, MODIFIED)
    const names = Array.from({ length: 30 }, (_, n) => `C-${n}`)
    for (const [n, name] of names.entries())
      for (const event of ['on_update', 'on_change']) {
        const answer = await apps[n % 2]!.frappe(JSON.stringify({ name, modified: MODIFIED, event }))
        expect(answer.status).toBe(204)
      }
    await expect
      .poll(async () => (await Promise.all(apps.map((app) => app.work())), apps[0].waiting()), { timeout: 10_000, interval: 100 })
      .toEqual([])
    const told = apps.flatMap((app) => app.told.map(({ name }) => name))
    expect(told.toSorted()).toEqual(names.toSorted())
  })
})
