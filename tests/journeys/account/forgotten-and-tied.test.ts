import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TestProvider, CLIENT } from '../../../packages/site/src/identity/social/testing/openid-provider.fixture.ts'
import { Browser as Wanderer } from '../../../packages/site/src/identity/social/testing/browser.fixture.ts'
import { Api } from '../../support/callers/api.ts'
import { looksOver } from '../../support/browser/looks.ts'
import { isOpenToAll } from '../../support/browser/open-to-all.ts'
import { visit, type Tab, type VisitOptions } from '../../support/browser/tab.ts'
import { launchOrSkip } from '../../support/chromium.ts'
import { Mailbox } from '../../support/mailbox.ts'
import { startSite, type RunningSite } from '../../support/site.ts'

const PASSWORD = 'Corr3ct-horse-journey'
const NEW = 'another long password'
const NORA = 'nora@example.com'

const mailbox = new Mailbox()
let site: RunningSite
let admin: Api
let provider: TestProvider
let browser: Browser | undefined
beforeAll(async () => {
  const url = await mailbox.open()
  site = await startSite('sqlite', {
    ANNEX_SMTP_URL: url,
    ANNEX_MAIL_FROM: 'Annex <site@example.com>',
    ANNEX_TRUSTED_PROXIES: '127.0.0.0/8',
  })
  provider = await TestProvider.open()
  admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  await admin.insert('User', { email: NORA, first_name: 'Nora', new_password: PASSWORD, roles: [] })
  const key = { provider_name: 'House', enable_social_login: 1, client_id: CLIENT.id, client_secret: CLIENT.secret }
  await admin.insert('Social Login Key', { ...key, base_url: provider.base, sign_ups: 'Allow' })
})
afterAll(async () => {
  await browser?.close()
  await site.close()
  await provider.close()
  await mailbox.close()
})

function journey(name: string, act: (tab: Tab) => Promise<void>, options?: VisitOptions): void {
  it(name, async (context) => {
    browser ??= await launchOrSkip(context)
    await visit(browser, act, options)
  })
}

/** Ties somebody to the provider, by signing in there once; what the browser then holds is thrown away. */
async function tie(email: string): Promise<Wanderer> {
  provider.manners = { sub: `of ${email}`, profile: { email, email_verified: true } }
  const wanderer = new Wanderer()
  const begun = await wanderer.post(`${site.url}/login/social/house`, { 'redirect-to': '/account' })
  await wanderer.get(provider.authorize(begun.location ?? ''))
  return wanderer
}

/** Narrow pages with the address of a phone of one's own: links are asked for three times an hour from one. */
const phone = (address: string, colorScheme: 'light' | 'dark'): VisitOptions => ({
  colorScheme,
  viewport: { width: 320, height: 640 },
  extraHTTPHeaders: { 'x-forwarded-for': address },
})

async function looks(tab: Tab, name: string, colorScheme: 'light' | 'dark'): Promise<void> {
  await looksOver(tab.page, `account-${colorScheme}-${name}`, colorScheme)
  await isOpenToAll(tab.page, name)
}

journey(
  'somebody who forgot their password asks for a link from the sign-in page and gets in again, without scripts',
  async (tab) => {
    await tab.page.goto(`${site.url}/account`)
    await tab.open('Forgot your password?')
    await tab.page.getByLabel('E-mail address').fill(NORA)
    await tab.press('Send me a link')
    expect(await tab.reads()).toContain('If there is an account with that address, a letter is on its way.')
    const { text } = await mailbox.find(NORA, 'update-password')
    const [path = ''] = /\/update-password\?key=[\w-]+/.exec(text) ?? []
    await tab.page.goto(site.url + path)
    await tab.page.getByLabel('New password').fill(NEW)
    await tab.press('Set password')
    await tab.open('Sign in')
    await tab.signIn(NORA, NEW)
    expect(await tab.reads()).toContain('You are signed in as Nora.')
  },
  { javaScriptEnabled: false, extraHTTPHeaders: { 'x-forwarded-for': '192.0.2.1' } },
)

for (const [colorScheme, address] of [
  ['light', '192.0.2.2'],
  ['dark', '192.0.2.3'],
] as const) {
  journey(
    `asking for a link can be read and done by everybody on a phone in ${colorScheme} colours, and a fourth time is refused in words`,
    async (tab) => {
      await tab.page.goto(`${site.url}/login`)
      await looks(tab, 'sign-in', colorScheme)
      for (let turn = 0; turn < 3; turn += 1) {
        await tab.page.goto(`${site.url}/forgot-password`)
        await tab.page.keyboard.type(`nobody${turn}@example.com`)
        await tab.follow(tab.page.keyboard.press('Enter'))
      }
      await looks(tab, 'asked', colorScheme)
      await tab.page.goto(`${site.url}/forgot-password`)
      await looks(tab, 'forgot', colorScheme)
      await tab.page.keyboard.type('nobody4@example.com')
      await tab.follow(tab.page.keyboard.press('Enter'))
      expect(await tab.page.getByRole('alert').innerText()).toMatch(/again/)
      await looks(tab, 'forgot-refused', colorScheme)
    },
    { ...phone(address, colorScheme), expected: [429] },
  )

  journey(
    `a person unties another site by keyboard, on a phone in ${colorScheme} colours`,
    async (tab) => {
      const email = `tied-${colorScheme}@example.com`
      await admin.insert('User', { email, first_name: 'Tied', new_password: PASSWORD, roles: [] })
      await tie(email)
      await tab.page.goto(`${site.url}/account`)
      await tab.signIn(email, PASSWORD)
      expect(await tab.reads()).toContain('Other sites that sign you in')
      await looks(tab, 'tied', colorScheme)
      const button = tab.page.getByRole('button', { name: /^Untie it/ })
      for (let presses = 0; presses < 30 && !(await button.evaluate((element) => element === document.activeElement)); presses += 1)
        await tab.page.keyboard.press('Tab')
      await tab.follow(tab.page.keyboard.press('Enter'))
      expect(await tab.reads()).not.toContain('Other sites that sign you in')
    },
    phone(address, colorScheme),
  )
}

journey(
  'who came by another site and has no password keeps it, and is told what to do first',
  async (tab) => {
    const wanderer = await tie('newcomer@example.org')
    await tab.page.context().addCookies([{ name: 'sid', value: wanderer.cookie(site.url, 'sid') ?? '', url: site.url }])
    await tab.page.goto(`${site.url}/account`)
    await tab.follow(tab.page.getByRole('button', { name: /^Untie it/ }).click())
    expect(await tab.page.getByRole('alert').innerText()).toContain('You could not sign in afterwards. Set a password first')
    await looks(tab, 'last-way', 'light')
  },
  { ...phone('192.0.2.4', 'light'), expected: [417] },
)
