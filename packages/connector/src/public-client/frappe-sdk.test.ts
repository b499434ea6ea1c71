import { FrappeApp } from 'frappe-js-sdk'
import { expect, test } from 'vitest'
import { attachToFrappeSdk } from './frappe-sdk.ts'

interface Sent {
  readonly headers: { get(name: string): unknown }
}

/** What an app would send to an address. */
async function sentTo(url: string, baseURL: string): Promise<unknown> {
  const app = new FrappeApp('https://erp.test')
  attachToFrappeSdk(app, { token: async () => 'secret' })
  const sent: Sent[] = []
  await app.axios.get(url, {
    baseURL,
    adapter: async (config) => {
      sent.push(config)
      return { data: '', status: 200, statusText: '', headers: {}, config }
    },
  })
  return sent[0]!.headers.get('authorization')
}

test.each([
  '/\\evil.test',
  '\\\\evil.test',
  ' //evil.test',
  '\t//evil.test',
  '/\t/evil.test',
  '//evil.test',
  'http:evil.test',
  'https://evil.test',
])('the address %j leads away from the page, and gets no token', async (url) => {
  expect(await sentTo(url, '')).toBeUndefined()
})

test.each(['//evil.test', '/\\evil.test', ' \\\\evil.test/desk'])('nor does one below %j', async (base) => {
  expect(await sentTo('/api/resource/Item', base)).toBeUndefined()
})

test.each([
  ['/', '\\evil.test'],
  ['/', '\t/evil.test'],
  ['\\', 'evil.test'],
  ['/\t', 'evil.test'],
])('nor does what %j and %j make together, each of which is harmless', async (base, url) => {
  expect(await sentTo(url, base)).toBeUndefined()
})

test.each([
  ['/api/resource/Item', ''],
  ['/api/resource/Item', '/'],
  ['/api/method/find?text=a\\b', 'https://erp.test'],
  ['api/resource/Item', '/desk'],
  ['/api/resource/Item', 'https://erp.test'],
  ['https://erp.test/api/resource/Item', 'https://erp.test/'],
])('%s below %j is the site’s own, and gets one', async (url, base) => {
  expect(await sentTo(url, base)).toBe('Bearer secret')
})
