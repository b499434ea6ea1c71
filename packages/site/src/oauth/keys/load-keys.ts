import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeKeyRing, parseKeyRing, type KeyRing } from './key-ring.ts'

export interface Keys extends KeyRing {
  /** Where the ring was read and can be written anew; undefined when it stands in the setting itself. */
  readonly file?: string | undefined
  /** The key file, when this call made it; to be named once in the log. */
  readonly written?: string
}

/**
 * The key ring of a site: `ANNEX_KEYS` (JSON, or the path of a file), else `keys.json` in the
 * data folder, which is made with mode 0600 when it is not there. Of two processes that start
 * at once both get the one ring.
 *
 * @throws {Error} one sentence naming the setting and the place, never a key
 */
export async function loadKeys(config: { readonly keys: string | undefined; readonly dataFolder: string }): Promise<Keys> {
  if (config.keys?.trimStart().startsWith('{') === true) return parseKeyRing(config.keys, 'in the setting')
  const place = config.keys ?? join(config.dataFolder, 'keys.json')
  const written = config.keys === undefined && (await makeKeyFile(place, config.dataFolder))
  const ring = await readRing(place)
  return written ? { ...ring, file: place, written: place } : { ...ring, file: place }
}

/**
 * The ring of a key file, as it is now.
 *
 * @throws {Error} as `loadKeys`
 */
export const readRing = async (place: string): Promise<KeyRing> => parseKeyRing(await readKeyFile(place), place)

/**
 * Puts a ring in the place of the one in the key file: whole or not at all, with the same mode, on the disk before this returns.
 *
 * @throws {Error} one sentence, when the file or its folder cannot be written
 */
export async function replaceRing(place: string, text: string): Promise<void> {
  const draft = join(dirname(place), `.keys-${randomUUID()}`)
  try {
    const { mode } = await stat(place)
    await writeFile(draft, text, { mode: mode & 0o770, flag: 'wx', flush: true })
    await rename(draft, place)
  } catch (error) {
    throw new Error(`ANNEX_KEYS: the key file ${place} cannot be written (${codeOf(error)}); make it writable or change the ring by hand`, {
      cause: error,
    })
  } finally {
    await rm(draft, { force: true }).catch(() => undefined)
  }
}

/** Whole or not at all: a half-written ring must never be read by a second process. */
async function makeKeyFile(place: string, folder: string): Promise<boolean> {
  if (await isThere(place)) return false
  const draft = join(folder, `.keys-${randomUUID()}`)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(draft, makeKeyRing(), { mode: 0o600, flag: 'wx' })
    await link(draft, place)
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw new Error(`ANNEX_KEYS: the key file ${place} cannot be written (${codeOf(error)}); make the folder writable or set ANNEX_KEYS`, {
      cause: error,
    })
  } finally {
    await rm(draft, { force: true }).catch(() => undefined)
  }
}

async function readKeyFile(place: string): Promise<string> {
  try {
    const { mode } = await stat(place)
    if ((mode & 0o007) !== 0) throw new Error(`ANNEX_KEYS: the key file ${place} can be read by everybody; run chmod 600 on it`)
    return await readFile(place, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'unknown') throw error
    throw new Error(`ANNEX_KEYS: the key file ${place} cannot be read (${codeOf(error)})`, { cause: error })
  }
}

async function isThere(place: string): Promise<boolean> {
  return stat(place).then(
    () => true,
    () => false,
  )
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
const isCode = (error: unknown, code: string): boolean => codeOf(error) === code
