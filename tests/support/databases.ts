import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'

export type Engine = 'sqlite' | 'postgres'

/** Every test of storage runs on each: `describe.each(engines)('… on %s', (engine) => …)`. */
export const engines: readonly Engine[] = ['sqlite', 'postgres']

export interface TemporaryDatabase {
  readonly url: string
  /** Takes it away with all that is in it, also when something is still connected. */
  remove(): Promise<void>
}

/** An empty database of the caller's own. */
export function temporaryDatabase(engine: Engine): Promise<TemporaryDatabase> {
  return engine === 'sqlite' ? temporaryFile() : temporaryPostgres()
}

async function temporaryFile(): Promise<TemporaryDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'annex-database-'))
  return { url: `sqlite:${join(folder, 'test.db')}`, remove: () => rm(folder, { recursive: true, force: true }) }
}

async function temporaryPostgres(): Promise<TemporaryDatabase> {
  const server = process.env['ANNEX_TEST_DATABASE_URL']
  if (!server) throw new Error('There is no PostgreSQL for this test: run it with vitest, which brings one, or set ANNEX_TEST_DATABASE_URL')
  const name = `annex_test_${randomBytes(8).toString('hex')}`
  await onServer(server, `create database ${name} template template0 encoding 'UTF8'`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, remove: () => onServer(server, `drop database if exists ${name} with (force)`) }
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
