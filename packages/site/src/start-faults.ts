import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { dialectOf, type Database } from '@annex/database'
import type { Config } from './config.ts'

/** @throws {Error} when the data folder is not there and cannot be made */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new Error(`ANNEX_DATA: the data folder ${folder} cannot be made (${codeOf(error)}); name one that can be written`, {
      cause: error,
    })
  }
}

/** Which setting says where the database is: the data folder holds it when none names another. */
export const databaseSetting = (config: Config): string =>
  config.databaseUrl === `sqlite:${join(config.dataFolder, 'site.db')}` ? 'ANNEX_DATA' : 'DATABASE_URL'

/** What the engine refused at the start (a full disk, a table in the way), said with the database and its setting. */
export function databaseFault(error: unknown, database: Database, config: Config): Error | undefined {
  const dialect = dialectOf(database.engine)
  if (!(error instanceof Error) || !(dialect.isFault(error) || dialect.isFault(error.cause))) return undefined
  return new Error(`${databaseSetting(config)}: the database ${database.place} does not do what is asked of it: ${error.message}`, {
    cause: error,
  })
}

const LISTENING: Readonly<Record<string, (config: Config) => string>> = {
  EADDRINUSE: ({ port }) => `PORT: ${port} is taken by another program; set another, or 0 for any free one`,
  EACCES: ({ port }) => `PORT: ${port} may not be opened by this user; set one above 1023`,
  EADDRNOTAVAIL: ({ host }) => `ANNEX_HOST: this machine has no address ${host}; set one that it has`,
  ENOTFOUND: ({ host }) => `ANNEX_HOST: there is no host ${host}; set an address of this machine`,
}

/** Why the port could not be bound, said with its setting. */
export function listenFault(error: unknown, config: Config): Error | undefined {
  const sentence = LISTENING[codeOf(error)]?.(config)
  return sentence === undefined ? undefined : new Error(sentence, { cause: error })
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown')
