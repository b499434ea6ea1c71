import type { Migration } from '@annex/database'
import { sql } from 'kysely'
import { tablesOf } from '../tables.ts'

/**
 * Indexes for what is asked each second, minute and hour, so that it costs no more when a million rows wait or lie there. A step for
 * each table: processes that serve meanwhile wait for one table at a time, and no longer than its own index takes.
 */
export const growthMigrations: readonly Migration[] = [
  {
    name: 'connector-003-connections',
    async up(connection) {
      const { schema } = connection
      // Null where nothing is kept, so that a small index has those alone of whom something may be.
      await schema.alterTable('connector_connection').addColumn('unforgotten', 'bigint').execute()
      const table = tablesOf(connection).updateTable('connector_connection').set({ unforgotten: 1 })
      await table.where('untold', 'is not', null).where('sealed', 'is', null).execute()
      await schema
        .createIndex('connector_connection_unforgotten')
        .on('connector_connection')
        .columns(['tenant', 'id'])
        .where(sql.ref('unforgotten'), 'is not', null)
        .execute()
      await schema.dropIndex('connector_connection_idle').execute()
      await schema
        .createIndex('connector_connection_idle')
        .on('connector_connection')
        .columns(['tenant', 'renewed_at', 'id'])
        .where(sql.ref('sealed'), 'is not', null)
        .execute()
    },
  },
  {
    name: 'connector-004-inbox',
    async up({ schema }) {
      await schema.createIndex('connector_inbox_due').on('connector_inbox').columns(['tenant', 'state', 'kind', 'due_at', 'id']).execute()
    },
  },
  {
    name: 'connector-005-sessions',
    async up({ schema }) {
      // Each tenant sweeps its own: by the end alone it would read what is over at all of them.
      await schema.dropIndex('connector_session_end').execute()
      await schema.dropIndex('connector_session_connection').execute()
      await schema.createIndex('connector_session_end').on('connector_session').columns(['tenant', 'expires_at']).execute()
      await schema.createIndex('connector_session_connection').on('connector_session').columns(['tenant', 'connection']).execute()
    },
  },
  {
    name: 'connector-006-site-sessions',
    async up({ schema }) {
      await schema
        .createIndex('connector_session_site')
        .on('connector_session')
        .columns(['tenant', 'sid'])
        .where(sql.ref('sid'), 'is not', null)
        .execute()
    },
  },
]
