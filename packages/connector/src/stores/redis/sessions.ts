import type { SessionStore, StoredSession } from '../connector-store.ts'
import { run, textOf, texts, type RedisCall } from './open-redis.ts'

/*
 * A session is JSON under its hash; the hashes are a set for each connection and for each of the site's browser sessions, and one
 * sorted by their end.
 */
const DROP = `
local stem = KEYS[1]
local function drop(hash, connection, sid)
  redis.call('DEL', stem .. 'session:' .. hash)
  if type(sid) == 'string' then redis.call('SREM', stem .. 'sessions-at-site:' .. sid, hash) end
  redis.call('ZREM', stem .. 'session-ends', hash)
  redis.call('SREM', stem .. 'sessions-of:' .. connection, hash)
end
local function read(hash)
  local json = redis.call('GET', stem .. 'session:' .. hash)
  return json and cjson.decode(json)
end
`
const INSERT = `
local stem = KEYS[1]
redis.call('SET', stem .. 'session:' .. ARGV[1], ARGV[2])
redis.call('ZADD', stem .. 'session-ends', ARGV[3], ARGV[1])
redis.call('SADD', stem .. 'sessions-of:' .. ARGV[4], ARGV[1])
if ARGV[5] ~= '' then redis.call('SADD', stem .. 'sessions-at-site:' .. ARGV[5], ARGV[1]) end
return 1`
const REMOVE = `${DROP}
local session = read(ARGV[1])
if session then drop(ARGV[1], session.connection, session.sid) end
return 1`
const REMOVE_ALL = `${DROP}
local count = 0
for _, hash in ipairs(redis.call('SMEMBERS', stem .. 'sessions-of:' .. ARGV[1])) do
  local session = read(hash)
  if ARGV[2] == '0' or (session and session.sid == ARGV[3]) then drop(hash, ARGV[1], session and session.sid); count = count + 1 end
end
return count`
/* A hash whose session a Redis that may forget has thrown away goes too. */
const CONNECTIONS_OF = `
local stem = KEYS[1]
local place = stem .. 'sessions-at-site:' .. ARGV[1]
local found = {}
for _, hash in ipairs(redis.call('SMEMBERS', place)) do
  local json = redis.call('GET', stem .. 'session:' .. hash)
  if json then found[#found + 1] = cjson.decode(json).connection else redis.call('SREM', place, hash) end
end
return found`
const SWEEP = `${DROP}
local over = redis.call('ZRANGEBYSCORE', stem .. 'session-ends', '-inf', ARGV[1], 'LIMIT', 0, 1000)
for _, hash in ipairs(over) do
  local session = read(hash)
  drop(hash, session and session.connection or '', session and session.sid)
end
return #over`

export class RedisSessions implements SessionStore {
  readonly #call: RedisCall
  readonly #stem: string

  constructor(call: RedisCall, stem: string) {
    this.#call = call
    this.#stem = stem
  }

  async insert(session: StoredSession): Promise<void> {
    const { hash, expiresAt, connection, sid } = session
    await run(this.#call, INSERT, this.#stem, hash, JSON.stringify(session), expiresAt, connection, sid ?? '')
  }

  async read(hash: string, now: number): Promise<StoredSession | undefined> {
    const json = textOf(await this.#call('GET', `${this.#stem}session:${hash}`))
    // Only sessions are written there.
    const session = json === undefined ? undefined : (JSON.parse(json) as StoredSession)
    return session !== undefined && session.expiresAt > now ? session : undefined
  }

  async remove(hash: string): Promise<void> {
    await run(this.#call, REMOVE, this.#stem, hash)
  }

  async removeAll(connection: string, sid?: string): Promise<number> {
    return Number(await run(this.#call, REMOVE_ALL, this.#stem, connection, sid === undefined ? 0 : 1, sid ?? ''))
  }

  async connectionsOf(sid: string): Promise<readonly string[]> {
    const found = await run(this.#call, CONNECTIONS_OF, this.#stem, sid)
    return [...new Set(texts(found).filter((connection) => connection !== undefined))]
  }

  async sweep(now: number): Promise<number> {
    for (let swept = 0; ;) {
      const count = Number(await run(this.#call, SWEEP, this.#stem, now))
      swept += count
      if (count === 0) return swept
    }
  }
}
