import { createServer, type Server } from 'node:http'
import { Provider } from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Browser, type Shown } from '../../packages/site/src/identity/social/testing/browser.fixture.ts'
import { formOf } from '../../packages/site/src/oauth/testing/app.fixture.ts'
import { Api } from '../support/callers/api.ts'
import { engines } from '../support/databases.ts'
import { freePort } from '../support/free-port.ts'
import { startSite, type RunningSite } from '../support/site.ts'

const PASSWORD = 'Corr3ct-horse-battery'
const CLIENT = { id: 'annex', secret: 'a secret of the site: 100% of it' }
const person = { first_name: 'Ann', new_password: PASSWORD }

/** The first form of a page: where it posts to, and its hidden fields. */
function formIn(shown: Shown, base: string): { readonly url: string; readonly fields: Record<string, string> } {
  const form = /<form[\s\S]*?<\/form>/.exec(shown.text.replace(/<form method="post" action="\/logout"[\s\S]*?<\/form>/, ''))?.[0] ?? ''
  const action = (/action="([^"]*)"/.exec(form)?.[1] ?? '').replaceAll('&amp;', '&')
  const inputs = [...form.matchAll(/<input\b[^>]*>/g)].map(([tag]) => tag).filter((tag) => tag.includes('type="hidden"'))
  const value = (tag: string, name: string): string => new RegExp(`${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll('&amp;', '&') ?? ''
  return { url: new URL(action, base).href, fields: Object.fromEntries(inputs.map((tag) => [value(tag, 'name'), value(tag, 'value')])) }
}

/** The certified package, with its own pages for developers. */
async function openOidcProvider(redirectUri: string): Promise<{ readonly issuer: string; readonly server: Server }> {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const provider = new Provider(issuer, {
    clients: [{ client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [redirectUri] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['given_name'] },
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: id !== 'unverified', given_name: 'Ann' }),
    }),
    cookies: { keys: ['a key of the test'] },
  })
  const server = createServer(provider.callback())
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return { issuer, server }
}

describe.each(engines)('People of another provider sign in on %s', (engine) => {
  let site: RunningSite
  let admin: Api
  beforeAll(async () => {
    site = await startSite(engine)
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  })
  afterAll(() => site?.close())
  const start = (browser: Browser, name: string): Promise<Shown> =>
    browser.post(`${site.url}/login/social/${name}`, { 'redirect-to': '/account' })
  const userOf = (browser: Browser): string => decodeURIComponent(browser.cookie(site.url, 'user_id') ?? '')

  describe('of a second Annex', () => {
    let other: RunningSite
    let there: Api
    beforeAll(async () => {
      other = await startSite('sqlite')
      there = await Api.signIn(other.url, 'Administrator', other.adminPassword)
      await there.insert('User', { ...person, email: 'ann@example.com', roles: [{ role: 'Desk User' }] })
      await admin.insert('User', { ...person, email: 'ann@example.com' })
      const callback = `${site.url}/api/method/frappe.integrations.oauth2_logins.login_via_frappe`
      const app = await there.insert('OAuth Client', {
        app_name: 'The first site',
        scopes: 'openid',
        redirect_uris: callback,
        default_redirect_uri: callback,
        require_pkce: 1,
      })
      const key = await admin.insert('Social Login Key', {
        provider_name: 'Frappe',
        social_login_provider: 'Frappe',
        enable_social_login: 1,
        client_id: app['client_id'],
        client_secret: app['client_secret'],
        base_url: other.url,
      })
      expect(key).toMatchObject({
        redirect_url: new URL(callback).pathname,
        access_token_url: expect.stringContaining(other.url) as string,
      })
    })
    afterAll(() => other?.close())

    /** Signs in there and allows what is asked. */
    async function allow(browser: Browser): Promise<Shown> {
      const signIn = await browser.follow(await start(browser, 'frappe'), site.url)
      const { url, fields } = formIn(signIn, other.url)
      const page = await browser.follow(await browser.post(url, { ...fields, usr: 'ann@example.com', pwd: PASSWORD }), site.url)
      if (page.location !== undefined) return browser.get(page.location)
      const consent = formIn(page, other.url)
      const sent = formOf({ ...consent.fields, scope: 'openid', decision: 'allow' })
      const back = await browser.post(consent.url, Object.fromEntries(sent))
      expect(back.location, back.text).toContain(site.url)
      return browser.get(back.location ?? '')
    }

    it('only when its word for an address is trusted, and then without being asked again', async () => {
      const refused = await allow(new Browser())
      expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('no verified e-mail')])
      await admin.update('Social Login Key', 'frappe', { trust_email: 1 })
      const browser = new Browser()
      expect((await allow(browser)).location).toBe(`${site.url}/account`)
      expect(userOf(browser)).toBe('ann@example.com')
      await admin.update('Social Login Key', 'frappe', { trust_email: 0 })
      const known = new Browser()
      await allow(known)
      expect(userOf(known)).toBe('ann@example.com')
    })
  })

  describe('of oidc-provider', () => {
    let server: Server
    beforeAll(async () => {
      const callback = `${site.url}/api/method/frappe.integrations.oauth2_logins.custom/certified_house`
      const opened = await openOidcProvider(callback)
      server = opened.server
      await admin.insert('User', { ...person, email: 'bob@example.com' })
      await admin.insert('User', { ...person, email: 'unverified@example.com' })
      const key = { client_id: CLIENT.id, client_secret: CLIENT.secret, base_url: opened.issuer, enable_social_login: 1 }
      expect(await admin.insert('Social Login Key', { ...key, provider_name: 'Certified House' })).toMatchObject({
        name: 'certified_house',
        authorize_url: `${opened.issuer}/auth`,
      })
    })
    afterAll(() => {
      server?.closeAllConnections()
      server?.close()
    })

    async function signIn(browser: Browser, login: string): Promise<Shown> {
      let shown = await browser.follow(await start(browser, 'certified_house'), site.url)
      for (const fields of [{ prompt: 'login', login, password: 'any' }, { prompt: 'consent' }]) {
        const form = formIn(shown, site.url)
        shown = await browser.follow(await browser.post(form.url, { ...form.fields, ...fields }), site.url)
      }
      return browser.get(shown.location ?? '')
    }

    it('by a verified address', async () => {
      const browser = new Browser()
      expect((await signIn(browser, 'bob')).location).toBe(`${site.url}/account`)
      expect(userOf(browser)).toBe('bob@example.com')
    })

    it('and not by another', async () => {
      const browser = new Browser()
      expect((await signIn(browser, 'unverified')).status).toBe(403)
      expect(userOf(browser)).toBe('')
    })
  })
})
