import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { Browser, connect, person, register, renew, request } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import type { OAuthTables } from './oauth-tables.ts'
import { sweep } from './sweep-store.ts'

const DAY = 86_400_000_000

describe.each(engines)('the sweep on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  const count = async (table: string): Promise<number> =>
    (await sql`select 1 from ${sql.table(table)}`.execute(provider.database.connection)).rows.length

  it('removes what ended and keeps what can still tell a reuse', async () => {
    const app = await register(provider)
    const alice = await new Browser(provider).signIn(await person(provider))
    const tokens = await connect(provider, alice, app)
    await renew(provider, app, tokens.refresh)
    await alice.authorize(request(app, { prompt: 'consent' }))
    await sweep(provider.database.connection, Date.now() * 1000)
    expect([await count('oauth_token'), await count('oauth_code'), await count('pending_request')]).toEqual([4, 1, 1])
    await sweep(provider.database.connection, Date.now() * 1000 + 2 * DAY)
    expect([await count('oauth_token'), await count('oauth_code'), await count('pending_request')]).toEqual([2, 1, 0])
    await sweep(provider.database.connection, Date.now() * 1000 + 40 * DAY)
    expect([await count('oauth_token'), await count('oauth_code'), await count('oauth_grant')]).toEqual([0, 0, 1])
  })

  it('removes with a code that ran out unused the grant that nothing came of, however many there are', async () => {
    const app = await register(provider)
    const user = await person(provider)
    const alice = await new Browser(provider).signIn(user)
    await connect(provider, alice, app)
    await sql`delete from oauth_code`.execute(provider.database.connection)
    const [used] = await provider.grants.list(user)
    const before = await count('oauth_grant')
    for (let number = 0; number < 3; number += 1) await alice.code(request(app))
    await provider.database.transaction(async (connection) => {
      const db = connection.withTables<OAuthTables>()
      const [code, grant] = [
        await db.selectFrom('oauth_code').selectAll().limit(1).executeTakeFirstOrThrow(),
        await db.selectFrom('oauth_grant').selectAll().where('id', '=', used!.id).executeTakeFirstOrThrow(),
      ]
      for (let number = 0; number < 1100; number += 1) {
        await db
          .insertInto('oauth_grant')
          .values({ ...grant, id: `lapsed ${number}` })
          .execute()
        await db
          .insertInto('oauth_code')
          .values({ ...code, hash: `lapsed ${number}`, grant_id: `lapsed ${number}` })
          .execute()
      }
    })
    expect(await count('oauth_grant')).toBe(before + 1103)
    await sweep(provider.database.connection, provider.now() + 20 * DAY)
    expect([await count('oauth_grant'), await count('oauth_code')]).toEqual([before + 1103, 1103])
    await sweep(provider.database.connection, provider.now() + 31 * DAY)
    expect([await count('oauth_grant'), await count('oauth_code')]).toEqual([before, 0])
    expect(await provider.grants.list(user)).toMatchObject([{ id: used!.id }])
  })
})
