/** Sends one command to Redis and gives its answer, texts as strings. */
export type RedisCall = (command: string, ...words: string[]) => Promise<unknown>

/** A script and the texts that go with it; all its keys begin with the tenant's stem. */
export const run = (call: RedisCall, script: string, stem: string, ...words: readonly (string | number)[]): Promise<unknown> =>
  call('EVAL', script, '1', stem, ...words.map(String))

/** Of a script: whether an id stands behind another, byte by byte as Redis sorts them, whatever its locale. */
export const IS_BEHIND = `
local function isBehind(id, other)
  for index = 1, math.min(#id, #other) do
    local one, two = string.byte(id, index), string.byte(other, index)
    if one ~= two then return one > two end
  end
  return #id > #other
end
`

/** @throws {Error} one sentence, when Redis may lose what it was given */
export async function openRedis(call: RedisCall, mayForget: boolean): Promise<{ readonly call: RedisCall; readonly durable: boolean }> {
  const policy = await readInfo(call, 'memory', 'maxmemory_policy')
  const durable = (await readInfo(call, 'persistence', 'aof_enabled')) === '1'
  if (!mayForget && policy !== 'noeviction')
    throw new Error(
      `redisStore: this Redis throws keys away when its memory is full (maxmemory-policy ${policy}), and with them people's access: set maxmemory-policy to noeviction, or give mayForget: true if they may have to sign in again`,
    )
  if (!mayForget && !durable)
    throw new Error(
      "redisStore: this Redis writes no append-only file, so that a crash takes people's access with it: set appendonly to yes, or give mayForget: true if they may have to sign in again",
    )
  return { call, durable: durable && policy === 'noeviction' }
}

async function readInfo(call: RedisCall, section: string, name: string): Promise<string> {
  const info = textOf(await call('INFO', section)) ?? ''
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? 'unknown'
}

/** An answer that is a text or a number; undefined when there is none. */
export const textOf = (answer: unknown): string | undefined =>
  typeof answer === 'string' ? answer : typeof answer === 'number' ? String(answer) : undefined

/** An answer that is a list of texts, some of which may be missing. */
export const texts = (answer: unknown): (string | undefined)[] => (Array.isArray(answer) ? answer.map(textOf) : [])

/** An answer that is a list of texts. */
export const present = (answer: unknown): string[] => texts(answer).filter((text) => text !== undefined)
