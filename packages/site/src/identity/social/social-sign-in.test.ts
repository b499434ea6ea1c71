import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Api } from '../../../../../tests/support/callers/api.ts'
import { engines } from '../../../../../tests/support/databases.ts'
import { startSite, type RunningSite } from '../../../../../tests/support/site.ts'
import { Browser, type Shown } from './testing/browser.fixture.ts'
import { sql } from 'kysely'
import { Secret, TOTP } from 'otpauth'
import { openDatabase, type Connection } from '@annex/database'
import { CLIENT, TestProvider, type Manners } from './testing/openid-provider.fixture.ts'

const PASSWORD = 'Corr3ct-horse-battery'
const KEY = { provider_name: 'House', enable_social_login: 1, client_id: CLIENT.id, client_secret: CLIENT.secret }

describe.each(engines)('Signing in by another provider on %s', (engine) => {
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
  beforeEach(() => {
    provider.manners = {}
  })

  const start = (browser: Browser, target = '/account', name = 'house'): Promise<Shown> =>
    browser.post(`${site.url}/login/social/${name}`, { 'redirect-to': target })
  /** The provider's answer to a sign-in that this browser began. */
  const begun = async (browser: Browser, target?: string, name?: string): Promise<string> => {
    const shown = await start(browser, target, name)
    expect(shown.status, shown.text).toBe(303)
    return provider.authorize(shown.location ?? '')
  }
  const signIn = async (manners: Manners, browser = new Browser(), name?: string): Promise<Shown> => {
    provider.manners = manners
    return browser.get(await begun(browser, '/account', name))
  }
  const inDatabase = async <T>(work: (connection: Connection) => Promise<T>): Promise<T> => {
    const database = await openDatabase(site.databaseUrl)
    try {
      return await work(database.connection)
    } finally {
      await database.close()
    }
  }
  const userOf = (browser: Browser): string => decodeURIComponent(browser.cookie(site.url, 'user_id') ?? '')
  const person = async (values: Record<string, unknown> = {}): Promise<string> => {
    people += 1
    const email = `person${people}@example.com`
    await admin.insert('User', { email, first_name: 'Person', new_password: PASSWORD, ...values })
    return email
  }
  const expectRefused = (shown: Shown, browser: Browser, status: number, words: string | RegExp): void => {
    expect(shown.text).toMatch(words)
    expect([shown.status, browser.cookie(site.url, 'sid')]).toEqual([status, undefined])
  }

  it('has a button, by which somebody whose address is verified gets in, and afterwards by their subject alone', async () => {
    const email = await person()
    const browser = new Browser()
    const page = await browser.get(`${site.url}/login?redirect-to=/account`)
    expect(page.text).toMatch(/action="\/login\/social\/house"[\s\S]*name="redirect-to" value="\/account"[\s\S]*House/)
    const shown = await signIn({ sub: 's1', profile: { email: email.toUpperCase(), email_verified: true } }, browser)
    expect([shown.status, shown.location, userOf(browser)]).toEqual([303, `${site.url}/account`, email])
    expect((await browser.get(`${site.url}/account`)).text).toContain('Person')
    expect(browser.cookie(site.url, 'social_sign_in')).toBeUndefined()
    const again = new Browser()
    await signIn({ sub: 's1' }, again)
    expect(userOf(again)).toBe(email)
  })

  it('sends a state, a nonce and a challenge of their own each time', async () => {
    const asked = await Promise.all([1, 2].map(async () => new URL((await start(new Browser())).location ?? '').searchParams))
    for (const name of ['state', 'nonce', 'code_challenge']) {
      const values = asked.map((query) => query.get(name) ?? '')
      expect(new Set(values).size).toBe(2)
      for (const value of values) expect(value).toMatch(/^[\w-]{43}$/)
    }
    expect(asked[0]?.get('redirect_uri')).toBe(`${site.url}/api/method/frappe.integrations.oauth2_logins.custom/house`)
    expect(asked[0]?.get('code_challenge_method')).toBe('S256')
  })

  it('begins by a form of this site alone', async () => {
    expect((await fetch(`${site.url}/login/social/house`)).status).toBe(405)
    const foreign = await fetch(`${site.url}/login/social/house`, { method: 'POST', headers: { origin: 'https://evil.example' } })
    expect(foreign.status).toBe(400)
    expect((await start(new Browser(), '/app', 'nobody')).status).toBe(404)
  })

  describe('J01: an answer', () => {
    const words = /not begun in this browser/
    const refused = async (browser: Browser, url: string): Promise<void> => {
      const before = provider.redeemed
      expectRefused(await browser.get(url), browser, 400, words)
      expect(provider.redeemed).toBe(before)
    }
    const changed = (url: string, change: (query: URLSearchParams) => void): string => {
      const altered = new URL(url)
      change(altered.searchParams)
      return altered.href
    }

    it('with a foreign, missing or repeated state is refused, and no token is asked for', async () => {
      const browser = new Browser()
      const url = await begun(browser)
      await refused(
        browser,
        changed(url, (query) => query.set('state', 'x'.repeat(43))),
      )
      await refused(
        browser,
        changed(url, (query) => query.delete('state')),
      )
      await refused(
        browser,
        changed(url, (query) => query.append('state', 'more')),
      )
    })

    it('in another browser is refused, and does not spend the sign-in', async () => {
      const email = await person()
      provider.manners = { sub: 'own', profile: { email, email_verified: true } }
      const [own, other] = [new Browser(), new Browser()]
      const url = await begun(own)
      await refused(other, url)
      await begun(other)
      await refused(other, url)
      expect((await own.get(url)).status).toBe(303)
      expect(userOf(own)).toBe(email)
    })

    it('that was used is refused', async () => {
      const email = await person()
      const browser = new Browser()
      provider.manners = { sub: 'used', profile: { email, email_verified: true } }
      const [url, secret] = [await begun(browser), browser.cookie(site.url, 'social_sign_in')]
      expect((await browser.get(url)).status).toBe(303)
      const before = provider.redeemed
      const again = await fetch(url, { headers: { cookie: `social_sign_in=${String(secret)}`, accept: 'text/html' }, redirect: 'manual' })
      expect([again.status, provider.redeemed]).toEqual([400, before])
    })

    it('to the address of another key is refused', async () => {
      const browser = new Browser()
      const url = (await begun(browser)).replace('custom/house', 'login_via_frappe').replace('custom/login', 'login')
      await refused(browser, url)
    })
  })

  it.each([
    ['J02: another iss', 'https://evil.example'],
    ['J02: no iss, though it was announced', null],
  ])('%s is refused without asking for a token', async (_, answers) => {
    const before = provider.redeemed
    const browser = new Browser()
    expectRefused(await signIn({ answers }, browser), browser, 400, /not from House/)
    expect(provider.redeemed).toBe(before)
  })

  it('J03: a code of another sign-in fails by the challenge', async () => {
    const [victim, attacker] = [new Browser(), new Browser()]
    const stolen = new URL(await begun(victim)).searchParams.get('code') ?? ''
    const url = new URL(await begun(attacker))
    url.searchParams.set('code', stolen)
    expectRefused(await attacker.get(url.href), attacker, 502, /did not confirm/)
  })

  it.each([
    ['J03: another nonce', { nonce: 'another' }, /another sign-in/],
    ['another issuer', { issuer: 'https://evil.example' }, /does not prove/],
    ['another audience', { audience: 'another' }, /does not prove/],
    ['several audiences and nobody named', { audience: [CLIENT.id, 'another'] }, /another site/],
    ['an end that is over', { expires: '-2m' }, /does not prove/],
    ['a signature by an unknown key', { otherKey: true }, /does not prove/],
    ['another subject in the profile', { profile: { sub: 'another' } }, /not of the person/],
  ] as const)('an id_token with %s is refused', async (_, manners, words) => {
    const email = await person()
    const browser = new Browser()
    const profile = { email, email_verified: true, ...('profile' in manners ? manners.profile : {}) }
    const shown = await signIn({ sub: `of ${email}`, ...manners, profile } as Manners, browser)
    expectRefused(shown, browser, 502, words)
  })

  it('refuses an address that is not verified, whoever has it here', async () => {
    const email = await person()
    for (const verified of [undefined, false, 'true', 1]) {
      const browser = new Browser()
      const profile = { email, ...(verified === undefined ? {} : { email_verified: verified }) }
      expectRefused(await signIn({ sub: 'unverified', profile }, browser), browser, 403, /no verified e-mail/)
    }
  })

  it('refuses a disabled user, also one that it knows', async () => {
    const email = await person()
    const manners = { sub: 'disabled', profile: { email, email_verified: true } }
    await signIn(manners)
    await admin.update('User', email, { enabled: 0 })
    const browser = new Browser()
    expectRefused(await signIn(manners, browser), browser, 401, /disabled/)
    const unknown = await person({ enabled: 0 })
    const other = new Browser()
    expectRefused(await signIn({ sub: 'unknown', profile: { email: unknown, email_verified: true } }, other), other, 403, /disabled/)
  })

  it('asks for the second factor of somebody who has one', async () => {
    const email = await person()
    const [own, other] = [new Browser(), new Browser()]
    await own.post(`${site.url}/login`, { usr: email, pwd: PASSWORD })
    const factor = async (step: string, fields: Record<string, string>): Promise<string> => {
      const [, csrf_token = ''] = /name="csrf_token" value="([^"]*)"/.exec((await own.get(`${site.url}/account/factor`)).text) ?? []
      return (await own.post(`${site.url}/account/factor/${step}`, { ...fields, csrf_token })).text
    }
    await factor('begin', { password: PASSWORD })
    const [, secret = ''] = /<code>([A-Z2-7]{32})<\/code>/.exec((await own.get(`${site.url}/account/factor`)).text) ?? []
    const confirmed = await factor('confirm', { code: new TOTP({ secret: Secret.fromBase32(secret) }).generate() })
    const [, otp = ''] = /<code>(\w{4}(?:-\w{4}){3})<\/code>/.exec(confirmed) ?? []
    const page = await signIn({ sub: `factor of ${email}`, profile: { email, email_verified: true } }, other)
    expect([page.status, other.cookie(site.url, 'sid')]).toEqual([200, undefined])
    const [, tmp_id = ''] = /name="tmp_id" value="([^"]*)"/.exec(page.text) ?? []
    const shown = await other.post(`${site.url}/login`, { tmp_id, otp, 'redirect-to': '/account' })
    expect([shown.location, userOf(other)]).toEqual([`${site.url}/account`, email])
  })

  it('refuses a second subject with the address of somebody who has one there already', async () => {
    const email = await person()
    const profile = { email, email_verified: true }
    await signIn({ sub: 'first', profile })
    const browser = new Browser()
    expectRefused(await signIn({ sub: 'second', profile }, browser), browser, 403, /another account of House/)
  })

  it('ties nobody to the namesake of a user who is no more', async () => {
    const email = await person()
    await signIn({ sub: 'former', profile: { email, email_verified: true } })
    expect((await admin.send('DELETE', `/api/resource/User/${email}`)).status).toBe(202)
    await admin.insert('User', { email, first_name: 'Namesake', new_password: PASSWORD })
    const browser = new Browser()
    expectRefused(await signIn({ sub: 'former' }, browser), browser, 403, /no verified e-mail/)
  })

  it('makes an account only when the key says so, without any role', async () => {
    const manners = { sub: 'new', profile: { email: 'New@example.org', email_verified: true, given_name: 'Nora', family_name: 'New' } }
    const browser = new Browser()
    expectRefused(await signIn(manners, browser), browser, 403, /no account here/)
    await admin.update('Social Login Key', 'house', { sign_ups: 'Allow' })
    for (const email of [
      'a@x.example,b@x.example',
      'a@x.example b@x.example',
      'a@x.example\r\nBcc: b@x.example',
      '<a@x.example>',
      'a@x.example,',
    ]) {
      const several = new Browser()
      const profile = { email, email_verified: true, given_name: 'Nora' }
      expectRefused(await signIn({ sub: 'several', profile }, several), several, 403, /no verified e-mail/)
    }
    await signIn(manners, browser)
    expect(userOf(browser)).toBe('new@example.org')
    const user = await admin.read('User', 'new@example.org')
    expect(user).toMatchObject({ first_name: 'Nora', last_name: 'New', user_type: 'Website User', enabled: 1, roles: [] })
    await admin.update('Social Login Key', 'house', { sign_ups: 'Deny' })
  })

  it.each(['https://evil.example/', '//evil.example', '/\\evil.example', '\t//evil.example', 'javascript:alert(1)'])(
    'A27, J08: with %j to go on to it lands on this site',
    async (target) => {
      provider.manners = { sub: 's1' }
      const browser = new Browser()
      const shown = await browser.get(await begun(browser, target))
      expect(shown.location).toBe(`${site.url}/app`)
    },
  )

  it('says what to do when the person declines there', async () => {
    const browser = new Browser()
    const url = new URL(await begun(browser))
    url.searchParams.delete('code')
    url.searchParams.set('error', 'access_denied')
    url.searchParams.set('error_description', 'Call this number now')
    const shown = await browser.get(url.href)
    expectRefused(shown, browser, 400, /House did not sign you in/)
    expect(shown.text).not.toContain('Call this number')
  })

  it('knows a Frappe site that publishes no keys by its secret and its profile, and by its address only when trusted', async () => {
    const email = await person()
    provider.manners = { frappe: true, answers: null }
    const key = { ...KEY, provider_name: 'Frappe', social_login_provider: 'Frappe', base_url: `${provider.base}/` }
    expect(await admin.insert('Social Login Key', key)).toMatchObject({ name: 'frappe', base_url: provider.base })
    const manners = { frappe: true, answers: null, sub: 'f1', profile: { email } }
    const browser = new Browser()
    expectRefused(await signIn(manners, browser, 'frappe'), browser, 403, /no verified e-mail/)
    await admin.update('Social Login Key', 'frappe', { trust_email: 1 })
    expect((await signIn({ ...manners, nonce: 'another' }, browser, 'frappe')).status).toBe(502)
    const shown = await signIn(manners, browser, 'frappe')
    expect([shown.status, userOf(browser)]).toEqual([303, email])
  })

  it('refuses an answer that comes after ten minutes', async () => {
    const browser = new Browser()
    const url = await begun(browser)
    const before = provider.redeemed
    const { rows } = await inDatabase((connection) => sql<{ expires: number }>`select expires from social_sign_in`.execute(connection))
    for (const { expires } of rows) expect(expires / 1000 - Date.now()).toBeLessThanOrEqual(600_000)
    await inDatabase((connection) => sql`update social_sign_in set expires = 1`.execute(connection))
    expectRefused(await browser.get(url), browser, 400, /too old/)
    expect(provider.redeemed).toBe(before)
  })

  it('keeps neither the state nor what is derived from it, and no client secret in the clear', async () => {
    const browser = new Browser()
    const shown = await start(browser)
    const asked = new URL(shown.location ?? '').searchParams
    const { rows } = await inDatabase((connection) => sql`select * from social_sign_in`.execute(connection))
    const kept = JSON.stringify(rows)
    for (const secret of [asked.get('state'), asked.get('nonce'), browser.cookie(site.url, 'social_sign_in')])
      expect(kept).not.toContain(secret)
    const keys = await inDatabase((connection) => sql`select * from "tabSocial Login Key"`.execute(connection))
    expect(JSON.stringify(keys.rows)).not.toContain(CLIENT.secret)
    expect(site.output()).not.toContain(CLIENT.secret)
  })

  it('leaves lines in the trail: who came by which provider, who was tied, and what was refused', async () => {
    const email = await person()
    await signIn({ sub: `trail ${engine}`, profile: { email, email_verified: true } })
    await signIn({ answers: 'https://evil.example' })
    const { rows } = await inDatabase((connection) =>
      sql<{ event: string; detail: string | null }>`select event, detail from audit`.execute(connection),
    )
    const found = (event: string): string =>
      rows
        .filter((row) => row.event === event)
        .map(({ detail }) => detail ?? '')
        .join('\n')
    expect(found('sign-in')).toContain('{"provider":"house"}')
    expect(found('social identity tied')).toContain('{"provider":"house"}')
    expect(found('sign-in refused')).toContain('not from House')
    expect(found('social key made')).toContain('"name":"house"')
  })

  it('ends with the key', async () => {
    const browser = new Browser()
    const url = await begun(browser)
    await admin.update('Social Login Key', 'house', { enable_social_login: 0 })
    expect((await browser.get(url)).status).toBe(404)
    expect((await browser.get(`${site.url}/login`)).text).not.toContain('/login/social/house')
  })
})
