import { Secret, TOTP } from 'otpauth'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { isOpenToAll } from '../support/browser/open-to-all.ts'
import { looksOver } from '../support/browser/looks.ts'
import { visit, type Tab } from '../support/browser/tab.ts'
import { Api } from '../support/callers/api.ts'
import { authorizationUrl, connect, form, registerApp, type App } from '../support/callers/connected-app.ts'
import { Visitor } from '../support/callers/visitor.ts'
import { launchOrSkip } from '../support/chromium.ts'
import { startSite, type RunningSite } from '../support/site.ts'

const PASSWORD = 'Corr3ct-horse-journey'
const NORA = 'nora@example.com'
const MIA = 'mia@example.com'
const codeOf = (secret: string): string => new TOTP({ secret: Secret.fromBase32(secret) }).generate()

let site: RunningSite
let admin: Api
let app: App
let guarded: App
let handheld: App
let browser: Browser | undefined
beforeAll(async () => {
  site = await startSite('sqlite')
  admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  for (const [email, roles] of [
    [NORA, []],
    [MIA, [{ role: 'System Manager' }]],
  ] as const)
    await admin.insert('User', { email, first_name: email.split('@')[0], new_password: PASSWORD, roles })
  app = await registerApp(admin, { app_name: 'Route Planner', scopes: 'openid User:read' })
  handheld = await registerApp(admin, { app_name: 'Handheld', scopes: 'openid User:read', kind: 'native' })
  guarded = await registerApp(admin, { app_name: 'Guarded', scopes: 'openid User:read', authorization_policy: 'After Approval' })
  const { access } = await connect(await new Visitor(site.url).signIn(NORA, PASSWORD), app, 'openid User:read')
  await Api.byToken(site.url, access).get('frappe.auth.get_logged_user')
})
afterAll(async () => {
  await browser?.close()
  await site.close()
})

/**
 * Judges a page as somebody finds it on a narrow phone, who reads from right to left, or who has asked for letters twice as large; and as
 * somebody who has the keyboard alone.
 */
async function judge({ page }: Tab, name: string): Promise<void> {
  for (const closed of await page.locator('details:not([open]) > summary').all()) await closed.click()
  expect(await page.locator('script').count(), name).toBe(0)
  await looksOver(page, `all-${name}`, 'light')
  await isOpenToAll(page, name)
  await reachesAll(page, name)
  await page.evaluate(() => (document.documentElement.dir = 'rtl'))
  await looksOver(page, `all-${name}-rtl`, 'light')
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'))
  await looksOver(page, `all-${name}-large`, 'light')
  expect(await smallest(page), name).toBeGreaterThanOrEqual(24)
}

/** Pixels of the smallest letters. */
const smallest = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const shown = [...document.body.querySelectorAll('*')].filter((element) =>
      [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim()),
    )
    return Math.min(...shown.map((element) => Number.parseFloat(getComputedStyle(element).fontSize)))
  })

/** Tab leads to everything that can be pressed or filled in, and each shows that it has the focus. */
async function reachesAll(page: Page, name: string): Promise<void> {
  const all = 'a[href], button, input:not([type=hidden]), select, textarea, summary'
  const count = await page.evaluate((selector) => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
    const shown = [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility() && !element.matches(':disabled'))
    for (const [index, element] of shown.entries()) element.setAttribute('data-stop', String(index))
    return shown.length
  }, all)
  const reached = new Set<string>()
  for (let presses = 0; presses < count + 3; presses += 1) {
    await page.keyboard.press('Tab')
    const stop = await page.evaluate(() => {
      const element = document.activeElement
      return element && getComputedStyle(element).outlineStyle === 'solid' ? element.getAttribute('data-stop') : null
    })
    if (stop !== null) reached.add(stop)
  }
  expect(reached.size, `${name}: what Tab leads to`).toBe(count)
}

const PHONE = { colorScheme: 'light', viewport: { width: 320, height: 640 } } as const

function journey(name: string, act: (tab: Tab) => Promise<void>, expected: readonly number[] = []): void {
  it(name, async (context) => {
    browser ??= await launchOrSkip(context)
    await visit(browser, act, { ...PHONE, expected })
  })
}

async function signIn(tab: Tab, user: string): Promise<void> {
  await tab.page.goto(`${site.url}/login`)
  await tab.signIn(user, PASSWORD)
}

async function open(tab: Tab, path: string, name = path): Promise<void> {
  await tab.page.goto(site.url + path)
  await judge(tab, name)
}

/** Judges the page on one connection, from a page that leads to it, and that on its access token. */
async function openConnection(tab: Tab, path: string): Promise<void> {
  await tab.page.goto(site.url + path)
  await tab.follow(tab.page.locator('a[href*="/connections/"]').first().click())
  await judge(tab, `connection of ${path}`)
  await tab.follow(tab.page.locator('a[href*="/tokens/"]').first().click())
  await judge(tab, `token of ${path}`)
}

journey(
  'what somebody sees who is not signed in is open to everybody',
  async (tab) => {
    await open(tab, '/login', 'sign-in')
    await open(tab, '/forgot-password', 'no mail here')
    await open(tab, '/update-password?key=nonsense', 'spent link')
    await open(tab, '/update-password?done=1', 'password set')
    await open(tab, '/no-such-page', 'not found')
    const made = await admin.post('annex.users.make_reset_link', { user: NORA })
    const { link } = made.body['message'] as { link: string }
    await open(tab, link.slice(site.url.length), 'new password')
    await open(tab, authorizationUrl({ ...app, id: 'nobody' }, 'openid'), 'unknown app')
  },
  [400, 401, 403, 404, 417],
)

journey('what a person sees of their own is open to everybody', async (tab) => {
  await signIn(tab, NORA)
  for (const path of ['/app', '/account', '/account/factor', '/my-apps', `/my-apps/${app.id}`, '/explain', '/device', '/api/docs'])
    await open(tab, path)
  await openConnection(tab, `/my-apps/${app.id}`)
  await open(tab, '/api/docs?doctype=User', 'a DocType')
  await open(tab, '/logout', 'sign-out')
  await open(tab, authorizationUrl(app, 'openid User:read', { prompt: 'consent' }), 'consent')
})

journey(
  'waiting for approval, a question to Explain and a code of a device are open to everybody',
  async (tab) => {
    await signIn(tab, NORA)
    await open(tab, authorizationUrl(guarded, 'openid User:read'), 'waiting')
    await tab.page.goto(`${site.url}/explain`)
    await tab.page.locator('#doctype').fill('User')
    await tab.follow(tab.page.locator('form:has(#doctype) button').click())
    await judge(tab, 'explained')
    await tab.page.goto(`${site.url}/explain`)
    await tab.page.locator('#incident').fill('nonsense')
    await tab.follow(tab.page.locator('form:has(#incident) button').click())
    await judge(tab, 'no such incident')
    await tab.page.goto(`${site.url}/device`)
    await tab.page.locator('#user_code').fill('WRNG-CODE')
    await tab.follow(tab.page.keyboard.press('Enter'))
    await judge(tab, 'wrong device code')
    const started = await form(site.url, 'device_authorization', { client_id: handheld.id, scope: 'openid User:read' })
    await tab.page.goto(String(started.body['verification_uri_complete']))
    await judge(tab, 'device consent')
    await tab.press('Allow')
    await judge(tab, 'device allowed')
  },
  [400, 403, 404, 417],
)

journey(
  'the pages of a second factor are open to everybody',
  async (tab) => {
    await admin.insert('User', { email: 'fay@example.com', first_name: 'Fay', new_password: PASSWORD, roles: [] })
    await signIn(tab, 'fay@example.com')
    await open(tab, '/account/factor', 'factor off')
    await tab.page.locator('form[action$="/begin"] input[type=password]').fill(PASSWORD)
    await tab.follow(tab.page.keyboard.press('Enter'))
    await judge(tab, 'factor begun')
    const secret = await tab.page.locator('code').first().innerText()
    await tab.page.goto(`${site.url}/account/factor`)
    await tab.page.locator('form[action$="/confirm"] input[name=code]').fill(codeOf(secret))
    await tab.follow(tab.page.keyboard.press('Enter'))
    await judge(tab, 'recovery codes')
    await open(tab, '/account/factor', 'factor on')
    await open(tab, '/account', 'account with a factor')
    await tab.page.context().clearCookies()
    await signIn(tab, 'fay@example.com')
    await judge(tab, 'code')
    await tab.page.locator('input[name=otp]').fill('000000')
    await tab.follow(tab.page.keyboard.press('Enter'))
    await judge(tab, 'wrong code')
  },
  [401],
)

journey(
  'what a System Manager sees is open to everybody',
  async (tab) => {
    await new Visitor(site.url).signIn(NORA, PASSWORD).then((nora) => nora.get(authorizationUrl(guarded, 'openid User:read')))
    await signIn(tab, MIA)
    const one = `/connected-apps/${app.id}`
    for (const path of ['', '/new', '/settings', '/approvals', '/user', `/user?user=${NORA}`, `/user/end-all?user=${NORA}`])
      await open(tab, `/connected-apps${path}`)
    await tab.page.goto(`${site.url}/connected-apps/user?user=${NORA}`)
    await tab.press('Switch API access off')
    await judge(tab, 'API access off')
    await tab.press('Switch API access on')
    await tab.page.goto(`${site.url}/connected-apps/approvals`)
    await tab.follow(
      tab.page
        .getByRole('button', { name: /^Refuse/ })
        .first()
        .click(),
    )
    await judge(tab, 'refused')
    for (const path of ['', '/use', '/told']) await open(tab, one + path, `app${path}`)
    await openConnection(tab, `${one}/use`)
    await open(tab, '/connected-apps/no-such-app')
    await open(tab, '/reset-link')
    await tab.page.locator('#user').fill(NORA)
    await tab.follow(tab.page.keyboard.press('Enter'))
    await judge(tab, 'link made')
    await tab.page.goto(site.url + one)
    await tab.follow(tab.page.locator('form[action$="/rotate-secret"] button').click())
    await judge(tab, 'secret shown')
  },
  [404],
)
