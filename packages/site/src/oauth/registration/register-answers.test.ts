import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { REDIRECT, ask, person, register, type Reply } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { listKnownNames, listListeningRegistrations, listUnusedRegistrations } from './registrations-store.ts'
import { removeUnusedRegistrations } from './unused-registrations.ts'

const REGISTER = '/api/method/frappe.integrations.oauth2.register_client'
const DAY = 86_400
const MICROS = 1_000_000

describe.each(engines)('what a program is answered that registers itself, on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())
  beforeEach(() =>
    set({
      dynamic_registration: 'Open',
      registration_scopes: 'openid Item:*',
      registrations_per_hour: 1000,
      unused_registration_days: 30,
    }),
  )

  const set = (values: Record<string, unknown>): Promise<unknown> =>
    provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Settings', name: 'OAuth Settings', values })
  const send = (metadata: object): Promise<Reply> =>
    ask(provider, REGISTER, {
      method: 'POST',
      body: JSON.stringify({ redirect_uris: [REDIRECT], ...metadata }),
      headers: { 'content-type': 'application/json' },
    })
  const idOf = (reply: Reply): string => String(reply.json['client_id'])
  const read = (reply: Reply): Promise<Record<string, unknown>> => provider.oauth.clients.read(ADMINISTRATOR, idOf(reply))
  const registered = async (metadata: object = {}): Promise<string> => idOf(await send(metadata))

  it('is refused in a sentence while the policy is off', async () => {
    await set({ dynamic_registration: 'Off' })
    expect((await send({})).json).toEqual({
      error: 'access_denied',
      error_description: 'Programs cannot register themselves at this site; ask one of its System Managers to do it',
    })
  })

  it('is all that it is registered with, of the least that it can say', async () => {
    const reply = await send({})
    expect([reply.status, reply.headers.get('pragma'), reply.headers.get('cache-control')]).toEqual([201, 'no-cache', 'no-store'])
    expect(reply.json).toEqual({
      client_id: expect.any(String) as string,
      client_secret: expect.stringMatching(/^annex_cs_/) as string,
      client_secret_expires_at: 0,
      client_id_issued_at: Math.floor(Number(reply.json['client_id_issued_at'])),
      client_name: 'app.example.com',
      redirect_uris: [REDIRECT],
      application_type: 'web',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      id_token_signed_response_alg: 'ES256',
      scope: 'openid Item:* offline_access',
    })
    expect(await read(reply)).toMatchObject({
      app_name: 'app.example.com',
      kind: 'web',
      dynamically_registered: 1,
      require_pkce: 1,
      redirect_uris: REDIRECT,
      default_redirect_uri: REDIRECT,
      scopes: 'openid Item:* offline_access',
      client_uri: null,
      logo_uri: null,
      contact: null,
      backchannel_logout_uri: null,
      rs256_id_token: 0,
      state: 'Active',
    })
  })

  it('is all that it is registered with, of the most that it can say', async () => {
    await provider.oauth.keys.add('RS256')
    const said = {
      redirect_uris: ['com.example.app:/cb', 'http://127.0.0.1/cb'],
      application_type: 'native',
      client_name: 'A Tool',
      client_uri: 'https://app.example.com',
      logo_uri: 'https://app.example.com/logo.png',
      contacts: ['ann@example.com', 'bob@example.com'],
      post_logout_redirect_uris: ['com.example.app:/out', 'https://app.example.com/out'],
      backchannel_logout_uri: 'https://app.example.com/backchannel',
      id_token_signed_response_alg: 'RS256',
      grant_types: ['authorization_code'],
    }
    const reply = await send({ ...said, scope: 'Item:read openid all' })
    const { client_id, client_id_issued_at, ...answered } = reply.json
    expect([typeof client_id, typeof client_id_issued_at]).toEqual(['string', 'number'])
    expect(answered).toEqual({
      ...said,
      token_endpoint_auth_method: 'none',
      response_types: ['code'],
      scope: 'Item:read openid offline_access',
    })
    expect(await read(reply)).toMatchObject({
      kind: 'native',
      redirect_uris: 'com.example.app:/cb\nhttp://127.0.0.1/cb',
      default_redirect_uri: 'com.example.app:/cb',
      client_uri: said.client_uri,
      logo_uri: said.logo_uri,
      contact: 'ann@example.com',
      post_logout_redirect_uris: 'com.example.app:/out\nhttps://app.example.com/out',
      backchannel_logout_uri: said.backchannel_logout_uri,
      rs256_id_token: 1,
    })
  })

  it('names what it may ask for when it asks for nothing of that', async () => {
    expect((await send({ scope: 'all Other:read' })).json).toEqual({
      error: 'invalid_client_metadata',
      error_description: 'Programs that register themselves may ask for openid Item:* offline_access',
    })
  })

  it('is told in words of the RFC, too, what the DocType itself refuses', async () => {
    const registration_scopes = Array.from({ length: 100 }, (_, i) => `method:erp.m${i}`).join(' ')
    await set({ registration_scopes })
    const reply = await send({})
    expect(reply.status).toBe(400)
    expect(reply.json).toEqual({ error: 'invalid_client_metadata', error_description: 'Scopes: name at most 100' })
  })

  it('says nothing of a fault of the site’s own', async () => {
    const { connection } = provider.database
    const [name, away] = [sql.table('client_secret'), sql.table('away')]
    await sql`alter table ${name} rename to ${away}`.execute(connection)
    const reply = await send({})
    await sql`alter table ${away} rename to ${name}`.execute(connection)
    expect(reply.status).toBe(500)
    expect(reply.text).not.toMatch(/no such table|relation|client_secret|invalid_client_metadata/)
    expect((await send({})).status).toBe(201)
  })

  it('stands in the trail with its name and its state', async () => {
    for (const [policy, app_name, state] of [
      ['Open', 'An Active One', 'Active'],
      ['After Approval', 'A Waiting One', 'Pending'],
    ]) {
      await set({ dynamic_registration: policy })
      const client = await registered({ client_name: app_name })
      const [entry] = await provider.trail.latest({ client, event: 'oauth.client.registered_itself' }, 1)
      expect(entry).toMatchObject({ user: null, ip: '127.0.0.1', detail: { app_name, state } })
    }
  })

  it('counts an hour anew when the settings change how many an hour may have', async () => {
    await set({ registrations_per_hour: 1 })
    expect([(await send({})).status, (await send({})).status, (await send({})).status]).toEqual([201, 429, 429])
    await set({ registrations_per_hour: 2 })
    expect([(await send({})).status, (await send({})).status, (await send({})).status]).toEqual([201, 201, 429])
  })

  it('may not take the name of an app that a person registered, until that is retired', async () => {
    const byHand = await register(provider, { app_name: 'Field Stock' })
    await registered({ client_name: 'Its Own' })
    const names = await listKnownNames(provider.database.connection)
    expect(names).toContain('Field Stock')
    expect(names).not.toContain('Its Own')
    expect((await send({ client_name: 'field-stock' })).json).toEqual({
      error: 'invalid_client_metadata',
      error_description: 'client_name is the name of another app of this site; choose your own',
    })
    await provider.oauth.clients.setState(ADMINISTRATOR, byHand.id, 'Suspended')
    expect((await send({ client_name: 'field-stock' })).status).toBe(400)
    await provider.oauth.clients.retire(ADMINISTRATOR, byHand.id)
    expect((await send({ client_name: 'field-stock' })).status).toBe(201)
    expect((await send({ redirect_uris: ['admin:/cb'], application_type: 'native' })).json['error_description']).toMatch(/of its keepers/)
  })

  it('knows those that listen: that registered themselves, and have an event address', async () => {
    const [deaf, listening] = [await registered(), await registered()]
    const byHand = await register(provider, { event_uri: 'https://app.example.com/events' })
    await provider.oauth.clients.update(ADMINISTRATOR, listening, { event_uri: 'https://app.example.com/events' })
    const listed = await listListeningRegistrations(provider.database.connection)
    expect(listed).toContain(listening)
    expect(listed).not.toContain(deaf)
    expect(listed).not.toContain(byHand.id)
    await provider.oauth.clients.update(ADMINISTRATOR, listening, { event_uri: '' })
    expect(await listListeningRegistrations(provider.database.connection)).not.toContain(listening)
  })

  describe('and is not used', () => {
    const unused = (): Promise<string[]> =>
      listUnusedRegistrations(provider.database.connection, { before: provider.now() - 30 * DAY * MICROS }, 1000)
    const remove = (): Promise<number> => removeUnusedRegistrations(provider)
    beforeEach(async () => {
      for (const name of await listUnusedRegistrations(provider.database.connection, { before: Number.MAX_SAFE_INTEGER }, 1000))
        await provider.documents.remove(ADMINISTRATOR, { doctype: 'OAuth Client', name })
    })

    it('is removed after thirty days, whether it waits or not; suspended and retired ones stay', async () => {
      const states = ['Active', 'Pending', 'Suspended', 'Retired'] as const
      const made: Record<string, string> = {}
      for (const state of states) {
        await set({ dynamic_registration: state === 'Pending' ? 'After Approval' : 'Open' })
        made[state] = await registered()
        if (state === 'Suspended' || state === 'Retired') await provider.oauth.clients.setState(ADMINISTRATOR, made[state], state)
      }
      provider.advance(29 * DAY)
      expect([await remove(), await unused()]).toEqual([0, []])
      provider.advance(DAY + 60)
      expect((await unused()).toSorted()).toEqual([made['Active'] ?? '', made['Pending'] ?? ''].toSorted())
      await set({ unused_registration_days: 0 })
      expect(await remove()).toBe(0)
      await set({ unused_registration_days: 30 })
      expect(await remove()).toBe(2)
      expect(await unused()).toEqual([])
      for (const state of ['Suspended', 'Retired'] as const)
        expect(await provider.oauth.clients.read(ADMINISTRATOR, made[state]!)).toMatchObject({ state })
    })

    it('is removed in parts, the oldest first', async () => {
      const made: string[] = []
      for (let i = 0; i < 51; i += 1) made.push(await registered())
      provider.advance(31 * DAY)
      expect(await listUnusedRegistrations(provider.database.connection, { before: provider.now() - 30 * DAY * MICROS }, 3)).toEqual(
        made.slice(0, 3),
      )
      expect(await remove()).toBe(51)
      expect(await unused()).toEqual([])
    })

    it('stays as long as a grant of it was used within that time', async () => {
      const [used, stale] = [await registered(), await registered()]
      provider.advance(40 * DAY)
      const user = await person(provider)
      const db = provider.database.connection.withTables<{ oauth_grant: Record<string, unknown> }>()
      const grantOf = (client: string, last_used: number): Record<string, unknown> => ({
        id: `grant-${client}`,
        client,
        user,
        requested: 'openid',
        granted: 'openid',
        rejected: '',
        doctype_ids: '{}',
        epoch: 1,
        auth_time: 1,
        created: 1,
        expires: provider.now() + DAY * MICROS,
        last_used,
      })
      await db
        .insertInto('oauth_grant')
        .values([grantOf(used, provider.now() - 29 * DAY * MICROS), grantOf(stale, provider.now() - 31 * DAY * MICROS)])
        .execute()
      expect(await unused()).toEqual([stale])
    })
  })
})
