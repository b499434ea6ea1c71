import type { InboxEntry, InboxStore } from '../connector-store.ts'
import { run, texts, type RedisCall } from './open-redis.ts'

/* An entry is a hash; its id is in one of three sets, by the time of its receipt: waiting, done, given-up. */
const BEGIN = `
local stem, id = KEYS[1], ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function entry(each) return stem .. 'entry:' .. each end
local function place(each, from, to)
  redis.call('ZREM', stem .. from, each)
  redis.call('ZADD', stem .. to, redis.call('HGET', entry(each), 'receivedAt'), each)
end
local function waits(each) return redis.call('ZSCORE', stem .. 'waiting', each) end
local function anew(each)
  if redis.call('HGET', entry(each), 'again') ~= '1' then return false end
  redis.call('HSET', entry(each), 'again', '0', 'taken', '0', 'attempts', 0, 'dueAt', now)
  redis.call('HDEL', entry(each), 'error')
  return true
end
`
const ADD = `${BEGIN}
local known = redis.call('EXISTS', entry(id)) == 1
if known and ARGV[5] == '0' then return 0 end
if known and waits(id) then
  local taken, attempts, received = unpack(redis.call('HMGET', entry(id), 'taken', 'attempts', 'receivedAt'))
  if attempts ~= '0' then
    local anew = ARGV[4]
    if tonumber(anew) <= tonumber(received) then anew = string.format('%.0f', received + 1) end
    redis.call('HSET', entry(id), 'again', taken, 'receivedAt', anew)
    redis.call('ZADD', stem .. 'waiting', anew, id)
  end
  return 0
end
redis.call('ZREM', stem .. 'done', id)
redis.call('ZREM', stem .. 'given-up', id)
redis.call('DEL', entry(id))
redis.call('HSET', entry(id), 'kind', ARGV[2], 'payload', ARGV[3], 'receivedAt', ARGV[4], 'attempts', 0, 'dueAt', now, 'taken', '0', 'again', '0')
redis.call('ZADD', stem .. 'waiting', ARGV[4], id)
return 1`
const TAKE = `${BEGIN}
local limit, lease, found, start = tonumber(ARGV[1]), tonumber(ARGV[2]), {}, 0
local kinds = {}
for index = 3, #ARGV do kinds[ARGV[index]] = true end
while #found < limit do
  local page = redis.call('ZRANGE', stem .. 'waiting', start, start + 99)
  for _, each in ipairs(page) do
    local due, kind = unpack(redis.call('HMGET', entry(each), 'dueAt', 'kind'))
    if #found < limit and kinds[kind] and tonumber(due) <= now then table.insert(found, each) end
  end
  if #page < 100 then break end
  start = start + 100
end
local answer = {}
for _, each in ipairs(found) do
  redis.call('HSET', entry(each), 'dueAt', now + lease, 'taken', '1')
  redis.call('HINCRBY', entry(each), 'attempts', 1)
  table.insert(answer, each)
  for _, value in ipairs(redis.call('HMGET', entry(each), 'kind', 'payload', 'receivedAt', 'attempts')) do table.insert(answer, value) end
end
return answer`
const DONE = `${BEGIN}
if not waits(id) or anew(id) then return 0 end
redis.call('HSET', entry(id), 'payload', '', 'taken', '0')
place(id, 'waiting', 'done')
return 1`
const RETRY = `${BEGIN}
if waits(id) then redis.call('HSET', entry(id), 'dueAt', now + ARGV[2], 'taken', '0', 'again', '0', 'error', ARGV[3]) end
return 1`
const GIVE_UP = `${BEGIN}
if not waits(id) or anew(id) then return 0 end
redis.call('HSET', entry(id), 'taken', '0', 'error', ARGV[2])
place(id, 'waiting', 'given-up')
return 1`
const SWEEP = `${BEGIN}
local over = redis.call('ZRANGEBYSCORE', stem .. ARGV[2], '-inf', '(' .. ARGV[1], 'LIMIT', 0, 1000)
for _, each in ipairs(over) do redis.call('DEL', entry(each)); redis.call('ZREM', stem .. ARGV[2], each) end
return #over`

export class RedisInbox implements InboxStore {
  readonly #call: RedisCall
  readonly #stem: string

  constructor(call: RedisCall, stem: string) {
    this.#call = call
    this.#stem = `${stem}inbox:`
  }

  async add(entry: Omit<InboxEntry, 'attempts'>, { again = false }: { readonly again?: boolean } = {}): Promise<'added' | 'repeat'> {
    const { id, kind, payload, receivedAt } = entry
    return (await run(this.#call, ADD, this.#stem, id, kind, payload, receivedAt, again ? 1 : 0)) === 1 ? 'added' : 'repeat'
  }

  async take(kinds: readonly InboxEntry['kind'][], limit: number, leaseMs: number): Promise<InboxEntry[]> {
    const words = texts(await run(this.#call, TAKE, this.#stem, limit, leaseMs, ...kinds))
    return Array.from({ length: words.length / 5 }, (_, index) => {
      const [id, ...values] = words.slice(index * 5, index * 5 + 5)
      return fromValues(id!, values)
    })
  }

  async done(id: string): Promise<void> {
    await run(this.#call, DONE, this.#stem, id)
  }

  async retry(id: string, delayMs: number, error: string): Promise<void> {
    await run(this.#call, RETRY, this.#stem, id, delayMs, error)
  }

  async giveUp(id: string, error: string): Promise<void> {
    await run(this.#call, GIVE_UP, this.#stem, id, error)
  }

  async list(state: 'waiting' | 'given-up', limit: number): Promise<(InboxEntry & { readonly error: string | null })[]> {
    const ids = texts(await this.#call('ZRANGE', this.#stem + state, '0', String(limit - 1)))
    return Promise.all(
      ids.map(async (id) => {
        const fields = ['kind', 'payload', 'receivedAt', 'attempts', 'error']
        const [error = null, ...values] = texts(await this.#call('HMGET', `${this.#stem}entry:${id!}`, ...fields)).toReversed()
        return { ...fromValues(id!, values.toReversed()), error }
      }),
    )
  }

  async sweep(doneBefore: number, givenUpBefore: number): Promise<number> {
    return (await this.#sweepState('done', doneBefore)) + (await this.#sweepState('given-up', givenUpBefore))
  }

  async #sweepState(state: 'done' | 'given-up', receivedBefore: number): Promise<number> {
    for (let swept = 0; ;) {
      const count = Number(await run(this.#call, SWEEP, this.#stem, receivedBefore, state))
      swept += count
      if (count === 0) return swept
    }
  }
}

const fromValues = (id: string, [kind, payload, receivedAt, attempts]: readonly (string | undefined)[]): InboxEntry => ({
  id,
  // Only kinds are written.
  kind: kind as InboxEntry['kind'],
  payload: payload ?? '',
  receivedAt: Number(receivedAt),
  attempts: Number(attempts),
})
