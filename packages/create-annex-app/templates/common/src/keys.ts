import { randomUUID } from 'node:crypto'
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createKeys, type Keys } from '@annex/connector'

/** The keys that tokens are sealed with; made at the first start, readable by nobody else. */
export function readKeys(path: string): Keys {
  if (!existsSync(path)) makeKeys(path)
  return JSON.parse(readFileSync(path, 'utf8')) as Keys
}

/** Of two processes that start at once, the second takes the keys of the first: they get their name when they are written whole. */
function makeKeys(path: string): void {
  const own = `${path}.${randomUUID()}`
  writeFileSync(own, JSON.stringify(createKeys()), { flag: 'wx', mode: 0o600 })
  try {
    linkSync(own, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(own)
  }
}
