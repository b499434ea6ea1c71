import type { Database } from '@annex/database'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import {
  Browser,
  connect,
  me,
  person,
  post,
  register,
  renew,
  TOKEN,
  tokensOf,
  type App,
  type Reply,
  type Tokens,
} from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

const DAY = 86_400

const expectRefused = (reply: Reply, error = 'invalid_grant'): void =>
  expect({ status: reply.status, error: reply.json['error'] }).toEqual({ status: 400, error })

/** Living refresh tokens of the client that nobody used. */
async function unusedOf(database: Database, client: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from oauth_token t join oauth_grant g on g.id = t.grant_id
    where t.client = ${client} and t.kind = 'refresh' and t.used_at is null and g.revoked_at is null`.execute(database.connection)
  return Number(rows[0]?.count)
}

describe.each(engines)('a refresh on %s', (engine) => {
  let provider: Provider
  let user: string
  let alice: Browser

  beforeAll(async () => {
    provider = await openProvider(engine)
    user = await person(provider)
    alice = await new Browser(provider).signIn(user)
  })
  afterAll(() => provider.close())

  async function connected(values: Record<string, unknown> = {}, scope = 'openid all'): Promise<{ app: App; first: Tokens }> {
    const app = await register(provider, values)
    alice = await new Browser(provider).signIn(user)
    return { app, first: await connect(provider, alice, app, { scope }) }
  }

  const isDead = async (token: string): Promise<boolean> => (await me(provider, token)).status === 401

  it('D01 the old token, after its successor was used, ends the grant and leaves a trace', async () => {
    const bystander = await connected()
    const { app, first } = await connected()
    const second = tokensOf(await renew(provider, app, first.refresh))
    const third = tokensOf(await renew(provider, app, second.refresh))
    expectRefused(await renew(provider, app, first.refresh))
    expectRefused(await renew(provider, app, third.refresh))
    for (const { access } of [first, second, third]) expect(await isDead(access)).toBe(true)
    expect(await isDead(bystander.first.access)).toBe(false)
    expect(provider.events.at(-1)).toMatchObject({ event: 'grant.revoked', reason: 'token_reuse', user, client: app.id })
    const { rows } = await sql<{
      detail: string
    }>`select detail from audit where event = 'oauth.grant.revoked' and client = ${app.id}`.execute(provider.database.connection)
    expect(rows).toEqual([{ detail: '{"reason":"token_reuse"}' }])
  })

  it('D02 the old token after the leeway ends the grant too', async () => {
    const { app, first } = await connected()
    const second = tokensOf(await renew(provider, app, first.refresh))
    provider.advance(11)
    expectRefused(await renew(provider, app, first.refresh))
    expect(await isDead(second.access)).toBe(true)
  })

  it('D03 32 at once get one and the same pair', async () => {
    const { app, first } = await connected()
    const replies = await Promise.all(Array.from({ length: 32 }, () => renew(provider, app, first.refresh)))
    expect(replies.map((reply) => reply.status)).toEqual(Array(32).fill(200))
    expect(new Set(replies.map((reply) => reply.json['access_token'])).size).toBe(1)
    expect(new Set(replies.map((reply) => reply.json['refresh_token'])).size).toBe(1)
    expect(await unusedOf(provider.database, app.id)).toBe(1)
    expect(await isDead(tokensOf(replies[0]!).access)).toBe(false)
  })

  it('D03 a repeat tells how long the pair still lives', async () => {
    const { app, first } = await connected({ access_token_lifetime: 300, rotation_leeway: 60 })
    const second = await renew(provider, app, first.refresh)
    provider.advance(50)
    const again = await renew(provider, app, first.refresh)
    expect(tokensOf(again)).toEqual(tokensOf(second))
    expect(second.json['expires_in']).toBe(300)
    expect(again.json['expires_in']).toBeLessThanOrEqual(250)
    expect(again.json['expires_in']).toBeGreaterThan(240)
  })

  it('D04 without a leeway one of 32 succeeds, and the grant is dead', async () => {
    const { app, first } = await connected({ rotation_leeway: 0 })
    const replies = await Promise.all(Array.from({ length: 32 }, () => renew(provider, app, first.refresh)))
    const good = replies.filter((reply) => reply.status === 200)
    expect(good).toHaveLength(1)
    expect(await isDead(tokensOf(good[0]!).access)).toBe(true)
    expect(await unusedOf(provider.database, app.id)).toBe(0)
  })

  it('D05 a repeat that asks for something else is a reuse; the same list again is not', async () => {
    const { app, first } = await connected({ scopes: 'openid Item:read' }, 'openid Item:read')
    const second = await renew(provider, app, first.refresh, { scope: 'openid Item:read' })
    expect((await renew(provider, app, first.refresh, { scope: 'Item:read openid' })).json['access_token']).toBe(
      second.json['access_token'],
    )
    expectRefused(await renew(provider, app, first.refresh, { scope: 'openid' }))
    expect(await isDead(tokensOf(second).access)).toBe(true)
  })

  it.each(['openid all Item:write', 'no-such-scope'])('D01 D05 a used token is a reuse whatever it asks for: %s', async (scope) => {
    for (const successorUsed of [true, false]) {
      const { app, first } = await connected()
      const second = tokensOf(await renew(provider, app, first.refresh))
      if (successorUsed) await renew(provider, app, second.refresh)
      expectRefused(await renew(provider, app, first.refresh, { scope }))
      expect(await isDead(second.access)).toBe(true)
      expect(provider.events.at(-1)).toMatchObject({ event: 'grant.revoked', reason: 'token_reuse', client: app.id })
    }
  })

  it('a scope that is refused leaves the token unused', async () => {
    const { app, first } = await connected()
    expectRefused(await renew(provider, app, first.refresh, { scope: 'openid all Item:write' }), 'invalid_scope')
    expect((await renew(provider, app, first.refresh)).status).toBe(200)
  })

  it('D06 the token of one client is nothing to another, and is not harmed', async () => {
    const { app, first } = await connected()
    expectRefused(await renew(provider, await register(provider), first.refresh))
    expect((await renew(provider, app, first.refresh)).status).toBe(200)
  })

  it('D07 D08 narrows and never widens; what was first asked for narrows silently', async () => {
    const scopes = 'openid Item:read Item:write'
    const app = await register(provider, { scopes })
    const code = await alice.code({ client_id: app.id, redirect_uri: 'https://app.example.com/cb', response_type: 'code', scope: scopes }, [
      'Item:write',
    ])
    let tokens = tokensOf(
      await post(provider, TOKEN, {
        grant_type: 'authorization_code',
        code,
        client_id: app.id,
        client_secret: app.secret,
        redirect_uri: 'https://app.example.com/cb',
      }),
    )
    expect(tokens.scope).toBe('openid Item:read')
    for (const [scope, granted] of [
      [scopes, 'openid Item:read'],
      ['Item:read', 'Item:read'],
      ['openid Item:read', 'openid Item:read'],
      ['', 'openid Item:read'],
    ] as const) {
      const reply = await renew(provider, app, tokens.refresh, { scope })
      expect(reply.json['scope']).toBe(granted)
      tokens = tokensOf(reply)
    }
    expectRefused(await renew(provider, app, tokens.refresh, { scope: 'Item:write' }), 'invalid_scope')
    expectRefused(await renew(provider, app, tokens.refresh, { scope: 'openid all' }), 'invalid_scope')
    expect((await renew(provider, app, tokens.refresh)).status).toBe(200)
  })

  it('D09 ends after 30 days without use', async () => {
    const { app, first } = await connected()
    provider.advance(30 * DAY + 1)
    expectRefused(await renew(provider, app, first.refresh))
  })

  it('D09 ends after 90 days although it was used', async () => {
    const { app, first } = await connected()
    let { refresh } = first
    for (let month = 0; month < 3; month += 1) {
      provider.advance(29.9 * DAY)
      refresh = tokensOf(await renew(provider, app, refresh)).refresh
    }
    provider.advance(0.4 * DAY)
    expectRefused(await renew(provider, app, refresh))
  })

  it('D10 gives no scope that the client may not ask for any more', async () => {
    const { app, first } = await connected()
    await provider.oauth.clients.update(ADMINISTRATOR, app.id, { scopes: 'openid' })
    const second = tokensOf(await renew(provider, app, first.refresh))
    expect(second.scope).toBe('openid')
    expect((await me(provider, second.access)).json['scopes']).toEqual(['openid'])
  })

  it.each([
    ['password changed', { new_password: 'Another-good-one' }],
    ['user disabled', { enabled: 0 }],
  ])('D11 ends with the %s', async (_what, values) => {
    const app = await register(provider)
    const bob = await person(provider)
    const tokens = await connect(provider, await new Browser(provider).signIn(bob), app)
    await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: bob, values })
    expectRefused(await renew(provider, app, tokens.refresh))
    expect(await isDead(tokens.access)).toBe(true)
    await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: bob, values: { enabled: 1 } })
    expect(await isDead(tokens.access)).toBe(true)
  })

  it('ends with the role that the client asks of its users', async () => {
    const app = await register(provider, { allowed_roles: [{ role: 'System Manager' }] })
    const bob = await person(provider, { roles: [{ role: 'System Manager' }] })
    const tokens = await connect(provider, await new Browser(provider).signIn(bob), app)
    await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: bob, values: { roles: [{ role: 'Desk User' }] } })
    expectRefused(await renew(provider, app, tokens.refresh))
  })

  it('D12 neither kind of token serves as the other', async () => {
    const { app, first } = await connected()
    expectRefused(await renew(provider, app, first.access))
    expect(await isDead(first.refresh)).toBe(true)
    expect(await isDead(first.access)).toBe(false)
  })

  it('D15 needs the secret of a confidential client', async () => {
    const { app, first } = await connected()
    expect((await renew(provider, app, first.refresh, { client_secret: '' })).json['error']).toBe('invalid_client')
    expect((await renew(provider, app, first.refresh)).status).toBe(200)
  })

  it('a token from before a restore is dead', async () => {
    const { app, first } = await connected()
    await sql`update oauth_state set epoch = epoch + 1`.execute(provider.database.connection)
    expect(await isDead(first.access)).toBe(true)
    expectRefused(await renew(provider, app, first.refresh))
    expect(await provider.grants.list(user, app.id)).toEqual([])
  })
})
