import type { LeaseStore } from '../connector-store.ts'
import { run, type RedisCall } from './open-redis.ts'

const RELEASE = `
local key = KEYS[1] .. 'lease:' .. ARGV[1]
if redis.call('GET', key) == ARGV[2] then redis.call('DEL', key) end
return 1`

export class RedisLeases implements LeaseStore {
  readonly #call: RedisCall
  readonly #stem: string

  constructor(call: RedisCall, stem: string) {
    this.#call = call
    this.#stem = stem
  }

  async acquire(name: string, holder: string, leaseMs: number): Promise<boolean> {
    const got = await this.#call('SET', `${this.#stem}lease:${name}`, holder, 'NX', 'PX', String(leaseMs))
    return got !== null && got !== undefined
  }

  async release(name: string, holder: string): Promise<void> {
    await run(this.#call, RELEASE, this.#stem, name, holder)
  }
}
