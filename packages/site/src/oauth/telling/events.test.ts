import { sql } from 'kysely'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR, type Principal } from '../../policy/principal.ts'
import type { Received } from '../../webhooks/receiver.fixture.ts'
import { Browser, REVOKE, connect, person, post, request, swap } from '../testing/app.fixture.ts'
import { PASSWORD } from '../testing/provider.fixture.ts'
import { TellingProvider, type ToldApp } from './telling.fixture.ts'

interface Told {
  readonly type: string
  readonly timestamp: string
  readonly data: Readonly<Record<string, unknown>>
}

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/'

describe.each(engines)('the events of an app on %s', (engine) => {
  let site: TellingProvider
  let user: string
  let alice: Browser

  beforeEach(async () => {
    // Nothing here waits for the worker's next look: it is woken by the commit.
    site = await TellingProvider.open(engine, { pollEvery: 3_600_000 })
    user = await person(site.provider)
    alice = await new Browser(site.provider).signIn(user)
  })
  afterEach(() => site.close())

  const verified = ({ body, headers }: Received, secret: string): Told =>
    new Webhook(secret).verify(body, headers as Record<string, string>) as Told
  const told = async (app: ToldApp, index = 0): Promise<Told> => verified((await site.app.heard(index + 1))[index]!, app.eventSecret)
  const grantOf = async (app: ToldApp): Promise<string> => String((await site.provider.grants.list(user, app.id))[0]?.id)
  const update = (app: ToldApp, values: Record<string, unknown>) =>
    site.provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Client', name: app.id, values })

  it('say within five seconds of the commit that a grant has ended, signed so that the reference library takes it', async () => {
    const app = await site.register({ event_uri: `${site.app.url}/events` })
    expect(app.eventSecret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    const tokens = await connect(site.provider, alice, app)
    const grant = await grantOf(app)
    const subOf = (token: string): unknown => (JSON.parse(atob(token.split('.')[1]!)) as { sub: unknown }).sub
    await site.provider.grants.revoke({ user, client: app.id }, 'user_revoked')
    const committed = performance.now()
    const [received] = await site.app.heard(1, 5000)
    expect(Number(received?.at) - committed).toBeLessThan(5000)
    expect(received?.path).toBe('/events')
    const { type, timestamp, data } = verified(received!, app.eventSecret)
    expect(type).toBe(`${CAEP}session-revoked`)
    expect(Math.abs(Date.parse(timestamp) - Date.now())).toBeLessThan(60_000)
    expect(data).toEqual({
      iss: site.provider.base,
      client_id: app.id,
      sub: subOf(tokens.idToken),
      grant,
      reason: 'user_revoked',
      initiating_entity: 'user',
      event_timestamp: Math.floor(Date.parse(timestamp) / 1000),
    })
    for (const secret of [tokens.access, tokens.refresh, app.secret, app.eventSecret])
      expect(JSON.stringify(received)).not.toContain(secret)
  })

  it('tell nothing of a revocation that was undone, nor of a grant that was made', async () => {
    const app = await site.register({ event_uri: site.app.url })
    await connect(site.provider, alice, app)
    const undone = site.provider.database.transaction(async (connection) => {
      await site.provider.grants.revokeWithin(connection, { client: app.id }, 'admin_revoked')
      throw new Error('undone')
    })
    await expect(undone).rejects.toThrow('undone')
    expect(await site.provider.telling.deliveries.list(ADMINISTRATOR, app.id)).toEqual([])
  })

  it.each([
    [
      'the app gives a token back',
      'token_revoked',
      async (app: ToldApp, access: string) =>
        void (await post(site.provider, REVOKE, { token: access, client_id: app.id, client_secret: app.secret })),
    ],
    [
      'the password is changed',
      'credentials_changed',
      async () =>
        void (await site.provider.documents.update(ADMINISTRATOR, {
          doctype: 'User',
          name: user,
          values: { new_password: `${PASSWORD}2` },
        })),
    ],
    ['the user is removed', 'credentials_changed', () => site.provider.documents.remove(ADMINISTRATOR, { doctype: 'User', name: user })],
    [
      'the app is opened to other roles',
      'role_lost',
      async (app: ToldApp) => void (await update(app, { allowed_roles: [{ role: 'System Manager' }] })),
    ],
    ['the app is retired', 'client_retired', async (app: ToldApp) => void (await update(app, { state: 'Retired' }))],
    [
      'the app is removed',
      'client_removed',
      (app: ToldApp) => site.provider.documents.remove(ADMINISTRATOR, { doctype: 'OAuth Client', name: app.id }),
    ],
  ])('tell it when %s', async (_what, reason, act) => {
    const app = await site.register({ event_uri: site.app.url })
    const { access } = await connect(site.provider, alice, app)
    const grant = await grantOf(app)
    await act(app, access)
    expect((await told(app)).data).toMatchObject({ grant, reason, sub: expect.any(String) as string })
    expect(site.provider.faults).toEqual([])
  })

  it('tell it when a code is used twice', async () => {
    const app = await site.register({ event_uri: site.app.url })
    const code = await alice.code(request(app))
    await swap(site.provider, app, code)
    await swap(site.provider, app, code)
    expect((await told(app)).data).toMatchObject({ reason: 'code_replay', initiating_entity: 'policy' })
  })

  it('say what is left when the app may have less than before, to those whom it concerns', async () => {
    const app = await site.register({ event_uri: site.app.url })
    await connect(site.provider, alice, app, { scope: 'openid all Item:read' })
    const bob = await new Browser(site.provider).signIn(await person(site.provider))
    await connect(site.provider, bob, app, { scope: 'openid' })
    await update(app, { app_name: 'Another name' })
    await update(app, { scopes: 'openid Item:read' })
    const { type, data } = await told(app)
    expect(type).toBe(`${CAEP}token-claims-change`)
    expect(data).toMatchObject({ grant: await grantOf(app), reason: 'client_scopes_changed', claims: { scope: 'openid Item:read' } })
    expect(await site.provider.telling.deliveries.list(ADMINISTRATOR, app.id)).toHaveLength(1)
  })

  it('are signed with both secrets while one is exchanged for the other', async () => {
    const app = await site.register({ event_uri: site.app.url })
    const { eventSecrets } = site.provider.telling
    const { secret, oldUntil } = await eventSecrets.rotate(ADMINISTRATOR, app.id)
    expect(Number(oldUntil)).toBeGreaterThan(Date.now() * 1000)
    await connect(site.provider, alice, app)
    await site.provider.grants.revoke({ user }, 'user_revoked')
    const [received] = await site.app.heard(1)
    for (const one of [app.eventSecret, secret]) expect(verified(received!, one).data).toMatchObject({ reason: 'user_revoked' })
    expect(await eventSecrets.list(ADMINISTRATOR, app.id)).toHaveLength(2)
    const { secret: third } = await eventSecrets.rotate(ADMINISTRATOR, app.id, 0)
    expect(await eventSecrets.read(app.id)).toEqual([third])
    site.provider.advance(1)
    await eventSecrets.rotate(ADMINISTRATOR, app.id)
    site.provider.advance(86_401)
    expect(await eventSecrets.list(ADMINISTRATOR, app.id)).toHaveLength(1)
    await site.provider.oauth.tidy()
    const { rows } = await sql`select 1 from oauth_event_secret`.execute(site.provider.database.connection)
    expect(rows).toHaveLength(1)
  })

  it('stay signed with the secret that the app has when its exchange is asked for twice', async () => {
    const app = await site.register({ event_uri: site.app.url })
    const { eventSecrets } = site.provider.telling
    const rotated = await Promise.allSettled([1, 2, 3].map(() => eventSecrets.rotate(ADMINISTRATOR, app.id)))
    expect(rotated.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected'])
    await expect(eventSecrets.rotate(ADMINISTRATOR, app.id)).rejects.toThrow('Two secrets of this app are good already')
    const [lost, kept] = await eventSecrets.list(ADMINISTRATOR, app.id)
    await eventSecrets.endOne(ADMINISTRATOR, app.id, lost!.id)
    expect(await eventSecrets.read(app.id)).toEqual([app.eventSecret])
    const { secret, oldUntil } = await eventSecrets.rotate(ADMINISTRATOR, app.id, 2 * 86_400_000_000)
    expect(oldUntil).toBe(kept?.expires)
    expect(await eventSecrets.read(app.id)).toEqual([secret, app.eventSecret])
    await connect(site.provider, alice, app)
    await site.provider.grants.revoke({ user }, 'user_revoked')
    const [received] = await site.app.heard(1)
    for (const one of [app.eventSecret, secret]) expect(verified(received!, one).data).toMatchObject({ reason: 'user_revoked' })
  })

  it('have secrets that end one by one, but for the last, and each by its own app', async () => {
    const [app, other] = [await site.register({ event_uri: site.app.url }), await site.register({ event_uri: site.app.url })]
    const { eventSecrets } = site.provider.telling
    await eventSecrets.rotate(ADMINISTRATOR, app.id)
    const [newer, older] = await eventSecrets.list(ADMINISTRATOR, app.id)
    await eventSecrets.rotate(ADMINISTRATOR, other.id)
    await expect(eventSecrets.endOne(ADMINISTRATOR, other.id, older!.id)).rejects.toMatchObject({ excType: 'DoesNotExistError' })
    await eventSecrets.endOne(ADMINISTRATOR, app.id, older!.id)
    await expect(eventSecrets.endOne(ADMINISTRATOR, app.id, newer!.id)).rejects.toMatchObject({ excType: 'ValidationError' })
    expect(await eventSecrets.list(ADMINISTRATOR, app.id)).toEqual([newer])
  })

  it('bring no new secret to an app that is retired', async () => {
    const app = await site.register({ event_uri: site.app.url })
    await site.provider.oauth.clients.retire(ADMINISTRATOR, app.id)
    await expect(site.provider.telling.eventSecrets.rotate(ADMINISTRATOR, app.id)).rejects.toThrow(/retired/)
  })

  it('come with a secret when the address is set, once, and lose it when it is taken away', async () => {
    const app = await site.register({})
    expect(app.eventSecret).toBeUndefined()
    await expect(site.provider.telling.eventSecrets.rotate(ADMINISTRATOR, app.id)).rejects.toMatchObject({ excType: 'ValidationError' })
    const set = await update(app, { event_uri: site.app.url })
    expect(set['event_secret']).toMatch(/^whsec_/)
    expect((await update(app, { event_uri: `${site.app.url}/elsewhere` }))['event_secret']).toBeUndefined()
    const read = await site.provider.documents.read(ADMINISTRATOR, { doctype: 'OAuth Client', name: app.id })
    expect(JSON.stringify(read)).not.toContain('whsec_')
    await update(app, { event_uri: null })
    expect(await site.provider.telling.eventSecrets.read(app.id)).toEqual([])
  })

  it('go to the address of now, and nowhere when the app wants to hear no more', async () => {
    const app = await site.register({ event_uri: 'https://127.0.0.1:1/unreachable' })
    await connect(site.provider, alice, app)
    await site.provider.grants.revoke({ user }, 'user_revoked')
    const { deliveries } = site.provider.telling
    const waiting = async () => (await deliveries.list(ADMINISTRATOR, app.id))[0]
    await expect.poll(async () => (await waiting())?.attempts, { timeout: 5000 }).toBe(1)
    expect(await waiting()).toMatchObject({ kind: 'event', state: 'waiting', reason: 'user_revoked' })
    expect((await waiting())?.lastError).toContain('127.0.0.1:1 refuses connections')
    await update(app, { event_uri: site.app.url })
    const { id } = (await waiting())!
    await deliveries.retry(ADMINISTRATOR, app.id, id)
    await told(app)
    await expect.poll(async () => (await waiting())?.state).toBe('done')
    await update(app, { event_uri: null })
    await deliveries.retry(ADMINISTRATOR, app.id, id)
    await expect.poll(waiting).toBeUndefined()
    expect(site.app.received).toHaveLength(1)
  })

  it('H04 call none of the addresses that an app shows itself with', async () => {
    const app = await site.register({ client_uri: `${site.app.url}/home`, logo_uri: `${site.app.url}/logo.png`, event_uri: site.app.url })
    await connect(site.provider, alice, app)
    await alice.get('/my-apps')
    await site.provider.grants.revoke({ user }, 'user_revoked')
    expect((await site.app.heard(1)).map(({ path }) => path)).toEqual(['/'])
  })

  it('are seen and sent again by System Managers alone, each by its own app', async () => {
    const app = await site.register({ event_uri: site.app.url })
    const other = await site.register({})
    await connect(site.provider, alice, app)
    await site.provider.grants.revoke({ user }, 'user_revoked')
    await told(app)
    const { deliveries, eventSecrets } = site.provider.telling
    const id = (await deliveries.list(ADMINISTRATOR, app.id))[0]!.id
    await expect(deliveries.retry(ADMINISTRATOR, other.id, id)).rejects.toMatchObject({ excType: 'DoesNotExistError' })
    const principal: Principal = { ...ADMINISTRATOR, user, roles: new Set(['Desk User']) }
    for (const act of [
      () => deliveries.list(principal, app.id),
      () => deliveries.retry(principal, app.id, id),
      () => deliveries.forget(principal, app.id, id),
      () => eventSecrets.list(principal, app.id),
      () => eventSecrets.rotate(principal, app.id),
      () => eventSecrets.endOne(principal, app.id, 'x'),
    ])
      await expect(act()).rejects.toMatchObject({ excType: 'PermissionError' })
    await deliveries.forget(ADMINISTRATOR, app.id, id)
    expect(await deliveries.list(ADMINISTRATOR, app.id)).toEqual([])
  })
})
