import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Api } from '../../support/callers/api.ts'
import { launchOrSkip } from '../../support/chromium.ts'
import { authorizationUrl, form } from '../../support/callers/connected-app.ts'
import { looksOver } from '../../support/browser/looks.ts'
import { startSite, type RunningSite } from '../../support/site.ts'
import { visit, type Tab, type VisitOptions } from '../../support/browser/tab.ts'

const PASSWORD = 'Corr3ct-horse-journey'
const MIA = 'mia@example.com'
const NORA = 'nora@example.com'
const CALLBACK = 'https://app.example.com/callback'

let site: RunningSite
let browser: Browser | undefined
beforeAll(async () => {
  site = await startSite('sqlite')
  const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  for (const [email, roles] of [
    [MIA, [{ role: 'System Manager' }]],
    [NORA, []],
  ] as const)
    await admin.insert('User', { email, first_name: email.split('@')[0], new_password: PASSWORD, roles })
})
afterAll(async () => {
  await browser?.close()
  await site.close()
})

function journey(name: string, act: (tab: Tab) => Promise<void>, options?: VisitOptions): void {
  it(name, async (context) => {
    browser ??= await launchOrSkip(context)
    await visit(browser, act, options)
  })
}

/** Opens a page of the site as somebody who has to sign in first. */
async function open(tab: Tab, path: string, user: string): Promise<void> {
  await tab.page.goto(site.url + path)
  await tab.signIn(user, PASSWORD)
}

/** Fills in the form of a new app and saves it: the page with its secret. */
async function register(tab: Tab, name: string): Promise<{ id: string; secret: string }> {
  await tab.open('New app')
  await tab.page.getByLabel('App name').fill(name)
  await tab.page.getByLabel('Redirect URIs').fill(CALLBACK)
  await tab.page.getByLabel('Allowed rights').fill('openid User:read')
  await tab.press('Save')
  const [id = '', secret = ''] = await tab.page.locator('code').allInnerTexts()
  return { id, secret }
}

/** Whether the token endpoint takes the app for who it says it is: only then it finds fault with the code. */
async function isKnown(id: string, secret: string): Promise<boolean> {
  const { body } = await form(site.url, 'get_token', {
    grant_type: 'authorization_code',
    code: 'no-such-code',
    client_id: id,
    client_secret: secret,
    redirect_uri: CALLBACK,
  })
  return body['error'] === 'invalid_grant'
}

journey(
  'a System Manager registers an app, sees its secret once, makes a new one, changes the app and retires it, without scripts',
  async (tab) => {
    const { page } = tab
    await open(tab, '/connected-apps', MIA)
    expect(await tab.reads()).toContain('No app is registered yet.')
    const { id, secret } = await register(tab, 'Route Planner')
    expect(await tab.reads()).toContain('It is shown this once and cannot be read again.')
    expect(secret).toMatch(/^\S{40,}$/)
    expect(await isKnown(id, secret)).toBe(true)
    expect(await isKnown(id, `${secret}x`)).toBe(false)

    await tab.open('I have copied it')
    expect(await page.getByLabel('App name').inputValue()).toBe('Route Planner')
    expect(await page.getByLabel('Redirect URIs').inputValue()).toBe(CALLBACK)
    expect(await page.content()).toContain(id)
    expect(await page.content()).not.toContain(secret)

    await tab.press('Make a new secret')
    const second = (await page.locator('code').allInnerTexts())[1] ?? ''
    expect(await tab.reads()).toMatch(/The secret before it works until \d{4}-\d{2}-\d{2} \d{2}:\d{2}\./)
    expect(second).not.toBe(secret)
    expect([await isKnown(id, secret), await isKnown(id, second)]).toEqual([true, true])

    await tab.open('I have copied it')
    expect(await page.content()).not.toContain(second)
    await page.getByLabel('App name').fill('Route Finder')
    await page.getByLabel('Required rights').fill('openid')
    await tab.press('Save')
    await tab.open('Back to the list')
    expect(await tab.reads()).toContain('Route Finder Sends people back to app.example.com')
    await tab.open('Route Finder')
    expect(await page.getByLabel('Required rights').inputValue()).toBe('openid')

    await tab.press('Retire this app')
    expect(await tab.reads()).toContain('Route Finder retired')
    expect([await isKnown(id, secret), await isKnown(id, second)]).toEqual([false, false])
    await page.goto(site.url + authorizationUrl({ id, secret, redirectUri: CALLBACK }, 'openid'))
    expect(new URL(page.url()).origin).toBe(site.url)
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('That did not work')
  },
  { javaScriptEnabled: false, expected: [400] },
)

journey(
  'what is wrong with an app is said above its form, which keeps what was typed',
  async (tab) => {
    const { page } = tab
    await open(tab, '/connected-apps/new', MIA)
    await page.getByLabel('App name').fill('Plain')
    await page.getByLabel('Redirect URIs').fill('http://app.example.com/callback')
    await tab.press('Save')
    expect(await page.getByRole('alert').innerText()).toMatch(/http:\/\/app\.example\.com\/callback must be https/)
    expect(await page.getByLabel('App name').inputValue()).toBe('Plain')
    await page.getByLabel('Redirect URIs').fill(CALLBACK)
    await page.getByLabel('Allowed rights').fill('openid No.Such:fly')
    await tab.press('Save')
    expect(await page.getByRole('alert').innerText()).toContain('No.Such:fly')
  },
  { expected: [417] },
)

journey(
  'somebody else is told in words that these pages are for System Managers, and is shown no way there',
  async (tab) => {
    await open(tab, '/app', NORA)
    expect(await tab.reads()).toContain('You are signed in as nora.')
    expect(await tab.page.getByRole('link', { name: 'Connected Apps' }).count()).toBe(0)
    for (const path of ['/connected-apps', '/connected-apps/new', '/connected-apps/some-id']) {
      expect((await tab.page.goto(site.url + path))?.status()).toBe(403)
      expect(await tab.reads()).toContain('You may not see this Only System Managers register apps; ask one of them')
    }
  },
  { expected: [403] },
)

journey('the keyboard reaches every control of the form, in the order in which it is read', async (tab) => {
  const { page } = tab
  await open(tab, '/connected-apps/new', MIA)
  const controls = page.locator('main').locator('a, input:not([type=hidden]), textarea, select, button')
  await controls.first().focus()
  for (const control of (await controls.all()).slice(1)) {
    await page.keyboard.press('Tab')
    expect(await control.evaluate((element) => element === document.activeElement && getComputedStyle(element).outlineStyle)).toBe('solid')
  }
})

for (const colorScheme of ['light', 'dark'] as const)
  journey(
    `the pages of System Managers can be read on a telephone in ${colorScheme} colours`,
    async (tab) => {
      const look = (name: string): Promise<void> => looksOver(tab.page, `manager-${colorScheme}-${name}`, colorScheme)
      await open(tab, '/connected-apps', MIA)
      await register(tab, `An App in ${colorScheme}`)
      await look('secret')
      await tab.open('I have copied it')
      await look('app')
      await tab.page.getByLabel('Require PKCE').uncheck()
      await tab.press('Save')
      expect(await tab.reads()).toContain('PKCE is not required')
      await look('app-relaxed')
      await tab.press('Retire this app')
      await look('list')
      await tab.open('New app')
      await look('new')
      await tab.page.getByLabel('App name').fill('x')
      await tab.page.getByLabel('Redirect URIs').fill('nonsense')
      await tab.press('Save')
      await look('refused')
    },
    { colorScheme, viewport: { width: 320, height: 640 }, expected: [417] },
  )
