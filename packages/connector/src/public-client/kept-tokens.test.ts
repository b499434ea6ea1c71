import { beforeEach, describe, expect, test } from 'vitest'
import { UpstreamUnavailable } from '../core/errors.ts'
import { keeperOf, resume } from './kept-tokens.ts'
import { PublicTokens, type PublicClientOptions, type TokenKeeper } from './public-tokens.ts'
import { pair, ScriptedSite, signInOf } from './scripted-site.fixture.ts'

let site: ScriptedSite
let options: PublicClientOptions
beforeEach(() => {
  site = new ScriptedSite()
  options = { issuer: site.issuer, clientId: 'spa', scopes: ['openid'], fetch: site.fetch }
})

class Kept implements TokenKeeper {
  text: string | undefined
  read = async (): Promise<string | undefined> => this.text
  write = async (text: string): Promise<void> => void (this.text = text)
  clear = async (): Promise<void> => void (this.text = undefined)
}

const open = (keep: TokenKeeper): PublicTokens =>
  new PublicTokens({ options, redirectUri: 'https://app.test/', keep: keeperOf(keep, options) })
const begin = (tokens: PublicTokens, keep: TokenKeeper): Promise<boolean> => resume(tokens, keeperOf(keep, options), options.scopes)

async function signedIn(keep: TokenKeeper): Promise<PublicTokens> {
  const tokens = open(keep)
  await tokens.accept(signInOf('0'))
  return tokens
}

test('a program goes on where it was, and each new refresh token is kept before it is used', async () => {
  const keep = new Kept()
  await signedIn(keep)
  site.answers.push(pair(1))
  const later = open(keep)
  expect(await begin(later, keep)).toBe(true)
  expect(await later.token()).toBe('access-1')
  expect(keep.text).toContain('refresh-1')
  expect(keep.text).not.toContain('access-1')
})

test('two processes of a program do not use a refresh token twice', async () => {
  const keep = new Kept()
  const [one, other] = [await signedIn(keep), await signedIn(keep)]
  site.answers.push(pair(1), pair(2))
  await one.token({ rejected: 'access-0' })
  await other.token({ rejected: 'access-0' })
  expect(site.tokenRequests.map((form) => form['refresh_token'])).toEqual(['refresh-0', 'refresh-1'])
})

describe('of two processes that renew at once, at a site that takes a refresh token once', () => {
  const both = (tokens: readonly PublicTokens[]): Promise<string[]> =>
    Promise.all(tokens.map((each) => each.token({ rejected: 'access-0' })))

  test('the slower goes on with what the quicker has kept, and none is signed out', async () => {
    const keep = new Kept()
    const tokens = [await signedIn(keep), await signedIn(keep)]
    site.answers.push(pair(1), { error: 'invalid_grant' }, pair(2))
    expect((await both(tokens)).toSorted()).toEqual(['access-1', 'access-2'])
    expect(site.tokenRequests.map((form) => form['refresh_token'])).toEqual(['refresh-0', 'refresh-0', 'refresh-1'])
    expect([keep.text, tokens.map((each) => each.signedIn)]).toEqual([expect.stringContaining('refresh-2'), [true, true]])
  })

  test('also when it hears of the refusal before that is kept', async () => {
    const keep = new Kept()
    const tokens = [await signedIn(keep), await signedIn(keep)]
    const { write } = keep
    keep.write = (text) => new Promise((resolve) => void setTimeout(() => resolve(write(text)), 20))
    site.answers.push(pair(1), { error: 'invalid_grant' }, pair(2))
    expect((await both(tokens)).toSorted()).toEqual(['access-1', 'access-2'])
    expect(keep.text).toContain('refresh-2')
  })
})

test('a start between two renewals of another process does not go over what that has kept', async () => {
  const keep = new Kept()
  await signedIn(keep)
  const first = keep.text
  await keeperOf(keep, options).write('refresh-1')
  const { read, text } = keep
  let reads = 0
  // What the start reads first was replaced just after.
  keep.read = () => (reads++ === 0 ? Promise.resolve(first) : read())
  site.answers.push(503, pair(2))
  await expect(begin(open(keep), keep)).rejects.toThrow(UpstreamUnavailable)
  expect(keep.text).toBe(text)
  expect(await begin(open(keep), keep)).toBe(true)
  expect(site.tokenRequests.map((form) => form['refresh_token'])).toEqual(['refresh-1', 'refresh-1'])
  expect(keep.text).toContain('refresh-2')
})

test('a renewal that brings no new refresh token leaves what another process has kept meanwhile', async () => {
  const keep = new Kept()
  const tokens = await signedIn(keep)
  site.answers.push({ access_token: 'access-1', expires_in: 3600 })
  site.meanwhile = () => keeperOf(keep, options).write('of-a-new-sign-in')
  expect(await tokens.token({ rejected: 'access-0' })).toBe('access-1')
  expect(keep.text).toContain('of-a-new-sign-in')
})

describe('a sign-in while a renewal is under way', () => {
  test('goes before the renewal that has yet to read what is kept: its token is not spent', async () => {
    const keep = new Kept()
    const tokens = await signedIn(keep)
    const { read } = keep
    let goOn = (): void => undefined
    const held = new Promise<void>((resolve) => (goOn = resolve))
    keep.read = () => held.then(read)
    const renewing = tokens.token({ rejected: 'access-0' })
    await tokens.accept(signInOf('new'))
    goOn()
    expect(await renewing).toBe('access-new')
    expect(site.asked).toEqual([])
    expect(keep.text).toContain('refresh-new')
  })

  test('stays when the site refuses the old token', async () => {
    const keep = new Kept()
    const tokens = await signedIn(keep)
    site.answers.push({ error: 'invalid_grant' })
    site.meanwhile = () => tokens.accept(signInOf('new'))
    expect(await tokens.token({ rejected: 'access-0' })).toBe('access-new')
    expect(site.tokenRequests.map((form) => form['refresh_token'])).toEqual(['refresh-0'])
    expect(keep.text).toContain('refresh-new')
  })
})

test('what was kept for another site or app, or cannot be read, is as good as nothing', async () => {
  const keep = new Kept()
  for (const text of ['', '{', '[]', JSON.stringify(['https://other.test', 'spa', 'r']), JSON.stringify([site.issuer, 'other', 'r'])]) {
    keep.text = text
    expect(await begin(open(keep), keep)).toBe(false)
  }
  expect(site.asked).toEqual([])
})

test('access that has ended is kept no longer; a site that is away is no reason to forget it', async () => {
  const keep = new Kept()
  await signedIn(keep)
  site.answers.push(503)
  await expect(begin(open(keep), keep)).rejects.toThrow(UpstreamUnavailable)
  expect(keep.text).toContain('refresh-0')
  site.answers.push({ error: 'invalid_grant' })
  expect(await begin(open(keep), keep)).toBe(false)
  expect(keep.text).toBeUndefined()
})

test('signing out clears it', async () => {
  const keep = new Kept()
  await (await signedIn(keep)).signOut()
  expect(keep.text).toBeUndefined()
})
