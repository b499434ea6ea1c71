import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import type { ClosingScope } from '../access/closings/closings-store.ts'
import type { GrantChoice } from './grants-store.ts'
import type { NewGrant } from './grants.ts'

describe.each(engines)('grants on %s', (engine) => {
  let provider: Provider
  let round = 0
  let [alice, bob] = ['', '']

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  beforeEach(() => {
    round += 1
    ;[alice, bob] = [`alice${round}`, `bob${round}`]
  })
  afterAll(() => provider.close())

  const add = (user: string, client: string, more: Partial<NewGrant> = {}): Promise<string> =>
    provider.database.transaction((connection) =>
      provider.grants.insert(connection, {
        user,
        client: `${client}${round}`,
        requested: ['openid', 'Item:read'],
        granted: ['openid'],
        rejected: [],
        doctypeIds: {},
        authTime: 1,
        ...more,
      }),
    )
  const living = async (): Promise<string[]> =>
    (await Promise.all([alice, bob].map((user) => provider.grants.list(user)))).flat().map(({ id }) => id)

  describe('that end', () => {
    let grants: Record<'aliceX' | 'aliceXOwn' | 'aliceY' | 'bobX', string>
    beforeEach(async () => {
      grants = {
        aliceX: await add(alice, 'x', { session: 's' }),
        aliceXOwn: await add(alice, 'x', { kind: 'service' }),
        aliceY: await add(alice, 'y'),
        bobX: await add(bob, 'x'),
      }
    })

    it.each<[string, () => GrantChoice | ClosingScope, readonly (keyof typeof grants)[]]>([
      ['one', () => ({ id: grants.aliceX }), ['aliceX']],
      ['a user’s', () => ({ user: alice }), ['aliceX', 'aliceXOwn', 'aliceY']],
      ['a user’s of one app', () => ({ user: alice, client: `x${round}` }), ['aliceX', 'aliceXOwn']],
      ['an app’s', () => ({ client: `x${round}` }), ['aliceX', 'aliceXOwn', 'bobX']],
      ['an app’s own as a user', () => ({ user: alice, client: `x${round}`, kind: 'service' }), ['aliceXOwn']],
    ])('are those that were chosen, and no other: %s', async (_, choice, ended) => {
      provider.events.length = 0
      expect(await provider.grants.revoke(choice(), 'user_revoked')).toBe(ended.length)
      const gone = ended.map((name) => grants[name])
      expect((await living()).toSorted()).toEqual(
        Object.values(grants)
          .filter((id) => !gone.includes(id))
          .toSorted(),
      )
      expect(provider.events.map(({ event, grant, reason }) => [event, grant, reason])).toEqual(
        expect.arrayContaining(gone.map((id) => ['grant.revoked', id, 'user_revoked'])),
      )
      expect([provider.events.length, await provider.grants.revoke(choice(), 'user_revoked')]).toEqual([gone.length, 0])
    })

    it('tell of whom they were', async () => {
      provider.events.length = 0
      await provider.grants.revoke({ id: grants.aliceX }, 'user_revoked')
      expect(provider.events).toMatchObject([
        {
          event: 'grant.revoked',
          grant: grants.aliceX,
          user: alice,
          client: `x${round}`,
          session: 's',
          kind: null,
          reason: 'user_revoked',
        },
      ])
    })
  })

  it('that are made are told of, and stand in the trail', async () => {
    provider.events.length = 0
    const id = await add(alice, 'x', { granted: ['openid'], rejected: ['Item:read', 'Item:write'] })
    expect(provider.events).toMatchObject([{ event: 'grant.created', grant: id, user: alice, client: `x${round}` }])
    const [row] = await provider.grants.list(alice)
    expect(row).toMatchObject({ id, requested: 'openid Item:read', granted: 'openid', rejected: 'Item:read Item:write', session: null })
    await provider.audit.flush(true)
    const db = provider.database.connection.withTables<{ audit: { event: string; client: string; detail: string } }>()
    const trail = await db.selectFrom('audit').select(['event', 'detail']).where('client', '=', `x${round}`).execute()
    expect(trail.map(({ event, detail }) => [event, JSON.parse(detail)])).toEqual([
      ['oauth.grant.created', { granted: 'openid', rejected: 'Item:read Item:write' }],
    ])
  })

  it('are listed newest first, for as long as they live, and of one app when it is named', async () => {
    const first = await add(alice, 'x')
    provider.advance(1)
    const second = await add(alice, 'y', { life: 60_000_000 })
    await add(bob, 'x')
    expect((await provider.grants.list(alice)).map(({ id }) => id)).toEqual([second, first])
    expect((await provider.grants.list(alice, `y${round}`)).map(({ id }) => id)).toEqual([second])
    provider.advance(61)
    expect((await provider.grants.list(alice)).map(({ id }) => id)).toEqual([first])
  })

  it('are remembered over all that live: what was allowed, and what was unticked and never allowed since', async () => {
    await add(alice, 'x', { granted: ['openid', 'Item:read'], rejected: ['Item:write', 'Item:delete'] })
    await add(alice, 'x', { granted: ['Item:write'], rejected: [] })
    await add(alice, 'x', { granted: ['all'], kind: 'service' })
    await add(alice, 'y', { granted: ['email'] })
    const remembered = async (holds: (scope: string) => boolean): Promise<string[][]> => {
      const { granted, rejected } = await provider.grants.readRemembered(alice, `x${round}`, holds)
      return [[...granted].toSorted(), [...rejected]]
    }
    expect(await remembered(() => true)).toEqual([['Item:read', 'Item:write', 'openid'], ['Item:delete']])
    expect(await remembered((scope) => !scope.startsWith('Item:'))).toEqual([['openid'], ['Item:write', 'Item:delete']])
  })
})
