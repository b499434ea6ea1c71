import { beforeEach, expect, test } from 'vitest'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../../testing/test-app.ts'
import type { HeadersOf } from '../../sign-in/cookies.ts'

const ORIGIN = 'http://localhost:4100'
let site: FakeUpstream
let app: TestApp
beforeEach(async () => {
  site = new FakeUpstream()
  app = new TestApp(site)
  await app.signIn()
})

const cookie = (): string => app.request().headers.get('cookie')!

/** Where the person is sent back to when their access is found to have ended. */
async function returnOf(request: HeadersOf): Promise<string | null> {
  const session = (await app.connector.session(request))!
  await site.revoke()
  site.expireAccess()
  const error: unknown = await app.connector
    .connection(session)
    .check()
    .catch((thrown: unknown) => thrown)
  return new URL((error as { url: string }).url).searchParams.get('return_to')
}

test.each<[string, object, string | null]>([
  ['a page of a browser', { method: 'GET', url: '/visits?new=1', headers: { 'sec-fetch-mode': 'navigate' } }, '/visits?new=1'],
  ['a page of an older browser', { method: 'GET', url: '/visits', headers: { accept: 'text/html,*/*' } }, '/visits'],
  ['a page below a router', { method: 'GET', url: '/1', originalUrl: '/visits/1', headers: { accept: 'text/html' } }, '/visits/1'],
  ['a call of a page', { method: 'GET', url: '/api/x', headers: { 'sec-fetch-mode': 'cors', referer: `${ORIGIN}/visits/2` } }, '/visits/2'],
  [
    'a form of a page',
    { method: 'POST', url: '/visits', headers: { 'sec-fetch-mode': 'navigate', referer: `${ORIGIN}/visits/new` } },
    '/visits/new',
  ],
  ['a call from elsewhere', { method: 'POST', url: '/visits', headers: { referer: 'https://evil.example.com/visits' } }, null],
  ['a page that would lead elsewhere', { method: 'GET', url: '//evil.example.com/', headers: { 'sec-fetch-mode': 'navigate' } }, null],
  ['a page whose path begins a host', { method: 'GET', url: '/.//evil.example.com/', headers: { 'sec-fetch-mode': 'navigate' } }, null],
  ['a host after a backslash', { method: 'GET', url: '/\\evil.example.com', headers: { 'sec-fetch-mode': 'navigate' } }, null],
  ['a host after a control character', { method: 'GET', url: '/\t/evil.example.com', headers: { 'sec-fetch-mode': 'navigate' } }, null],
  ['a whole address with two slashes', { url: `${ORIGIN}//evil.example.com/`, headers: { 'sec-fetch-mode': 'navigate' } }, null],
  ['a line end inside', { method: 'GET', url: '/visits\r\nx: y', headers: { 'sec-fetch-mode': 'navigate' } }, '/visitsx:%20y'],
  ['the page of a failed sign-in', { method: 'POST', headers: { referer: `${ORIGIN}/connect/callback?code=c&state=s` } }, null],
  ['the own sign-out', { method: 'POST', headers: { referer: `${ORIGIN}/connect/logout` } }, null],
  ['the own sign-in', { method: 'GET', url: '/connect/login?scope=x', headers: { 'sec-fetch-mode': 'navigate' } }, null],
  ['a page that is only called alike', { method: 'GET', url: '/connections', headers: { 'sec-fetch-mode': 'navigate' } }, '/connections'],
  ['a program', { method: 'GET', url: '/visits', headers: {} }, null],
  ['no more than cookies', { headers: {} }, null],
])('the address to sign in at leads back to where the person was: %s', async (_name, request, expected) => {
  const { headers } = request as { headers: object }
  expect(await returnOf({ ...request, headers: { ...headers, cookie: cookie() } })).toBe(expected)
})

test('who is not signed in yet is sent back to the page that was asked for, unless another is named', () => {
  const from = { method: 'GET', url: '/visits/3', headers: { accept: 'text/html' } } as HeadersOf
  expect(app.connector.signInUrl({ from })).toBe(app.connector.signInUrl({ returnTo: '/visits/3' }))
  expect(app.connector.signInUrl({ from, returnTo: '/' })).toBe(app.connector.signInUrl({ returnTo: '/' }))
  expect(app.connector.signInUrl({ from: { headers: {} } })).toBe(app.connector.signInUrl())
})

test('who is sent to sign in is never sent back to the connector itself, nor to where another site says', () => {
  for (const referer of [
    `${ORIGIN}/connect/callback?code=c`,
    `${ORIGIN}/connect/logout`,
    'https://evil.example.com/visits',
    'javascript:x',
  ])
    expect(app.connector.signInUrl({ from: { headers: { referer } } })).toBe(app.connector.signInUrl())
})

test('behind a proxy that speaks http to another host, the place is at the own origin', async () => {
  const request = new Request('http://10.0.0.7:8080/visits?a=1', { headers: { accept: 'text/html', cookie: cookie() } })
  expect(await returnOf(request)).toBe('/visits?a=1')
})

test('callers who wait for one renewal are each sent back to their own place, and a step-up leads back too', async () => {
  const at = async (url: string) =>
    app.connector.connection(
      (await app.connector.session({ method: 'GET', url, headers: { accept: 'text/html', cookie: cookie() } } as HeadersOf))!,
    )
  const [first, second] = [await at('/first'), await at('/second')]
  const headers = { 'www-authenticate': 'Bearer error="insufficient_scope", scope="Customer:read"' }
  site.override = () => ({ status: 403, json: { exc_type: 'PermissionError' }, headers })
  const lacking = { url: app.connector.signInUrl({ returnTo: '/first', scopes: ['Customer:read'] }) }
  await expect(first.client.list('Customer')).rejects.toMatchObject(lacking)
  site.override = undefined
  await site.revoke()
  app.ahead = 3_600_000
  const [one, other] = await Promise.allSettled([first.token(), second.token()])
  expect(one).toMatchObject({ reason: { url: app.connector.signInUrl({ returnTo: '/first' }) } })
  expect(other).toMatchObject({ reason: { url: app.connector.signInUrl({ returnTo: '/second' }) } })
})
