import type { Connection, Migration } from '@annex/database'
import type { Tables } from '../tables.ts'

/** As the first migration left it. */
type OldTables = Tables & {
  connector_link: {
    connection: string
    doctype: string
    filters: string
    value: string
    label: string
    description: string
    seen_at: number
  }
}

/** Tenants, states of a connection, the site's sessions, docnames kept, the inbox and registrations. What is there already belongs to the app's one site. */
export const secondMigration: Migration = {
  name: 'connector-002-tenants',
  async up(connection) {
    await addStates(connection)
    await addTenants(connection)
    await addDocnames(connection)
    await moveLinks(connection)
    await addInbox(connection)
    await addRegistrations(connection)
  },
}

async function addStates(connection: Connection): Promise<void> {
  const { schema } = connection
  const add = (name: string) =>
    schema.alterTable('connector_connection').addColumn(name, 'bigint', (column) => column.notNull().defaultTo(0))
  await schema
    .alterTable('connector_connection')
    .addColumn('tenant', 'text', (column) => column.notNull().defaultTo(''))
    .execute()
  await schema
    .alterTable('connector_connection')
    .addColumn('state', 'text', (column) => column.notNull().defaultTo('active'))
    .execute()
  await schema.alterTable('connector_connection').addColumn('reason', 'text').execute()
  await schema.alterTable('connector_connection').addColumn('untold', 'text').execute()
  for (const name of ['state_at', 'failures', 'retry_at', 'renewed_at']) await add(name).execute()
  const table = connection.withTables<Tables>().updateTable('connector_connection')
  await table.set((row) => ({ state_at: row.ref('issued_at'), renewed_at: row.ref('issued_at') })).execute()
  await table.set({ state: 'needs-sign-in', reason: 'expired' }).where('sealed', 'is', null).execute()
  await schema.dropIndex('connector_connection_person').execute()
  await schema
    .createIndex('connector_connection_person')
    .on('connector_connection')
    .columns(['tenant', 'issuer', 'subject'])
    .unique()
    .execute()
  await schema.createIndex('connector_connection_page').on('connector_connection').columns(['tenant', 'id']).execute()
  await schema
    .createIndex('connector_connection_untold')
    .on('connector_connection')
    .columns(['tenant', 'id'])
    .where('untold' as never, 'is not', null)
    .execute()
  await schema.createIndex('connector_connection_idle').on('connector_connection').columns(['tenant', 'renewed_at']).execute()
}

/** Leases are short: those of this moment are forgotten with their table. */
async function addTenants({ schema }: Connection): Promise<void> {
  await schema.dropTable('connector_lease').execute()
  await schema
    .createTable('connector_lease')
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('holder', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('connector_lease_key', ['tenant', 'name'])
    .execute()
  await schema.createIndex('connector_lease_end').on('connector_lease').column('expires_at').execute()
  await schema
    .alterTable('connector_session')
    .addColumn('tenant', 'text', (column) => column.notNull().defaultTo(''))
    .execute()
  await schema.alterTable('connector_session').addColumn('sid', 'text').execute()
}

async function addDocnames({ schema }: Connection): Promise<void> {
  await schema
    .createTable('connector_docname')
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('doctype', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('label', 'text', (column) => column.notNull())
    .addColumn('description', 'text', (column) => column.notNull())
    .addColumn('fields', 'text', (column) => column.notNull())
    .addColumn('modified', 'text', (column) => column.notNull())
    .addColumn('creation', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('renamed_to', 'text')
    .addColumn('seen_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('connector_docname_key', ['tenant', 'owner', 'doctype', 'name'])
    .execute()
  await schema.createIndex('connector_docname_document').on('connector_docname').columns(['tenant', 'doctype', 'name', 'owner']).execute()
  await schema.createIndex('connector_docname_seen').on('connector_docname').columns(['tenant', 'seen_at']).execute()
  await schema
    .createTable('connector_docname_source')
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('doctype', 'text', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('seen_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('connector_docname_source_key', ['tenant', 'owner', 'doctype', 'source', 'name'])
    .execute()
  await schema
    .createIndex('connector_docname_source_recent')
    .on('connector_docname_source')
    .columns(['tenant', 'owner', 'doctype', 'source', 'seen_at desc', 'name'])
    .execute()
  await schema.createIndex('connector_docname_source_seen').on('connector_docname_source').columns(['tenant', 'seen_at']).execute()
}

/** Names that were seen in link fields are docnames kept; of several sights of one the last tells its label. */
async function moveLinks(connection: Connection): Promise<void> {
  const tables = connection.withTables<OldTables>()
  const links = await tables.selectFrom('connector_link').selectAll().orderBy('seen_at').execute()
  for (const { connection: owner, doctype, filters, value: name, label, description, seen_at } of links) {
    const key = { tenant: '', owner, doctype, name }
    const sight = { label, description, seen_at }
    await tables
      .insertInto('connector_docname')
      .values({ ...key, ...sight, fields: '{}', modified: '', creation: '', state: 'there', renamed_to: null })
      .onConflict((conflict) => conflict.columns(['tenant', 'owner', 'doctype', 'name']).doUpdateSet(sight))
      .execute()
    await tables
      .insertInto('connector_docname_source')
      .values({ ...key, source: filters, seen_at })
      .execute()
  }
  await connection.schema.dropTable('connector_link').execute()
}

async function addInbox({ schema }: Connection): Promise<void> {
  await schema
    .createTable('connector_inbox')
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('payload', 'text', (column) => column.notNull())
    .addColumn('received_at', 'bigint', (column) => column.notNull())
    .addColumn('attempts', 'bigint', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('due_at', 'bigint', (column) => column.notNull())
    .addColumn('taken', 'bigint', (column) => column.notNull())
    .addColumn('again', 'bigint', (column) => column.notNull())
    .addColumn('error', 'text')
    .addPrimaryKeyConstraint('connector_inbox_key', ['tenant', 'id'])
    .execute()
  await schema.createIndex('connector_inbox_age').on('connector_inbox').columns(['tenant', 'state', 'received_at', 'id']).execute()
}

async function addRegistrations({ schema }: Connection): Promise<void> {
  await schema
    .createTable('connector_registration')
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('redirect_uri', 'text', (column) => column.notNull())
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('secret', 'text')
    .addColumn('registered_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('connector_registration_key', ['tenant', 'issuer', 'redirect_uri'])
    .execute()
}
