import { createHash } from 'node:crypto'
import { glob, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const NOT_CODE = /\.(?:test|fixture|contract)\.ts$/

const silent = Object.fromEntries(['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) => [level, () => {}]))
const logger = { ...silent, isDebugEnabled: () => false }

/** The files that patterns name in a folder, by their paths within it, in the order of their names. */
export async function filesOf(folder, patterns) {
  const found = new Set()
  for (const pattern of patterns) for await (const path of glob(pattern, { cwd: folder })) found.add(path.replaceAll('\\', '/'))
  return [...found].toSorted((one, other) => (one < other ? -1 : 1))
}

/**
 * Writes every change that Stryker knows of into the files of the groups, switched off, and names them in the order of the code: `id` to
 * switch one on by, `key` to know it again by while its file, of which `hash` is a fingerprint, stays as it is.
 */
export async function instrument(folder, groups, Instrumenter) {
  const paths = (await Promise.all(groups.map(({ mutate }) => filesOf(folder, mutate)))).flat().filter((path) => !NOT_CODE.test(path))
  const files = await Promise.all([...new Set(paths)].map((path) => readSource(folder, path)))
  const hashes = new Map(files.map(({ name, content }) => [name, createHash('sha256').update(content).digest('hex').slice(0, 16)]))
  const options = { plugins: null, excludedMutations: [], ignorers: [] }
  const result = await new Instrumenter(logger).instrument(files, options)
  await Promise.all(result.files.map(({ name, content }) => writeFile(join(folder, name), content)))
  return result.mutants.map((mutant) => nameOf(mutant, hashes))
}

const readSource = async (folder, name) => ({ name, mutate: true, content: await readFile(join(folder, name), 'utf8') })

function nameOf({ id, fileName: path, mutatorName, replacement, location }, hashes) {
  // Stryker counts lines from 0 here.
  const [start, end] = [location.start, location.end].map(({ line, column }) => ({ line: line + 1, column: column + 1 }))
  const key = `${start.line}:${start.column}-${end.line}:${end.column} ${mutatorName} ${replacement}`
  return { id, path, hash: hashes.get(path), key, mutatorName, replacement, start, end }
}
