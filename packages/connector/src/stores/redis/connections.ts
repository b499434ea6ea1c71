import type { ConnectionPage, ConnectionStore, StoredConnection } from '../connector-store.ts'
import { present, run, textOf, type RedisCall } from './open-redis.ts'

/*
 * A row is a hash: its JSON beside its version. The ids are a sorted set, and so are those with something to tell and, by the time
 * of their renewal, those with tokens. Who has which row stands in one hash.
 */
const INDEX = `
local function index(stem, id, untold, renewed)
  if untold == '1' then redis.call('ZADD', stem .. 'untold', 0, id) else redis.call('ZREM', stem .. 'untold', id) end
  if renewed ~= '' then redis.call('ZADD', stem .. 'renewed', renewed, id) else redis.call('ZREM', stem .. 'renewed', id) end
end
local stem, id = KEYS[1], ARGV[1]
local row = stem .. 'connection:' .. id
`
const INSERT = `${INDEX}
if redis.call('EXISTS', row) == 1 or redis.call('HSETNX', stem .. 'persons', ARGV[4], id) == 0 then return 0 end
redis.call('HSET', row, 'version', ARGV[2], 'json', ARGV[3])
redis.call('ZADD', stem .. 'ids', 0, id)
index(stem, id, ARGV[5], ARGV[6])
return 1`
const SWAP = `${INDEX}
if redis.call('HGET', row, 'version') ~= ARGV[7] then return 0 end
redis.call('HSET', row, 'version', ARGV[2], 'json', ARGV[3])
index(stem, id, ARGV[5], ARGV[6])
return 1`
const MOVE = `${INDEX}
if redis.call('HGET', row, 'version') ~= ARGV[7] then return 0 end
if redis.call('HSETNX', stem .. 'persons', ARGV[4], id) == 0 then return 0 end
redis.call('HDEL', stem .. 'persons', ARGV[8])
redis.call('HSET', row, 'version', ARGV[2], 'json', ARGV[3])
return 1`
const REMOVE = `${INDEX}
if redis.call('HGET', row, 'version') ~= ARGV[2] then return 0 end
redis.call('DEL', row)
redis.call('HDEL', stem .. 'persons', ARGV[3])
for _, set in ipairs({'ids', 'untold', 'renewed'}) do redis.call('ZREM', stem .. set, id) end
return 1`

const BATCH = 200

export class RedisConnections implements ConnectionStore {
  readonly #call: RedisCall
  readonly #stem: string

  constructor(call: RedisCall, stem: string) {
    this.#call = call
    this.#stem = stem
  }

  async read(id: string): Promise<StoredConnection | undefined> {
    return fromJson(await this.#call('HGET', `${this.#stem}connection:${id}`, 'json'))
  }

  async find(issuer: string, subject: string): Promise<StoredConnection | undefined> {
    const id = textOf(await this.#call('HGET', `${this.#stem}persons`, personOf({ issuer, subject })))
    return id === undefined ? undefined : this.read(id)
  }

  async insert(connection: StoredConnection): Promise<boolean> {
    return (await run(this.#call, INSERT, this.#stem, ...wordsOf(connection))) === 1
  }

  async compareAndSwap(next: StoredConnection): Promise<boolean> {
    return (await run(this.#call, SWAP, this.#stem, ...wordsOf(next), next.version - 1)) === 1
  }

  async remove(id: string, version: number): Promise<boolean> {
    const connection = await this.read(id)
    return connection !== undefined && (await run(this.#call, REMOVE, this.#stem, id, version, personOf(connection))) === 1
  }

  async list({ after = '', limit, untold, renewedBefore }: ConnectionPage): Promise<StoredConnection[]> {
    const ids = renewedBefore === undefined ? await this.#page(untold ? 'untold' : 'ids', after, limit) : await this.#idle(renewedBefore)
    const rows: StoredConnection[] = []
    for (const id of ids.filter((each) => each > after).toSorted()) {
      if (rows.length === limit) break
      const row = await this.read(id)
      const qualifies = untold === undefined || row?.untold !== null
      if (row !== undefined && qualifies) rows.push(row)
    }
    return rows
  }

  async move(fromIssuer: string, toIssuer: string): Promise<number> {
    let moved = 0
    for (let after = ''; ;) {
      const page = await this.list({ after, limit: BATCH })
      for (const row of page) if (row.issuer === fromIssuer && (await this.#moveOne(row, toIssuer))) moved++
      if (page.length < BATCH) return moved
      after = page.at(-1)!.id
    }
  }

  async #moveOne(row: StoredConnection, issuer: string): Promise<boolean> {
    const next = { ...row, issuer, version: row.version + 1 }
    if ((await run(this.#call, MOVE, this.#stem, ...wordsOf(next), row.version, personOf(row))) === 1) return true
    const now = await this.read(row.id)
    return now !== undefined && now.version !== row.version && this.#moveOne(now, issuer)
  }

  async #page(set: string, after: string, limit: number): Promise<string[]> {
    return present(await this.#call('ZRANGEBYLEX', this.#stem + set, `(${after}`, '+', 'LIMIT', '0', String(limit)))
  }

  async #idle(renewedBefore: number): Promise<string[]> {
    return present(await this.#call('ZRANGEBYSCORE', `${this.#stem}renewed`, '-inf', `(${renewedBefore}`))
  }
}

const wordsOf = (row: StoredConnection): (string | number)[] => [
  row.id,
  row.version,
  JSON.stringify(row),
  personOf(row),
  row.untold === null ? '0' : '1',
  row.sealed === null ? '' : row.renewedAt,
]

const personOf = ({ issuer, subject }: Pick<StoredConnection, 'issuer' | 'subject'>): string => JSON.stringify([issuer, subject])

function fromJson(answer: unknown): StoredConnection | undefined {
  const json = textOf(answer)
  // Only rows are written there.
  return json === undefined ? undefined : (JSON.parse(json) as StoredConnection)
}
