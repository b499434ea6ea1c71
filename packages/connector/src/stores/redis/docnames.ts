import { sortedFields } from '../../core/docnames/shown-fields.ts'
import { shortSource } from '../docname-rules.ts'
import type { DocnameStore, KeptDocname } from '../connector-store.ts'
import { present, run, texts, type RedisCall } from './open-redis.ts'

/*
 * Docnames of an owner are a hash of JSON, their `modified` another. Besides: the owners of a document, the names of a search by
 * the time of sight (the newest has the lowest score), the searches of an owner, and every docname by its last sight.
 */
const BEGIN = `
local stem, owner = KEYS[1], ARGV[1]
local rows, times = stem .. 'rows:' .. owner, stem .. 'modified:' .. owner
local changed = {}
local function keep(field, json, modified, seen, member, name, place)
  local old = redis.call('HGET', rows, field)
  if not old or (modified >= redis.call('HGET', times, field) and old ~= json) then
    redis.call('HSET', rows, field, json)
    redis.call('HSET', times, field, modified)
    redis.call('ZADD', stem .. 'owners:' .. field, 0, owner)
    table.insert(changed, name)
  end
  redis.call('ZADD', stem .. 'seen', 'GT', seen, member)
  redis.call('ZADD', place, -seen, name)
  redis.call('SADD', stem .. 'searches:' .. owner, place)
end
local function keepAt(index)
  keep(ARGV[index], ARGV[index + 1], ARGV[index + 2], tonumber(ARGV[index + 3]), ARGV[index + 4], ARGV[index + 5], ARGV[index + 6])
end
`
const KEEP = `${BEGIN}
for index = 2, #ARGV, 7 do keepAt(index) end
return changed`
const RENAME = `${BEGIN}
keepAt(2)
local to, field, from, places = ARGV[7], ARGV[9], ARGV[14], ARGV[16]
keepAt(9)
redis.call('HSET', rows, field, ARGV[10])
redis.call('ZREM', ARGV[15], from)
for _, place in ipairs(redis.call('SMEMBERS', stem .. 'searches:' .. owner)) do
  local score = string.sub(place, 1, #places) == places and redis.call('ZSCORE', place, from)
  if score then redis.call('ZREM', place, from); redis.call('ZADD', place, 'LT', score, to) end
end
return 1`
/* As a script its answer has one form, whatever protocol the client speaks. */
const LIST = `return redis.call('ZRANGE', KEYS[1], 0, ARGV[1] - 1, 'WITHSCORES')`
/* Where to go on, and the names of some fields: those that were there from first to last are met. */
const SOME = `
local found = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local answer = {found[1]}
for index = 1, #found[2], 2 do table.insert(answer, found[2][index]) end
return answer`
const DROP = `
local stem, count = KEYS[1], 0
for index = 1, #ARGV, 5 do
  local owner, field, member, place, name = ARGV[index], ARGV[index + 1], ARGV[index + 2], ARGV[index + 3], ARGV[index + 4]
  count = count + redis.call('HDEL', stem .. 'rows:' .. owner, field)
  redis.call('HDEL', stem .. 'modified:' .. owner, field)
  redis.call('ZREM', stem .. 'owners:' .. field, owner)
  redis.call('ZREM', stem .. 'seen', member)
  for _, search in ipairs(redis.call('SMEMBERS', stem .. 'searches:' .. owner)) do
    if string.sub(search, 1, #place) == place and redis.call('ZREM', search, name) == 1 and redis.call('EXISTS', search) == 0 then
      redis.call('SREM', stem .. 'searches:' .. owner, search)
    end
  end
end
return count`

const BATCH = 200

export class RedisDocnames implements DocnameStore {
  readonly #call: RedisCall
  readonly #stem: string

  constructor(call: RedisCall, stem: string) {
    this.#call = call
    this.#stem = `${stem}docname:`
  }

  async keep(owner: string, source: string, rows: readonly KeptDocname[]): Promise<readonly string[]> {
    const short = await shortSource(source)
    const changed: string[] = []
    for (let start = 0; start < rows.length; start += BATCH) {
      const words = rows.slice(start, start + BATCH).flatMap((row) => this.#words(owner, short, row))
      changed.push(...present(await run(this.#call, KEEP, this.#stem, owner, ...words)))
    }
    return [...new Set(changed)]
  }

  async list(owner: string, doctype: string, source: string, limit: number): Promise<KeptDocname[]> {
    const place = this.#place(owner, doctype, await shortSource(source))
    const words = present(await run(this.#call, LIST, place, limit))
    const sights = Array.from({ length: words.length / 2 }, (_, index) => ({
      name: words[2 * index]!,
      seenAt: -Number(words[2 * index + 1]),
    }))
    const rows = await this.#rows(
      owner,
      sights.map(({ name }) => fieldOf({ doctype, name })),
    )
    return sights.flatMap(({ seenAt }, index) => (rows[index] === undefined ? [] : [{ ...rows[index], seenAt }]))
  }

  async resolve(owner: string, doctype: string, names: readonly string[]): Promise<KeptDocname[]> {
    const fields = [...new Set(names)].map((name) => fieldOf({ doctype, name }))
    const rows = await this.#rows(owner, fields)
    if (rows.length === 0) return []
    const seen = texts(await this.#call('ZMSCORE', `${this.#stem}seen`, ...fields.map((field) => memberOf(owner, field))))
    return rows.flatMap((row, index) => (row === undefined ? [] : [{ ...row, seenAt: Number(seen[index]) }]))
  }

  async owners(doctype: string, name: string, { after, limit }: { readonly after?: string; readonly limit: number }): Promise<string[]> {
    const from = after === undefined ? '-' : `(${after}`
    const key = `${this.#stem}owners:${fieldOf({ doctype, name })}`
    return present(await this.#call('ZRANGEBYLEX', key, from, '+', 'LIMIT', '0', String(limit)))
  }

  async rename(owner: string, from: KeptDocname, to: KeptDocname): Promise<void> {
    const gone = this.#words(owner, '', { ...from, state: 'gone', renamedTo: to.name })
    await run(this.#call, RENAME, this.#stem, owner, ...this.#words(owner, '', to), ...gone, this.#places(owner, from.doctype))
  }

  async removeAll(owner: string): Promise<void> {
    for (let from = '0'; ;) {
      const [next = '0', ...fields] = present(await run(this.#call, SOME, `${this.#stem}rows:${owner}`, from, BATCH))
      await this.#drop(fields.map((field) => [owner, field] as const))
      if (next === '0') return
      from = next
    }
  }

  async sweep(seenBefore: number): Promise<number> {
    for (let swept = 0; ;) {
      const over = ['-inf', `(${seenBefore}`, 'LIMIT', '0', String(BATCH)]
      const members = present(await this.#call('ZRANGEBYSCORE', `${this.#stem}seen`, ...over))
      if (members.length === 0) return swept
      // Only pairs of owner and field are written there.
      swept += await this.#drop(members.map((member) => JSON.parse(member) as [string, string]))
    }
  }

  async #drop(rows: readonly (readonly [string, string])[]): Promise<number> {
    let dropped = 0
    for (let start = 0; start < rows.length; start += BATCH) {
      const words = rows.slice(start, start + BATCH).flatMap(([owner, field]) => {
        const [doctype, name] = JSON.parse(field) as [string, string]
        return [owner, field, memberOf(owner, field), this.#places(owner, doctype), name]
      })
      dropped += Number(await run(this.#call, DROP, this.#stem, ...words))
    }
    return dropped
  }

  async #rows(owner: string, fields: readonly string[]): Promise<(Omit<KeptDocname, 'seenAt'> | undefined)[]> {
    if (fields.length === 0) return []
    const found = texts(await this.#call('HMGET', `${this.#stem}rows:${owner}`, ...fields))
    // Only docnames are written there.
    return found.map((json) => (json === undefined ? undefined : (JSON.parse(json) as Omit<KeptDocname, 'seenAt'>)))
  }

  #words(owner: string, source: string, row: KeptDocname): (string | number)[] {
    const field = fieldOf(row)
    const place = this.#place(owner, row.doctype, source)
    return [field, JSON.stringify(told(row)), row.modified, row.seenAt, memberOf(owner, field), row.name, place]
  }

  /** What the keys of all searches of one owner and DocType begin with. */
  #places(owner: string, doctype: string): string {
    return `${this.#stem}search:${JSON.stringify([owner, doctype])}`
  }

  #place(owner: string, doctype: string, source: string): string {
    return this.#places(owner, doctype) + source
  }
}

const fieldOf = ({ doctype, name }: Pick<KeptDocname, 'doctype' | 'name'>): string => JSON.stringify([doctype, name])
const memberOf = (owner: string, field: string): string => JSON.stringify([owner, field])

/** In one order, so that equal sights are equal texts. */
const told = (row: KeptDocname): Omit<KeptDocname, 'seenAt'> => ({
  doctype: row.doctype,
  name: row.name,
  label: row.label,
  description: row.description,
  // Only what was an object is read back.
  fields: JSON.parse(sortedFields(row.fields)) as KeptDocname['fields'],
  modified: row.modified,
  creation: row.creation,
  state: row.state,
  renamedTo: row.renamedTo,
})
