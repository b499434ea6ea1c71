import { databaseMigrations, migrate, openDatabase } from '@annex/database'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { engines, temporaryDatabase } from '../../../../../tests/support/databases.ts'
import { insertTokens, readToken } from '../grants/tokens-store.ts'
import { hashOf } from '../token-text.ts'
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
