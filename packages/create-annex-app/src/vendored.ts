import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const PACKAGES = ['protocol', 'database', 'connector'] as const
const PROJECTS = [...PACKAGES, 'connector/tsconfig.browser.json']
const run = promisify(execFile)

/** What an app needs of Annex: its dependencies, and the files that go into the app for them. */
export interface Vendored {
  readonly dependencies: Readonly<Record<string, string>>
  /** By their path in the app. */
  readonly files: Readonly<Record<string, Uint8Array>>
}

/**
 * Packs the packages of this repository, for the app to carry along in `vendor/`: none of them is on npm yet.
 *
 * @throws {Error} one sentence when this does not run from the repository
 */
export async function vendored(): Promise<Vendored> {
  if (!existsSync(join(ROOT, 'packages/connector/tsconfig.json')))
    throw new Error('The packages of Annex are not on npm yet: run this from a clone of its repository')
  const folder = await mkdtemp(join(tmpdir(), 'annex-vendor-'))
  try {
    await run(process.execPath, [
      join(ROOT, 'node_modules/typescript/bin/tsc'),
      '-b',
      ...PROJECTS.map((path) => join(ROOT, 'packages', path)),
    ])
    const packed = PACKAGES.flatMap((name) => ['--workspace', `packages/${name}`])
    await run('npm', ['pack', ...packed, '--pack-destination', folder, '--ignore-scripts'], {
      cwd: ROOT,
      shell: process.platform === 'win32',
    })
    return await readPacked(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function readPacked(folder: string): Promise<Vendored> {
  const names = await readdir(folder)
  const files = await Promise.all(names.map(async (name) => [`vendor/${name}`, await readFile(join(folder, name))] as const))
  const dependencies = PACKAGES.map(
    (name) => [`@annex/${name}`, `file:vendor/${names.find((file) => file.startsWith(`annex-${name}-`))!}`] as const,
  )
  return { dependencies: Object.fromEntries(dependencies), files: Object.fromEntries(files) }
}
