import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './clients/run.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PACKAGES = ['protocol', 'connector']
const PROJECTS = ['packages/connector', 'packages/connector/tsconfig.browser.json']

/**
 * Puts the connector into `node_modules` of a folder as npm would: built, packed, and without what is optional.
 *
 * @throws {Error} with what the compiler or npm said
 */
export async function installPacked(folder: string): Promise<void> {
  const packed = await mkdtemp(join(tmpdir(), 'annex-packed-'))
  try {
    await must(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', ...PROJECTS])
    const workspaces = PACKAGES.flatMap((name) => ['--workspace', `packages/${name}`])
    await must('npm', ['pack', ...workspaces, '--ignore-scripts', '--pack-destination', packed])
    for (const file of await readdir(packed)) {
      const name = PACKAGES.find((each) => file.startsWith(`annex-${each}-`))!
      const target = join(folder, 'node_modules/@annex', name)
      await mkdir(target, { recursive: true })
      await must('tar', ['-xzf', join(packed, file), '-C', target, '--strip-components=1'])
    }
  } finally {
    await rm(packed, { recursive: true, force: true })
  }
}

async function must(program: string, words: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await run(program, words, {}, ROOT)
  if (code !== 0) throw new Error(`${program} ${words.join(' ')} failed:\n${stdout}${stderr}`)
}
