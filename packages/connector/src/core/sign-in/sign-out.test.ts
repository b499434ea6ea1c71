import { beforeEach, expect, test } from 'vitest'
import { OAUTH_PATHS } from '@annex/protocol'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import { Discovery } from '../setup/discovery.ts'
import { createFetchSend } from '../upstream/transport.ts'
import { siteSignOutUrl } from './sign-out.ts'

let site: FakeUpstream

const parts = () => ({
  discovery: new Discovery(site.issuer, createFetchSend(site.fetch, 5000), site.clock.now),
  client: async () => ({ ...site.client, redirectUri: 'http://localhost:4100/connect/callback' }),
})

beforeEach(() => {
  site = new FakeUpstream()
})

test('at a site with a page for it, the person is named by their id_token', async () => {
  expect(await siteSignOutUrl(parts(), 'the.id.token')).toBe(
    `${site.issuer}${OAUTH_PATHS.endSession}?client_id=fake-client&id_token_hint=the.id.token`,
  )
})

test('without the id_token the site asks the person, and knows the app', async () => {
  expect(await siteSignOutUrl(parts(), null)).toBe(`${site.issuer}${OAUTH_PATHS.endSession}?client_id=fake-client`)
})

test.each(['frappe-15', 'frappe-16'] as const)('a %s is left by its own path, to which no token is shown', async (kind) => {
  site = new FakeUpstream({ kind })
  expect(await siteSignOutUrl(parts(), 'the.id.token')).toBe(`${site.issuer}/api/method/web_logout`)
})

test('a site that does not answer leads nowhere: who signs out here is signed out here', async () => {
  site.faults.down = true
  expect(await siteSignOutUrl(parts(), 'the.id.token')).toBeUndefined()
})
