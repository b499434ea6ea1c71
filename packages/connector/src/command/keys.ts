import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { isRecord } from '@annex/protocol'
import { createKeys, KeyRing, rotateKeys, type Keys } from '../core/sealing/key-ring.ts'
import { resealStore } from '../core/tokens/upkeep/reseal.ts'
import type { Command, Print } from './print.ts'

const DEFAULT_FILE = 'annex-keys.json'

interface Typed {
  /** What stands behind the verb: a file, or the id of a key. */
  readonly named: string | undefined
  readonly store: string | undefined
  readonly file: string
}

/**
 * `annex-connector keys create | rotate | reseal | remove`: the keys that an app's tokens are sealed with, in a file that
 * nobody but its owner can read. No key is ever printed.
 */
export const keys: Command = async (words, print) => {
  const { positionals, values } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: { store: { type: 'string' }, keys: { type: 'string' } },
  })
  const [verb, named] = positionals
  const verbs: Readonly<Record<string, (typed: Typed, print: Print) => Promise<number>>> = { create, rotate, reseal, remove }
  const run = verb !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (run === undefined) throw new Error('keys: write create, rotate, reseal or remove')
  return run({ named, store: values.store, file: values.keys ?? DEFAULT_FILE }, print)
}

async function create({ named = DEFAULT_FILE }: Typed, print: Print): Promise<number> {
  try {
    await writeFile(named, textOf(createKeys()), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw new Error(`${named} is there already, or cannot be written: what was sealed with keys that are lost opens nowhere`, {
      cause: error,
    })
  }
  print(`${named} holds a key, for its owner alone: give it to each process of the app as \`keys\`, and keep a copy apart from the store`)
  return 0
}

async function rotate({ named = DEFAULT_FILE }: Typed, print: Print): Promise<number> {
  const next = rotateKeys(await readKeys(named))
  await replace(named, next)
  print(`${named}: ${next.current} seals from now on, the others still open`)
  print('Give the file to every process of the app first; when all have it, run `annex-connector keys reseal`')
  return 0
}

async function reseal({ store, file }: Typed, print: Print): Promise<number> {
  const left = await resealAll(store, await readKeys(file))
  for (const [id, count] of left) print(count === 0 ? `${id}: no row; it may be removed` : `${id}: ${count} rows`)
  if (left.size === 0) print('There is one key, and everything is under it')
  return [...left.values()].every((count) => count === 0) ? 0 : 1
}

async function remove({ named, store, file }: Typed, print: Print): Promise<number> {
  const ring = await readKeys(file)
  if (named === undefined || !Object.hasOwn(ring.ring, named)) throw new Error(`keys remove: ${file} has no key ${named ?? ''}`)
  if (named === ring.current) throw new Error(`keys remove: ${named} is the key that seals: rotate first`)
  const count = (await resealAll(store, ring)).get(named) ?? 0
  if (count > 0)
    throw new Error(`keys remove: ${count} rows are sealed with ${named} and do not open: their people would have to sign in again`)
  const { [named]: _, ...others } = ring.ring
  await replace(file, { current: ring.current, ring: others })
  print(`${file}: ${named} is gone; give the file to every process of the app`)
  return 0
}

async function resealAll(url: string | undefined, ring: Keys): Promise<ReadonlyMap<string, number>> {
  if (url === undefined)
    throw new Error(
      'keys: name the database with --store URL (for a Redis, call resealStore with your client: the command speaks to databases alone)',
    )
  const { openSqlStore } = await import('../stores/sql.ts')
  const store = await openSqlStore(url)
  try {
    return await resealStore(store, await store.tenants(), ring)
  } finally {
    await store.close()
  }
}

async function readKeys(file: string): Promise<Keys> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(file, 'utf8'))
  } catch {
    // What went wrong may quote the file, and so a key.
    throw new Error(`${file} cannot be read as JSON: name the file that \`annex-connector keys create\` wrote`)
  }
  if (!isRecord(json) || typeof json['current'] !== 'string' || !isRecord(json['ring']))
    throw new Error(`${file} is no file of keys: it must hold current and ring, as \`annex-connector keys create\` writes it`)
  const ring = { current: json['current'], ring: json['ring'] as Keys['ring'] }
  // Says in one sentence which key is wrong.
  await new KeyRing(ring).seal('', 'check')
  return ring
}

/** Whole, or not at all: a file of keys that is cut short loses everything. */
async function replace(file: string, ring: Keys): Promise<void> {
  const next = `${file}.next`
  await rm(next, { force: true })
  await writeFile(next, textOf(ring), { mode: 0o600, flag: 'wx', flush: true })
  await rename(next, file)
}

const textOf = (ring: Keys): string => `${JSON.stringify(ring, null, 2)}\n`
