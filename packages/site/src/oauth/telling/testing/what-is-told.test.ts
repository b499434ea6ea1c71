import { generateKeyPairSync } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import type { Call, Message } from '../../../webhooks/courier.ts'
import { IdTokens } from '../../keys/id-tokens.ts'
import { makeKeyRing, parseKeyRing } from '../../keys/key-ring.ts'
import type { OAuthEvent } from '../../oauth-events.ts'
import { Browser, connect, person, register, type App } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { appCouriers } from '../app-couriers.ts'
import { EVENT, LOGOUT, initiatorOf } from '../app-messages.ts'
import type { ListedDelivery } from '../deliveries.ts'

const EVENTS = 'https://app.example.com/events'
const LEAVE = 'https://app.example.com/leave'
const CAEP = 'https://schemas.openid.net/secevent/caep/event-type'

describe('who ended it, in the words of CAEP', () => {
  it.each([
    ['user_revoked', 'user'],
    ['signed_out_everywhere', 'user'],
    ['session_ended', 'user'],
    ['token_revoked', 'user'],
    ['admin_revoked', 'admin'],
    ['client_retired', 'admin'],
    ['role_lost', 'admin'],
    ['scopes_changed', 'admin'],
    ['token_reuse', 'policy'],
    ['code_replay', 'policy'],
    ['credentials_changed', 'system'],
    ['the user_revoked', 'system'],
    ['by admin_', 'system'],
    ['no token_reuse', 'system'],
    [undefined, 'system'],
  ])('an end by %s is initiated by: %s', (reason, initiator) => {
    expect(initiatorOf(reason)).toBe(initiator)
  })
})

describe.each(engines)('what an app is told, on %s', (engine) => {
  let provider: Provider
  let user: string
  let sub: string

  beforeAll(async () => {
    provider = await openProvider(engine)
    user = await person(provider)
    sub = (await provider.accounts.read(user))?.sub ?? ''
  })
  afterAll(() => provider.close())

  const listening = (values: Record<string, unknown> = {}): Promise<App> =>
    register(provider, { event_uri: EVENTS, backchannel_logout_uri: LEAVE, ...values })
  const update = (app: App, values: Record<string, unknown>): Promise<unknown> =>
    provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Client', name: app.id, values })
  const told = (app: App): Promise<ListedDelivery[]> => provider.telling.deliveries.list(ADMINISTRATOR, app.id)
  /** What of an event is put into the outbox. */
  async function tell(app: App, event: Partial<OAuthEvent>): Promise<Record<string, unknown>[]> {
    await provider.database.transaction((connection) =>
      provider.telling.onGrant(connection, [{ event: 'grant.revoked', grant: 'g-1', user, client: app.id, ...event }]),
    )
    const kinds = [EVENT, LOGOUT].map((kind) => `${kind}:${app.id}`)
    const messages = await provider.telling.outbox.list(kinds)
    for (const { id } of messages) await provider.telling.outbox.forget(id)
    return messages.map(({ kind, payload }) => ({ kind, ...payload })).toSorted((a, b) => (a.kind < b.kind ? -1 : 1))
  }
  const kindsOf = (messages: Record<string, unknown>[]): unknown[] => messages.map(({ kind }) => kind)

  it('what is told of an end is an event with all that is known of it, and a sign-out', async () => {
    const app = await listening()
    const [event, logout, ...more] = await tell(app, { reason: 'user_revoked', session: 'hash' })
    expect(event).toEqual({
      kind: EVENT,
      client: app.id,
      url: EVENTS,
      sub,
      type: `${CAEP}/session-revoked`,
      at: expect.any(Number) as number,
      grant: 'g-1',
      reason: 'user_revoked',
    })
    expect(Math.abs(Number(event?.['at']) - provider.now())).toBeLessThan(60_000_000)
    expect(logout).toEqual({ kind: LOGOUT, client: app.id, url: LEAVE, sub, sid: expect.any(String) as string })
    expect(more).toEqual([])
  })

  it('what is told of a narrowed grant is what is left, and no sign-out', async () => {
    const app = await listening()
    const type = `${CAEP}/token-claims-change`
    expect(await tell(app, { event: 'grant.narrowed', reason: 'r', scope: 'openid' })).toMatchObject([
      { kind: EVENT, type, scope: 'openid' },
    ])
    expect(await tell(app, { event: 'grant.narrowed' })).toMatchObject([{ kind: EVENT, type, scope: '' }])
    expect(await tell(app, { scope: 'openid' })).not.toMatchObject([{ scope: 'openid' }, {}])
  })

  it.each<[what: string, event: Partial<OAuthEvent>, kinds: string[]]>([
    ['of a grant that was made', { event: 'grant.created', session: 's' }, []],
    ['of a service', { kind: 'service', session: null }, [EVENT]],
    ['of a device', { kind: 'device', session: null }, [EVENT, LOGOUT]],
    ['of what the app did itself', { reason: 'token_revoked', session: 's' }, [EVENT]],
    ['of a consent that was given anew in the same session', { session: 's', replacedIn: 's' }, [EVENT]],
    ['of a consent that was given anew in another session', { session: 's', replacedIn: 't' }, [EVENT, LOGOUT]],
    ['of a consent without a session that was given anew in one', { session: null, replacedIn: 't' }, [EVENT]],
    ['of somebody who is gone, by the session', { user: 'gone@example.com', session: 's' }, [EVENT, LOGOUT]],
    ['of somebody who is gone, without a session', { user: 'gone@example.com', session: null }, [EVENT]],
    ['of somebody who is gone, without any word of a session', { user: 'gone@example.com' }, [EVENT]],
  ])('what is told %s is %j: %j', async (_what, event, kinds) => {
    expect(kindsOf(await tell(await listening(), event))).toEqual(kinds)
  })

  it('what is told is what the app wants to hear', async () => {
    expect(kindsOf(await tell(await listening({ event_uri: null }), { session: 's' }))).toEqual([LOGOUT])
    expect(kindsOf(await tell(await listening({ backchannel_logout_uri: null }), { session: 's' }))).toEqual([EVENT])
    expect(await tell(await register(provider), { session: 's' })).toEqual([])
    expect(await tell({ id: 'none', secret: '' }, { session: 's' })).toEqual([])
    expect(await tell(await listening({ event_uri: ' ', backchannel_logout_uri: ' ' }), { session: 's' })).toEqual([])
  })

  it('what is told of a change of its row filters is told for every grant, and of a change of its name nothing', async () => {
    const app = await listening({ scopes: 'openid Item:read Item:write' })
    await connect(provider, await new Browser(provider).signIn(user), app, { scope: 'openid Item:read' })
    const reasons = async (): Promise<unknown[]> => (await told(app)).map(({ reason }) => reason)
    await update(app, { app_name: 'Another', contact: 'ops@example.com' })
    await update(app, { row_filters: '' })
    expect(await reasons()).toEqual([])
    await update(app, { scopes: 'openid Item:read' })
    expect(await reasons()).toEqual([])
    await update(app, { row_filters: '{"Item": {"title": "x"}}' })
    expect(await reasons()).toEqual(['client_row_filters_changed'])
    await update(app, { scopes: 'openid', row_filters: '{"Item": {"title": "y"}}' })
    expect(new Set(await reasons())).toEqual(new Set(['client_row_filters_changed', 'client_scopes_changed']))
    const { length } = await reasons()
    await update(app, { scopes: 'openid Item:write' })
    expect(await reasons()).toHaveLength(length)
    await update(app, { row_filters: null })
    expect(await reasons()).toHaveLength(length + 1)
  })

  it('what is told of a change of its scopes is nothing where it has no address for events', async () => {
    const app = await listening({ event_uri: null, scopes: 'openid Item:read' })
    await connect(provider, await new Browser(provider).signIn(user), app, { scope: 'openid Item:read' })
    await update(app, { scopes: 'openid' })
    expect(await told(app)).toEqual([])
  })

  describe('as it is carried', () => {
    const carry = (kind: string, payload: object, id = 'm-1'): Promise<Call | undefined> =>
      provider.oauth.couriers
        .get(kind)!
        .callFor({ id, payload } as Parameters<NonNullable<ReturnType<Provider['oauth']['couriers']['get']>>['callFor']>[0])
    const at = 1_700_000_000_123_456
    const THEN = 'https://app.example.com/then'
    const event = (app: App, more: object = {}): object => ({
      client: app.id,
      url: THEN,
      type: 't',
      at,
      grant: 'g',
      sub: 's',
      reason: 'admin_x',
      ...more,
    })

    it('an event names the app, its grant and why, to the second', async () => {
      const app = await listening()
      const call = await carry(EVENT, event(app))
      expect(call?.url).toBe(EVENTS)
      expect(call?.headers).toMatchObject({
        'content-type': 'application/json',
        'webhook-id': 'm-1',
        'webhook-timestamp': String(Math.floor(Number(call?.headers['webhook-timestamp']))),
        'webhook-signature': expect.stringMatching(/^v1,/) as string,
      })
      expect(Math.abs(Number(call?.headers['webhook-timestamp']) - provider.now() / 1_000_000)).toBeLessThan(60)
      expect(JSON.parse(String(call?.body))).toEqual({
        type: 't',
        timestamp: '2023-11-14T22:13:20.123Z',
        data: {
          iss: provider.base,
          client_id: app.id,
          sub: 's',
          grant: 'g',
          reason: 'admin_x',
          initiating_entity: 'admin',
          event_timestamp: 1_700_000_000,
        },
      })
      const narrowed = JSON.parse(String((await carry(EVENT, event(app, { scope: 'openid' })))?.body)) as { data: object }
      expect(narrowed.data).toMatchObject({ claims: { scope: 'openid' } })
    })

    it('a sign-out is a token of two minutes, and another each time', async () => {
      const app = await listening()
      const calls = [1, 2].map(() => carry(LOGOUT, { client: app.id, url: THEN, sub: 's', sid: 'session' }))
      const tokens = (await Promise.all(calls)).map((call) => {
        expect(call?.url).toBe(LEAVE)
        expect(call?.headers).toEqual({ 'content-type': 'application/x-www-form-urlencoded' })
        return new URLSearchParams(String(call?.body)).get('logout_token') ?? ''
      })
      const [first, second] = tokens.map((token) => decodeJwt(token))
      expect(first).toMatchObject({ iss: provider.base, aud: app.id, sub: 's', sid: 'session' })
      expect(Math.abs(Number(first?.iat) - provider.now() / 1_000_000)).toBeLessThan(60)
      expect(first?.jti).not.toBe(second?.jti)
      expect(decodeProtectedHeader(tokens[0] ?? '').alg).toBe('ES256')
    })

    it('a sign-out is signed by RS256 for an app that asked for that alone', async () => {
      const state = 'current'
      const signing = [
        { state, jwk: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }) },
        { state, jwk: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }) },
      ]
      const { rotation } = JSON.parse(makeKeyRing()) as { rotation: unknown }
      const idTokens = new IdTokens(await parseKeyRing(JSON.stringify({ signing, rotation }), 'here'))
      const { database, now, base, telling } = provider
      const couriers = appCouriers({ database, now, eventSecrets: telling.eventSecrets, idTokens, issuer: () => base })
      const algOf = async (values: Record<string, unknown>): Promise<unknown> => {
        const { id: client } = await listening(values)
        const message = { id: 'm', payload: { client, url: THEN, sub: 's' } } as unknown as Message
        const body = String((await couriers.get(LOGOUT)?.callFor(message))?.body)
        return decodeProtectedHeader(new URLSearchParams(body).get('logout_token') ?? '').alg
      }
      expect([await algOf({}), await algOf({ rs256_id_token: 1 })]).toEqual(['ES256', 'RS256'])
    })

    it.each([
      [EVENT, 'event_uri'],
      [LOGOUT, 'backchannel_logout_uri'],
    ])(
      '%s goes where the app listens now, of one that is over where it did, and nowhere when it wants to hear no more',
      async (kind, field) => {
        const app = await listening()
        const url = async (): Promise<unknown> => (await carry(kind, event(app)))?.url
        await update(app, { [field]: `${EVENTS}/moved` })
        expect(await url()).toBe(`${EVENTS}/moved`)
        await update(app, { [field]: null })
        expect(await carry(kind, event(app))).toBeUndefined()
        await update(app, { [field]: `${EVENTS}/moved` })
        await update(app, { state: 'Suspended' })
        expect(await url()).toBe(`${EVENTS}/moved`)
        await update(app, { state: 'Retired' })
        expect(await url()).toBe(THEN)
      },
    )

    it('a sign-out of an app that was removed goes where it listened, and an event of one without a secret nowhere', async () => {
      const app = await listening()
      await provider.documents.remove(ADMINISTRATOR, { doctype: 'OAuth Client', name: app.id })
      expect((await carry(LOGOUT, event(app)))?.url).toBe(THEN)
      await expect(carry(EVENT, event({ id: 'gone', secret: '' }))).rejects.toThrow(
        'The app gone has no secret that its events could be signed with; make one',
      )
    })
  })
})
