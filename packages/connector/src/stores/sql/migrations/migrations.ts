import type { Migration } from '@annex/database'
import { growthMigrations } from './growth-migrations.ts'
import { secondMigration } from './second-migration.ts'

/** The connector's own tables; their names begin with `connector_`, so that an app may keep its tables beside them. */
export const connectorMigrations: readonly Migration[] = [
  {
    name: 'connector-001-tables',
    async up({ schema }) {
      await schema
        .createTable('connector_connection')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('issuer', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('email', 'text')
        .addColumn('scopes', 'text', (column) => column.notNull())
        .addColumn('sealed', 'text')
        .addColumn('issued_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .execute()
      await schema.createIndex('connector_connection_person').on('connector_connection').columns(['issuer', 'subject']).unique().execute()
      await schema
        .createTable('connector_lease')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('holder', 'text', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .execute()
      await schema.createIndex('connector_lease_end').on('connector_lease').column('expires_at').execute()
      await schema
        .createTable('connector_session')
        .addColumn('hash', 'text', (column) => column.primaryKey())
        .addColumn('connection', 'text', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .execute()
      await schema.createIndex('connector_session_connection').on('connector_session').column('connection').execute()
      await schema.createIndex('connector_session_end').on('connector_session').column('expires_at').execute()
      await schema
        .createTable('connector_link')
        .addColumn('connection', 'text', (column) => column.notNull())
        .addColumn('doctype', 'text', (column) => column.notNull())
        .addColumn('filters', 'text', (column) => column.notNull())
        .addColumn('value', 'text', (column) => column.notNull())
        .addColumn('label', 'text', (column) => column.notNull())
        .addColumn('description', 'text', (column) => column.notNull())
        .addColumn('seen_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('connector_link_key', ['connection', 'doctype', 'value', 'filters'])
        .execute()
      await schema
        .createIndex('connector_link_recent')
        .on('connector_link')
        .columns(['connection', 'doctype', 'filters', 'seen_at'])
        .execute()
    },
  },
  secondMigration,
  ...growthMigrations,
]
