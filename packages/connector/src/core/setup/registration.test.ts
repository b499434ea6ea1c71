import { beforeEach, expect, test } from 'vitest'
import { OAUTH_PATHS } from '@annex/protocol'
import type { ConnectorStore } from '../../stores/connector-store.ts'
import { memoryStore } from '../../stores/memory.ts'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../testing/test-app.ts'
import { TestClock } from '../../testing/test-clock.ts'
import { AppRefused, UpstreamUnavailable } from '../errors.ts'
import { createKeys, KeyRing } from '../sealing/key-ring.ts'
import { createFetchSend } from '../upstream/transport.ts'
import type { SelfRegistering } from './client.ts'
import { clientSource } from './client-source.ts'
import { Discovery } from './discovery.ts'
import type { RegistrationParts } from './registration.ts'

const redirectUri = 'http://localhost:4100/connect/callback'
const options: SelfRegistering = { register: { name: 'Field Sales', contacts: ['ops@example.com'] }, redirectUri }

let site: FakeUpstream
let store: ConnectorStore
const keys = createKeys()

beforeEach(() => {
  site = new FakeUpstream()
  store = memoryStore()
})

function parts(tenant = '', ring = keys): RegistrationParts {
  const send = createFetchSend(site.fetch, 5000)
  return {
    tenant,
    issuer: site.issuer,
    scopes: ['openid', 'Item:read'],
    store: store.of(tenant),
    sealer: new KeyRing(ring),
    discovery: new Discovery(site.issuer, send, site.clock.now),
    send,
    clock: site.clock.now,
  }
}
const asked = (): Record<string, unknown> => JSON.parse(site.requests.find(({ path }) => path === OAUTH_PATHS.register)!.body) as never

test('an app registers itself before its first sign-in, once, and keeps its secret sealed', async () => {
  const app = new TestApp(site, { client: options, store })
  expect((await app.signIn()).status).toBe(303)
  expect((await app.signIn()).status).toBe(303)
  expect(site.count(OAUTH_PATHS.register)).toBe(1)
  expect(asked()).toEqual({
    client_name: 'Field Sales',
    redirect_uris: [redirectUri],
    application_type: 'web',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_post',
    scope: 'openid Item:read Customer:read',
    contacts: ['ops@example.com'],
  })
  const stored = await store.of('').registrations.read(site.issuer, redirectUri)
  const { secret } = await clientSource(options, { ...parts(), sealer: new KeyRing(app.keys) })()
  expect(secret).toHaveLength(43)
  expect(JSON.stringify(stored)).not.toContain(secret)
})

test.each([
  ['annex', 'https://shop.test', {}, 'https://shop.test/connect/backchannel-logout'],
  ['annex', 'https://shop.test', undefined, undefined],
  ['annex', 'http://localhost:4100', {}, undefined],
  ['frappe-16', 'https://shop.test', {}, undefined],
] as const)(
  'one that hears of revocations names its address to a site that tells of them: %s %s %o',
  async (kind, origin, revocations, named) => {
    site = new FakeUpstream({ kind })
    const client = { ...options, redirectUri: `${origin}/connect/callback` }
    const app = new TestApp(site, { client, store, ...(revocations === undefined ? {} : { revocations }) })
    await app.connector.handler(new Request(app.connector.signInUrl()))
    expect(asked()['backchannel_logout_uri']).toBe(named)
  },
)

test('of sixteen that need it at the same time, in as many processes, one registers', async () => {
  const clients = await Promise.all(Array.from({ length: 16 }, () => clientSource(options, parts())()))
  expect(new Set(clients.map(({ id }) => id)).size).toBe(1)
  expect(site.count(OAUTH_PATHS.register)).toBe(1)
})

test('a site that is slow to be found costs nobody the right to register', async () => {
  const slow = parts()
  const { discovery } = slow
  const find = discovery.site.bind(discovery)
  let other: string | undefined
  discovery.site = async () => {
    other ??= (await clientSource(options, parts())()).id
    return find()
  }
  expect((await clientSource(options, slow)()).id).toBe(other)
  expect(site.count(OAUTH_PATHS.register)).toBe(1)
})

test('a process that registers later than another, whose lease it has lost, is the app that the other has registered', async () => {
  const late = parts()
  const { registrations } = late.store
  const insert = registrations.insert.bind(registrations)
  registrations.insert = async (own) => {
    await insert({ ...own, clientId: 'the first', secret: null })
    return insert(own)
  }
  expect(await clientSource(options, late)()).toEqual({ id: 'the first', redirectUri })
})

test('O15 a Frappe 16 is asked with one redirect URI, and its wish to be left alone is told; what was registered stays', async () => {
  site = new FakeUpstream({ kind: 'frappe-16' })
  const { id } = await clientSource(options, parts())()
  expect(asked()).toMatchObject({ redirect_uris: [redirectUri], token_endpoint_auth_method: 'client_secret_basic' })
  expect((await clientSource(options, parts())()).id).toBe(id)
  const other = clientSource({ ...options, redirectUri: 'http://localhost:4200/connect/callback' }, parts())
  await expect(other()).rejects.toBeInstanceOf(UpstreamUnavailable)
  await expect(other()).rejects.toMatchObject({ code: 'rate_limited' })
  site.clock.advance(600_000)
  expect((await other()).id).not.toBe(id)
})

test('a site that lets no app register itself is answered with the form for its System Manager', async () => {
  site = new FakeUpstream({ kind: 'frappe-15' })
  const refused = await clientSource(options, parts())().catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(AppRefused)
  expect((refused as Error).message).toContain('it lets no app register itself')
  const link = new URL(/https:\S+/.exec((refused as Error).message)![0])
  expect(link.origin + link.pathname).toBe('https://erp.test/app/oauth-client/new')
  expect(Object.fromEntries(link.searchParams)).toEqual({
    app_name: 'Field Sales',
    redirect_uris: redirectUri,
    default_redirect_uri: redirectUri,
    scopes: 'openid Item:read',
    grant_type: 'Authorization Code',
    response_type: 'Code',
  })
  expect(link.search).not.toContain('+')
  expect(site.count(OAUTH_PATHS.register)).toBe(0)
})

test('an app that was refused is registered ten seconds after the site was set to allow it, without a restart', async () => {
  site = new FakeUpstream({ clock: new TestClock(1_000_000) })
  const metadata = (await (await site.fetch(site.issuer + OAUTH_PATHS.serverMetadata)).json()) as Record<string, unknown>
  const closed = { ...metadata, registration_endpoint: undefined }
  site.override = ({ path }) => (path === OAUTH_PATHS.serverMetadata ? { json: closed } : undefined)
  const app = new TestApp(site, { client: options, store })
  const before = site.requests.length
  for (let times = 0; times < 5; times++) expect((await app.visit(app.connector.signInUrl())).status).toBe(400)
  expect(site.requests).toHaveLength(before + 1)
  site.override = undefined
  site.clock.advance(10_001)
  expect((await app.signIn()).status).toBe(303)
})

test.each([
  [{ status: 400, json: { error: 'invalid_client_metadata', error_description: 'The name is taken' } }, 'The name is taken', 'client'],
  [{ status: 404, json: { error: 'access_denied' } }, 'access_denied', 'client'],
  [{ status: 200, json: {} }, 'it answers 200 to the registration', 'client'],
  [{ status: 201, json: { client_id: 'x', redirect_uris: [`${redirectUri}/`] } }, `instead of ${redirectUri}`, 'redirect'],
])('an answer that registers nothing is told as it is, and nothing is kept: %j', async (reply, words, hint) => {
  site.override = ({ path }) => (path === OAUTH_PATHS.register ? reply : undefined)
  const refused = await clientSource(options, parts())().catch((error: unknown) => error)
  expect(refused).toMatchObject({ hint })
  expect((refused as Error).message).toContain(words)
  expect(await store.of('').registrations.read(site.issuer, redirectUri)).toBeUndefined()
})

test('what one tenant was given opens for no other, not even from its own row', async () => {
  await clientSource(options, parts('blue'))()
  const row = (await store.of('blue').registrations.read(site.issuer, redirectUri))!
  expect(await store.of('red').registrations.read(site.issuer, redirectUri)).toBeUndefined()
  await store.of('red').registrations.insert(row)
  await expect(clientSource(options, parts('red'))()).rejects.toMatchObject({ hint: 'secret' })
})

test('an app whose keys are lost is told so, and asks for no second registration by itself', async () => {
  await clientSource(options, parts())()
  await expect(clientSource(options, parts('', createKeys()))()).rejects.toThrow(/does not open with the keys that are set/)
  expect(site.count(OAUTH_PATHS.register)).toBe(1)
})

test.each([
  ['registers another redirect URI', { status: 201, json: { client_id: 'x', redirect_uris: [`${redirectUri}/`] } }],
  ['gives up half way', { status: 504, html: 'late' }],
])('a site that %s may have registered an app: it is not asked for the next within ten seconds', async (_what, reply) => {
  site = new FakeUpstream({ clock: new TestClock(1_000_000) })
  site.override = ({ path }) => (path === OAUTH_PATHS.register ? reply : undefined)
  const client = clientSource(options, parts())
  for (let times = 0; times < 5; times++) await expect(client()).rejects.toThrow()
  site.clock.advance(10_000)
  await expect(client()).rejects.toThrow()
  expect(site.count(OAUTH_PATHS.register)).toBe(1)
  site.override = undefined
  site.clock.advance(1)
  expect((await client()).id).not.toBe('')
})

test('a client that was refused for the weather is asked for again', async () => {
  site.faults.down = true
  const client = clientSource(options, parts())
  await expect(client()).rejects.toBeInstanceOf(UpstreamUnavailable)
  site.faults.down = false
  expect((await client()).id).not.toBe('')
})
