import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'

const SERVER = 'redis-server'

/** Why the tests that need a Redis are left out; undefined when there is one. Where the checks run, its lack is a failure. */
export const noRedis: string | undefined = reasonAgainst()

function reasonAgainst(): string | undefined {
  try {
    execFileSync(SERVER, ['--version'], { stdio: 'ignore' })
    return undefined
  } catch {
    if (process.env['CI'] !== undefined) throw new Error('There is no redis-server in PATH: install it with `apt-get install redis-server`')
    return 'there is no redis-server in PATH'
  }
}

export type RedisCall = (command: string, ...words: string[]) => Promise<unknown>

/** A client of one Redis. */
export interface RedisClient {
  readonly call: RedisCall
  close(): void
}

/** @param url `redis://127.0.0.1:…`, as `TemporaryRedis.url` */
export function openRedisClient(url: string): RedisClient {
  const client = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null })
  // While the server restarts; commands wait for it.
  client.on('error', () => undefined)
  return { call: (command, ...words) => client.call(command, ...words), close: () => client.disconnect() }
}

/** A Redis of a test's own, in a folder that goes with it. */
export class TemporaryRedis {
  readonly url: string
  readonly folder: string
  readonly #port: number
  readonly #settings: readonly string[]
  #server: ChildProcess | undefined

  private constructor(folder: string, port: number, settings: readonly string[]) {
    this.url = `redis://127.0.0.1:${port}`
    this.folder = folder
    this.#port = port
    this.#settings = settings
  }

  /** @param settings as of the command line; laid over one that keeps what it is given */
  static async start(...settings: string[]): Promise<TemporaryRedis> {
    const redis = new TemporaryRedis(await mkdtemp(join(tmpdir(), 'annex-redis-')), await freePort('127.0.0.1'), settings)
    await redis.run()
    return redis
  }

  async run(): Promise<void> {
    const place = ['--bind', '127.0.0.1', '--port', String(this.#port), '--dir', this.folder]
    const keeping = ['--appendonly', 'yes', '--save', '', '--maxmemory-policy', 'noeviction']
    this.#server = spawn(SERVER, [...place, ...keeping, ...this.#settings], { stdio: ['ignore', 'pipe', 'inherit'] })
    for await (const lines of this.#server.stdout!) if (String(lines).includes('Ready to accept connections')) break
    this.#server.stdout!.resume()
  }

  /** @param signal SIGKILL for a crash */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
    const server = this.#server
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    server.kill(signal)
    await once(server, 'exit')
  }

  async remove(): Promise<void> {
    await this.stop()
    await rm(this.folder, { recursive: true, force: true })
  }
}
