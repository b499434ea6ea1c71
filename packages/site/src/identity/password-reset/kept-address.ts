import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const pathIn = (folder: string): string => join(folder, 'address')

/**
 * Leaves in the data folder where people find the site, for the links that commands make beside it. A folder that cannot be written
 * keeps nothing: whoever runs commands there says the address.
 */
export async function keepAddress(folder: string, address: string): Promise<void> {
  await writeFile(pathIn(folder), `${address}\n`, { mode: 0o600 }).catch(ignoreUnwritable)
}

/** Where people found the site when a process of it listened last; undefined when none has, or when the folder is another machine's. */
export async function keptAddress(folder: string): Promise<string | undefined> {
  const text = await readFile(pathIn(folder), 'utf8').catch(() => '')
  return URL.canParse(text.trim()) ? text.trim() : undefined
}

const UNWRITABLE: ReadonlySet<unknown> = new Set(['ENOENT', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC'])

function ignoreUnwritable(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && UNWRITABLE.has(error.code))) throw error
}
