import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { DocTypeFile } from '@annex/site'

/**
 * The DocTypes in the files, and in all `.json` files of the folders and what lies in them; those that come with the site are left out.
 *
 * @throws {Error} naming the file that cannot be read, or the DocType that two of them describe
 */
export async function readDefinitions(paths: readonly string[]): Promise<DocTypeFile[]> {
  const found = new Map<string, { readonly file: DocTypeFile; readonly path: string }>()
  for (const path of (await Promise.all(paths.map(filesAt))).flat().toSorted()) {
    for (const file of await readOne(path)) {
      const other = found.get(file.name)
      if (other) throw new Error(`${path}: ${other.path} describes the DocType ${file.name} too; leave one out`)
      found.set(file.name, { file, path })
    }
  }
  if (found.size === 0) throw new Error(`there is no DocType of your own in ${paths.join(', ')}; its file says "doctype": "DocType"`)
  return [...found.values()].map(({ file }) => file)
}

async function filesAt(path: string): Promise<string[]> {
  const known = await stat(path).catch(() => undefined)
  if (!known) throw new Error(`there is no file or folder ${path}`)
  if (!known.isDirectory()) return [path]
  const names = await readdir(path, { recursive: true })
  return names.filter((name) => name.endsWith('.json') && !/(?:^|[\\/])node_modules[\\/]/.test(name)).map((name) => join(path, name))
}

async function readOne(path: string): Promise<DocTypeFile[]> {
  const { readDocTypeFile } = await import('@annex/site')
  try {
    const text = await readFile(path, 'utf8')
    // A folder has other files too, not all of them JSON in the strict sense.
    return text.includes('"DocType"') ? readDocTypeFile(text) : []
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
