import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ServerProcess } from './server-process.ts'

export const ADMIN_PASSWORD = 'a-password-for-the-bench-alone'
const siteFile = new URL('../../packages/site/src/main.ts', import.meta.url)

export interface SiteLaunch {
  readonly nodeArgs?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** What composes the site; absent = as `npm run site` does. */
  readonly file?: URL
}

/** A site whose data and keys lie in the folder, started as `npm run site` starts it. */
export function startSite(folder: string, { nodeArgs = [], environment = {}, file = siteFile }: SiteLaunch = {}): Promise<ServerProcess> {
  return ServerProcess.start({
    file,
    environment: { PORT: '0', ANNEX_DATA: folder, ANNEX_ADMIN_PASSWORD: ADMIN_PASSWORD, ...environment },
    nodeArgs: ['--max-semi-space-size=2', ...nodeArgs],
  })
}

export const databaseIn = (folder: string): string => join(folder, 'site.db')

/** Does the work with a folder that is taken away afterwards, whatever happens. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'annex-bench-'))
  const tidy = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', tidy)
  try {
    return await work(folder)
  } finally {
    process.off('exit', tidy)
    tidy()
  }
}

/** Does the work with servers that are started one after the other, and ends them all. */
export async function withServers<T>(work: (start: (server: Promise<ServerProcess>) => Promise<ServerProcess>) => Promise<T>): Promise<T> {
  const started: ServerProcess[] = []
  try {
    return await work(async (starting) => {
      const server = await starting
      started.push(server)
      return server
    })
  } finally {
    for (const server of started.toReversed()) await server.stop()
  }
}
