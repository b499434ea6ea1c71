import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ConnectorStore } from '@annex/connector'
import { redisStore } from '@annex/connector/stores/redis'
import { openSqlStore } from '@annex/connector/stores/sql'
import { temporaryDatabase, type Engine } from '../../support/databases.ts'
import * as postgres from '../../support/postgres.ts'
import { noRedis, openRedisClient, TemporaryRedis } from '../../support/redis.ts'
import { FakeSite } from './fake-site.ts'
import type { RenewingWork } from './renewing-process.ts'

/** How often the site was asked in each expiry, by all callers of all processes together. */
export interface Renewals {
  readonly home: string
  readonly processes: number
  readonly callers: number
  readonly expiries: number
  /** Expiries in which the site was asked exactly once, and every caller of every process got that one token. */
  readonly once: number
}

const PROCESSES = 3
const EXPIRY_MS = 2 * 3600 * 1000
const script = fileURLToPath(new URL('./renewing-process.ts', import.meta.url))

interface Home {
  readonly url: string
  readonly store: ConnectorStore
  close(): Promise<void>
}

/** On each store that processes can share; Redis where there is one. */
export async function measureRenewals(callers: number, expiries: number): Promise<Renewals[]> {
  await postgres.setup()
  try {
    const measured: Renewals[] = []
    for (const home of ['sqlite', 'postgres', ...(noRedis === undefined ? ['redis'] : [])])
      measured.push(await measureHome(home, callers, expiries))
    return measured
  } finally {
    await postgres.teardown()
  }
}

async function measureHome(name: string, callers: number, expiries: number): Promise<Renewals> {
  const home = name === 'redis' ? await inRedis() : await inDatabase(name as Engine)
  const site = await FakeSite.start()
  const processes: RenewingProcess[] = []
  try {
    const { app, connection } = await site.signIn({ store: home.store })
    const { id, secret } = site.client
    const work = { issuer: site.server.origin, id, secret, store: home.url, keys: app.keys, connection: connection.id, callers }
    while (processes.length < PROCESSES) processes.push(await RenewingProcess.start(work))
    let good = 0
    for (let expiry = 0; expiry < expiries; expiry += 1) {
      await site.advance(EXPIRY_MS)
      const before = await site.asked()
      const tokens = await Promise.all(processes.map((process) => process.renew(site.ahead)))
      if ((await site.asked()) - before === 1 && new Set(tokens.flat()).size === 1) good += 1
    }
    return { home: name, processes: PROCESSES, callers, expiries, once: good }
  } finally {
    for (const process of processes) await process.stop()
    await site.server.stop()
    await home.close()
  }
}

class RenewingProcess {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  }

  static async start(work: RenewingWork): Promise<RenewingProcess> {
    const child = spawn(process.execPath, ['--conditions=source', script, JSON.stringify(work)], { stdio: ['pipe', 'pipe', 'inherit'] })
    const started = new RenewingProcess(child)
    await started.#line()
    return started
  }

  /** All its callers at once; gives the tokens that they got. */
  async renew(ahead: number): Promise<string[]> {
    this.#child.stdin!.write(`${ahead}\n`)
    return JSON.parse(await this.#line()) as string[]
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('A process of the app ended by itself')
    return value
  }
}

async function inDatabase(engine: Engine): Promise<Home> {
  const database = await temporaryDatabase(engine)
  const store = await openSqlStore(database.url)
  const close = async (): Promise<void> => {
    await store.close()
    await database.remove()
  }
  return { url: database.url, store, close }
}

async function inRedis(): Promise<Home> {
  const redis = await TemporaryRedis.start()
  const client = openRedisClient(redis.url)
  const close = async (): Promise<void> => {
    client.close()
    await redis.remove()
  }
  return { url: redis.url, store: await redisStore(client.call), close }
}
