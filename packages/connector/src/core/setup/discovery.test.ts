import { beforeEach, describe, expect, test } from 'vitest'
import { OAUTH_PATHS } from '@annex/protocol'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import { TestClock } from '../../testing/test-clock.ts'
import { InvalidSignIn, UpstreamUnavailable } from '../errors.ts'
import { createFetchSend } from '../upstream/transport.ts'
import { Discovery } from './discovery.ts'

let site: FakeUpstream
let discovery: Discovery

const open = (kind: 'annex' | 'frappe-16' | 'frappe-15'): void => {
  site = new FakeUpstream({ kind, clock: new TestClock(1_000_000) })
  discovery = new Discovery(site.issuer, createFetchSend(site.fetch, 5000), site.clock.now)
}
const paths = (): string[] => site.requests.map(({ path }) => path)

beforeEach(() => open('annex'))

test.each([
  ['annex', [OAUTH_PATHS.serverMetadata]],
  ['frappe-16', [OAUTH_PATHS.serverMetadata, OAUTH_PATHS.openidDiscovery]],
  ['frappe-15', [OAUTH_PATHS.serverMetadata, OAUTH_PATHS.openidDiscovery, OAUTH_PATHS.configuration]],
] as const)('O10 a site of the kind %s is found by what it can do, with as few questions', async (kind, asked) => {
  open(kind)
  expect((await discovery.site()).kind).toBe(kind)
  expect(paths()).toEqual(asked)
  for (const { headers } of site.requests) expect([headers.get('authorization'), headers.get('cookie')]).toEqual([null, null])
})

test('it is asked once in an hour, by however many at once, and when it was forgotten', async () => {
  await Promise.all(Array.from({ length: 20 }, () => discovery.site()))
  site.clock.advance(3_600_000)
  await discovery.site()
  expect(paths()).toHaveLength(1)
  site.clock.advance(1)
  await discovery.site()
  expect(paths()).toHaveLength(2)
  discovery.forget()
  await discovery.site()
  expect(paths()).toHaveLength(3)
})

test.each([429, 500, 503])('an answer of %i is weather: told with how long to wait, and asked again the next time', async (status) => {
  site.override = () => ({ status, headers: { 'retry-after': '9' }, html: 'wait' })
  await expect(discovery.site()).rejects.toMatchObject({ retryAfterMs: 9000, code: status === 429 ? 'rate_limited' : 'busy' })
  site.override = undefined
  expect((await discovery.site()).kind).toBe('annex')
})

test('a site that calls itself by another name is asked again after ten seconds, however many letters arrive', async () => {
  site.override = ({ path }) =>
    path === OAUTH_PATHS.serverMetadata
      ? { json: { issuer: 'https://other.test', token_endpoint: 'https://other.test/token', jwks_uri: 'https://other.test/keys' } }
      : undefined
  await expect(discovery.site()).rejects.toBeInstanceOf(InvalidSignIn)
  const once = site.requests.length
  site.clock.advance(10_000)
  await expect(discovery.site()).rejects.toBeInstanceOf(InvalidSignIn)
  expect(site.requests).toHaveLength(once)
  site.override = undefined
  site.clock.advance(1)
  expect((await discovery.site()).kind).toBe('annex')
})

test('weather that shows after several questions does not make a site answer them again for ten seconds', async () => {
  open('frappe-15')
  site.override = ({ path }) => (path === OAUTH_PATHS.openidDiscovery ? { status: 503, html: 'wait' } : undefined)
  for (let times = 0; times < 5; times++) await expect(discovery.site()).rejects.toMatchObject({ code: 'busy' })
  expect(paths()).toEqual([OAUTH_PATHS.serverMetadata, OAUTH_PATHS.openidDiscovery])
  site.override = undefined
  site.clock.advance(10_001)
  expect((await discovery.site()).kind).toBe('frappe-15')
})

test('a site that is down is weather too', async () => {
  site.faults.down = true
  await expect(discovery.site()).rejects.toBeInstanceOf(UpstreamUnavailable)
})

describe('J05 a redirect is not followed', () => {
  test.each([
    'http://169.254.169.254/latest/meta-data/',
    'https://erp.test.evil.example.com/',
    'https://erp.test:8443/',
    '//evil.example.com/x',
    'https://erp.test@evil.example.com/',
  ])('to %s', async (location) => {
    site.override = ({ path }) => (path === OAUTH_PATHS.serverMetadata ? { status: 302, headers: { location }, html: '' } : undefined)
    await expect(discovery.site()).rejects.toBeInstanceOf(InvalidSignIn)
    expect(paths()).toEqual([OAUTH_PATHS.serverMetadata])
  })

  test('for ever', async () => {
    site.override = ({ path }) =>
      path === OAUTH_PATHS.serverMetadata ? { status: 302, headers: { location: OAUTH_PATHS.serverMetadata }, html: '' } : undefined
    await discovery.site()
    expect(site.count(OAUTH_PATHS.serverMetadata)).toBe(4)
  })

  test('in clear: the path that it names is asked for by https', async () => {
    open('frappe-15')
    const seen: string[] = []
    const { fetch } = site
    discovery = new Discovery(
      site.issuer,
      createFetchSend((url, init) => {
        seen.push(url)
        return fetch(url, init)
      }, 5000),
      site.clock.now,
    )
    site.override = ({ path }) =>
      path === OAUTH_PATHS.openidDiscovery
        ? { status: 301, headers: { location: `http://erp.test${OAUTH_PATHS.configuration}` }, html: '' }
        : undefined
    expect((await discovery.site()).kind).toBe('frappe-15')
    expect(seen.every((url) => url.startsWith('https://erp.test/'))).toBe(true)
  })
})
