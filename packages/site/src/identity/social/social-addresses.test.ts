import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../../../../tests/support/callers/api.ts'
import { engines } from '../../../../../tests/support/databases.ts'
import { startSite, type RunningSite } from '../../../../../tests/support/site.ts'
import { Browser, type Shown } from './testing/browser.fixture.ts'
import { CLIENT, TestProvider, type Manners } from './testing/openid-provider.fixture.ts'

const KEY = { provider_name: 'House', enable_social_login: 1, client_id: CLIENT.id, client_secret: CLIENT.secret }

describe.each(engines)('The address of somebody whom another provider signs in, and its verification, on %s', (engine) => {
  let site: RunningSite
  let admin: Api
  let provider: TestProvider
  let people = 0
  beforeAll(async () => {
    ;[site, provider] = await Promise.all([startSite(engine, { ANNEX_TRUSTED_PROXIES: '127.0.0.0/8' }), TestProvider.open()])
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('Social Login Key', { ...KEY, base_url: provider.base })
  })
  afterAll(async () => {
    await site?.close()
    await provider?.close()
  })

  const signIn = async (manners: Manners, browser: Browser): Promise<Shown> => {
    provider.manners = manners
    const begun = await browser.post(`${site.url}/login/social/house`, { 'redirect-to': '/account' })
    return browser.get(provider.authorize(begun.location ?? ''))
  }
  const userOf = (browser: Browser): string => decodeURIComponent(browser.cookie(site.url, 'user_id') ?? '')
  const person = async (): Promise<string> => {
    people += 1
    const email = `kim${people}@example.com`
    await admin.insert('User', { email, first_name: 'Person' })
    return email
  }

  const verified = { email_verified: true }
  type Told = readonly [claims: Record<string, unknown>, profile: Record<string, unknown>]
  /** What each of the two answers says; `mine` is verified by the provider, `theirs` is somebody's here. */
  const mixtures = (mine: string, theirs: string): readonly Told[] => {
    const pairs: readonly Told[] = [
      [{ email: mine, ...verified }, { email: theirs }],
      [
        { email: mine, ...verified },
        { email: theirs, ...verified },
      ],
      [{ email: theirs, email_verified: false }, verified],
      [
        { email: theirs, email_verified: false },
        { email: theirs, ...verified },
      ],
      [
        { email: theirs, email_verified: 'false' },
        { email: theirs, ...verified },
      ],
      [{ email: theirs, ...verified }, { email_verified: false }],
      [{ email: mine, ...verified }, { email: [theirs] }],
      [{ email: theirs.replace('k', '\u212a'), ...verified }, {}],
    ]
    return pairs.flatMap(([one, other]) => [[one, other] as const, [other, one] as const])
  }

  it.each([
    ['Deny', 0],
    ['Deny', 1],
    ['Allow', 0],
    ['Allow', 1],
  ])('are never put together from two answers (sign-ups: %s, trusted: %i)', async (sign_ups, trust_email) => {
    const theirs = await person()
    await admin.update('Social Login Key', 'house', { sign_ups, trust_email })
    const mine = `mine-${theirs}`
    for (const [claims, profile] of mixtures(mine, theirs)) {
      const browser = new Browser()
      const shown = await signIn({ sub: `mixed ${theirs}`, claims, profile }, browser)
      expect([shown.status, browser.cookie(site.url, 'sid')], JSON.stringify([claims, profile])).toEqual([403, undefined])
    }
    expect((await admin.send('GET', `/api/resource/User/${mine}`)).status).toBe(404)
    await admin.update('Social Login Key', 'house', { sign_ups: 'Deny', trust_email: 0 })
  })

  it('are not put together where one answer has the address alone and the other the verification alone', async () => {
    const email = await person()
    for (const [claims, profile] of [
      [{ email }, verified],
      [verified, { email }],
    ]) {
      const browser = new Browser()
      const shown = await signIn({ sub: 'apart', claims, profile } as Manners, browser)
      expect([shown.status, browser.cookie(site.url, 'sid')]).toEqual([403, undefined])
      expect(shown.text).toMatch(/no verified e-mail/)
    }
  })

  it('are taken from either answer, also where the other names the same address without a word on it', async () => {
    const named = (email: string): readonly Told[] => [
      [{ email, ...verified }, {}],
      [{ email, ...verified }, { email: email.toUpperCase() }],
      [{ email }, { email: ` ${email}`, ...verified }],
    ]
    for (const index of [0, 1, 2]) {
      const email = await person()
      const [claims, profile] = named(email)[index] ?? [{}, {}]
      const browser = new Browser()
      await signIn({ sub: `of ${email}`, claims, profile }, browser)
      expect(userOf(browser)).toBe(email)
    }
  })
})
