import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NotInstalled, installOnce } from './install-once.ts'
import { run } from './run.ts'

/**
 * The packages that a folder of `tests/acceptance` names in a lock of its own, installed once for each lock. Nothing of
 * theirs is run.
 *
 * @returns the folder above their `node_modules`
 * @throws {NotInstalled} where they cannot be had
 */
export async function installRecipe(name: string): Promise<string> {
  const recipe = fileURLToPath(new URL(`../../acceptance/${name}/`, import.meta.url))
  return installOnce(name, await readFile(join(recipe, 'package-lock.json'), 'utf8'), async (empty) => {
    for (const file of ['package.json', 'package-lock.json']) await copyFile(join(recipe, file), join(empty, file))
    const ran = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {}, empty)
    if (ran.code !== 0) throw new NotInstalled(`what ${name} needs cannot be installed: ${ran.stderr.trim().split('\n').at(-1) ?? ''}`)
  })
}
