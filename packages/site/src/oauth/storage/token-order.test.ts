import { databaseMigrations, migrate, openDatabase } from '@annex/database'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines, temporaryDatabase } from '../../../../../tests/support/databases.ts'
import { insertTokens, readToken } from '../grants/tokens-store.ts'
import { Browser, connect, person, register } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { hashOf, timeInKey, tokenKey } from '../token-text.ts'
import { oauthMigrations } from './oauth-migrations.ts'
import type { TokenRow } from './oauth-tables.ts'

const ORDER = 'oauth flows 3: tokens in the order of their issue'

const token = (index: number): TokenRow => ({
  hash: hashOf(`token ${index}`),
  kind: index % 2 === 0 ? 'access' : 'refresh',
  grant_id: `grant ${index % 3}`,
  client: 'app',
  scope: 'Item:read',
  issued: index,
  expires: 1000 + index,
  used_at: index % 5 === 0 ? index : null,
  successor: index % 5 === 0 ? hashOf(`token ${index + 1}`) : null,
  resource: index % 7 === 0 ? 'https://site.example.com' : null,
})

describe.each(engines)('the tokens of an earlier release on %s', (engine) => {
  it('are all there, and found by their hashes, grants and ends', async () => {
    const place = await temporaryDatabase(engine)
    const database = await openDatabase(place.url)
    try {
      const { connection } = database
      const before = oauthMigrations.slice(
        0,
        oauthMigrations.findIndex(({ name }) => name === ORDER),
      )
      await migrate(database, [...databaseMigrations, ...before])
      const tokens = Array.from({ length: 200 }, (_, index) => token(index))
      await insertTokens(connection, tokens.toReversed())
      expect(await migrate(database, [...databaseMigrations, ...oauthMigrations])).toContain(ORDER)
      expect(await Promise.all(tokens.map(({ hash }) => readToken(connection, hash)))).toEqual(tokens)
      await expect(insertTokens(connection, [token(7)])).rejects.toThrow()
      if (engine === 'sqlite') {
        const indexes = await sql<{ name: string }>`select name from pragma_index_list('oauth_token') order by name`.execute(connection)
        const names = ['oauth_token_expires', 'oauth_token_grant_id', 'sqlite_autoindex_oauth_token_1']
        expect(indexes.rows.map(({ name }) => name)).toEqual(names)
        const order = await sql<{ issued: number }>`select issued from oauth_token order by rowid`.execute(connection)
        expect(order.rows.map(({ issued }) => issued)).toEqual(tokens.map(({ issued }) => issued))
      }
    } finally {
      await database.close()
      await place.remove()
    }
  })
})

describe.each(engines)('what is made now on %s', (engine) => {
  let provider: Provider
  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  const idsOf = async (query: ReturnType<typeof sql<{ id: string }>>): Promise<string[]> =>
    (await query.execute(provider.database.connection)).rows.map(({ id }) => id)

  it('has its time first in its key, so that it lies after all that was made before', async () => {
    const app = await register(provider)
    const user = await person(provider)
    const began = Date.now()
    const tokens = await connect(provider, await new Browser(provider).signIn(user), app)
    await provider.audit.flush(true)
    const ended = Date.now()
    const grants = await idsOf(sql`select id from oauth_grant where client = ${app.id}`)
    const codes = await idsOf(sql`select hash as id from oauth_code where client = ${app.id}`)
    const keys = await idsOf(sql`select hash as id from oauth_token where client = ${app.id}`)
    const trail = await idsOf(sql`select id from audit where client = ${app.id} and event = 'oauth.token.issued'`)
    expect([grants.length, codes.length, keys.toSorted(), trail.length]).toEqual([
      1,
      1,
      [tokenKey(tokens.access), tokenKey(tokens.refresh)].toSorted(),
      1,
    ])
    const times = [
      ...[...grants, ...trail].map((id) => Number.parseInt(id.slice(0, 13).replace('-', ''), 16)),
      ...[...codes, ...keys].map((key) => Number.parseInt(timeInKey(key), 32)),
    ]
    for (const time of times) expect(time).toBeGreaterThanOrEqual(began)
    for (const time of times) expect(time).toBeLessThanOrEqual(ended)
  })
})
