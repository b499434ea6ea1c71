import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { AppRefused, ConsentDenied, InvalidSignIn, UpstreamUnavailable } from '../core/errors.ts'
import { signInByBrowser, signInByDevice, type DeviceOptions, type DevicePrompt } from './device.ts'
import { idToken, pair, ScriptedSite } from './scripted-site.fixture.ts'

let site: ScriptedSite
let shown: DevicePrompt[]
beforeEach(() => {
  vi.useFakeTimers()
  site = new ScriptedSite()
  shown = []
})
afterEach(() => {
  vi.useRealTimers()
})

const begin = (more: Partial<DeviceOptions> = {}) =>
  signInByDevice({
    issuer: site.issuer,
    clientId: 'cli',
    scopes: ['openid', 'Item:read'],
    fetch: site.fetch,
    show: (prompt) => shown.push(prompt),
    ...more,
  })
/** Lets time pass until the sign-in has come to its end. */
async function through<T>(work: Promise<T>): Promise<PromiseSettledResult<T>> {
  const ended: PromiseSettledResult<T>[] = []
  void Promise.allSettled([work]).then((outcomes) => ended.push(...outcomes))
  while (ended.length === 0) await vi.advanceTimersByTimeAsync(1000)
  return ended[0]!
}
const pending = { error: 'authorization_pending' }

test('a person enters the code elsewhere, and the program goes on as them', async () => {
  site.answers.push(pending, pending, pair(1))
  const outcome = await through(begin())
  expect(shown).toMatchObject([{ userCode: 'ABCD-EFGH', verificationUri: 'https://erp.test/device-page' }])
  expect(shown[0]!.expiresAt - Date.now()).toBeGreaterThan(500_000)
  expect(site.asked[0]).toEqual({ path: '/device', client_id: 'cli', scope: 'openid Item:read' })
  expect(site.tokenRequests).toHaveLength(3)
  expect(site.tokenRequests[0]).toMatchObject({
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: 'the-code',
    client_id: 'cli',
  })
  expect(outcome.status === 'fulfilled' && (await outcome.value.token())).toBe('access-1')
})

test('the site is asked as often as it says, less often when it says slow_down, and half as often while it is away', async () => {
  const at: number[] = []
  const start = Date.now()
  site.answers.push(pending, { error: 'slow_down' }, pending, 'lost', pair(1))
  const fetch: typeof site.fetch = (url, init) => {
    if (url.endsWith('get_token')) at.push((Date.now() - start) / 1000)
    return site.fetch(url, init)
  }
  await through(begin({ fetch }))
  expect(at).toEqual([5, 10, 20, 30, 50])
})

test.each<[string, Record<string, unknown>, new (...words: never[]) => Error]>([
  ['says no', { error: 'access_denied' }, ConsentDenied],
  ['is too late', { error: 'expired_token' }, InvalidSignIn],
  ['has an app that the site does not know', { error: 'invalid_client' }, AppRefused],
])('who %s gets no tokens, and the site is asked no more', async (_who, answer, kind) => {
  site.answers.push(pending, answer)
  const outcome = await through(begin())
  expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(kind) as unknown })
  expect(site.tokenRequests).toHaveLength(2)
})

test('a code that nobody enters is over, whatever the site says', async () => {
  site.answers.push(...Array.from({ length: 200 }, () => pending))
  const outcome = await through(begin())
  expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(InvalidSignIn) as unknown })
  expect(site.tokenRequests.length).toBeLessThanOrEqual(120)
})

test('an answer with times without measure neither floods the site nor makes a wait that never ends', async () => {
  site.device = { ...(site.device as object), interval: 1e300, expires_in: 1e300 }
  site.answers.push(pending, pair(1))
  const start = Date.now()
  const work = begin()
  await vi.advanceTimersByTimeAsync(86_399_000)
  expect(site.tokenRequests).toHaveLength(0)
  expect(shown[0]!.expiresAt).toBeLessThanOrEqual(start + 31_536_001_000)
  await vi.advanceTimersByTimeAsync(2 * 86_400_000)
  await work
  expect(site.tokenRequests).toHaveLength(2)
})

test('a person who gives up ends the waiting', async () => {
  const patience = new AbortController()
  site.answers.push(pending, pending)
  const work = begin({ signal: patience.signal })
  setTimeout(() => patience.abort(new Error('given up')), 7_000)
  const outcome = await through(work)
  expect(outcome).toMatchObject({ status: 'rejected', reason: new Error('given up') })
  expect(site.tokenRequests).toHaveLength(1)
})

test('a site without a sign-in for devices says so', async () => {
  delete site.metadata['device_authorization_endpoint']
  await expect(begin()).rejects.toThrow(/no sign-in for devices/)
  expect(shown).toEqual([])
})

test.each<[string, ScriptedSite['device'], new (...words: never[]) => Error]>([
  ['refuses the app', { error: 'unauthorized_client' }, AppRefused],
  ['is away', 503, UpstreamUnavailable],
  ['says nothing that is a code', { hello: 'world' }, UpstreamUnavailable],
])('a site that %s shows nothing', async (_what, device, kind) => {
  site.device = device
  await expect(begin()).rejects.toThrow(kind)
  expect(shown).toEqual([])
})

test('a program that has kept its tokens asks nobody', async () => {
  let text: string | undefined = JSON.stringify([site.issuer, 'cli', 'refresh-0'])
  const keep = { read: async () => text, write: async (next: string) => void (text = next), clear: async () => void (text = undefined) }
  site.answers.push(pair(1))
  expect(await (await begin({ keep })).token()).toBe('access-1')
  expect(shown).toEqual([])
  expect(text).toContain('refresh-1')
})

test('a phone signs a person in with its own browser', async () => {
  const open = async (url: string): Promise<string> => {
    const query = new URL(url).searchParams
    const claims = { iss: site.issuer, aud: 'phone', nonce: query.get('nonce'), exp: Date.now() / 1000 + 60 }
    site.answers.push(pair(1, { id_token: idToken(claims) }))
    return `shop:/callback?${new URLSearchParams({ code: 'c', state: query.get('state')!, iss: site.issuer })}`
  }
  const options = { issuer: site.issuer, clientId: 'phone', scopes: ['openid'], redirectUri: 'shop:/callback', fetch: site.fetch }
  expect(await (await signInByBrowser({ ...options, open })).token()).toBe('access-1')
  await expect(signInByBrowser({ ...options, open: async () => 'shop:/callback?code=stolen&state=other' })).rejects.toThrow(InvalidSignIn)
})
