import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TrailEntry } from '../../../audit/trail.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { INTROSPECT, TOKEN, post, register, type App, type Reply } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

const basic = (id: string, secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})
const UNKNOWN = 'The client is unknown or its secret is wrong; check client_id and client_secret'
const CHALLENGE = 'Basic realm="OAuth client", charset="UTF-8"'

describe('a client that shows itself', () => {
  let provider: Provider
  let app: App

  beforeAll(async () => {
    provider = await openProvider('sqlite')
    app = await register(provider)
  })
  afterAll(() => provider.close())

  const ask = (fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Reply> =>
    post(provider, INTROSPECT, { token: 'x', ...fields }, headers)
  const whole = (of: App): Record<string, string> => ({ client_id: of.id, client_secret: of.secret })

  it('is let in by its secret in the body or in the header, and by its id alone when it keeps none', async () => {
    for (const reply of [
      await ask(whole(app)),
      await ask({}, basic(app.id, app.secret)),
      await ask({ client_id: app.id }, basic(app.id, app.secret)),
      await ask({ client_secret: '' }, basic(app.id, app.secret)),
    ])
      expect([reply.status, reply.json]).toEqual([200, { active: false }])
    const open = await register(provider, { kind: 'public' })
    const swapped = await post(provider, TOKEN, { grant_type: 'authorization_code', code: 'x', client_id: open.id, redirect_uri: 'x' })
    expect(swapped.json['error']).toBe('invalid_grant')
    const byHeader = await post(provider, TOKEN, { grant_type: 'authorization_code', code: 'x', redirect_uri: 'x' }, basic(open.id, ''))
    expect(byHeader.json['error']).toBe('invalid_grant')
  })

  it.each<
    [what: string, fields: (of: App) => Record<string, string>, headers: (of: App) => Record<string, string>, challenge: string | null]
  >([
    ['nothing', () => ({}), () => ({}), null],
    ['a secret without an id', ({ secret }) => ({ client_secret: secret }), () => ({}), null],
    ['an assertion', ({ id }) => ({ client_id: id, client_assertion: 'x' }), () => ({}), null],
    ['the kind of an assertion', ({ id }) => ({ client_id: id, client_assertion_type: 'x' }), () => ({}), null],
    ['a wrong secret in the body', ({ id }) => ({ client_id: id, client_secret: 'x' }), () => ({}), null],
    ['a wrong secret in the header', () => ({}), ({ id }) => basic(id, 'x'), CHALLENGE],
    ['no secret in the header', () => ({}), ({ id }) => basic(id, ''), CHALLENGE],
    ['an unknown id in the header', () => ({}), ({ secret }) => basic('nobody', secret), CHALLENGE],
    ['an unknown id in the body', ({ secret }) => ({ client_id: 'nobody', client_secret: secret }), () => ({}), null],
  ])('is told the same with %s; how to do it, where it used the header', async (_what, fields, headers, challenge) => {
    const own = await register(provider)
    const reply = await post(provider, TOKEN, { grant_type: 'client_credentials', ...fields(own) }, headers(own))
    expect([reply.status, reply.json]).toEqual([401, { error: 'invalid_client', error_description: UNKNOWN }])
    expect(reply.headers.get('www-authenticate')).toBe(challenge)
  })

  it.each<[what: string, fields: Record<string, string>, headers: () => Record<string, string>, description: string]>([
    [
      'a secret and an assertion',
      { client_secret: 'x', client_assertion: 'x' },
      () => ({}),
      'Authenticate the client in one way, not in two',
    ],
    ['a header and a secret', { client_secret: 'x' }, () => basic(app.id, app.secret), 'Authenticate the client in one way, not in two'],
    [
      'a header and an assertion',
      { client_assertion: 'x' },
      () => basic(app.id, app.secret),
      'Authenticate the client in one way, not in two',
    ],
    [
      'a header and the kind of an assertion',
      { client_assertion_type: 'x' },
      () => basic(app.id, app.secret),
      'Authenticate the client in one way, not in two',
    ],
    ['two ids', { client_id: 'other' }, () => basic(app.id, app.secret), 'client_id differs between the header and the body'],
    ['a broken header', {}, () => ({ authorization: 'Basic *' }), 'The Authorization header cannot be read: it is not base64'],
  ])('is invalid_request with %s', async (_what, fields, headers, description) => {
    const reply = await ask(fields, headers())
    expect([reply.status, reply.json]).toEqual([400, { error: 'invalid_request', error_description: description }])
  })

  it('that keeps no secret is not let in with one', async () => {
    const open = await register(provider, { kind: 'public' })
    const sent = { grant_type: 'authorization_code', code: 'x', redirect_uri: 'x' }
    for (const reply of [
      await post(provider, TOKEN, { ...sent, client_id: open.id, client_secret: 'x' }),
      await post(provider, TOKEN, sent, basic(open.id, 'x')),
    ])
      expect([reply.status, reply.json['error']]).toEqual([401, 'invalid_client'])
  })

  it('is told to wait after twenty failures in a minute from one address: that app, there, and nothing else', async () => {
    const [own, other] = [await register(provider), await register(provider)]
    const from = (ip: string, of: App, secret: string): Promise<Reply> =>
      ask({ client_id: of.id, client_secret: secret }, { 'x-forwarded-for': ip })
    for (let i = 0; i < 20; i += 1) expect((await from('203.0.113.1', own, 'wrong')).status).toBe(401)
    const refused = await from('203.0.113.1', own, own.secret)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await from('203.0.113.2', own, own.secret)).status).toBe(200)
    expect((await from('203.0.113.1', other, other.secret)).status).toBe(200)
  })

  it('is not counted as a failure when it is let in', async () => {
    const own = await register(provider)
    for (let i = 0; i < 25; i += 1) expect((await ask(whole(own), { 'x-forwarded-for': '203.0.113.9' })).status).toBe(200)
  })

  it('from an address that its IP Ranges leave out is told so when it is proven, and that stands in the trail', async () => {
    const own = await register(provider, { ip_ranges: '192.0.2.0/24' })
    const trail = async (): Promise<TrailEntry[]> => {
      await provider.audit.flush(true)
      return provider.trail.latest({ event: 'oauth.client.refused', client: own.id }, 10)
    }
    const from = (secret: string): Promise<Reply> =>
      ask({ client_id: own.id, client_secret: secret }, { 'x-forwarded-for': '198.51.100.7' })
    expect((await from('wrong')).json['error_description']).toBe(UNKNOWN)
    expect(await trail()).toEqual([])
    const reply = await from(own.secret)
    expect([reply.status, reply.json]).toEqual([
      401,
      { error: 'invalid_client', error_description: 'This app may not be used from this address; its IP Ranges say from where' },
    ])
    expect(await trail()).toMatchObject([{ ip: '198.51.100.7', detail: { reason: 'address' } }])
    const explained = await provider.oauth.explain.incident(ADMINISTRATOR, reply.headers.get('x-annex-incident') ?? '')
    expect(explained).toMatchObject({
      explanation: { allowed: false, client: { id: own.id }, findings: [{ check: 'app' }, { check: 'address', outcome: 'refuses' }] },
    })
  })

  it('goes without its secret in no refresh but one that was allowed to it, and that is counted', async () => {
    const [old, strict] = [await register(provider, { refresh_without_secret: 1 }), await register(provider)]
    const renew = (of: App, more = {}): Promise<Reply> =>
      post(provider, TOKEN, { grant_type: 'refresh_token', refresh_token: 'x', client_id: of.id, ...more })
    expect((await renew(old)).json['error']).toBe('invalid_grant')
    expect((await renew(old, { client_secret: 'wrong' })).json['error']).toBe('invalid_client')
    expect((await renew(strict)).json['error']).toBe('invalid_client')
    const counted = await provider.oauth.clients.listUses(ADMINISTRATOR, old.id)
    expect(counted).toMatchObject([{ kind: 'refreshWithoutSecret', count: 1 }])
    expect(await provider.oauth.clients.listUses(ADMINISTRATOR, strict.id)).toEqual([])
  })

  it('is let in with an HS256 id_token only where it shows its secret, and that is counted with its address', async () => {
    const old = await register(provider, { hs256_id_token: 1 })
    expect((await ask(whole(old))).status).toBe(200)
    expect(await provider.oauth.clients.listUses(ADMINISTRATOR, old.id)).toEqual([])
  })
})
