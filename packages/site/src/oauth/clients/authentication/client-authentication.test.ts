import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import {
  Browser,
  INTROSPECT,
  REVOKE,
  TOKEN,
  connect,
  me,
  person,
  post,
  register,
  renew,
  request,
  swap,
  type App,
} from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

const basic = ({ id }: App, secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})
const from = (ip: string): Record<string, string> => ({ 'x-forwarded-for': ip })

describe.each(engines)('client authentication on %s', (engine) => {
  let provider: Provider
  let app: App

  beforeAll(async () => {
    provider = await openProvider(engine)
    app = await register(provider)
  })
  afterAll(() => provider.close())

  const refusals = async (client: string): Promise<unknown[]> => {
    await provider.audit.flush(true)
    const db = provider.database.connection.withTables<{ audit: { event: string; client: string; detail: string; count: number } }>()
    return db
      .selectFrom('audit')
      .select(['event', 'detail', 'count'])
      .where('client', '=', client)
      .where('event', '=', 'oauth.client.refused')
      .execute()
  }

  it.each<[what: string, fields: (of: App) => Record<string, string>]>([
    ['wrong', ({ id }) => ({ client_id: id, client_secret: 'annex_cs_wrong' })],
    ['none', ({ id }) => ({ client_id: id })],
    ['empty', ({ id }) => ({ client_id: id, client_secret: '' })],
    ['of another', ({ id }) => ({ client_id: id, client_secret: app.secret })],
  ])('C06: a secret that is %s gives invalid_client at every endpoint that asks for one', async (_what, fields) => {
    const own = await register(provider)
    const user = await new Browser(provider).signIn(await person(provider))
    const code = await user.code(request(own))
    const tokens = await connect(provider, user, own)
    const sent = fields(own)
    for (const [path, more] of [
      [TOKEN, { grant_type: 'authorization_code', code, redirect_uri: 'https://app.example.com/cb' }],
      [TOKEN, { grant_type: 'refresh_token', refresh_token: tokens.refresh }],
      [TOKEN, { grant_type: 'client_credentials' }],
      [INTROSPECT, { token: tokens.access }],
    ] as const) {
      const reply = await post(provider, path, { ...more, ...sent })
      expect([reply.status, reply.json['error'], reply.headers.get('cache-control')]).toEqual([401, 'invalid_client', 'no-store'])
    }
    expect((await me(provider, tokens.access)).status).toBe(200)
    expect((await swap(provider, own, code)).status).toBe(200)
  })

  it('an address that fails under ever new client ids is refused, and no other address is', async () => {
    const statusFrom = async (ip: string, id: string, secret = 'wrong'): Promise<number> =>
      (await post(provider, INTROSPECT, { token: 'x', client_id: id, client_secret: secret }, from(ip))).status
    // A thousand counts of its own, and twenty failures on the one for the rest.
    for (let sent = 0; sent < 1020; sent += 20)
      await Promise.all(Array.from({ length: 20 }, (_, i) => statusFrom('2001:db8::1', `invented ${sent + i}`)))
    expect([await statusFrom('2001:db8::2', 'one more'), await statusFrom('2001:db8::2', app.id, app.secret)]).toEqual([429, 429])
    expect([await statusFrom('2001:db8:0:1::1', 'one more'), await statusFrom('2001:db8:0:1::1', app.id, app.secret)]).toEqual([401, 200])
  })

  it.each<[what: string, fields: Record<string, string>, headers: () => Record<string, string>]>([
    ['Basic and a secret in the body', { client_secret: 'x' }, () => basic(app, app.secret)],
    ['Basic and the same secret in the body', {}, () => basic(app, app.secret)],
    [
      'Basic and an assertion',
      { client_assertion: 'x', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' },
      () => basic(app, app.secret),
    ],
    ['a secret in the body and an assertion', { client_id: 'x', client_secret: 'x', client_assertion: 'x' }, () => ({})],
  ])('C07: %s is invalid_request', async (_what, fields, headers) => {
    const sent = Object.keys(fields).length === 0 ? { client_secret: app.secret } : fields
    const reply = await post(provider, TOKEN, { grant_type: 'refresh_token', refresh_token: 'x', ...sent }, headers())
    expect([reply.status, reply.json['error']]).toEqual([400, 'invalid_request'])
  })

  it('C17: a grant type that the app is not registered for is unauthorized_client', async () => {
    const implicit = await register(provider, { grant_type: 'Implicit', response_type: 'Token' })
    const user = await new Browser(provider).signIn(await person(provider))
    expect((await user.authorize(request(implicit))).location?.searchParams.get('error')).toBe('unauthorized_client')
    const reply = await post(provider, TOKEN, { grant_type: 'client_credentials', client_id: app.id, client_secret: app.secret })
    expect([reply.status, reply.json['error']]).toEqual([400, 'unauthorized_client'])
  })

  it.each<[what: string, values: Record<string, unknown>]>([
    ['a public client', { kind: 'public' }],
    ['a native client', { kind: 'native' }],
    ['a client that registered itself', { dynamically_registered: 1, scopes: 'openid Item:read' }],
  ])('C22: client credentials of %s are unauthorized_client', async (_what, values) => {
    const own = await register(provider, values)
    const secret = own.secret === '' ? {} : { client_secret: own.secret }
    const reply = await post(provider, TOKEN, { grant_type: 'client_credentials', client_id: own.id, ...secret })
    expect([reply.status, reply.json['error']]).toEqual([400, 'unauthorized_client'])
  })

  it('gives a service no token any more whose user has become a System Manager, unless it is unfenced', async () => {
    const robot = await person(provider)
    const [fenced, unfenced] = await Promise.all(
      [0, 1].map((flag) => register(provider, { kind: 'service', service_user: robot, scopes: 'Item:read', unfenced: flag })),
    )
    const ask = ({ id, secret }: App) => post(provider, TOKEN, { grant_type: 'client_credentials', client_id: id, client_secret: secret })
    expect((await ask(fenced!)).status).toBe(200)
    const values = { roles: [{ role: 'Desk User' }, { role: 'System Manager' }] }
    await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: robot, values })
    expect((await ask(fenced!)).json).toMatchObject({ error: 'invalid_grant' })
    expect((await ask(unfenced!)).status).toBe(200)
    await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: robot, values: { api_access: 0 } })
    const off = await ask(unfenced!)
    expect(off.json).toMatchObject({ error: 'unauthorized_client', error_description: expect.stringMatching(/API access/) as string })
  })

  it('lets an app with IP ranges in from there alone, with its secret and with its tokens', async () => {
    const own = await register(provider, { ip_ranges: '192.0.2.0/24\n2001:db8::/32' })
    const user = await new Browser(provider).signIn(await person(provider))
    const code = await user.code(request(own))
    const fields = { client_id: own.id, client_secret: own.secret }
    const exchange = { grant_type: 'authorization_code', code, redirect_uri: 'https://app.example.com/cb', ...fields }
    const outside = await post(provider, TOKEN, exchange, from('198.51.100.7'))
    expect([outside.status, outside.json['error']]).toEqual([401, 'invalid_client'])
    expect(outside.json['error_description']).toMatch(/from this address/)
    const inside = await post(provider, TOKEN, exchange, from('192.0.2.9'))
    expect(inside.status).toBe(200)
    const access = String(inside.json['access_token'])
    expect((await me(provider, access, from('2001:db8::5'))).status).toBe(200)
    const refused = await me(provider, access, from('198.51.100.7'))
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token", .*address.* resource_metadata="/)
    expect((await post(provider, INTROSPECT, { token: access, ...fields }, from('198.51.100.7'))).status).toBe(401)
    expect((await post(provider, REVOKE, { token: access, ...fields }, from('198.51.100.7'))).status).toBe(401)
    expect((await me(provider, access, from('192.0.2.9'))).status).toBe(200)
    expect(await refusals(own.id)).toMatchObject([
      { event: 'oauth.client.refused' },
      ...Array.from({ length: (await refusals(own.id)).length - 1 }, () => ({})),
    ])
  })

  it('does not tell a stranger that an app has IP ranges', async () => {
    const own = await register(provider, { ip_ranges: '192.0.2.0/24' })
    const reply = await post(provider, TOKEN, {
      grant_type: 'refresh_token',
      refresh_token: 'x',
      client_id: own.id,
      client_secret: 'wrong',
    })
    expect(reply.json['error_description']).not.toMatch(/address/)
  })

  it('D15: a refresh needs the secret, unless a System Manager let an old app go without; each is counted', async () => {
    const user = await new Browser(provider).signIn(await person(provider))
    const old = await register(provider, { refresh_without_secret: 1 })
    const tokens = await connect(provider, user, old)
    const bare = { grant_type: 'refresh_token', client_id: old.id }
    const renewed = await post(provider, TOKEN, { ...bare, refresh_token: tokens.refresh })
    expect(renewed.status).toBe(200)
    expect(
      (await post(provider, TOKEN, { ...bare, refresh_token: String(renewed.json['refresh_token']), client_secret: 'wrong' })).status,
    ).toBe(401)
    // The exception is for refreshes: nothing else that names one gets through.
    for (const [path, fields] of [
      [TOKEN, { grant_type: 'client_credentials' }],
      [TOKEN, { grant_type: 'authorization_code', code: 'x' }],
      [INTROSPECT, { grant_type: 'refresh_token', token: tokens.access }],
    ] as const)
      expect((await post(provider, path, { client_id: old.id, ...fields })).status).toBe(401)
    expect(await provider.oauth.clients.listUses(ADMINISTRATOR, old.id)).toMatchObject([{ kind: 'refreshWithoutSecret', count: 1 }])
    const strict = await register(provider)
    const others = await connect(provider, user, strict)
    expect((await renew(provider, strict, others.refresh, { client_secret: '' })).status).toBe(401)
    const stolen = await post(provider, TOKEN, { ...bare, refresh_token: others.refresh })
    expect([stolen.status, stolen.json['error']]).toEqual([400, 'invalid_grant'])
  })
})
