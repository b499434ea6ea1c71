import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { TokenKeeper } from '@annex/connector/device'

/** Keeps it in a file of this user of the machine alone. */
export const fileKeeper = (path: string): TokenKeeper => ({
  read: async () => {
    try {
      return await readFile(path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  },
  write: async (text) => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    // A whole file or the one before: half a token would sign the person out.
    await writeFile(`${path}.new`, text, { mode: 0o600 })
    await rename(`${path}.new`, path)
  },
  clear: () => rm(path, { force: true }),
})
