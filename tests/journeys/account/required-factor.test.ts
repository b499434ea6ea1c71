import { Secret, TOTP } from 'otpauth'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../support/callers/api.ts'
import { authorizationUrl, connect, registerApp, renew } from '../../support/callers/connected-app.ts'
import { Visitor } from '../../support/callers/visitor.ts'
import { looksOver } from '../../support/browser/looks.ts'
import { isOpenToAll } from '../../support/browser/open-to-all.ts'
import { visit } from '../../support/browser/tab.ts'
import { launchOrSkip } from '../../support/chromium.ts'
import { engines } from '../../support/databases.ts'
import { startSite, type RunningSite } from '../../support/site.ts'

const PASSWORD = 'Corr3ct-horse-journey'
const codeOf = (secret: string): string => new TOTP({ secret: Secret.fromBase32(secret) }).generate()

async function person(admin: Api, email: string): Promise<string> {
  await admin.insert('User', { email, first_name: email.split('@')[0], new_password: PASSWORD, roles: [{ role: 'Keeper' }] })
  return email
}

describe.each(engines)('a second factor that becomes compulsory, on %s', (engine) => {
  let site: RunningSite
  let admin: Api
  beforeAll(async () => {
    site = await startSite(engine)
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('Role', { role_name: 'Keeper', desk_access: 1 })
  })
  afterAll(() => site.close())

  it('opens nothing to a session without one: no API, no page, no consent; apps and API keys go on', async () => {
    const nora = await person(admin, 'nora@example.com')
    const app = await registerApp(admin, { scopes: 'openid all' })
    const visitor = await new Visitor(site.url).signIn(nora, PASSWORD)
    const tokens = await connect(visitor, app, 'openid all')
    const { api_key: key, api_secret: secret } = (await admin.post('frappe.core.doctype.user.user.generate_keys', { user: nora })).body[
      'message'
    ] as Record<string, string>
    await admin.update('Role', 'Keeper', { two_factor_auth: 1 })

    const asked = await visitor.get('/api/method/frappe.auth.get_logged_user', { accept: 'application/json' })
    expect([asked.status, asked.body['session_expired']]).toEqual([403, 1])
    for (const path of ['/app', '/my-apps', '/account', '/account/factor'])
      expect((await visitor.get(path)).location?.pathname, path).toBe('/login')
    expect((await visitor.get(authorizationUrl(app, 'openid all User:read'))).location?.pathname).toBe('/login')
    const silent = await visitor.get(authorizationUrl(app, 'openid all', { prompt: 'none' }))
    expect(silent.location?.searchParams.get('error')).toBe('login_required')

    const loggedUser = async (api: Api): Promise<unknown> => (await api.get('frappe.auth.get_logged_user')).body['message']
    expect(await loggedUser(Api.byToken(site.url, tokens.access))).toBe(nora)
    expect(await loggedUser(new Api(site.url, { authorization: `token ${key}:${secret}` }))).toBe(nora)
    expect((await renew(site.url, app, tokens.refresh)).status).toBe(200)
    await admin.update('Role', 'Keeper', { two_factor_auth: 0 })
  })
})

describe('setting up a second factor that a role asks for, in a browser', () => {
  let site: RunningSite
  let admin: Api
  let browser: Browser | undefined
  beforeAll(async () => {
    site = await startSite('sqlite')
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('Role', { role_name: 'Keeper', desk_access: 1, two_factor_auth: 1 })
  })
  afterAll(async () => {
    await browser?.close()
    await site.close()
  })

  for (const colorScheme of ['light', 'dark'] as const)
    it(`leads from the password to the app’s consent, by keyboard, on a phone in ${colorScheme} colours, without scripts of ours`, async (context) => {
      browser ??= await launchOrSkip(context)
      const email = await person(admin, `keeper-${colorScheme}@example.com`)
      const app = await registerApp(admin, { app_name: `Planner in ${colorScheme}`, scopes: 'openid Role:read' })
      await visit(
        browser,
        async (tab) => {
          const { page } = tab
          const look = async (name: string): Promise<void> => {
            await looksOver(page, `required-factor-${colorScheme}-${name}`, colorScheme)
            await isOpenToAll(page, name)
          }
          await page.goto(site.url + authorizationUrl(app, 'openid Role:read'))
          await tab.signIn(email, PASSWORD)
          expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Set up a second factor')
          const secret = await page.locator('code').first().innerText()
          await look('secret')
          // The field has the focus from the start.
          await page.keyboard.type(codeOf(secret) === '000000' ? '000001' : '000000')
          await tab.follow(page.keyboard.press('Enter'))
          expect(await page.getByRole('alert').innerText()).toContain('The code is not right')
          await look('wrong')
          await page.keyboard.type(codeOf(secret))
          await tab.follow(page.keyboard.press('Enter'))
          expect(await page.locator('code').allInnerTexts()).toHaveLength(10)
          await look('codes')
          await tab.open('I have copied it')
          expect(await tab.reads()).toContain(`Planner in ${colorScheme}`)
          expect(await page.getByRole('button', { name: 'Allow', exact: true }).count()).toBe(1)
          await page.goto(`${site.url}/account/factor`)
          expect(await tab.reads()).toContain('A role of yours asks for it')
          await look('kept')
        },
        { colorScheme, viewport: { width: 320, height: 640 }, expected: [401] },
      )
    })
})
