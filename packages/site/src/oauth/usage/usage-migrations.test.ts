import { databaseMigrations, migrate, openDatabase } from '@annex/database'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { engines, temporaryDatabase } from '../../../../../tests/support/databases.ts'
import { DAY } from '../storage/durations.ts'
import { oauthMigrations } from '../storage/oauth-migrations.ts'

const TOKENS = 'oauth usage 2: what single tokens did'

describe.each(engines)('a site of before the days of tokens, on %s', (engine) => {
  it('keeps first and last use of the tokens that it has, and forgets those that it no longer has', async () => {
    const place = await temporaryDatabase(engine)
    const database = await openDatabase(place.url)
    try {
      const { connection } = database
      await migrate(database, [...databaseMigrations, ...oauthMigrations.filter(({ name }) => name !== TOKENS)])
      const [first, last] = [19_675 * DAY + 5, 19_676 * DAY + 7]
      for (const subject of ['client', 'grant', 'a token', 'one that is gone'])
        await sql`insert into oauth_use_span (subject, first_used, last_used, calls) values (${subject}, ${first}, ${last}, 3)`.execute(
          connection,
        )
      for (const subject of ['client', 'grant'])
        await sql`insert into oauth_use_day (subject, day, outcome, what, "right", count) values (${subject}, 19676, 'call', '', '', 3)`.execute(
          connection,
        )
      await sql`insert into oauth_token (hash, kind, grant_id, client, scope, issued, expires) values ('a token', 'access', 'grant', 'client', '', 1, 2)`.execute(
        connection,
      )
      expect(await migrate(database, [...databaseMigrations, ...oauthMigrations])).toContain(TOKENS)
      const { rows: spans } = await sql<{ subject: string }>`select subject from oauth_use_span order by subject`.execute(connection)
      expect(spans.map(({ subject }) => subject)).toEqual(['client', 'grant'])
      expect((await sql`select * from oauth_use_token`.execute(connection)).rows).toEqual([
        { day: 19_676, token: 'a token', outcome: 'call', what: '', right: '', count: 3, first_used: first, last_used: last },
      ])
    } finally {
      await database.close()
      await place.remove()
    }
  })
})
