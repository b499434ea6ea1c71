import type { Connection, Dialect, Migration } from '@annex/database'
import { sql } from 'kysely'

async function createOutbox(connection: Connection, dialect: Dialect): Promise<void> {
  const type = (kind: Parameters<Dialect['columnType']>[0]) => sql.raw(dialect.columnType(kind))
  await sql`create table outbox (
    id ${type('key')} not null primary key,
    kind ${type('short')} not null,
    receiver ${type('key')} not null,
    payload ${type('text')} not null,
    state ${type('short')} not null,
    attempts ${type('int')} not null,
    created ${type('micros')} not null,
    next_at ${type('micros')} not null,
    give_up_at ${type('micros')} not null,
    finished ${type('micros')},
    last_error ${type('text')}
  )`.execute(connection)
  await sql`create table outbox_receiver (
    receiver ${type('key')} not null primary key,
    lease ${type('key')},
    locked_until ${type('micros')} not null,
    paused_until ${type('micros')} not null,
    failures ${type('int')} not null
  )`.execute(connection)
  for (const columns of [
    ['receiver', 'state', 'created'],
    ['receiver', 'created'],
    ['state', 'next_at'],
    ['state', 'finished'],
  ])
    await dialect.createIndex('outbox', columns).execute(connection)
}

/** Messages, and where each receiver's queue stands. */
export const webhookMigrations: readonly Migration[] = [{ name: 'webhooks 1: the outbox', up: createOutbox }]
