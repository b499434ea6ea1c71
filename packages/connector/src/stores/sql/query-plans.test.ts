import { migrate, openDatabase, type Database } from '@annex/database'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, temporaryDatabase, type TemporaryDatabase } from '../../../../../tests/support/databases.ts'
import { analyze, plansOf } from '../../../../../tests/support/query-plans.ts'
import { connectionOf, docnameOf } from '../contract/samples.fixture.ts'
import { SqlConnections } from './connections-store.ts'
import { SqlDocnames } from './docnames-store.ts'
import { SqlInbox } from './inbox-store.ts'
import { connectorMigrations } from './migrations/migrations.ts'

describe.each(engines)('each question to a large table goes by its index on %s', (engine) => {
  let temporary: TemporaryDatabase
  let database: Database
  beforeAll(async () => {
    temporary = await temporaryDatabase(engine)
    database = await openDatabase(temporary.url)
    await migrate(database, connectorMigrations)
    for (let count = 0; count < 300; count++)
      await new SqlConnections(database, count % 3 === 0 ? 'acme' : `other ${count}`).insert(connectionOf())
    await docnames().keep(
      'sam',
      'search',
      Array.from({ length: 10_000 }, (_, index) => docnameOf({ name: `ITEM-${index}` })),
    )
    if (engine === 'postgres') await analyze(temporary.url)
  }, 60_000)
  afterAll(async () => {
    await database.close()
    await temporary.remove()
  })

  const connections = () => new SqlConnections(database, 'acme')
  const docnames = () => new SqlDocnames(database, 'acme')

  test.each<[string, () => Promise<unknown>, RegExp]>([
    ['a person', () => connections().find('https://erp.example.com', 'sam'), /connector_connection_person/],
    ['a page of connections', () => connections().list({ after: '', limit: 9 }), /connector_connection_page/],
    ['those to be told of', () => connections().list({ after: 'x', limit: 9, only: 'untold' }), /connector_connection_untold/],
    [
      'D18 twenty docnames of a person',
      () =>
        docnames().resolve(
          'sam',
          'Item',
          Array.from({ length: 20 }, (_, index) => `ITEM-${index}`),
        ),
      /connector_docname_key|sqlite_autoindex_connector_docname_1|connector_docname_document/,
    ],
    ['names of a search', () => docnames().list('sam', 'Item', 'search', 9), /connector_docname_source_recent/],
    ['whom a document concerns', () => docnames().owners('Item', 'ITEM-1', { after: 'x', limit: 9 }), /connector_docname_document/],
    ['what waits', () => new SqlInbox(database, 'acme').list('waiting', 9), /connector_inbox_age/],
  ])('%s', async (_, work, index) => {
    const plans = await plansOf(database, work)
    expect(plans).toHaveLength(1)
    expect(plans[0]).toMatch(index)
    expect(plans[0]).not.toMatch(/TEMP B-TREE/)
  })
})
