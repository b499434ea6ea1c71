import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { Browser, connect, person, register, renew, request } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
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
})
