import type { RegistrationStore, StoredRegistration } from '../connector-store.ts'
import { present, run, textOf, type RedisCall } from './open-redis.ts'

const SWAP = `
local key = KEYS[1] .. 'registrations'
if redis.call('HGET', key, ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', key, ARGV[1], ARGV[3])
return 1`

export class RedisRegistrations implements RegistrationStore {
  readonly #call: RedisCall
  readonly #stem: string
  readonly #key: string

  constructor(call: RedisCall, stem: string) {
    this.#call = call
    this.#stem = stem
    this.#key = `${stem}registrations`
  }

  async read(issuer: string, redirectUri: string): Promise<StoredRegistration | undefined> {
    const json = textOf(await this.#call('HGET', this.#key, fieldOf({ issuer, redirectUri })))
    return json === undefined ? undefined : fromJson(json)
  }

  async insert(registration: StoredRegistration): Promise<boolean> {
    return (await this.#call('HSETNX', this.#key, fieldOf(registration), JSON.stringify(registration))) === 1
  }

  async compareAndSwap(next: StoredRegistration, from: string | null): Promise<boolean> {
    const now = await this.read(next.issuer, next.redirectUri)
    if (now === undefined || now.secret !== from) return false
    const written = { ...now, secret: next.secret }
    return (await run(this.#call, SWAP, this.#stem, fieldOf(next), JSON.stringify(now), JSON.stringify(written))) === 1
  }

  async remove(issuer: string, redirectUri: string): Promise<void> {
    await this.#call('HDEL', this.#key, fieldOf({ issuer, redirectUri }))
  }

  async list(): Promise<StoredRegistration[]> {
    return present(await this.#call('HVALS', this.#key)).map(fromJson)
  }
}

const fieldOf = ({ issuer, redirectUri }: Pick<StoredRegistration, 'issuer' | 'redirectUri'>): string =>
  JSON.stringify([issuer, redirectUri])

// Only registrations are written there.
const fromJson = (json: string): StoredRegistration => JSON.parse(json) as StoredRegistration
