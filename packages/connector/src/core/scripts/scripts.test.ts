import { beforeEach, expect, test } from 'vitest'
import { memoryStore } from '../../stores/memory.ts'
import type { StoredConnection, TenantStore } from '../../stores/connector-store.ts'
import type { RoomParts } from '../connector/room.ts'
import { createKeys, KeyRing } from '../sealing/key-ring.ts'
import type { Session } from '../sign-in/sessions.ts'
import { scriptsRoom } from './scripts-room.ts'
import type { ScriptParts } from './script-tokens.ts'
import { SiteScripts } from './scripts.ts'

const SITE = 'https://erp.example.com'
const OTHERS = [
  'https://evil.example.com',
  'http://erp.example.com',
  'https://erp.example.com:8443',
  'https://sub.erp.example.com',
  'null',
  '',
  '*',
]
const sam: StoredConnection = {
  id: 'c1',
  version: 1,
  issuer: SITE,
  subject: 'sam-sub',
  name: 'Sam Seller',
  email: 'sam@example.com',
  scopes: ['openid'],
  sealed: 'k.sealed.tokens',
  issuedAt: 0,
  expiresAt: 0,
  state: 'active',
  reason: null,
  stateAt: 0,
  untold: null,
  unforgotten: false,
  failures: 0,
  retryAt: 0,
  renewedAt: 0,
}

let now: number
let store: TenantStore
let parts: ScriptParts
let session: Session | undefined
beforeEach(async () => {
  now = 1_000_000
  store = memoryStore().of('')
  await store.connections.insert(sam)
  parts = { tenant: '', issuer: SITE, store, sealer: new KeyRing(createKeys()), clock: () => now }
  session = { connection: 'c1', user: { issuer: SITE, subject: 'sam-sub', name: 'Sam Seller', email: null } }
})

const scripts = (): SiteScripts => new SiteScripts(parts)
const request = (headers: Record<string, string>, method = 'GET'): { method: string; headers: Record<string, string> } => ({
  method,
  headers,
})

/** What the window shows to the person who is signed in. */
async function open(): Promise<Response> {
  const signInUrl = ({ returnTo }: { readonly returnTo?: string } = {}) => `https://app.example.com/connect/login?return_to=${returnTo}`
  const room = scriptsRoom({ ...parts, basePath: '/connect', session: async () => session, signInUrl } as unknown as RoomParts)
  expect(room.routes.map(({ route }) => route)).toEqual([{ method: 'GET', path: '/connect/script', body: false }])
  return room.routes[0]!.answer(new Request('https://app.example.com/connect/script'))
}
const tokenOf = async (page: Response): Promise<string> => /data-token="([^"]+)"/.exec(await page.text())![1]!
const callWith = (token: string, origin = SITE): Promise<Session | undefined> =>
  scripts().caller(request({ origin, authorization: `Bearer ${token}` }))

const question = (origin: string) => request({ origin, 'access-control-request-method': 'POST' }, 'OPTIONS')

test("a browser that asks whether the site's scripts may call hears yes, without credentials and never for all", () => {
  const answer = scripts().preflight(question(SITE))!
  expect(answer.status).toBe(204)
  expect(Object.fromEntries(answer.headers)).toEqual({
    'access-control-allow-origin': SITE,
    'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
    'access-control-allow-headers': 'authorization, content-type',
    'access-control-max-age': '600',
    vary: 'Origin',
  })
})

test.each(OTHERS)('a browser that asks for %j hears no, and no headers that would let it in', (origin) => {
  const answer = scripts().preflight(question(origin))!
  expect(answer.status).toBe(403)
  expect(Object.fromEntries(answer.headers)).toEqual({ vary: 'Origin' })
  expect(scripts().headers(request({ origin }))).toEqual({ vary: 'Origin' })
})

test('what is no question of a browser is the app’s own', () => {
  expect(scripts().preflight(request({ origin: SITE }, 'OPTIONS'))).toBeUndefined()
  expect(scripts().preflight(request({ 'access-control-request-method': 'POST' }, 'OPTIONS'))).toBeUndefined()
  expect(scripts().preflight(request({ origin: SITE, 'access-control-request-method': 'POST' }, 'POST'))).toBeUndefined()
})

test('answers are for the origin of the site alone, whatever the path of the issuer, and a Request serves as well', () => {
  parts = { ...parts, issuer: `${SITE}/path` }
  expect(scripts().headers(new Request('https://app.example.com/', { headers: { origin: SITE } }))).toEqual({
    'access-control-allow-origin': SITE,
    vary: 'Origin',
  })
})

test('a page of the site that opened the window calls as the person who is signed in to the app', async () => {
  const page = await open()
  expect(page.status).toBe(200)
  expect(await callWith(await tokenOf(page))).toEqual({
    connection: 'c1',
    user: { issuer: SITE, subject: 'sam-sub', name: 'Sam Seller', email: 'sam@example.com' },
  })
})

test('the window speaks to the origin of the site alone, runs one script, is framed nowhere and kept nowhere', async () => {
  const page = await open()
  const policy = page.headers.get('content-security-policy')!
  expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[A-Za-z0-9+/]{43}='; .*frame-ancestors 'none'$/)
  expect(page.headers.get('cache-control')).toBe('no-store')
  const text = await page.text()
  expect(text).toContain(`data-target="${SITE}"`)
  expect(text).not.toContain("'*'")
  const script = /<script>(.*)<\/script>/s.exec(text)![1]!
  const hash = Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(script))).toString('base64')
  expect(policy).toContain(`'sha256-${hash}'`)
})

test('who is not signed in, or has lost access to the site, signs in first and comes back to the window', async () => {
  const away = 'https://app.example.com/connect/login?return_to=/connect/script'
  await store.connections.compareAndSwap({ ...sam, version: 2, sealed: null, state: 'needs-sign-in' })
  const ended = await open()
  expect([ended.status, ended.headers.get('location')]).toEqual([303, away])
  session = undefined
  const nobody = await open()
  expect([nobody.status, nobody.headers.get('location')]).toEqual([303, away])
})

test.each(OTHERS)('a token in a call of the origin %j is nobody’s', async (origin) => {
  expect(await callWith(await tokenOf(await open()), origin)).toBeUndefined()
})

test('a call without an origin, without a token, or with what is no token is nobody’s', async () => {
  const token = await tokenOf(await open())
  for (const headers of [
    { authorization: `Bearer ${token}` },
    { origin: SITE },
    { origin: SITE, authorization: `Basic ${token}` },
    { origin: SITE, authorization: 'Bearer ' },
  ])
    expect(await scripts().caller(request(headers as Record<string, string>))).toBeUndefined()
  for (const text of ['x', 'a.b.c', `${token}x`, token.slice(0, -1)]) expect(await callWith(text)).toBeUndefined()
})

test('a token is over after ten minutes', async () => {
  const token = await tokenOf(await open())
  now += 599_999
  expect(await callWith(token)).toBeDefined()
  now += 1
  expect(await callWith(token)).toBeUndefined()
})

test('a token of another tenant, or of another site, is nobody’s, though the keys are the same', async () => {
  const token = await tokenOf(await open())
  const mine = parts
  parts = { ...mine, tenant: 'other' }
  expect(await callWith(token)).toBeUndefined()
  parts = { ...mine, issuer: 'https://erp.example.org' }
  expect(await callWith(token, 'https://erp.example.org')).toBeUndefined()
})

test('what the keys have sealed for another place is no token', async () => {
  const sealed = await parts.sealer.seal(JSON.stringify({ tenant: '', connection: 'c1', origin: SITE, expiresAt: now + 1000 }), 'sign-in')
  expect(await callWith(sealed)).toBeUndefined()
})

test('a token dies with the access to the site', async () => {
  const token = await tokenOf(await open())
  await store.connections.compareAndSwap({ ...sam, version: 2, sealed: null, state: 'revoked' })
  expect(await callWith(token)).toBeUndefined()
  await store.connections.remove('c1', 2)
  expect(await callWith(token)).toBeUndefined()
})
