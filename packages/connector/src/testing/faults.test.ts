import { OAUTH_PATHS } from '@annex/protocol'
import { describe, expect, test } from 'vitest'
import { SignInRequired, UpstreamUnavailable } from '../core/errors.ts'
import { UpstreamClient } from '../core/upstream/upstream-client.ts'
import { FakeUpstream } from './fake/fake-upstream.ts'
import { TestApp } from './test-app.ts'

const KINDS = ['annex', 'frappe-16', 'frappe-15'] as const
const MINUTES_5 = 300_000

async function signedIn(site: FakeUpstream): Promise<TestApp> {
  const app = new TestApp(site)
  expect((await app.signIn()).status).toBe(303)
  return app
}

describe.each(KINDS)('at a fake %s', (kind) => {
  test.each([-MINUTES_5 + 1000, MINUTES_5 - 1000])(
    'a clock that is %i ms wrong keeps nobody from signing in, nor from a renewal',
    async (ahead) => {
      const site = new FakeUpstream({ kind })
      const app = new TestApp(site)
      app.ahead = ahead
      expect((await app.signIn()).status).toBe(303)
      const connection = await app.connection()
      const first = await connection.token()
      expect(await connection.token({ rejected: first })).not.toBe(first)
    },
  )

  test('access that ends while a call is under way ends with the next', async () => {
    const site = new FakeUpstream({ kind })
    const connection = await (await signedIn(site)).connection()
    site.faults.revokeDuring = '/api/resource/Item'
    expect(await connection.client.list('Item')).toEqual([])
    await expect(connection.client.list('Item')).rejects.toThrow(SignInRequired)
  })

  test('access that ends while it is renewed leaves tokens that are good for nothing', async () => {
    const site = new FakeUpstream({ kind })
    const connection = await (await signedIn(site)).connection()
    site.faults.revokeDuring = OAUTH_PATHS.token
    await connection.token({ rejected: await connection.token() })
    await expect(connection.client.list('Item')).rejects.toThrow(SignInRequired)
  })

  test('what it lost on the way is done all the same', async () => {
    const site = new FakeUpstream({ kind })
    const connection = await (await signedIn(site)).connection()
    site.faults.loseTokenAnswers = 1
    await connection.token({ rejected: await connection.token() }).catch(() => undefined)
    expect(site.renewals).toBeGreaterThanOrEqual(1)
  })

  test('T7 a site that is busy says for how long, and answers again when it is asked later', async () => {
    // Whoever is told to wait waits in the whole process: this site is no other test's.
    const site = new FakeUpstream({ kind, issuer: `https://busy-${kind}.test` })
    const apiKey = site.users[0]!.apiKey
    const client = new UpstreamClient({ url: site.issuer, fetch: site.fetch, credentials: { apiKey }, retries: 0 })
    const ask = () => site.fetch(`${site.issuer}/api/resource/Item`, { headers: { authorization: `token ${apiKey}` } })
    site.faults.busy = { status: 429, retryAfter: '2', times: 2 }
    await expect(client.list('Item')).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 2000 })
    const { status, headers } = await ask()
    expect([status, headers.get('x-ratelimit-reset'), headers.get('x-ratelimit-remaining')]).toEqual([429, '2', '0'])
    expect((await ask()).status).toBe(200)
  })

  test('a site that is down, and a proxy in its place, are outages', async () => {
    const site = new FakeUpstream({ kind })
    const client = new UpstreamClient({ url: site.issuer, fetch: site.fetch, credentials: { apiKey: site.users[0]!.apiKey }, retries: 0 })
    site.faults.down = true
    await expect(client.list('Item')).rejects.toThrow(UpstreamUnavailable)
    site.faults.down = false
    site.faults.html = true
    await expect(client.list('Item')).rejects.toThrow(UpstreamUnavailable)
  })
})

test('a caller who does not wait is gone at once, and the site sees it', async () => {
  const site = new FakeUpstream()
  site.faults.slowMs = 60_000
  const gone = new AbortController()
  const asked = site.fetch(`${site.issuer}/api/resource/Item`, { signal: gone.signal })
  await expect.poll(() => site.requests.length).toBe(1)
  gone.abort()
  await expect(asked).rejects.toThrow()
  expect(site.requests[0]!.signal.aborted).toBe(true)
})

test('on a socket it is the same site, by its new address', async () => {
  const site = new FakeUpstream()
  const listening = await site.listen()
  try {
    expect(site.issuer).toBe(listening.url)
    const app = new TestApp(site, { fetch })
    await app.signIn()
    expect(await (await app.connection()).client.user()).toBe('sam@example.com')
    site.faults.down = true
    await expect(fetch(`${site.issuer}/api/resource/Item`)).rejects.toThrow('fetch failed')
  } finally {
    await listening.close()
  }
  await expect(fetch(listening.url)).rejects.toThrow('fetch failed')
})

test('nobody is at another address', async () => {
  await expect(new FakeUpstream().fetch('https://elsewhere.test/')).rejects.toThrow('fetch failed')
})
