import { migrate, openDatabase, type Database } from '@annex/database'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, temporaryDatabase, type TemporaryDatabase } from '../../../../../tests/support/databases.ts'
import { analyze, plansOf } from '../../../../../tests/support/query-plans.ts'
import { SqlConnections } from './connections-store.ts'
import { SqlDocnames } from './docnames-store.ts'
import { SqlInbox } from './inbox-store.ts'
import { SqlLeases } from './leases-store.ts'
import { connectorMigrations } from './migrations/migrations.ts'
import { SqlSessions } from './sessions-store.ts'
import { tablesOf, type Tables } from './tables.ts'

const FUTURE = 9_000_000_000_000
const ROWS = 6000
/** Most belong to one tenant: what it asks may not read what else it has. */
const tenantOf = (index: number): string => (index % 10 === 0 ? `other ${index % 100}` : 'acme')

const connection = (index: number): Tables['connector_connection'] => ({
  tenant: tenantOf(index),
  id: `c${index}`,
  version: 1,
  issuer: 'https://erp.example.com',
  subject: `person ${index}`,
  name: 'Sam',
  email: null,
  scopes: 'openid',
  sealed: index % 3 === 0 ? null : 'k1.sealed',
  issued_at: 0,
  expires_at: 0,
  state: 'active',
  reason: null,
  state_at: 0,
  untold: index % 200 === 3 ? 'revoked' : null,
  unforgotten: index % 200 === 3 ? 1 : null,
  failures: 0,
  retry_at: 0,
  renewed_at: index,
})

const letter = (index: number): Tables['connector_inbox'] => ({
  tenant: tenantOf(index),
  id: `i${index}`,
  kind: index % 50 === 1 ? 'logout' : 'document',
  payload: '{}',
  received_at: index,
  attempts: 0,
  state: index % 2 === 0 ? 'done' : 'waiting',
  due_at: index % 7 === 0 ? index : FUTURE + index,
  taken: 0,
  again: 0,
  error: null,
})

const docname = (index: number): Tables['connector_docname'] => ({
  tenant: tenantOf(index),
  owner: `c${index % 20}`,
  doctype: 'Item',
  name: `ITEM-${index}`,
  label: 'Bolt',
  description: '',
  fields: '{}',
  modified: '',
  creation: '',
  state: 'there',
  renamed_to: null,
  seen_at: index,
})

describe.each(engines)('work that is done again and again goes by its index, whatever has grown, on %s', (engine) => {
  let temporary: TemporaryDatabase
  let database: Database
  beforeAll(async () => {
    temporary = await temporaryDatabase(engine)
    database = await openDatabase(temporary.url)
    await migrate(database, connectorMigrations)
    await fill('connector_connection', connection)
    await fill('connector_inbox', letter)
    await fill('connector_docname', docname)
    await fill('connector_docname_source', (index) => {
      const { tenant, owner, doctype, name, seen_at } = docname(index)
      return { tenant, owner, doctype, name, seen_at, source: `search ${index % 5}` }
    })
    const session = (index: number) => ({
      tenant: tenantOf(index),
      connection: `c${index % 500}`,
      expires_at: index,
      sid: index % 2 === 0 ? `s${index}` : null,
    })
    await fill('connector_session', (index) => ({ ...session(index), hash: `h${index}` }))
    await fill('connector_lease', (index) => ({ tenant: tenantOf(index), name: `n${index}`, holder: 'a', expires_at: FUTURE }))
    if (engine === 'postgres') await analyze(temporary.url)
  }, 60_000)
  afterAll(async () => {
    await database.close()
    await temporary.remove()
  })

  async function fill<Name extends keyof Tables>(name: Name, row: (index: number) => Tables[Name]): Promise<void> {
    for (let start = 0; start < ROWS; start += 500) {
      const rows = Array.from({ length: 500 }, (_, index) => row(start + index))
      await tablesOf(database.connection)
        .insertInto(name)
        .values(rows as never)
        .execute()
    }
  }

  /** What a transaction would do is done on the connection itself, where it is seen. */
  const open = (): Database =>
    ({ engine, connection: database.connection, transaction: (work) => work(database.connection) }) satisfies Pick<
      Database,
      'engine' | 'connection' | 'transaction'
    > as Database
  const connections = () => new SqlConnections(open(), 'acme')
  const inbox = () => new SqlInbox(open(), 'acme')
  const docnames = () => new SqlDocnames(open(), 'acme')
  const sessions = () => new SqlSessions(open(), 'acme')
  const by = (index: string, key?: string): RegExp =>
    new RegExp(key === undefined ? index : `${index}|sqlite_autoindex_${key}|${key}_key|${key}_pkey`)

  // Nothing that these remove is there: the rows stay as they are for the others.
  test.each<[string, () => Promise<unknown>, RegExp[]]>([
    ['whether a letter is due', () => new SqlInbox(open(), 'nobody').take(['document'], 8, 0), [/connector_inbox_due/]],
    [
      'letters that are due',
      () => inbox().take(['event', 'logout', 'document'], 8, 0),
      [...Array.from({ length: 4 }, () => /connector_inbox_due/), by('connector_inbox_key', 'connector_inbox')],
    ],
    ['letters that wait', () => inbox().list('waiting', 9), [/connector_inbox_age/]],
    ['letters that are over', () => inbox().sweep(-1, -1), [/connector_inbox_age/, /connector_inbox_age/]],
    ['the longest idle', () => connections().idle({ limit: 50, renewedBefore: ROWS }), [/connector_connection_idle/]],
    [
      'the next idle',
      () => connections().idle({ after: { renewedAt: 5000, id: 'c5000' }, limit: 50, renewedBefore: ROWS }),
      [/connector_connection_idle/],
    ],
    ['those to be told of', () => connections().list({ after: 'c2', limit: 100, only: 'untold' }), [/connector_connection_untold/]],
    [
      'those to be forgotten',
      () => connections().list({ after: 'c2', limit: 100, only: 'unforgotten' }),
      [/connector_connection_unforgotten/],
    ],
    ['those who move', () => connections().move('https://nobody.example.com', 'x'), [/connector_connection_person/]],
    ['leases that are over', () => new SqlLeases(open(), 'acme').acquire('work', 'a', 1), [/connector_lease_end/]],
    ['sessions that are over', () => sessions().sweep(-1), [/connector_session_end/]],
    ['whose session the site names', () => sessions().connectionsOf('nobody'), [/connector_session_site/]],
    ['sessions of a person', () => sessions().removeAll('c600'), [/connector_session_connection/]],
    ['docnames not seen for long', () => docnames().sweep(-1), [/connector_docname_source_seen/, /connector_docname_seen/]],
    [
      'docnames of a person who is gone',
      () => docnames().removeAll('nobody'),
      [by('connector_docname_source_recent', 'connector_docname_source'), by('connector_docname_key', 'connector_docname')],
    ],
  ])('%s', async (_, work, indexes) => {
    const plans = await plansOf(database, work, { isFree: true })
    expect(plans).toHaveLength(indexes.length)
    for (const [index, plan] of plans.entries()) {
      expect(plan).toMatch(indexes[index]!)
      expect(plan).not.toMatch(/TEMP B-TREE|Sort|Seq Scan|"SCAN (?!CONSTANT)/)
    }
  })

  test('a statement that removes finds its rows by where they lie', async () => {
    const plans = await plansOf(database, () => docnames().sweep(-1), { isFree: true })
    for (const plan of plans) expect(plan).toMatch(engine === 'sqlite' ? /USING INTEGER PRIMARY KEY \(rowid=\?\)/ : /Tid Scan/)
  })
})
