import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { register, type App } from '../../testing/app.fixture.ts'
import { watched } from '../../testing/failing-database.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { addGrants } from './closed-app.fixture.ts'
import { listClosings } from './closings-store.ts'
import { Closings } from './closings.ts'

/** What the change itself ends. */
const AT_ONCE = 40
/** What is left to one batch. */
const LEFT = 100

describe.each(engines)('a batch of what was closed, on %s', (engine) => {
  let provider: Provider
  let app: App
  const users = Array.from({ length: AT_ONCE + LEFT }, (_, at) => `user${at}@example.com`)

  beforeAll(async () => {
    provider = await openProvider(engine)
    // Nothing is ended behind the back of the test.
    await provider.oauth.close()
    const listens = { event_uri: 'https://app.example.com/events', backchannel_logout_uri: 'https://app.example.com/out' }
    app = await register(provider, { scopes: 'openid', ...listens })
    const facts = { enabled: true, firstName: 'Ann', lastName: null, fullName: 'Ann', userImage: null, systemUser: true }
    for (const user of users) {
      await provider.accounts.insert(provider.database.connection, { user, ...facts })
      await addGrants(provider, app, user, 1)
    }
  })
  afterAll(() => provider.close())

  /** Who has each grant, and the `sub` of each. */
  async function readHolders(): Promise<{ userOf: Map<string, string>; subs: string[]; subOf: Map<string, string> }> {
    const [userOf, subOf] = [new Map<string, string>(), new Map<string, string>()]
    for (const user of users) {
      const [{ id } = { id: '' }] = await provider.grants.list(user, app.id)
      userOf.set(id, user)
      subOf.set(id, (await provider.accounts.read(user))?.sub ?? '')
    }
    return { userOf, subOf, subs: [...subOf.values()].toSorted() }
  }

  async function readTrail(): Promise<Map<string, string>> {
    const found: [string, string][] = []
    for await (const { event, grant, about } of provider.trail.entries({ client: app.id }))
      if (event === 'oauth.grant.revoked') found.push([grant ?? '', about ?? ''])
    expect(found).toHaveLength(users.length)
    return new Map(found)
  }

  it('ends a hundred consents with few statements, and each of them is in the trail and told of as the one that it is', async () => {
    const { userOf, subOf, subs } = await readHolders()
    await provider.audit.from({ user: ADMINISTRATOR.user }, () => provider.oauth.clients.retire(ADMINISTRATOR, app.id))
    expect(provider.events.filter(({ event }) => event === 'grant.revoked')).toHaveLength(AT_ONCE)
    let statements = 0
    const closings = new Closings({
      ...provider,
      database: watched(provider.database, () => void (statements += 1)),
      users: { principal: (user) => provider.principals.of(user) },
      onFault: (error) => void provider.faults.push(error),
      most: LEFT,
    })
    await closings.run()
    await closings.close()
    expect([await listClosings(provider.database.connection), provider.faults]).toEqual([[], []])
    // Of every kind a few, as rows are inserted many at a time.
    expect(statements).toBeLessThan(40)
    const told = provider.events.flatMap(({ event, grant }) => (event === 'grant.revoked' ? [grant] : []))
    expect(told.toSorted()).toEqual([...userOf.keys()].toSorted())
    expect(await readTrail()).toEqual(userOf)
    const events = await provider.telling.outbox.list([`app-event:${app.id}`], 10_000)
    expect(events).toHaveLength(users.length)
    expect(new Map(events.map(({ payload }) => [payload['grant'], payload['sub']]))).toEqual(subOf)
    const logouts = await provider.telling.outbox.list([`app-logout:${app.id}`], 10_000)
    expect(logouts.map(({ payload }) => String(payload['sub'])).toSorted()).toEqual(subs)
  })
})
