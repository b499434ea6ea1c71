import { beforeEach, describe, expect, test } from 'vitest'
import { OAUTH_PATHS } from '@annex/protocol'
import { SignInRequired, UpstreamUnavailable } from '../errors.ts'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import type { FakeKind } from '../../testing/fake/kinds.ts'
import { TestApp } from '../../testing/test-app.ts'
import { TestClock } from '../../testing/test-clock.ts'

const LOGGED_USER = '/api/method/frappe.auth.get_logged_user'

async function appAt(kind: FakeKind, everyMs: number): Promise<{ site: FakeUpstream; app: TestApp }> {
  const site = new FakeUpstream({ kind, clock: new TestClock(1_800_000_000_000) })
  const app = new TestApp(site, { verify: { everyMs } })
  await app.signIn()
  return { site, app }
}

/** Questions whether a token stands. */
const asked = (site: FakeUpstream): number => site.count(OAUTH_PATHS.introspect) + site.count(LOGGED_USER)

describe.each(['annex', 'frappe-16', 'frappe-15'] as const)('at %s', (kind) => {
  test('D5 access that was revoked ends at the next use when the site is always asked', async () => {
    const { site, app } = await appAt(kind, 0)
    const connection = await app.connection()
    expect(await connection.token()).toBe(await connection.token())
    expect(asked(site)).toBe(2)
    await site.revoke()
    await expect(connection.token()).rejects.toThrow(SignInRequired)
    expect(await app.store.of('').connections.read(connection.id)).toMatchObject({ state: 'needs-sign-in', sealed: null })
  })

  test('a token that stood is believed for as long as the app says', async () => {
    const { site, app } = await appAt(kind, 5000)
    const connection = await app.connection()
    const token = await connection.token()
    await site.revoke()
    site.clock.advance(4999)
    expect(await connection.token()).toBe(token)
    expect(asked(site)).toBe(1)
    site.clock.advance(1)
    await expect(connection.token()).rejects.toThrow(SignInRequired)
  })

  test('O6 introspection is believed where it is true alone', async () => {
    const { site, app } = await appAt(kind, 0)
    await (await app.connection()).token()
    expect(site.count(OAUTH_PATHS.introspect) > 0).toBe(kind === 'annex')
  })

  test('D12 a site that cannot say whether access stands ends nobody’s', async () => {
    const { site, app } = await appAt(kind, 0)
    const connection = await app.connection()
    const token = await connection.token()
    site.faults.down = true
    await expect(connection.token()).rejects.toThrow(UpstreamUnavailable)
    site.faults.down = false
    site.faults.html = true
    await expect(connection.token()).rejects.toThrow(UpstreamUnavailable)
    site.faults.html = false
    expect(await connection.token()).toBe(token)
  })
})

let site: FakeUpstream
let app: TestApp
beforeEach(async () => {
  ;({ site, app } = await appAt('frappe-15', 0))
})

test.each([401, 403])('D5 a refusal (%i) ends the token though its body is JSON like any other', async (status) => {
  const connection = await app.connection()
  const token = await connection.token()
  site.override = (request) => (request.path === LOGGED_USER ? { status, json: { message: 'sam@example.com' } } : undefined)
  expect(await connection.token()).not.toBe(token)
  expect(site.renewals).toBe(1)
})

test('D5 a token that makes the caller a guest does not stand', async () => {
  const connection = await app.connection()
  const token = await connection.token()
  site.override = (request) => (request.path === LOGGED_USER ? { json: { message: 'Guest' } } : undefined)
  expect(await connection.token()).not.toBe(token)
})

test('callers at one moment ask the site once', async () => {
  const connection = await app.connection()
  const before = asked(site)
  site.faults.slowMs = 100
  await Promise.all(Array.from({ length: 50 }, () => connection.token()))
  expect(asked(site) - before).toBe(1)
})

test('a token that was renewed a moment ago comes from the site and is not asked for again', async () => {
  const connection = await app.connection()
  site.clock.advance(3_600_000)
  await connection.token()
  expect(site.renewals).toBe(1)
  expect(asked(site)).toBe(0)
})
