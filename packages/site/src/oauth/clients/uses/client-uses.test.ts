import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { Browser, connect, me, person, register } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

describe.each(engines)('what an app uses that was loosened for it, on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  const trail = async (client: string): Promise<unknown[]> => {
    await provider.audit.flush(true)
    const db = provider.database.connection.withTables<{ audit: { event: string; client: string; detail: string } }>()
    const rows = await db
      .selectFrom('audit')
      .select('detail')
      .where('client', '=', client)
      .where('event', '=', 'oauth.legacy.used')
      .execute()
    return rows.map(({ detail }) => JSON.parse(detail) as unknown)
  }

  it('is counted by the day, over all processes, and stands in the trail once a day', async () => {
    const app = await register(provider, { openid_acts_as_all: 1 })
    const { access } = await connect(provider, await new Browser(provider).signIn(await person(provider)), app, { scope: 'openid' })
    const { uses } = provider.oauth.clients
    expect(await provider.oauth.clients.listUses(ADMINISTRATOR, app.id)).toEqual([])
    for (const _ of [1, 2, 3]) await me(provider, access)
    const [first] = await provider.oauth.clients.listUses(ADMINISTRATOR, app.id)
    expect(first).toMatchObject({ kind: 'openidActsAsAll', count: 3 })
    await me(provider, access)
    await uses.flush()
    expect(await trail(app.id)).toEqual([{ kind: 'openidActsAsAll' }])
    provider.advance(86_400)
    uses.note(app.id, 'openidActsAsAll')
    const [last] = await provider.oauth.clients.listUses(ADMINISTRATOR, app.id)
    expect(last?.count).toBe(5)
    expect(last!.lastUsed - first!.lastUsed).toBeGreaterThanOrEqual(86_400_000_000)
    expect(await trail(app.id)).toHaveLength(2)
  })

  it('is not counted of a token that has the right anyway', async () => {
    const app = await register(provider, { openid_acts_as_all: 1 })
    const { access } = await connect(provider, await new Browser(provider).signIn(await person(provider)), app)
    expect((await me(provider, access)).json['scopes']).toEqual(['openid', 'all'])
    expect(await provider.oauth.clients.listUses(ADMINISTRATOR, app.id)).toEqual([])
  })

  it('is told to System Managers alone', async () => {
    const clerk = { user: 'clerk@example.com', roles: new Set(['Desk User']), userPermissions: [], sharedDoctypes: new Set<string>() }
    await expect(provider.oauth.clients.listUses(clerk, 'x')).rejects.toMatchObject({ excType: 'PermissionError' })
  })
})
