import { cp, mkdir, readFile, readdir, readlink, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

const LEFT_OUT = new Set(['node_modules', '.git', '.annex', 'dist'])

/**
 * Copies the tree to a folder where it may be changed: sources and tests, with the packages of the original, and ours from the
 * copy. It is a copy of the moment as well: whoever goes on working changes nothing under the run.
 *
 * Storage is tested on SQLite alone there: each mutant costs half the time then.
 */
export async function copyTree(root, folder) {
  await cp(root, folder, { recursive: true, filter: (path) => path === root || !LEFT_OUT.has(basename(path)) })
  await linkPackages(join(root, 'node_modules'), join(folder, 'node_modules'))
  await keepSqliteAlone(join(folder, 'tests/support/databases.ts'))
}

async function linkPackages(from, to) {
  await mkdir(join(to, '@annex'), { recursive: true })
  const names = (await readdir(from)).filter((name) => !name.startsWith('.') && name !== '@annex')
  await Promise.all(names.map((name) => symlink(join(from, name), join(to, name))))
  for (const name of await readdir(join(from, '@annex')))
    await symlink(await readlink(join(from, '@annex', name)), join(to, '@annex', name))
}

async function keepSqliteAlone(path) {
  const text = await readFile(path, 'utf8')
  const changed = text.replace("Engine[] = ['sqlite', 'postgres']", "Engine[] = ['sqlite']")
  if (changed === text) throw new Error(`${path} names its engines in another way now: change tools/mutation/copy-tree.mjs with it.`)
  await writeFile(path, changed)
}
