import { resolve } from 'node:path'
import type { SqlStore } from './sql/open-store.ts'

export type { SqlStore }

/**
 * Opens (and brings up to date) the connector's tables in a database of the app's own.
 *
 * @param url `sqlite:/absolute/path.db`, `sqlite:data/path.db` from `folder` on, or `postgres://…`; the folder of a file has to be there
 * @param folder where relative paths begin; the working directory when absent
 * @throws {Error} one sentence: Node is older than 22.19, or the database cannot be opened
 */
export async function openSqlStore(url: string, folder = '.'): Promise<SqlStore> {
  requireNode(process.versions.node)
  const { openStore } = await import('./sql/open-store.ts')
  return openStore(absolute(url, folder))
}

/** A path as people write it next to their app; no store lives in memory alone by this name. */
function absolute(url: string, folder: string): string {
  const [, path] = /^sqlite:(?!\/\/|:)(.+)$/.exec(url) ?? []
  return path === undefined ? url : `sqlite:${resolve(folder, path)}`
}

/** Must be asked before the database is imported: its SQLite driver crashes an older Node instead of failing. */
export function requireNode(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 19)) return
  throw new Error(
    `@annex/connector/stores/sql needs Node 22.19 or newer, and this is Node ${version}: run the app on a newer Node, or give the connector another store`,
  )
}
