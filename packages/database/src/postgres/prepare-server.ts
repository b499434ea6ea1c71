import { CompiledQuery } from 'kysely'
import type { Clients } from './clients.ts'

interface Facts {
  readonly version: number
  readonly encoding: string
  readonly trigrams: number
  readonly sync: string
}

const FACTS =
  CompiledQuery.raw(`select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding,
  exists (select from pg_extension where extname = 'pg_trgm') as trigrams, current_setting('synchronous_commit') as sync`)

/**
 * Checks that the server is one that Annex runs on, and brings the extension for text search where the user may.
 *
 * @throws {Error} when it is too old, cannot hold all characters, or says that it has stored what it may still lose
 */
export async function prepareServer(clients: Clients): Promise<void> {
  const client = await clients.take()
  try {
    const { version, encoding, trigrams, sync } = (await clients.run(client, FACTS)).rows[0] as Facts
    if (version < 150_000) throw new Error(`Annex needs PostgreSQL 15 or newer and this is ${Math.floor(version / 10_000)}`)
    if (encoding !== 'UTF8') throw new Error(`its encoding must be UTF8 and is ${encoding}`)
    if (sync === 'off')
      throw new Error(
        'synchronous_commit is off, so a revocation that was answered could be lost; set it to on for this database or its role',
      )
    // Refused without the right, or when another process does the same at this moment; search then reads every row, or finds it there.
    if (!trigrams) await client.query('create extension if not exists pg_trgm').catch(() => undefined)
  } finally {
    clients.giveBack(client)
  }
}
