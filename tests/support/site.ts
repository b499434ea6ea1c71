import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryDatabase } from './databases.ts'

export interface RunningSite {
  readonly url: string
  readonly adminPassword: string
  /** Its data folder: keys, and with SQLite the database. */
  readonly folder: string
  /** The database, as the site was told of it. */
  readonly databaseUrl: string
  readonly pid: number
  /** What it has printed so far. */
  output(): string
  /** Stops it as an operator would and removes all it left. Can be repeated. */
  close(): Promise<void>
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Starts a real site in a process of its own: on a free port, in an empty folder, with an empty database.
 *
 * `settings` are environment variables laid over those; nothing of the caller's own ANNEX_ settings gets in.
 *
 * @throws {Error} with what the site printed when it does not come up
 */
export async function startSite(engine: 'sqlite' | 'postgres', settings: Readonly<Record<string, string>> = {}): Promise<RunningSite> {
  const folder = await mkdtemp(join(tmpdir(), 'annex-site-'))
  const database = await temporaryDatabase(engine)
  const adminPassword = 'a-password-for-tests-alone'
  const env = {
    ...bareEnvironment(),
    PORT: '0',
    ANNEX_DATA: folder,
    DATABASE_URL: database.url,
    ANNEX_ADMIN_PASSWORD: adminPassword,
    ANNEX_ALLOW_PRIVATE: '127.0.0.0/8',
  }
  const child = spawn(process.execPath, ['--conditions=source', join(root, 'packages/site/src/main.ts')], {
    env: { ...env, ...settings },
    cwd: folder,
  })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => said.push(text))
  const output = (): string => said.join('')
  const close = async (): Promise<void> => {
    await stopped(child)
    await database.remove()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    return { url: await listening(child, output), adminPassword, folder, databaseUrl: database.url, pid: child.pid ?? 0, output, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Ends the process and resolves when it has gone; one that does not heed SIGTERM within ten seconds is killed. */
async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const patience = setTimeout(() => child.kill('SIGKILL'), 10_000)
  child.kill('SIGTERM')
  await once(child, 'exit')
  clearTimeout(patience)
}

function listening(child: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error(`The site did not start:\n${output()}`))
    const patience = setTimeout(fail, 30_000)
    const read = (): void => {
      const url = /listening on (https?:\/\/[^\s"]+)/.exec(output())?.[1]
      if (!url) return
      clearTimeout(patience)
      child.off('exit', fail)
      resolve(url)
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', fail)
    child.once('error', fail)
  })
}

/** The caller's environment without any setting of a site. */
export const bareEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(ANNEX_|DATABASE_URL$|PORT$)/.test(name)))
