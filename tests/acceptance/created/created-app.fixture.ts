import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Framework } from '../../../packages/create-annex-app/src/answers.ts'
import type { Vendored } from '../../../packages/create-annex-app/src/vendored.ts'
import { writeApp } from '../../../packages/create-annex-app/src/write-app.ts'
import { installOnce, NotInstalled, orReason } from '../../support/clients/install-once.ts'
import { run } from '../../support/clients/run.ts'

const RECIPE = fileURLToPath(new URL('.', import.meta.url))
const FILES = ['package.json', 'package-lock.json'] as const

/** What created apps depend on besides ours, at exactly these versions; the reason where it cannot be installed. */
export const dependencies = (): Promise<string | NotInstalled> => orReason(install())

async function install(): Promise<string> {
  return installOnce('created', await readFile(join(RECIPE, 'package-lock.json'), 'utf8'), async (empty) => {
    for (const file of FILES) await copyFile(join(RECIPE, file), join(empty, file))
    const ran = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {}, empty)
    if (ran.code !== 0) throw new NotInstalled(`what created apps need cannot be installed: ${ran.stderr.trim().split('\n').at(-1) ?? ''}`)
  })
}

export interface CreatedApp {
  readonly folder: string
  /** Versions that the app asks for, of what is not ours. */
  readonly asked: Readonly<Record<string, string>>
  remove(): Promise<void>
}

/** An app as the command writes it, with its dependencies beside it as `npm install` would put them. */
export async function createApp(framework: Framework, upstream: string, installed: string, vendored: Vendored): Promise<CreatedApp> {
  // Not below node_modules: Node takes no types off there.
  const home = await mkdtemp(join(tmpdir(), 'annex-created-'))
  const folder = join(home, `${framework}-app`)
  await writeApp({ folder, name: `${framework}-app`, framework, upstream }, vendored)
  await installInto(folder, installed)
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
  const asked = Object.fromEntries(Object.entries(manifest.dependencies).filter(([name]) => !name.startsWith('@annex/')))
  return { folder, asked, remove: () => rm(home, { recursive: true, force: true }) }
}

/** As `npm install` would, of an app that has its `vendor/`. */
async function installInto(folder: string, installed: string): Promise<void> {
  await linkOrCopy(join(installed, 'node_modules'), join(folder, 'node_modules'))
  await unpack(join(folder, 'vendor'), join(folder, 'node_modules/@annex'))
}

/** An app of files of its own, with the same dependencies beside it. */
export async function layOutApp(
  files: Readonly<Record<string, string>>,
  installed: string,
  vendored: Vendored,
): Promise<Omit<CreatedApp, 'asked'>> {
  const folder = await mkdtemp(join(tmpdir(), 'annex-laid-out-'))
  for (const [path, text] of Object.entries({ ...files, ...vendored.files })) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  await installInto(folder, installed)
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** Hard links cost nothing, and cannot lead to another disk. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  if ((await run('cp', ['-al', from, to])).code === 0) return
  await rm(to, { recursive: true, force: true })
  await cp(from, to, { recursive: true, verbatimSymlinks: true })
}

async function unpack(vendor: string, scope: string): Promise<void> {
  for (const name of ['protocol', 'database', 'connector']) {
    const folder = join(scope, name)
    await mkdir(folder, { recursive: true })
    await run('tar', ['-xzf', join(vendor, `annex-${name}-0.1.0.tgz`), '--strip-components=1', '-C', folder])
  }
}

/** The versions that the tests install. */
export async function installedVersions(): Promise<Readonly<Record<string, string>>> {
  return (JSON.parse(await readFile(join(RECIPE, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }).dependencies
}
