import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NotInstalled, installOnce, orReason } from './install-once.ts'
import { run } from './run.ts'

const RECIPE = fileURLToPath(new URL('../../acceptance/casys/', import.meta.url))
const FILES = ['package.json', 'package-lock.json'] as const

/** The program of @casys/mcp-erpnext; the reason where it cannot be installed. */
export const casysProgram = (): Promise<string | NotInstalled> => orReason(install())

async function install(): Promise<string> {
  const folder = await installOnce('casys', await readFile(join(RECIPE, 'package-lock.json'), 'utf8'), async (empty) => {
    for (const file of FILES) await copyFile(join(RECIPE, file), join(empty, file))
    const ran = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {}, empty)
    if (ran.code !== 0) throw new NotInstalled(`@casys/mcp-erpnext cannot be installed: ${ran.stderr.trim().split('\n').at(-1) ?? ''}`)
  })
  return join(folder, 'node_modules/@casys/mcp-erpnext/mcp-erpnext.mjs')
}
