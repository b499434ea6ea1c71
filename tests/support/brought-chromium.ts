import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Chromium } from './chromium.ts'

const execute = promisify(execFile)
const cache = fileURLToPath(new URL('../../node_modules/.cache/annex/', import.meta.url))
const carrier = join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '..')
const script = fileURLToPath(new URL('unpack-chromium.ts', import.meta.url))

/**
 * The Chromium that an npm package carries, unpacked once into node_modules (200 MB, two seconds).
 *
 * @throws {Error} when the package has none for this machine, or it does not start here
 */
export async function broughtChromium(): Promise<Chromium> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`the brought Chromium is for Linux on x64, this is ${process.platform} on ${process.arch}`)
  const { version } = JSON.parse(await readFile(join(carrier, 'package.json'), 'utf8')) as { version: string }
  const home = join(cache, `chromium-${version}`)
  if (!(await exists(home))) await unpack(home)
  const chromium = { path: join(home, 'chromium'), env: { FONTCONFIG_FILE: join(home, 'fonts.conf') } }
  if (await starts(chromium)) return chromium
  // A bare system lacks libnss3; the package carries it.
  const withLibraries = { ...chromium, env: { ...chromium.env, LD_LIBRARY_PATH: join(home, 'al2023', 'lib') } }
  await execute(withLibraries.path, ['--version'], { env: { ...process.env, ...withLibraries.env } })
  return withLibraries
}

const starts = ({ path, env }: Chromium): Promise<boolean> =>
  execute(path, ['--version'], { env: { ...process.env, ...env } }).then(
    () => true,
    () => false,
  )

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** Appears whole or not at all, whichever of several test processes is first. */
async function unpack(home: string): Promise<void> {
  await mkdir(cache, { recursive: true })
  const fresh = await mkdtemp(join(cache, 'unpacking-'))
  try {
    await execute(process.execPath, [script, join(carrier, 'bin'), fresh])
    await rename(fresh, home)
  } catch (error) {
    if (!(await exists(home))) throw error
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}
