import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { Browser, connect, person, register, renew, request } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import type { OAuthTables } from './oauth-tables.ts'
import { sweep } from './sweep-store.ts'

const HOUR = 3_600_000_000
const DAY = 24 * HOUR

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

  describe('goes by the end of each', () => {
    const DEAD = { client: 'c', issued: 0 }
    const table = <T extends keyof OAuthTables>(name: T) => provider.database.connection.withTables<OAuthTables>().selectFrom(name)
    const put = async (
      name: 'oauth_token' | 'oauth_code' | 'oauth_device' | 'pending_request',
      rows: Record<string, unknown>[],
    ): Promise<void> => {
      const db = provider.database.connection.withTables<Record<string, Record<string, unknown>>>()
      for (const row of rows) await db.insertInto(name).values(row).execute()
    }
    const token = (hash: string, expires: number): Record<string, unknown> => ({
      ...DEAD,
      hash,
      kind: 'access',
      grant_id: 'none',
      scope: '',
      expires,
    })
    const code = (hash: string, expires: number, grant = 'none', used: number | null = null): Record<string, unknown> => ({
      ...DEAD,
      hash,
      grant_id: grant,
      redirect_uri: '',
      redirect_named: 0,
      expires,
      used_at: used,
      failures: 0,
    })
    const device = (hash: string, expires: number, state: string, grant: string | null): Record<string, unknown> => ({
      hash,
      user_code: hash,
      client: 'c',
      scopes: '',
      created: 0,
      expires,
      pace: 5,
      state,
      grant_id: grant,
    })
    const pending = (hash: string, expires: number): Record<string, unknown> => ({
      hash,
      session: 's',
      user: 'u',
      client: 'c',
      request: '',
      created: 0,
      expires,
    })
    const NOW = 100 * DAY
    const hashes = async (name: 'oauth_token' | 'oauth_code' | 'oauth_device' | 'pending_request'): Promise<string[]> =>
      (await table(name).select('hash').where('client', '=', 'c').orderBy('hash').execute()).map(({ hash }) => hash)
    const all = (): Promise<string[][]> =>
      Promise.all([hashes('oauth_token'), hashes('oauth_code'), hashes('oauth_device'), hashes('pending_request')])
    const clear = async (): Promise<void> => {
      for (const name of ['oauth_token', 'oauth_code', 'oauth_device', 'pending_request'])
        await sql`delete from ${sql.table(name)} where client = 'c'`.execute(provider.database.connection)
    }

    it('removes devices six hours after it, tokens and requests a day, and codes a month after it, to the microsecond', async () => {
      await put('oauth_token', [token('kept', NOW - DAY), token('gone', NOW - DAY - 1)])
      await put('oauth_code', [code('kept', NOW - 30 * DAY), code('gone', NOW - 30 * DAY - 1)])
      await put('oauth_device', [device('kept', NOW - 6 * HOUR, 'open', null), device('gone', NOW - 6 * HOUR - 1, 'open', null)])
      await put('pending_request', [pending('kept', NOW - DAY), pending('gone', NOW - DAY - 1)])
      await sweep(provider.database.connection, NOW, () => true)
      expect((await all()).map((names) => names.length)).toEqual([2, 2, 2, 2])
      await sweep(provider.database.connection, NOW)
      expect(await all()).toEqual([['kept'], ['kept'], ['kept'], ['kept']])
      await clear()
    })

    it('removes with them the grants that nothing came of, and no others', async () => {
      const app = await register(provider)
      const user = await person(provider)
      await connect(provider, await new Browser(provider).signIn(user), app)
      const db = provider.database.connection.withTables<OAuthTables>()
      const grant = await db.selectFrom('oauth_grant').selectAll().where('client', '=', app.id).executeTakeFirstOrThrow()
      const ids = ['code unused', 'code used', 'device allowed', 'device used', 'device open', 'device denied']
      for (const id of ids)
        await db
          .insertInto('oauth_grant')
          .values({ ...grant, id })
          .execute()
      await put('oauth_code', [code('1', 0, 'code unused'), code('2', 0, 'code used', 1)])
      const states = ['allowed', 'used', 'open', 'denied']
      await put('oauth_device', [...states.map((state) => device(state, 0, state, `device ${state}`)), device('bare', 0, 'allowed', null)])
      await sweep(provider.database.connection, NOW)
      const left = await table('oauth_grant').select('id').where('id', 'in', ids).orderBy('id').execute()
      expect(left.map(({ id }) => id)).toEqual(['code used', 'device denied', 'device open', 'device used'])
      expect(await all()).toEqual([[], [], [], []])
    })

    it('removes them in batches, between which it can be told to stop', async () => {
      const many = (length: number): string[] => Array.from({ length }, (_, number) => `many ${String(number).padStart(4, '0')}`)
      await put(
        'oauth_token',
        many(250).map((hash) => token(hash, 0)),
      )
      await put(
        'oauth_code',
        many(501).map((hash) => code(hash, 0, 'none', 1)),
      )
      await put(
        'oauth_device',
        many(501).map((hash) => device(hash, 0, 'open', null)),
      )
      await put('pending_request', [pending('one', 0)])
      const counts = async (): Promise<number[]> => (await all()).map((names) => names.length)
      const stopAfter = (times: number): Promise<void> => {
        let asked = 0
        return sweep(provider.database.connection, NOW, () => (asked += 1) > times)
      }
      await stopAfter(1)
      expect(await counts()).toEqual([150, 501, 501, 1])
      await stopAfter(3)
      expect(await counts()).toEqual([0, 1, 501, 1])
      await sweep(provider.database.connection, NOW)
      expect(await counts()).toEqual([0, 0, 0, 0])
    })
  })
})
