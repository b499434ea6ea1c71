import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { OAUTH_PATHS } from '@annex/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../../testing/test-app.ts'
import type { Connection } from '../../connector/connection.ts'
import { homes, openHome, type Home } from './homes.fixture.ts'

const script = fileURLToPath(new URL('./renew.fixture.ts', import.meta.url))
const CALLERS = 200
const MINUTE = 60_000

describe.each(homes)('on %s', (kind) => {
  let home: Home
  let site: FakeUpstream
  let address: Awaited<ReturnType<FakeUpstream['listen']>>
  let app: TestApp
  let logged: string[]
  let connection: Connection
  beforeEach(async () => {
    home = await openHome(kind)
    site = new FakeUpstream()
    address = await site.listen()
    logged = []
    app = new TestApp(site, { store: home.store, fetch, log: (event, detail) => logged.push(JSON.stringify([event, detail])) })
    await app.signIn()
    connection = await app.connection()
  })
  afterEach(async () => {
    await address.close()
    await home.remove()
  })

  /** A process of the app, which waits to be let go. */
  async function open(work: { rejected?: string; skewMs?: number; callers?: number }, TZ = 'UTC'): Promise<ChildProcess> {
    const client = { issuer: site.issuer, clientId: site.client.id, secret: site.client.secret }
    const all = { ...client, vault: home.url, keys: app.keys, connection: connection.id, callers: CALLERS, ...work }
    const child = spawn(process.execPath, ['--conditions=source', script, JSON.stringify(all)], {
      env: { ...process.env, TZ },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    return child
  }

  /** Lets them go at the same moment, and gives the tokens that each of them got. */
  async function race(children: readonly ChildProcess[]): Promise<string[][]> {
    const outputs = children.map((child) => text(child.stdout!))
    for (const child of children) child.stdin!.write('go\n')
    return (await Promise.all(outputs)).map((output) => JSON.parse(output) as string[])
  }

  test.each([0, 1])('D8 J07 three processes of 200 callers renew once, with %i answers lost', async (lost) => {
    const rejected = await connection.token()
    site.faults.loseTokenAnswers = lost
    const [first, ...others] = await race(await Promise.all([1, 2, 3].map(() => open({ rejected }))))
    expect(first).toHaveLength(1)
    expect(others).toEqual([first, first])
    expect(site.renewals).toBe(1)
    expect(await connection.token()).toBe(first![0])
  })

  test('D7 processes whose clocks are five minutes wrong, either way, and in other zones, renew and sign nobody out', async () => {
    const rejected = await connection.token()
    const machines = [
      [-5 * MINUTE, 'Asia/Kolkata'],
      [0, 'UTC'],
      [5 * MINUTE, 'America/St_Johns'],
    ] as const
    const tokens = await race(await Promise.all(machines.map(([skewMs, zone]) => open({ rejected, skewMs, callers: 20 }, zone))))
    expect(new Set(tokens.flat()).size).toBe(1)
    expect(site.renewals).toBe(1)
    const [slow] = await race([await open({ skewMs: -5 * MINUTE, callers: 5 }, 'Asia/Kolkata')])
    const [fast] = await race([await open({ skewMs: 5 * MINUTE, callers: 5 })])
    expect([slow, fast]).toEqual([tokens[0], tokens[0]])
    expect(site.renewals).toBe(1)
  })

  test('D10 what lies there, what is logged and where requests go hold no token, no session id, no secret and no key', async () => {
    const rejected = await connection.token()
    const token = await connection.token({ rejected })
    const secrets = [token, ...site.tokens('access'), ...site.tokens('refresh'), ...app.cookies.values(), site.client.secret]
    expect(secrets.length).toBeGreaterThan(6)
    const requests = site.requests.filter((request) => request.path !== OAUTH_PATHS.authorize)
    const found = [await home.dump(), ...logged, ...requests.map(({ path, query }) => `${path}?${query.toString()}`)].join('\n')
    expect(found).toContain(connection.id)
    expect(logged.length).toBeGreaterThan(1)
    for (const secret of [...secrets, ...Object.values(app.keys.ring)]) expect(found.includes(secret)).toBe(false)
  })
})
