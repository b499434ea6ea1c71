import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { oauthMigrations } from './oauth-migrations.ts'

/** The columns of each table, with those that may be empty. */
const TABLES: Readonly<Record<string, { readonly columns: string; readonly empty: string }>> = {
  oauth_grant: {
    columns:
      'id client user requested granted rejected doctype_ids epoch auth_time created expires last_used revoked_at reason filters resource session kind sets details',
    empty: 'revoked_at reason filters resource session kind sets details',
  },
  oauth_code: {
    columns: 'hash grant_id client redirect_uri redirect_named challenge nonce issued expires used_at failures',
    empty: 'challenge nonce used_at',
  },
  oauth_token: {
    columns: 'hash kind grant_id client scope issued expires used_at successor resource',
    empty: 'used_at successor resource',
  },
  oauth_device: {
    columns: 'hash user_code client scopes resource created expires pace polled_at user state grant_id',
    empty: 'resource polled_at user grant_id',
  },
  pending_request: { columns: 'hash session user client request created expires', empty: '' },
  client_secret: { columns: 'id client hash created expires last_used', empty: 'expires last_used' },
  client_approval: { columns: 'client user sub state created decided_by decided_at', empty: 'decided_by decided_at' },
  client_use: { columns: 'client kind day count last_used', empty: '' },
  oauth_closing: {
    columns: 'id client user roles closed_at reason reached reached_id closed_by sub event_uri logout_uri',
    empty: 'closed_at sub event_uri logout_uri',
  },
  oauth_state: { columns: 'id epoch', empty: '' },
  oauth_use_token: { columns: 'day token outcome what right count first_used last_used', empty: 'first_used last_used' },
}

const INDEXES = [
  'client_approval (state, created)',
  'client_approval (user)',
  'client_secret (client)',
  'oauth_code (client)',
  'oauth_code (expires)',
  'oauth_code (grant_id)',
  'oauth_device (expires)',
  'oauth_device (grant_id)',
  'oauth_device (user_code)',
  'oauth_grant (client)',
  'oauth_grant (client, created)',
  'oauth_grant (user, client)',
  'oauth_grant (user, created)',
  'oauth_token (expires)',
  'oauth_use_day (day)',
  'oauth_use_network (last_used)',
  'oauth_use_span (last_used)',
  'oauth_event_secret (client, created)',
  'pending_request (session)',
]

/** Under these names sites have noted that they have them: another name would run one again. */
const NAMES = [
  'oauth 1: grants, codes and tokens',
  'oauth 2: row filters, resources and sessions of grants',
  'oauth flows 1: devices, services and resources',
  'oauth flows 2: codes by their end',
  'oauth flows 4: devices by their end',
  'oauth consent 1: sets and details of grants',
  'oauth clients 1: approvals and counted exceptions',
  'oauth clients 2: apps closed to some of their users',
  'oauth clients 3: approvals by their user',
  'oauth clients 4: all grants of an app or a user closed',
  'oauth usage 1: what apps did, by day',
  'oauth usage 2: what single tokens did',
  'oauth telling 1: secrets of events',
]

interface Column {
  readonly name: string
  readonly isEmpty: boolean
}

describe.each(engines)('the tables of the provider on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  const list = async <T>(statement: ReturnType<typeof sql<T>>): Promise<readonly T[]> =>
    (await statement.execute(provider.database.connection)).rows
  const columnsOf = async (table: string): Promise<Column[]> => {
    if (engine === 'sqlite') {
      const rows = await list(sql<{ name: string; notnull: number }>`select name, "notnull" from pragma_table_info(${table})`)
      return rows.map(({ name, notnull }) => ({ name, isEmpty: notnull === 0 }))
    }
    const rows = await list(
      sql<{
        name: string
        empty: string
      }>`select column_name as name, is_nullable as empty from information_schema.columns where table_name = ${table} and table_schema = current_schema()`,
    )
    return rows.map(({ name, empty }) => ({ name, isEmpty: empty === 'YES' }))
  }
  const indexes = async (): Promise<string[]> => {
    const rows = await (engine === 'sqlite'
      ? list(sql<{ text: string }>`select sql as text from sqlite_master where type = 'index' and sql is not null`)
      : list(sql<{ text: string }>`select indexdef as text from pg_indexes where schemaname = current_schema()`))
    return rows.map(({ text }) => {
      const [, table = '', columns = ''] = / on (?:\w+\.)?"?(\w+)"?(?: using \w+)? \(([^)]*)\)/i.exec(text) ?? []
      return `${table} (${columns.replaceAll(/"| NULLS FIRST/g, '')})`
    })
  }

  it.each(Object.entries(TABLES))('have the columns of %s, and values wherever they must', async (table, { columns, empty }) => {
    const names = (text: string): Set<string> => new Set(text.split(' ').filter((name) => name !== ''))
    const stored = await columnsOf(table)
    if (engine === 'sqlite') {
      const types = await list(sql<{ type: string }>`select distinct lower(type) as type from pragma_table_info(${table})`)
      for (const { type } of types) expect(['text', 'integer']).toContain(type)
    }
    expect(new Set(stored.map(({ name }) => name))).toEqual(names(columns))
    expect(new Set(stored.filter(({ isEmpty }) => isEmpty).map(({ name }) => name))).toEqual(names(empty))
  })

  it('have their indexes', async () => {
    const known = await indexes()
    for (const index of INDEXES) expect(known).toContain(index)
  })

  it('begin with the first epoch, and keep a code of a device once', async () => {
    expect(await list(sql`select id, epoch from oauth_state`)).toEqual([{ id: 1, epoch: 1 }])
    const device = (hash: string): Promise<unknown> =>
      list(
        sql`insert into oauth_device (hash, user_code, client, scopes, created, expires, pace, state) values (${hash}, 'same', 'c', '', 1, 2, 3, 'open')`,
      )
    await device('one')
    await expect(device('other')).rejects.toThrow(/unique/i)
  })

  it('are kept by their keys where SQLite would look twice', async () => {
    if (engine !== 'sqlite') return
    const rows = await list(sql<{ name: string; text: string }>`select name, sql as text from sqlite_master where type = 'table'`)
    for (const name of [
      'oauth_grant',
      'oauth_code',
      'oauth_device',
      'client_approval',
      'client_use',
      'oauth_use_day',
      'oauth_use_span',
      'oauth_use_network',
      'oauth_use_token',
    ])
      expect(rows.find((row) => row.name === name)?.text, name).toMatch(/without rowid/i)
  })

  it('are named as sites have noted them', () => {
    expect(oauthMigrations.map(({ name }) => name)).toEqual(expect.arrayContaining(NAMES))
  })
})
