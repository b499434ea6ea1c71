import type { Connection, Dialect, Migration } from '@annex/database'
import { sql } from 'kysely'

async function createFiles(connection: Connection, dialect: Dialect): Promise<void> {
  const [key, int, blob] = (['key', 'int', 'blob'] as const).map((kind) => sql.raw(dialect.columnType(kind)))
  await sql`create table file_content (hash ${key} not null, part ${int} not null, bytes ${blob} not null, primary key (hash, part))`.execute(
    connection,
  )
  await sql`create table file_place (url ${key} not null primary key, hash ${key} not null, content_hash ${key} not null, size ${int} not null)`.execute(
    connection,
  )
  await dialect.createIndex('file_place', ['hash']).execute(connection)
}

/** Contents by their SHA-256, each stored once, and the addresses under which they are served. */
export const fileMigrations: readonly Migration[] = [{ name: 'files 1: contents and places', up: createFiles }]
