import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import type { TrailEntry } from '../../../audit/trail.ts'
import { ADMINISTRATOR, type Principal } from '../../../policy/principal.ts'
import { Browser, REDIRECT, connect, person, register } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

const DOCTYPE = 'OAuth Client'
const CLERK: Principal = { user: 'clerk@example.com', roles: new Set(['Desk User']), userPermissions: [], sharedDoctypes: new Set() }
const ONLY_MANAGERS = { excType: 'PermissionError', message: 'Only System Managers register apps; ask one of them' }

describe.each(engines)('what System Managers do with apps, on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  const change = (id: string, values: Record<string, unknown>): Promise<Record<string, unknown>> =>
    provider.documents.update(ADMINISTRATOR, { doctype: DOCTYPE, name: id, values })
  const read = (id: string): Promise<Record<string, unknown>> => provider.oauth.clients.read(ADMINISTRATOR, id)
  const trail = (client: string): Promise<TrailEntry[]> => provider.trail.latest({ client }, 100)
  const last = async (client: string): Promise<TrailEntry | undefined> => (await trail(client))[0]
  const secrets = (id: string) => provider.oauth.clients.listSecrets(ADMINISTRATOR, id)
  const count = async (table: string, client: string): Promise<number> => {
    const db = provider.database.connection.withTables<Record<string, { client: string }>>()
    return (await db.selectFrom(table).select('client').where('client', '=', client).execute()).length
  }

  it('stands in the trail: what an app is called, its state, and what was changed', async () => {
    const { id } = await register(provider, { app_name: 'Field Sales' })
    expect(await trail(id)).toMatchObject([
      { event: 'oauth.client.registered', user: 'Administrator', detail: { app_name: 'Field Sales', state: 'Active' } },
    ])
    expect((await last(id))?.detail).toEqual({ app_name: 'Field Sales', state: 'Active' })
    await change(id, { app_name: 'Other', scopes: 'openid Item:read', client_uri: `https://app.example.com/${'x'.repeat(300)}` })
    expect(await last(id)).toMatchObject({ event: 'oauth.client.changed', user: 'Administrator' })
    expect((await last(id))?.detail).toEqual({
      app_name: 'Other',
      state: 'Active',
      changed: {
        app_name: 'Other',
        scopes: 'openid Item:read',
        client_uri: `https://app.example.com/${'x'.repeat(300)}`.slice(0, 200),
      },
    })
    await change(id, { client_uri: null, logo_uri: null, allowed_roles: [{ role: 'System Manager' }], rotation_leeway: 9 })
    expect((await last(id))?.detail).toEqual({ app_name: 'Other', state: 'Active', changed: { client_uri: null, rotation_leeway: 9 } })
    await change(id, { enabled: 0 })
    expect(await last(id)).toMatchObject({
      event: 'oauth.client.suspended',
      detail: { state: 'Suspended', changed: { state: 'Suspended', enabled: 0 } },
    })
    await provider.documents.remove(ADMINISTRATOR, { doctype: DOCTYPE, name: id })
    expect(await last(id)).toMatchObject({ event: 'oauth.client.removed', user: 'Administrator', detail: { app_name: 'Other' } })
  })

  it('is open to people of the desk unless roles are named', async () => {
    const { id } = await register(provider, { allowed_roles: [] })
    expect(await read(id)).toMatchObject({
      allowed_roles: [
        {
          role: 'Desk User',
          parent: id,
          parentfield: 'allowed_roles',
          parenttype: DOCTYPE,
          doctype: 'OAuth Client Role',
          idx: 1,
          docstatus: 0,
          owner: 'Administrator',
          modified_by: 'Administrator',
        },
      ],
    })
    const named = await register(provider, { allowed_roles: [{ role: 'System Manager' }] })
    expect(((await read(named.id))['allowed_roles'] as { role: string }[]).map(({ role }) => role)).toEqual(['System Manager'])
    await change(named.id, { allowed_roles: [] })
    expect(((await read(named.id))['allowed_roles'] as { role: string }[]).map(({ role }) => role)).toEqual(['Desk User'])
  })

  it('sets right what was written with blanks, with nothing, or for a kind that keeps no secret', async () => {
    const { id } = await register(provider, { default_redirect_uri: ` ${REDIRECT}\n`, kind: 'public', require_pkce: 0 })
    expect(await read(id)).toMatchObject({
      default_redirect_uri: REDIRECT,
      client_id: id,
      client_secret: null,
      require_pkce: 1,
      access_token_lifetime: 3600,
      idle_lifetime: 30,
      absolute_lifetime: 90,
      scopes_approved: 0,
    })
    const nothing = { access_token_lifetime: 0, idle_lifetime: 0, absolute_lifetime: 0 }
    expect(await read((await register(provider, nothing)).id)).toMatchObject({
      access_token_lifetime: 3600,
      idle_lifetime: 30,
      absolute_lifetime: 90,
    })
    const web = await register(provider, { require_pkce: 0, scopes_approved: 1, access_token_lifetime: 60 })
    expect(await read(web.id)).toMatchObject({ require_pkce: 0, scopes_approved: 0, access_token_lifetime: 60, client_secret: null })
  })

  it('takes one that nobody is sent back to, and changes of it', async () => {
    const values = { app_name: 'Night batch', kind: 'service', scopes: 'Item:read', service_user: await person(provider) }
    const { id } = await provider.oauth.clients.insert(ADMINISTRATOR, values)
    await change(id, { app_name: 'Morning batch', default_redirect_uri: null })
    expect(await read(id)).toMatchObject({ app_name: 'Morning batch', default_redirect_uri: null })
  })

  it('never makes one that registered itself into one that did not, or the other way round', async () => {
    const [itself, byHand] = [await register(provider, { dynamically_registered: 1, scopes: 'openid' }), await register(provider)]
    await change(itself.id, { dynamically_registered: 0 })
    await change(byHand.id, { dynamically_registered: 1, scopes_approved: 1 })
    expect(await read(itself.id)).toMatchObject({ dynamically_registered: 1 })
    expect(await read(byHand.id)).toMatchObject({ dynamically_registered: 0, scopes_approved: 0 })
  })

  it('lists apps by their names, with their last use', async () => {
    const [late, early] = [
      await register(provider, { app_name: 'zz Last' }),
      await register(provider, { app_name: 'AA First', kind: 'agent' }),
    ]
    await connect(provider, await new Browser(provider).signIn(await person(provider)), late)
    await provider.oauth.clients.setState(ADMINISTRATOR, early.id, 'Suspended')
    const listed = await provider.oauth.clients.list(ADMINISTRATOR)
    expect(listed.map(({ name }) => name)).toEqual(listed.map(({ name }) => name).toSorted())
    expect(listed.find(({ id }) => id === early.id)).toEqual({
      id: early.id,
      name: 'AA First',
      kind: 'agent',
      enabled: false,
      state: 'Suspended',
      defaultRedirectUri: REDIRECT,
    })
    expect(listed.find(({ id }) => id === late.id)).toEqual({
      id: late.id,
      name: 'zz Last',
      kind: 'web',
      enabled: true,
      state: 'Active',
      defaultRedirectUri: REDIRECT,
      lastUsed: expect.any(Number) as number,
    })
  })

  it('hands out a secret, and what events are signed with, in the one answer that makes them', async () => {
    const { clients } = provider.oauth
    const values = { app_name: 'Told', scopes: 'openid', default_redirect_uri: REDIRECT }
    const plain = await clients.insert(ADMINISTRATOR, values)
    expect(plain).toEqual({ id: plain.id, secret: expect.stringMatching(/^annex_cs_/) as string })
    expect(await clients.update(ADMINISTRATOR, plain.id, { app_name: 'Other' })).toEqual({ id: plain.id })
    const told = await clients.update(ADMINISTRATOR, plain.id, { event_uri: 'https://app.example.com/events' })
    expect(told).toEqual({ id: plain.id, eventSecret: expect.any(String) as string })
    const open = await clients.insert(ADMINISTRATOR, { ...values, kind: 'native' })
    expect(open).toEqual({ id: open.id })
    expect(await clients.update(ADMINISTRATOR, open.id, { kind: 'service', service_user: await person(provider) })).toMatchObject({
      secret: expect.stringMatching(/^annex_cs_/) as string,
    })
    expect(await secrets(open.id)).toHaveLength(1)
    expect(await clients.update(ADMINISTRATOR, open.id, { app_name: 'Still' })).toEqual({ id: open.id })
    expect(await secrets(open.id)).toHaveLength(1)
  })

  it('leaves nothing of an app behind that is removed', async () => {
    const app = await register(provider, { openid_acts_as_all: 1, authorization_policy: 'After Approval' })
    const user = await person(provider)
    const browser = await new Browser(provider).signIn(user)
    await browser.authorize({ client_id: app.id, redirect_uri: REDIRECT, response_type: 'code', scope: 'openid', state: 'x' })
    provider.oauth.clients.uses.note(app.id, 'openidActsAsAll')
    await provider.oauth.clients.uses.flush()
    const tables = ['client_secret', 'client_use', 'client_approval']
    for (const table of tables) expect(await count(table, app.id)).toBe(1)
    await provider.documents.remove(ADMINISTRATOR, { doctype: DOCTYPE, name: app.id })
    for (const table of tables) expect(await count(table, app.id)).toBe(0)
  })

  it.each(['agent', 'service'])(
    'ends the own tokens of an app, a %s, that another user serves, or none, and leaves those of people',
    async (kind) => {
      const [first, second] = [await person(provider), await person(provider)]
      const app = await register(provider, { kind, service_user: first })
      const user = await person(provider)
      await connect(provider, await new Browser(provider).signIn(user), app)
      const ended = (): unknown[] => provider.events.filter((event) => event.client === app.id && event.event === 'grant.revoked')
      const serve = async (): Promise<void> => {
        const reply = await fetch(`${provider.base}/api/method/frappe.integrations.oauth2.get_token`, {
          method: 'POST',
          body: new URLSearchParams({ grant_type: 'client_credentials', client_id: app.id, client_secret: app.secret }),
        })
        expect(reply.status).toBe(200)
      }
      await serve()
      await change(app.id, { app_name: 'Same', service_user: first })
      expect(ended()).toEqual([])
      await change(app.id, { service_user: second })
      expect(ended()).toMatchObject([{ reason: 'client_service_user_changed', user: first }])
      await serve()
      await change(app.id, kind === 'agent' ? { service_user: '' } : { service_user: first })
      expect(ended()).toHaveLength(2)
      expect(await provider.grants.list(user)).toHaveLength(1)
    },
  )

  it('is for System Managers alone, in one sentence', async () => {
    const { id } = await register(provider)
    const { clients } = provider.oauth
    for (const act of [
      () => clients.listSecrets(CLERK, id),
      () => clients.rotateSecret(CLERK, id),
      () => clients.endSecret(CLERK, id, 'x'),
      () => clients.listUses(CLERK, id),
      () => clients.approvals.list(CLERK),
      () => clients.approvals.approve(CLERK, id, 'x'),
      () => clients.approvals.refuse(CLERK, id, 'x'),
    ])
      await expect(act()).rejects.toMatchObject(ONLY_MANAGERS)
    for (const act of [
      () => clients.update(CLERK, id, { app_name: 'x' }),
      () => clients.setState(CLERK, id, 'Suspended'),
      () => clients.read(CLERK, id),
    ])
      await expect(act()).rejects.toMatchObject({ excType: 'PermissionError' })
    expect(await read(id)).toMatchObject({ app_name: 'Field Sales', state: 'Active' })
  })

  it('does nothing a second time when an app is retired already', async () => {
    const { id } = await register(provider)
    await provider.oauth.clients.retire(ADMINISTRATOR, id)
    const before = (await trail(id)).length
    await provider.oauth.clients.retire(ADMINISTRATOR, id)
    expect(await trail(id)).toHaveLength(before)
  })
})
