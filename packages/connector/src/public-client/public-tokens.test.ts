import { beforeEach, expect, test } from 'vitest'
import { SignInRequired, UpstreamUnavailable } from '../core/errors.ts'
import { PublicTokens } from './public-tokens.ts'
import { pair, ScriptedSite, signInOf } from './scripted-site.fixture.ts'

let site: ScriptedSite
let now: number
beforeEach(() => {
  site = new ScriptedSite()
  now = 1_000_000
})

async function signedIn(): Promise<PublicTokens> {
  const options = { issuer: site.issuer, clientId: 'spa', scopes: ['openid'], fetch: site.fetch, clock: () => now }
  const tokens = new PublicTokens({ options, redirectUri: 'https://app.test/' })
  await tokens.accept(signInOf('0', now + 3_600_000))
  return tokens
}

test('a good token is handed out without asking the site', async () => {
  expect(await (await signedIn()).token()).toBe('access-0')
  expect(site.asked).toEqual([])
})

test('D8 two hundred callers renew a token that is over once, and the next renewal takes the new refresh token', async () => {
  const tokens = await signedIn()
  now += 3_600_000
  site.answers.push(pair(1), pair(2))
  const got = await Promise.all(Array.from({ length: 200 }, () => tokens.token()))
  expect(new Set(got)).toEqual(new Set(['access-1']))
  expect(site.tokenRequests).toMatchObject([{ grant_type: 'refresh_token', refresh_token: 'refresh-0', client_id: 'spa' }])
  expect(await tokens.token({ rejected: 'access-1' })).toBe('access-2')
  expect(site.tokenRequests[1]).toMatchObject({ refresh_token: 'refresh-1' })
})

test('no secret is sent, for there is none', async () => {
  const tokens = await signedIn()
  site.answers.push(pair(1))
  await tokens.token({ rejected: 'access-0' })
  expect(site.tokenRequests[0]).not.toHaveProperty('client_secret')
})

test('a lost answer is asked for again with the same token', async () => {
  const tokens = await signedIn()
  now += 3_600_000
  site.answers.push('lost', pair(1))
  expect(await tokens.token()).toBe('access-1')
  expect(site.tokenRequests.map((form) => form['refresh_token'])).toEqual(['refresh-0', 'refresh-0'])
})

test.each([500, 503, 429, 200])('D12 an answer of %i signs nobody out, and the old token serves while it is good', async (status) => {
  const tokens = await signedIn()
  now += 3_590_000
  site.answers.push(status, status)
  expect(await tokens.token()).toBe('access-0')
  now += 20_000
  await expect(tokens.token()).rejects.toThrow(UpstreamUnavailable)
  expect(tokens.signedIn).toBe(true)
  site.answers.push(pair(1))
  expect(await tokens.token()).toBe('access-1')
})

test('invalid_grant is final', async () => {
  const tokens = await signedIn()
  site.answers.push({ error: 'invalid_grant' })
  await expect(tokens.token({ rejected: 'access-0' })).rejects.toMatchObject({
    code: 'sign_in_required',
    url: 'https://app.test/',
    reason: 'expired',
  })
  expect(tokens.signedIn).toBe(false)
  await expect(tokens.token()).rejects.toThrow(SignInRequired)
})

test('who leaves does not end the renewal that others wait for', async () => {
  const tokens = await signedIn()
  now += 3_600_000
  site.answers.push(pair(1))
  const patience = new AbortController()
  const leaving = tokens.token({ signal: patience.signal })
  const staying = tokens.token()
  patience.abort(new Error('left'))
  await expect(leaving).rejects.toThrow('left')
  expect(await staying).toBe('access-1')
})

test('a sign-in while the site makes new tokens for the one before goes on, and those are revoked', async () => {
  const tokens = await signedIn()
  site.answers.push(pair(1))
  site.meanwhile = () => tokens.accept(signInOf('new'))
  expect(await tokens.token({ rejected: 'access-0' })).toBe('access-new')
  expect(site.asked.map(({ token, refresh_token }) => token ?? refresh_token)).toEqual(['refresh-0', 'refresh-1'])
})

test('a sign-in while the site refuses the token of the one before goes on', async () => {
  const tokens = await signedIn()
  site.answers.push({ error: 'invalid_grant' })
  site.meanwhile = () => tokens.accept(signInOf('new'))
  expect(await tokens.token({ rejected: 'access-0' })).toBe('access-new')
  expect(tokens.signedIn).toBe(true)
})

test('signing out revokes, and what a renewal under way brings is revoked too', async () => {
  const tokens = await signedIn()
  now += 3_600_000
  site.answers.push(pair(1))
  site.meanwhile = () => tokens.signOut()
  await expect(tokens.token()).rejects.toThrow(SignInRequired)
  expect(tokens.signedIn).toBe(false)
  expect(site.asked.map(({ token, refresh_token }) => token ?? refresh_token)).toEqual(['refresh-0', 'refresh-0', 'refresh-1'])
})

test('signing out before the site is asked for new tokens leaves it unasked', async () => {
  const tokens = await signedIn()
  now += 3_600_000
  const renewing = tokens.token()
  await tokens.signOut()
  await expect(renewing).rejects.toThrow(SignInRequired)
  expect([tokens.signedIn, site.tokenRequests]).toEqual([false, []])
})
