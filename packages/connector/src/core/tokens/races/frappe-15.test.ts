import { beforeEach, expect, test } from 'vitest'
import { OAUTH_PATHS } from '@annex/protocol'
import { SignInRequired } from '../../errors.ts'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../../testing/test-app.ts'

const HOUR = 3_600_000

let site: FakeUpstream
let app: TestApp
beforeEach(async () => {
  site = new FakeUpstream({ kind: 'frappe-15' })
  app = new TestApp(site)
  await app.signIn()
})

/** How many of all refresh tokens that were ever given still renew. */
async function stillRenewing(): Promise<number> {
  const url = new URL(OAUTH_PATHS.token, site.issuer).href
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  let good = 0
  for (const token of site.tokens('refresh')) {
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token, client_id: site.client.id }).toString()
    if ((await site.fetch(url, { method: 'POST', headers, body })).status === 200) good++
  }
  return good
}

test('a client that Frappe 15 does not know is a wrong setting, and ends nobody’s access', async () => {
  const connection = await app.connection()
  const client = { ...site.client, id: 'a-typo', redirectUri: 'http://localhost:4100/connect/callback' }
  const wrong = new TestApp(site, { store: app.store, keys: app.keys, client })
  app.ahead = wrong.ahead = HOUR
  const refused = wrong.connector.connection(connection.id).token()
  await expect(refused).rejects.toMatchObject({ name: 'AppRefused', code: 'invalid_client', hint: 'client' })
  await expect(refused).rejects.toThrow(/a-typo/)
  expect(await connection.state()).toMatchObject({ state: 'active' })
  await expect(connection.token()).resolves.toBeTypeOf('string')
})

test('whether Frappe 15 knows the client cannot be told now: that ends nobody’s access either', async () => {
  const connection = await app.connection()
  app.ahead = HOUR
  site.override = ({ path, body }) => {
    if (path !== OAUTH_PATHS.token) return undefined
    return body.includes('grant_type=refresh_token') ? { status: 404, json: { exc_type: 'DoesNotExistError' } } : { status: 502, html: '' }
  }
  await expect(connection.token()).rejects.toMatchObject({ name: 'UpstreamUnavailable' })
  site.override = undefined
  await expect(connection.token()).resolves.toBeTypeOf('string')
})

test('a refresh token that Frappe 15 does not know any more ends the access', async () => {
  const connection = await app.connection()
  app.ahead = HOUR
  await site.revoke()
  await expect(connection.token()).rejects.toThrow(SignInRequired)
})

test('after renewals at Frappe 15 the last token alone renews, and after the access was given back none', async () => {
  const connection = await app.connection()
  for (let hour = 1; hour <= 3; hour++) {
    app.ahead = hour * HOUR
    await connection.token()
    await expect.poll(() => site.count(OAUTH_PATHS.revoke)).toBe(hour)
  }
  expect(site.tokens('refresh')).toHaveLength(4)
  expect(await connection.disconnect()).toEqual({ revoked: true })
  expect(await stillRenewing()).toBe(0)
})

test('a token that Frappe 15 cannot be told of harms no renewal', async () => {
  const connection = await app.connection()
  site.override = ({ path }) => (path === OAUTH_PATHS.revoke ? { status: 500, html: '' } : undefined)
  app.ahead = HOUR
  const token = await connection.token()
  await expect.poll(() => site.count(OAUTH_PATHS.revoke)).toBe(1)
  expect(await connection.token()).toBe(token)
})

test.each(['annex', 'frappe-16'] as const)('%s, which rotates, is told of no replaced token', async (kind) => {
  const rotating = new FakeUpstream({ kind })
  const other = new TestApp(rotating)
  await other.signIn()
  other.ahead = HOUR
  await (await other.connection()).token()
  await (await other.connection()).disconnect()
  expect(rotating.count(OAUTH_PATHS.revoke)).toBe(1)
})
