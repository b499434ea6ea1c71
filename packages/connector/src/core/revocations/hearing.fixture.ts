import { OAUTH_PATHS, signWebhook } from '@annex/protocol'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose'
import type { ConnectorEvents } from '../connector/events.ts'
import type { Room, RoomParts } from '../connector/room.ts'
import { openParts } from '../connector/site-parts.ts'
import type { StoredConnection } from '../../stores/connector-store.ts'
import { memoryStore } from '../../stores/memory.ts'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../testing/test-app.ts'
import { TestClock } from '../../testing/test-clock.ts'
import { revocationsRoom } from './revocations-room.ts'
import type { RevocationOptions } from './revocation-options.ts'

/** `whsec_` and 32 bytes. */
export const SECRET = `whsec_${btoa('0123456789abcdef0123456789abcdef')}`
export const LOGOUT = 'http://schemas.openid.net/event/backchannel-logout'
const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/'
const TOLD = [
  'signed-out',
  'needs-sign-in',
  'revoked',
  'scopes-changed',
  'webhook-rejected',
  'webhook-given-up',
] satisfies (keyof ConnectorEvents)[]

/** One process of an app that hears of revocations. */
export class Hearing {
  readonly told: [string, unknown][] = []
  onWake: () => void = () => undefined
  readonly room: Room
  readonly parts: RoomParts

  constructor(app: TestApp, options: RevocationOptions) {
    const { upstream } = app
    this.parts = openParts(
      {
        issuer: upstream.issuer,
        client: { ...upstream.client, redirectUri: 'http://localhost:4100/connect/callback' },
        scopes: { required: ['openid', 'Item:read'], optional: ['Customer:read'] },
        fetch: upstream.fetch,
        clock: upstream.clock.now,
        store: app.store,
        keys: app.keys,
        revocations: options,
      },
      '',
      () => this.onWake(),
    )
    for (const event of TOLD) this.parts.listeners.on(event, (detail) => void this.told.push([event, detail]))
    this.room = revocationsRoom(this.parts, options)
  }

  async work(): Promise<number> {
    return (await this.room.work!(new AbortController().signal)).inbox ?? 0
  }
}

/** A site, an app with a person signed in, and what the site would send. */
export class Revoking {
  readonly site: FakeUpstream
  readonly app: TestApp
  readonly hearing: Hearing
  #keys: { readonly privateKey: CryptoKey; readonly jwks: object } | undefined

  private constructor(options: RevocationOptions) {
    this.site = new FakeUpstream({ clock: new TestClock(Date.parse('2026-11-22T08:00:00Z')) })
    this.app = new TestApp(this.site, { store: memoryStore({ clock: this.site.clock.now }) })
    this.hearing = new Hearing(this.app, options)
  }

  static async open(options: RevocationOptions = { eventSecrets: [SECRET] }): Promise<Revoking> {
    const revoking = new Revoking(options)
    await revoking.app.signIn()
    return revoking
  }

  get store() {
    return this.app.store.of('')
  }

  async connection(user = 'sam-sub'): Promise<StoredConnection> {
    return (await this.store.connections.find(this.site.issuer, user))!
  }

  /** The body of an event call, as the site writes it. */
  event(type: string, data: Readonly<Record<string, unknown>> = {}): string {
    const own = { iss: this.site.issuer, client_id: this.site.client.id, sub: 'sam-sub', grant: 'g', reason: 'user_revoked' }
    return JSON.stringify({
      type: CAEP + type,
      timestamp: '2026-11-22T08:00:00.000Z',
      data: { ...own, initiating_entity: 'user', ...data },
    })
  }

  async send(body: string, { id = 'evt_1', at = this.site.clock.now(), secrets = [SECRET], to = this.hearing } = {}): Promise<Response> {
    const signed = await signWebhook({ id, timestamp: Math.floor(at / 1000), body }, secrets)
    const headers = { 'content-type': 'application/json', ...signed }
    return to.room.routes[0]!.answer(new Request('http://localhost:4100/connect/events', { method: 'POST', headers, body }))
  }

  /** A logout token as the site signs it; claims that are undefined are left out. */
  async logoutToken(
    claims: Readonly<Record<string, unknown>> = {},
    header: { typ?: string | undefined; alg?: string } = {},
    key?: CryptoKey | Uint8Array,
  ): Promise<string> {
    const keys = await this.#ownKeys()
    const now = Math.floor(this.site.clock.now() / 1000)
    const own = {
      iss: this.site.issuer,
      aud: this.site.client.id,
      sub: 'sam-sub',
      jti: 'jti-1',
      iat: now,
      exp: now + 120,
      events: { [LOGOUT]: {} },
    }
    const all = Object.fromEntries(Object.entries({ ...own, ...claims }).filter(([, value]) => value !== undefined))
    const { alg = 'ES256', typ } = { typ: 'logout+jwt', ...header }
    return new SignJWT(all).setProtectedHeader({ alg, kid: 'test', ...(typ === undefined ? {} : { typ }) }).sign(key ?? keys.privateKey)
  }

  logout(token: string, to = this.hearing): Promise<Response> {
    const body = new URLSearchParams({ logout_token: token })
    return to.room.routes[1]!.answer(new Request('http://localhost:4100/connect/backchannel-logout', { method: 'POST', body }))
  }

  /** From now on the site publishes the key that `logoutToken` signs with. */
  async #ownKeys() {
    if (this.#keys !== undefined) return this.#keys
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'test', alg: 'ES256', use: 'sig' }] }
    this.site.override = (request) => (request.path === OAUTH_PATHS.jwks ? { json: jwks } : undefined)
    return (this.#keys = { privateKey, jwks })
  }

  /** The public half, as anybody can read it. */
  async publicKeys(): Promise<string> {
    return JSON.stringify((await this.#ownKeys()).jwks)
  }
}
