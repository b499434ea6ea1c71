import type { ConnectionPage, ConnectionStore, IdlePage, StoredConnection } from '../connector-store.ts'
import { IS_BEHIND, present, run, textOf, type RedisCall } from './open-redis.ts'

/*
 * A row is a hash: its JSON beside its version. The ids are a sorted set, and so are those with something to tell, those for whom
 * something may be kept and, by the time of their renewal, those with tokens. Who has which row stands in one hash.
 */
const INDEX = `
local function index(stem, id, untold, unforgotten, renewed)
  if untold == '1' then redis.call('ZADD', stem .. 'untold', 0, id) else redis.call('ZREM', stem .. 'untold', id) end
  if unforgotten == '1' then redis.call('ZADD', stem .. 'unforgotten', 0, id) else redis.call('ZREM', stem .. 'unforgotten', id) end
  if renewed ~= '' then redis.call('ZADD', stem .. 'renewed', renewed, id) else redis.call('ZREM', stem .. 'renewed', id) end
end
local stem, id = KEYS[1], ARGV[1]
local row = stem .. 'connection:' .. id
`
const INSERT = `${INDEX}
if redis.call('EXISTS', row) == 1 or redis.call('HSETNX', stem .. 'persons', ARGV[4], id) == 0 then return 0 end
redis.call('HSET', row, 'version', ARGV[2], 'json', ARGV[3])
redis.call('ZADD', stem .. 'ids', 0, id)
index(stem, id, ARGV[5], ARGV[6], ARGV[7])
return 1`
const SWAP = `${INDEX}
if redis.call('HGET', row, 'version') ~= ARGV[8] then return 0 end
redis.call('HSET', row, 'version', ARGV[2], 'json', ARGV[3])
index(stem, id, ARGV[5], ARGV[6], ARGV[7])
return 1`
const MOVE = `${INDEX}
if redis.call('HGET', row, 'version') ~= ARGV[8] then return 0 end
if redis.call('HSETNX', stem .. 'persons', ARGV[4], id) == 0 then return 0 end
redis.call('HDEL', stem .. 'persons', ARGV[9])
redis.call('HSET', row, 'version', ARGV[2], 'json', ARGV[3])
return 1`
const REMOVE = `${INDEX}
if redis.call('HGET', row, 'version') ~= ARGV[2] then return 0 end
redis.call('DEL', row)
redis.call('HDEL', stem .. 'persons', ARGV[3])
for _, set in ipairs({'ids', 'untold', 'unforgotten', 'renewed'}) do redis.call('ZREM', stem .. set, id) end
return 1`
/** Rows of an earlier version that one call looks at: some milliseconds of Redis. */
const BROUGHT = 500

/* A page of ids and its rows, at one moment. An id whose row a Redis that may forget has thrown away goes too, so that no page is short for it. */
const PAGE = `
local stem, set, limit, rows = KEYS[1], KEYS[1] .. ARGV[1], tonumber(ARGV[3]), {}
local from = ARGV[2]
while #rows < limit do
  local page = redis.call('ZRANGEBYLEX', set, from, '+', 'LIMIT', 0, limit - #rows)
  for _, id in ipairs(page) do
    local json = redis.call('HGET', stem .. 'connection:' .. id, 'json')
    if json then table.insert(rows, json) else redis.call('ZREM', set, id) end
    from = '(' .. id
  end
  if #page == 0 then break end
end
return rows`
/* Of an earlier version's rows, which do not say, those for whom something may be kept get their place. Gives whether more are to be looked at. */
const BRING = `
local stem = KEYS[1]
local place = redis.call('GET', stem .. 'unforgotten-brought') or '-'
if place == 'all' then return 0 end
local page = redis.call('ZRANGEBYLEX', stem .. 'untold', place, '+', 'LIMIT', 0, ${BROUGHT})
for _, id in ipairs(page) do
  local json = redis.call('HGET', stem .. 'connection:' .. id, 'json')
  local row = json and cjson.decode(json)
  if row and row.unforgotten == nil and row.sealed == cjson.null then redis.call('ZADD', stem .. 'unforgotten', 0, id) end
end
local isOver = #page < ${BROUGHT}
redis.call('SET', stem .. 'unforgotten-brought', isOver and 'all' or '(' .. page[#page])
return isOver and 0 or 1`
/* Behind a place, found among those of its time by halves: ids stand there in the order of their bytes. */
const IDLE = `${IS_BEHIND}
local stem, before, limit, rows, start = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), {}, 0
local set, from, after = stem .. 'renewed', ARGV[3], ARGV[4]
if after then
  start = redis.call('ZCOUNT', set, '-inf', '(' .. from)
  local stop = redis.call('ZCOUNT', set, '-inf', from)
  while start < stop do
    local middle = math.floor((start + stop) / 2)
    if isBehind(redis.call('ZRANGE', set, middle, middle)[1], after) then stop = middle else start = middle + 1 end
  end
end
while #rows < limit do
  local page = redis.call('ZRANGE', set, start, start + limit - #rows - 1, 'WITHSCORES')
  for index = 1, #page, 2 do
    if tonumber(page[index + 1]) >= before then return rows end
    local json = redis.call('HGET', stem .. 'connection:' .. page[index], 'json')
    if json then
      table.insert(rows, json)
      start = start + 1
    else
      redis.call('ZREM', set, page[index])
    end
  end
  if #page == 0 then break end
end
return rows`

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

  async list({ after = '', limit, only }: ConnectionPage): Promise<StoredConnection[]> {
    if (only === 'unforgotten') while ((await run(this.#call, BRING, this.#stem)) === 1);
    return present(await run(this.#call, PAGE, this.#stem, only ?? 'ids', `(${after}`, limit)).flatMap((json) => fromJson(json) ?? [])
  }

  async idle({ after, limit, renewedBefore }: IdlePage): Promise<StoredConnection[]> {
    const place = after === undefined ? [] : [after.renewedAt, after.id]
    return present(await run(this.#call, IDLE, this.#stem, renewedBefore, limit, ...place)).flatMap((json) => fromJson(json) ?? [])
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
}

const wordsOf = (row: StoredConnection): (string | number)[] => [
  row.id,
  row.version,
  JSON.stringify(row),
  personOf(row),
  row.untold === null ? '0' : '1',
  row.unforgotten ? '1' : '0',
  row.sealed === null ? '' : row.renewedAt,
]

const personOf = ({ issuer, subject }: Pick<StoredConnection, 'issuer' | 'subject'>): string => JSON.stringify([issuer, subject])

function fromJson(answer: unknown): StoredConnection | undefined {
  const json = textOf(answer)
  if (json === undefined) return undefined
  // Only rows are written there.
  const row = JSON.parse(json) as Omit<StoredConnection, 'unforgotten'> & Partial<StoredConnection>
  // One of an earlier version does not say.
  return { ...row, unforgotten: row.unforgotten ?? (row.untold !== null && row.sealed === null) }
}
