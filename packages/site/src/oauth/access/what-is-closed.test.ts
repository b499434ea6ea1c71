import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { Browser, connect, me, person, register } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { insertClosing, listClosings, type Closing, type ClosingScope } from './closings/closings-store.ts'
import { Closings } from './closings/closings.ts'
import { refuseReopening } from './lost-roles.ts'

/** More than the change itself ends. */
const MANY = 45
const HOUR = 3600

const scopes: readonly (readonly [what: string, scopeOf: (user: string, client: string) => ClosingScope])[] = [
  ['an app', (_, client) => ({ client })],
  ['a user', (user) => ({ user })],
  ['a user with one app', (user, client) => ({ user, client })],
]

describe.each(engines)('what is closed, on %s', (engine) => {
  let provider: Provider
  let round = 0
  beforeAll(async () => {
    provider = await openProvider(engine)
    // Nothing is ended behind the back of a test.
    await provider.oauth.close()
  })
  afterEach(() => sql`delete from oauth_closing`.execute(provider.database.connection))
  afterAll(() => provider.close())

  const nobody = (): { user: string; client: string } => ({ user: `user${(round += 1)}`, client: `app${round}` })
  const add = ({ user, client }: { user: string; client: string }, many: number): Promise<string[]> =>
    provider.database.transaction(async (connection) => {
      const ids: string[] = []
      const grant = { user, client, requested: ['openid'], granted: ['openid'], rejected: [], doctypeIds: {}, authTime: 1 }
      for (let made = 0; made < many; made += 1) ids.push(await provider.grants.insert(connection, grant))
      return ids
    })
  const living = async (user: string): Promise<string[]> => (await provider.grants.list(user)).map(({ id }) => id)
  const closings = (): Promise<Closing[]> => listClosings(provider.database.connection)
  const process = (): Closings =>
    new Closings({
      ...provider,
      users: { principal: (user) => provider.principals.of(user) },
      onFault: (error) => void provider.faults.push(error),
    })

  it.each(scopes)('of %s takes what a clock that is ahead has made, and nothing that is made afterwards', async (_, scopeOf) => {
    const one = nobody()
    await add(one, MANY)
    provider.advance(HOUR)
    await add(one, 1)
    provider.advance(-HOUR)
    await provider.grants.revoke(scopeOf(one.user, one.client), 'manager_revoked')
    expect([(await closings()).length, await living(one.user)]).toEqual([1, []])
    const later = await add(one, 1)
    expect(await living(one.user)).toEqual(later)
  })

  it.each(scopes)(
    'of %s stays closed until then when it is closed again, and leaves nothing behind when it is little',
    async (_, scopeOf) => {
      const [one, other] = [nobody(), nobody()]
      await add(one, 4 * MANY)
      const close = ({ user, client }: typeof one): Promise<number> => provider.grants.revoke(scopeOf(user, client), 'manager_revoked')
      await close(one)
      const before = await closings()
      expect(before).toHaveLength(1)
      await close(one)
      expect(await closings()).toEqual(before)
      await add(one, 1)
      await close(one)
      expect((await closings()).map(({ id }) => id)).toEqual(before.map(({ id }) => id))
      expect(await living(one.user)).toEqual([])
      await add(other, 3)
      expect(await close(other)).toBe(3)
      expect(await closings()).toHaveLength(1)
    },
  )

  it('is ended by each process within a second, unasked', async () => {
    const one = nobody()
    await add(one, MANY)
    await provider.grants.revoke({ client: one.client }, 'manager_revoked')
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      const running = process()
      vi.advanceTimersByTime(1000)
      vi.useRealTimers()
      await vi.waitFor(async () => expect(await closings()).toEqual([]), 10_000)
      await running.close()
    } finally {
      vi.useRealTimers()
    }
    expect(provider.faults).toEqual([])
  })

  it('is found at whatever place behind what ended before', async () => {
    const one = nobody()
    const ids = await add(one, 1001)
    const last = ids.slice(-2)
    await sql`update oauth_grant set revoked_at = 1, reason = 'user_revoked'
      where client = ${one.client} and id not in (${sql.join(last)})`.execute(provider.database.connection)
    expect((await living(one.user)).toSorted()).toEqual(last.toSorted())
    await provider.grants.revoke({ client: one.client }, 'manager_revoked')
    expect(await living(one.user)).toEqual([])
    const running = process()
    await running.run()
    await running.close()
    const left = await sql`select 1 from oauth_grant where client = ${one.client} and revoked_at is null`.execute(
      provider.database.connection,
    )
    expect(left.rows).toEqual([])
  })

  it('is explained as ended, by the same reason, before its turn comes', async () => {
    const [user, app] = [await person(provider), await register(provider)]
    await add({ user, client: app.id }, MANY)
    const { access } = await connect(provider, await new Browser(provider).signIn(user), app)
    await provider.grants.revoke({ client: app.id }, 'manager_revoked')
    expect((await me(provider, access)).status).toBe(401)
    const told = await provider.oauth.explain.token({ ...ADMINISTRATOR, user }, access, { right: 'read', doctype: 'Item' })
    const said = told === 'not entitled' ? [] : told.findings.map(({ sentence }) => sentence)
    expect(said.join('\n')).toContain('(manager_revoked)')
  })

  it.each<[what: string, client: string, openTo: readonly string[] | undefined, isRefused: boolean]>([
    ['to a role more', 'closed', ['Buyer', 'Seller'], true],
    ['to everybody', 'closed', undefined, true],
    ['to the same roles', 'closed', ['Buyer'], false],
    ['to fewer', 'closed', [], false],
    ['to a role more, where another app was closed', 'open', ['Buyer', 'Seller'], false],
    ['to everybody, where another app was closed', 'open', undefined, false],
  ])('to some of its users, an app is opened %s', async (_, client, openTo, isRefused) => {
    const { connection } = provider.database
    const reached = { created: 0, id: '' }
    const reason = 'role_lost'
    const roles = ['Buyer']
    await insertClosing(connection, { id: 'closing', client: 'closed', roles, closedAt: undefined, reason, reached, by: undefined })
    const opened = refuseReopening(connection, client, openTo)
    if (isRefused) await expect(opened).rejects.toThrow('are still being ended; open it to others in a minute')
    else await expect(opened).resolves.toBeUndefined()
  })
})
