import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isCi } from '../chromium.ts'

const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/annex', import.meta.url))

/** A program of others cannot be had on this machine; its sentence says why the test is left out. */
export class NotInstalled extends Error {}

/**
 * A folder of other people's programs, filled once for each recipe and kept between runs: of processes that ask at once,
 * one installs and the others wait for it.
 *
 * @throws {NotInstalled} when `install` does
 */
export async function installOnce(name: string, recipe: string, install: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(CACHE, `${name}-${createHash('sha256').update(recipe).digest('hex').slice(0, 16)}`)
  const done = join(folder, 'installed')
  await mkdir(CACHE, { recursive: true })
  while (!existsSync(done)) {
    if (!(await lock(`${folder}.lock`))) await pause(200)
    else
      try {
        if (!existsSync(done)) await fill(folder, done, install)
      } finally {
        await rm(`${folder}.lock`)
      }
  }
  return folder
}

async function fill(folder: string, done: string, install: (folder: string) => Promise<void>): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  await install(folder)
  await writeFile(done, '')
}

/** Holds the process's id, so that the lock of one that was killed is not waited for. */
async function lock(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx')
    await file.writeFile(String(process.pid))
    await file.close()
    return true
  } catch {
    const holder = Number(await readFile(path, 'utf8').catch(() => ''))
    if (holder > 0 && !isAlive(holder)) await rm(path, { force: true })
    return false
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The programs, or why there are none. In CI they must be there. */
export async function orReason<T>(programs: Promise<T>): Promise<T | NotInstalled> {
  try {
    return await programs
  } catch (error) {
    if (error instanceof NotInstalled && !isCi()) return error
    throw error
  }
}
