import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { register } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import type { Approvals } from './approvals.ts'

describe.each(engines)('the queue of those who wait for an app, on %s', (engine) => {
  let provider: Provider
  let approvals: Approvals
  let one: string
  let other: string

  beforeAll(async () => {
    provider = await openProvider(engine)
    ;({ approvals } = provider.oauth.clients)
    for (const user of ['a@example.com', 'b@example.com']) await account(user)
    ;[one, other] = (await Promise.all([0, 1].map(async () => (await register(provider)).id))) as [string, string]
  })
  afterAll(() => provider.close())

  /** A user whose account has this `sub`. */
  async function account(user: string, sub = `sub of ${user}`): Promise<void> {
    const facts = { user, enabled: true, firstName: '', lastName: null, fullName: user, userImage: null, systemUser: true }
    await provider.accounts.remove(provider.database.connection, user)
    await provider.accounts.insert(provider.database.connection, facts)
    await sql`update account set sub = ${sub} where "user" = ${user}`.execute(provider.database.connection)
  }

  const ask = (client: string, user: string, sub = `sub of ${user}`) => approvals.ask({ client, user, sub }, '192.0.2.1')
  const holds = (client: string, user: string, sub = `sub of ${user}`) => approvals.holds({ client, user, sub })
  const trail = (client: string, event: string) => provider.trail.latest({ client, event: `oauth.approval.${event}` }, 10)

  it('takes a user once for each app, oldest first, with a row in the trail', async () => {
    for (const [client, user] of [
      [other, 'b@example.com'],
      [one, 'a@example.com'],
      [one, 'b@example.com'],
      [one, 'a@example.com'],
    ] as const) {
      expect(await ask(client, user)).toBe('Waiting')
      expect(await holds(client, user)).toBe(false)
    }
    const waiting = (await approvals.list(ADMINISTRATOR)).map(({ client, user }) => `${client} ${user}`)
    expect(waiting).toEqual([`${other} b@example.com`, `${one} a@example.com`, `${one} b@example.com`])
    expect(await approvals.list(ADMINISTRATOR, { client: one })).toMatchObject([
      { user: 'a@example.com', sub: 'sub of a@example.com', state: 'Waiting', decided_by: null, decided_at: null },
      { user: 'b@example.com' },
    ])
    expect(await trail(one, 'asked')).toMatchObject([{ user: 'b@example.com', ip: '192.0.2.1' }, { user: 'a@example.com' }])
  })

  it('tells what was decided, and by whom; each decision has a row in the trail', async () => {
    await approvals.approve(ADMINISTRATOR, one, 'a@example.com')
    await approvals.refuse(ADMINISTRATOR, one, 'b@example.com')
    expect([await ask(one, 'a@example.com'), await ask(one, 'b@example.com')]).toEqual(['Approved', 'Refused'])
    expect([await holds(one, 'a@example.com'), await holds(one, 'b@example.com'), await holds(other, 'a@example.com')]).toEqual([
      true,
      false,
      false,
    ])
    expect(await approvals.list(ADMINISTRATOR, { client: one })).toEqual([])
    expect(await approvals.list(ADMINISTRATOR, { client: one, state: 'Refused' })).toMatchObject([
      { user: 'b@example.com', decided_by: 'Administrator', decided_at: expect.any(Number) as number },
    ])
    expect(await trail(one, 'granted')).toMatchObject([{ user: 'Administrator', about: 'a@example.com' }])
    expect(await trail(one, 'refused')).toMatchObject([{ user: 'Administrator', about: 'b@example.com' }])
    await approvals.refuse(ADMINISTRATOR, one, 'a@example.com')
    await approvals.approve(ADMINISTRATOR, one, 'b@example.com')
    expect([await holds(one, 'a@example.com'), await holds(one, 'b@example.com')]).toEqual([false, true])
  })

  it('shows whom one decided about though they are disabled by now: they wait for nothing', async () => {
    const enable = (enabled: number) =>
      sql`update account set enabled = ${enabled} where "user" = 'b@example.com'`.execute(provider.database.connection)
    const listed = async (state: 'Waiting' | 'Approved') =>
      (await approvals.list(ADMINISTRATOR, { state })).filter(({ user }) => user === 'b@example.com').map(({ client }) => client)
    expect([await listed('Waiting'), await listed('Approved')]).toEqual([[other], [one]])
    await enable(0)
    expect([await listed('Waiting'), await listed('Approved')]).toEqual([[], [one]])
    await enable(1)
    expect(await listed('Waiting')).toEqual([other])
  })

  it('takes a namesake anew, with nothing of what was decided about the other', async () => {
    await account('b@example.com', 'another sub')
    expect(await approvals.list(ADMINISTRATOR, { state: 'Approved' })).toEqual([])
    expect(await holds(one, 'b@example.com', 'another sub')).toBe(false)
    expect(await ask(one, 'b@example.com', 'another sub')).toBe('Waiting')
    expect(await approvals.list(ADMINISTRATOR, { client: one })).toMatchObject([
      { user: 'b@example.com', sub: 'another sub', decided_by: null, decided_at: null },
    ])
    expect(await trail(one, 'asked')).toHaveLength(3)
  })

  it('has nobody who never asked, and says so', async () => {
    for (const [client, user] of [
      [one, 'c@example.com'],
      ['x'.repeat(200), 'y'.repeat(200)],
    ] as const)
      await expect(approvals.approve(ADMINISTRATOR, client, user)).rejects.toMatchObject({
        excType: 'DoesNotExistError',
        message: `Approval of ${client.slice(0, 140)} for ${user.slice(0, 140)} not found`,
      })
    expect(await trail(one, 'granted')).toHaveLength(2)
  })

  it('of an app ends with it, and that of another goes on', async () => {
    await ask(other, 'a@example.com')
    await provider.oauth.clients.retire(ADMINISTRATOR, one)
    expect(await holds(one, 'b@example.com')).toBe(false)
    for (const state of ['Waiting', 'Approved', 'Refused'] as const)
      expect(await approvals.list(ADMINISTRATOR, { client: one, state })).toEqual([])
    expect(await approvals.list(ADMINISTRATOR, { client: other })).toHaveLength(1)
  })
})
