import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { Browser, connect, me, person, register, renew, request, swap } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

type State = 'Active' | 'Pending' | 'Suspended' | 'Retired'

describe.each(engines)('the state of an app on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  const change = (name: string, values: Record<string, unknown>): Promise<Record<string, unknown>> =>
    provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Client', name, values })
  const trail = async (client: string): Promise<string[]> => {
    const db = provider.database.connection.withTables<{ audit: { event: string; client: string; at: number } }>()
    const rows = await db.selectFrom('audit').select('event').where('client', '=', client).orderBy('at').execute()
    return rows.map(({ event }) => event)
  }

  it.each<[before: State, sent: object, after: State, event: string]>([
    ['Active', { enabled: 0 }, 'Suspended', 'suspended'],
    ['Active', { state: 'Suspended' }, 'Suspended', 'suspended'],
    ['Active', { state: 'Active', enabled: 0 }, 'Suspended', 'suspended'],
    ['Active', { enabled: 1 }, 'Active', 'changed'],
    ['Suspended', { enabled: 1 }, 'Active', 'resumed'],
    ['Suspended', { state: 'Active', enabled: 0 }, 'Active', 'resumed'],
    ['Suspended', { state: 'Suspended', enabled: 0 }, 'Suspended', 'changed'],
    ['Pending', { enabled: 1 }, 'Active', 'approved'],
    ['Pending', { state: 'Active' }, 'Active', 'approved'],
    ['Pending', { enabled: 0 }, 'Pending', 'changed'],
    ['Pending', { state: 'Suspended' }, 'Suspended', 'suspended'],
    ['Pending', { app_name: 'Other' }, 'Pending', 'changed'],
    ['Active', { state: 'Retired' }, 'Retired', 'retired'],
    ['Suspended', { state: 'Retired', enabled: 1 }, 'Retired', 'retired'],
  ])('%s: %j makes it %s, and enabled follows', async (before, sent, after, event) => {
    const { id } = await register(provider, { state: before })
    expect(await change(id, sent as Record<string, unknown>)).toMatchObject({ state: after, enabled: after === 'Active' ? 1 : 0 })
    expect((await trail(id)).at(-1)).toBe(`oauth.client.${event}`)
  })

  it.each<[before: State, sent: object, sentence: RegExp]>([
    ['Active', { state: 'Pending' }, /suspend it instead/],
    ['Suspended', { state: 'Pending' }, /suspend it instead/],
    ['Retired', { state: 'Active' }, /retired for good/],
    ['Retired', { enabled: 1 }, /retired for good/],
    ['Retired', { app_name: 'Other' }, /retired for good/],
    ['Active', { state: 'Sleeping' }, /State/],
  ])('%s: %j is refused', async (before, sent, sentence) => {
    const { id } = await register(provider, before === 'Retired' ? {} : { state: before })
    if (before === 'Retired') await provider.oauth.clients.retire(ADMINISTRATOR, id)
    await expect(change(id, sent as Record<string, unknown>)).rejects.toMatchObject({ message: expect.stringMatching(sentence) as string })
  })

  it('of a new one is what enabled says, where that is all that was sent', async () => {
    const { id } = await register(provider, { enabled: 0 })
    expect(await provider.oauth.clients.read(ADMINISTRATOR, id)).toMatchObject({ state: 'Suspended', enabled: 0 })
  })

  it('of one that was switched off before there were states stays off until somebody wakes it', async () => {
    const { id } = await register(provider)
    await sql`update "tabOAuth Client" set enabled = 0 where name = ${id}`.execute(provider.database.connection)
    const listed = (await provider.oauth.clients.list(ADMINISTRATOR)).find((client) => client.id === id)
    expect(listed).toMatchObject({ state: 'Suspended', enabled: false })
    expect(await change(id, { app_name: 'Other' })).toMatchObject({ state: 'Suspended', enabled: 0 })
    await sql`update "tabOAuth Client" set enabled = 0, state = 'Active' where name = ${id}`.execute(provider.database.connection)
    expect(await change(id, { app_name: 'Other', state: 'Active', enabled: 0 })).toMatchObject({ state: 'Suspended', enabled: 0 })
    await sql`update "tabOAuth Client" set enabled = 0, state = 'Active' where name = ${id}`.execute(provider.database.connection)
    expect(await change(id, { state: 'Active' })).toMatchObject({ state: 'Active', enabled: 1 })
  })

  it('suspended keeps tokens and secrets asleep until it goes on', async () => {
    const app = await register(provider)
    const tokens = await connect(provider, await new Browser(provider).signIn(await person(provider)), app)
    await provider.oauth.clients.setState(ADMINISTRATOR, app.id, 'Suspended')
    expect((await me(provider, tokens.access)).status).toBe(401)
    expect((await renew(provider, app, tokens.refresh)).json).toMatchObject({ error: 'invalid_client' })
    await provider.oauth.clients.setState(ADMINISTRATOR, app.id, 'Active')
    expect((await me(provider, tokens.access)).status).toBe(200)
    expect((await renew(provider, app, tokens.refresh)).status).toBe(200)
  })

  it.each<[state: 'Suspended' | 'Retired']>([['Suspended'], ['Retired']])(
    'C25: %s between code and exchange gives invalid_client',
    async (state) => {
      const app = await register(provider)
      const code = await (await new Browser(provider).signIn(await person(provider))).code(request(app))
      await provider.oauth.clients.setState(ADMINISTRATOR, app.id, state)
      const reply = await swap(provider, app, code)
      expect(reply.status).toBe(401)
      expect(reply.json).toMatchObject({ error: 'invalid_client' })
    },
  )

  it('retired ends grants, secrets and what it is told, in one act, and keeps the document and the trail', async () => {
    const app = await register(provider, {
      event_uri: 'https://app.example.com/events',
      backchannel_logout_uri: 'https://app.example.com/out',
    })
    const user = await person(provider)
    const tokens = await connect(provider, await new Browser(provider).signIn(user), app)
    await provider.oauth.clients.rotateSecret(ADMINISTRATOR, app.id)
    await provider.oauth.clients.retire(ADMINISTRATOR, app.id)
    expect((await me(provider, tokens.access)).status).toBe(401)
    expect(await provider.grants.list(user)).toEqual([])
    expect(provider.events.at(-1)).toMatchObject({ event: 'grant.revoked', reason: 'client_retired', client: app.id })
    expect(await provider.oauth.clients.listSecrets(ADMINISTRATOR, app.id)).toEqual([])
    expect(await provider.telling.eventSecrets.list(ADMINISTRATOR, app.id)).toEqual([
      expect.objectContaining({ expires: expect.any(Number) as number }),
    ])
    expect(await provider.oauth.clients.read(ADMINISTRATOR, app.id)).toMatchObject({
      state: 'Retired',
      event_uri: 'https://app.example.com/events',
    })
    expect(await trail(app.id)).toEqual(expect.arrayContaining(['oauth.client.registered', 'oauth.grant.revoked', 'oauth.client.retired']))
    await expect(provider.oauth.clients.retire(ADMINISTRATOR, app.id)).resolves.toBeUndefined()
    await expect(provider.oauth.clients.rotateSecret(ADMINISTRATOR, app.id)).rejects.toThrow(/retired/)
  })
})
