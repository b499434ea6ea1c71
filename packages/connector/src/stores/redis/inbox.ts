import { INBOX_KINDS, type InboxEntry, type InboxStore } from '../connector-store.ts'
import { IS_BEHIND, run, texts, type RedisCall } from './open-redis.ts'

/*
 * An entry is a hash; its id is in one of three sets, by the time of its receipt: waiting, done, given-up. What waits is besides in a
 * set of its kind, by the time it is due. The hash counts: processes of an earlier version know nothing of these last sets, so that
 * one may name what waits no more, or name a time that is no longer true, and lack what has come.
 */
const BEGIN = `
local stem, id = KEYS[1], ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function entry(each) return stem .. 'entry:' .. each end
local function place(each, from, to)
  redis.call('ZREM', stem .. from, each)
  redis.call('ZADD', stem .. to, redis.call('HGET', entry(each), 'receivedAt'), each)
end
local function kindOf(each) return redis.call('HGET', entry(each), 'kind') end
local function waits(each) return redis.call('ZSCORE', stem .. 'waiting', each) and kindOf(each) end
local function dueSet(each) return stem .. 'due:' .. kindOf(each) end
local function wait(each, at)
  redis.call('HSET', entry(each), 'dueAt', at)
  redis.call('ZADD', dueSet(each), at, each)
end
local function leave(each, to)
  redis.call('ZREM', dueSet(each), each)
  place(each, 'waiting', to)
end
local function anew(each)
  if redis.call('HGET', entry(each), 'again') ~= '1' then return false end
  redis.call('HSET', entry(each), 'again', '0', 'taken', '0', 'attempts', 0)
  redis.call('HDEL', entry(each), 'error')
  wait(each, now)
  return true
end
`
/** Entries of an earlier version that one call brings along: some milliseconds of Redis. */
const BROUGHT = 2000

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
redis.call('HSET', entry(id), 'kind', ARGV[2], 'payload', ARGV[3], 'receivedAt', ARGV[4], 'attempts', 0, 'taken', '0', 'again', '0')
redis.call('ZADD', stem .. 'waiting', ARGV[4], id)
wait(id, now)
return 1`
const TAKE = `${BEGIN}${IS_BEHIND}
local limit, lease, found = tonumber(ARGV[1]), tonumber(ARGV[2]), {}
-- What an earlier version received is brought along, some of it each time.
local known = 0
for _, kind in ipairs({${INBOX_KINDS.map((kind) => `'${kind}'`).join(', ')}}) do known = known + redis.call('ZCARD', stem .. 'due:' .. kind) end
if redis.call('ZCARD', stem .. 'waiting') > known then
  local start = tonumber(redis.call('GET', stem .. 'brought') or 0)
  local page = redis.call('ZRANGE', stem .. 'waiting', start, start + ${BROUGHT - 1})
  for _, each in ipairs(page) do
    if kindOf(each) then
      redis.call('ZADD', dueSet(each), 'NX', redis.call('HGET', entry(each), 'dueAt'), each)
    else
      -- A Redis that may forget has thrown the entry away.
      redis.call('ZREM', stem .. 'waiting', each)
    end
  end
  if #page < ${BROUGHT} then redis.call('DEL', stem .. 'brought') else redis.call('SET', stem .. 'brought', start + ${BROUGHT}) end
end
for index = 3, #ARGV do
  local set, start, kept = stem .. 'due:' .. ARGV[index], 0, 0
  while kept < limit do
    local page = redis.call('ZRANGEBYSCORE', set, '-inf', now, 'LIMIT', start, limit)
    for _, each in ipairs(page) do
      local due = waits(each) and tonumber(redis.call('HGET', entry(each), 'dueAt'))
      if not due then
        redis.call('ZREM', set, each)
      elseif due > now then
        redis.call('ZADD', set, due, each)
      else
        table.insert(found, {each, due})
        kept, start = kept + 1, start + 1
      end
    end
    if #page < limit then break end
  end
end
table.sort(found, function(one, other)
  if one[2] ~= other[2] then return one[2] < other[2] end
  return isBehind(other[1], one[1])
end)
local answer = {}
for index = 1, math.min(limit, #found) do
  local each = found[index][1]
  redis.call('HSET', entry(each), 'taken', '1')
  redis.call('HINCRBY', entry(each), 'attempts', 1)
  wait(each, now + lease)
  table.insert(answer, each)
  for _, value in ipairs(redis.call('HMGET', entry(each), 'kind', 'payload', 'receivedAt', 'attempts')) do table.insert(answer, value) end
end
return answer`
const DONE = `${BEGIN}
if not waits(id) or anew(id) then return 0 end
redis.call('HSET', entry(id), 'payload', '', 'taken', '0')
leave(id, 'done')
return 1`
const RETRY = `${BEGIN}
if not waits(id) then return 0 end
redis.call('HSET', entry(id), 'taken', '0', 'again', '0', 'error', ARGV[3])
wait(id, now + ARGV[2])
return 1`
const GIVE_UP = `${BEGIN}
if not waits(id) or anew(id) then return 0 end
redis.call('HSET', entry(id), 'taken', '0', 'error', ARGV[2])
leave(id, 'given-up')
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
    const taken = Array.from({ length: words.length / 5 }, (_, index) => {
      const [id, ...values] = words.slice(index * 5, index * 5 + 5)
      return fromValues(id!, values)
    })
    return taken.toSorted((a, b) => a.receivedAt - b.receivedAt || (a.id < b.id ? -1 : 1))
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
