import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import type { TrailEntry } from '../../../audit/trail.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { Browser, connect, me, person, register, renew, type App } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { listClosings } from './closings-store.ts'
import { Closings } from './closings.ts'

/** Of each of two users: far more than the change itself ends. */
const MANY = 1000
const SELLERS = { allowed_roles: [{ role: 'Seller' }, { role: 'Buyer' }] }
const BUYERS = { allowed_roles: [{ role: 'Buyer' }] }

describe.each(engines)('an app with many users that is closed to some of them, on %s', (engine) => {
  let provider: Provider
  beforeAll(async () => {
    provider = await openProvider(engine)
    await provider.documents.insert(
      ADMINISTRATOR,
      'Role',
      ['Seller', 'Buyer'].map((name) => ({ role_name: name, desk_access: 1 })),
    )
  })
  afterAll(() => provider.close())

  const set = async () => {
    const [seller, buyer] = [
      await person(provider, { roles: [{ role: 'Seller' }] }),
      await person(provider, { roles: [{ role: 'Buyer' }] }),
    ]
    const app = await register(provider, SELLERS)
    await provider.database.transaction(async (connection) => {
      const grant = { client: app.id, requested: ['openid'], granted: ['openid'], rejected: [], doctypeIds: {}, authTime: 1 }
      for (let made = 0; made < MANY; made += 1)
        for (const user of [seller, buyer]) await provider.grants.insert(connection, { ...grant, user })
    })
    // The last of all: its turn comes last.
    return { seller, buyer, app, ...(await connect(provider, await new Browser(provider).signIn(seller), app)) }
  }
  const change = (app: App, values: Record<string, unknown>): Promise<unknown> =>
    provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Client', name: app.id, values })
  const closings = async (app: App) => (await listClosings(provider.database.connection)).filter(({ client }) => client === app.id)
  /** The grants that were told of as ended. */
  const told = (app: App): string[] =>
    provider.events.flatMap(({ event, client, grant, reason }) =>
      event === 'grant.revoked' && client === app.id && reason === 'role_lost' ? [grant] : [],
    )
  const another = (): Closings =>
    new Closings({
      ...provider,
      users: { principal: (user) => provider.principals.of(user) },
      onFault: (error) => void provider.faults.push(error),
    })

  it('refuses them from the commit on, and ends and tells of each of their consents, and of no other', async () => {
    const { app, access, refresh, seller, buyer } = await set()
    expect((await me(provider, access)).status).toBe(200)
    await provider.audit.from({ ip: '203.0.113.9', user: ADMINISTRATOR.user }, () => change(app, BUYERS))
    expect(await closings(app)).toHaveLength(1)
    expect((await me(provider, access)).status).toBe(401)
    expect((await renew(provider, app, refresh)).json['error']).toBe('invalid_grant')
    await provider.oauth.endClosed()
    expect([await closings(app), await provider.grants.list(seller, app.id)]).toEqual([[], []])
    expect(await provider.grants.list(buyer, app.id)).toHaveLength(MANY)
    expect([told(app).length, new Set(told(app)).size]).toEqual([MANY + 1, MANY + 1])
    const trail: TrailEntry[] = []
    for await (const entry of provider.trail.entries({ client: app.id })) if (entry.event === 'oauth.grant.revoked') trail.push(entry)
    expect(trail.map(({ grant }) => grant ?? '').toSorted()).toEqual(told(app).toSorted())
    expect(new Set(trail.map(({ user, about }) => `${user} of ${about}`))).toEqual(new Set([`${ADMINISTRATOR.user} of ${seller}`]))
  })

  it('ends what a process left undone that was killed, each consent once, however many processes are at it', async () => {
    const { app, seller } = await set()
    await change(app, BUYERS)
    const first = another()
    void first.run()
    await first.close()
    expect(await closings(app)).toHaveLength(1)
    const others = [another(), another()]
    await Promise.all([...others.map((each) => each.run()), provider.oauth.endClosed()])
    await Promise.all(others.map((each) => each.close()))
    expect([await closings(app), await provider.grants.list(seller, app.id)]).toEqual([[], []])
    expect([told(app).length, new Set(told(app)).size]).toEqual([MANY + 1, MANY + 1])
    expect(provider.faults).toEqual([])
  })

  it('opens to nobody more before all of them are ended, and may be closed to others', async () => {
    const { app, access, seller } = await set()
    await change(app, BUYERS)
    for (const wider of [SELLERS, { authorization_policy: 'Everyone' }])
      await expect(change(app, wider)).rejects.toThrow('The consents of users to whom this app was closed are still being ended')
    await change(app, { allowed_roles: [{ role: 'Buyer' }], app_name: 'Renamed' })
    await provider.oauth.endClosed()
    await change(app, SELLERS)
    expect((await me(provider, access)).status).toBe(401)
    expect(await provider.grants.list(seller, app.id)).toEqual([])
  })

  it('is opened to more without delay where nobody is left out, in whatever order the roles stand', async () => {
    const { app, access } = await set()
    for (const roles of [
      ['Buyer', 'Seller'],
      ['Seller', 'Buyer', 'Desk User'],
      ['Buyer', 'Seller', 'Desk User', 'All'],
    ]) {
      await change(app, { allowed_roles: roles.map((role) => ({ role })) })
      expect(await closings(app)).toEqual([])
    }
    await change(app, { authorization_policy: 'Everyone' })
    expect([(await me(provider, access)).status, told(app)]).toEqual([200, []])
  })
})
