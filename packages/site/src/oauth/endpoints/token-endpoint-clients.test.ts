import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import {
  Browser,
  REDIRECT,
  TOKEN,
  ask,
  person,
  post,
  register,
  renew,
  request,
  swap,
  type App,
  type Reply,
} from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { basic, expectTokenError } from '../testing/token-errors.fixture.ts'

describe.each(engines)('the token endpoint, as clients prove themselves to it, on %s', (engine) => {
  let provider: Provider
  let alice: Browser
  let app: App
  /** Each test that fails on purpose has its own, so that the limit of failures is not met. */
  const own = (): Promise<App> => register(provider)
  const codeOf = (client: App): Promise<string> => alice.code(request(client, { prompt: 'consent' }))

  beforeAll(async () => {
    provider = await openProvider(engine)
    alice = await new Browser(provider).signIn(await person(provider))
    app = await own()
  })
  afterAll(() => provider.close())

  it.each([{ client_secret: 'wrong' }, { client_secret: '' }, { client_id: 'nobody' }, { client_id: '' }])(
    'C06 answers 401 to %j',
    async (values) => {
      const client = await own()
      expectTokenError(await swap(provider, client, await codeOf(client), values), 'invalid_client')
    },
  )

  it('takes client_secret_basic, and its challenge names the scheme', async () => {
    const client = await own()
    const body = { grant_type: 'authorization_code', code: await codeOf(client), redirect_uri: REDIRECT }
    const wrong = await post(provider, TOKEN, body, basic(client.id, 'wrong'))
    expectTokenError(wrong, 'invalid_client')
    expect(wrong.headers.get('www-authenticate')).toMatch(/^Basic /)
    expect((await post(provider, TOKEN, body, basic(client.id, client.secret))).status).toBe(200)
  })

  it('C07 C08 refuses two mechanisms and two ids', async () => {
    const client = await own()
    const body = { grant_type: 'refresh_token', refresh_token: 'x' }
    expectTokenError(
      await post(provider, TOKEN, { ...body, client_secret: client.secret }, basic(client.id, client.secret)),
      'invalid_request',
    )
    expectTokenError(await post(provider, TOKEN, { ...body, client_assertion: 'x' }, basic(client.id, client.secret)), 'invalid_request')
    expectTokenError(await post(provider, TOKEN, { ...body, client_id: 'other' }, basic(client.id, client.secret)), 'invalid_request')
  })

  it.each([
    'Basic %%%',
    'Basic YWJj',
    `Basic ${Buffer.from('%zz:x').toString('base64')}`,
    `Basic ${Buffer.from('a\u0001:x').toString('base64')}`,
    `Basic ${Buffer.from([0xff, 0x3a, 0xfe]).toString('base64')}`,
    'Basic ',
  ])('C09 refuses the header %s', async (authorization) => {
    const reply = await post(provider, TOKEN, { grant_type: 'refresh_token', refresh_token: 'x' }, { authorization })
    expect([400, 401]).toContain(reply.status)
    expect(['invalid_request', 'invalid_client']).toContain(reply.json['error'])
    if (reply.status === 401) expect(reply.headers.get('www-authenticate')).toMatch(/^Basic /)
  })

  it('C09 takes no secret from the body beside an empty Basic header', async () => {
    const { id, secret } = await own()
    const body = { grant_type: 'refresh_token', refresh_token: 'x', client_id: id, client_secret: secret }
    expectTokenError(await post(provider, TOKEN, body, { authorization: 'Basic' }), 'invalid_request')
  })

  it.each([['x'.repeat(1_000_000)], [['a']], [{ a: 1 }], [7], [null], [true]])(
    'C10 refuses a secret that is no short text (%#)',
    async (client_secret) => {
      const body = JSON.stringify({ grant_type: 'refresh_token', refresh_token: 'x', client_id: app.id, client_secret })
      expectTokenError(
        await ask(provider, TOKEN, { method: 'POST', body, headers: { 'content-type': 'application/json' } }),
        'invalid_request',
      )
    },
  )

  it('C11 takes the old secret inside the overlap and not after it', async () => {
    const client = await own()
    const { secret, oldUntil } = await provider.oauth.clients.rotateSecret(ADMINISTRATOR, client.id, 60_000_000)
    expect(oldUntil).toBeGreaterThan(0)
    const renewed = { ...client, secret }
    expect((await swap(provider, client, await codeOf(client))).status).toBe(200)
    expect((await swap(provider, renewed, await codeOf(client))).status).toBe(200)
    provider.advance(61)
    expectTokenError(await swap(provider, client, await codeOf(client)), 'invalid_client')
    const third = await provider.oauth.clients.rotateSecret(ADMINISTRATOR, client.id, 60_000_000)
    await expect(provider.oauth.clients.rotateSecret(ADMINISTRATOR, client.id, 60_000_000)).rejects.toThrow(
      'Two secrets of this app are good already',
    )
    expect((await swap(provider, renewed, await codeOf(client))).status).toBe(200)
    expect((await swap(provider, { ...client, secret: third.secret }, await codeOf(client))).status).toBe(200)
    expect(await provider.oauth.clients.listSecrets(ADMINISTRATOR, client.id)).toHaveLength(2)
  })

  it('C12 slows down whoever guesses, and nobody elsewhere', async () => {
    const client = await own()
    const guess = (from: string): Promise<Reply> =>
      post(
        provider,
        TOKEN,
        { grant_type: 'refresh_token', refresh_token: 'x', client_id: client.id, client_secret: 'guess' },
        { 'x-forwarded-for': from },
      )
    for (let tries = 0; tries < 20; tries += 1) expectTokenError(await guess('192.0.2.1'), 'invalid_client')
    const slowed = await guess('192.0.2.1')
    expect(slowed.status).toBe(429)
    expect(Number(slowed.headers.get('retry-after'))).toBeGreaterThan(0)
    expectTokenError(await renew(provider, client, 'x'), 'invalid_grant')
  })
})
