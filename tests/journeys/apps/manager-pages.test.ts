import type { Browser } from 'playwright-core'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Receiver } from '../../../packages/site/src/webhooks/receiver.fixture.ts'
import { Api } from '../../support/callers/api.ts'
import { connect } from '../../support/callers/connected-app.ts'
import { Visitor } from '../../support/callers/visitor.ts'
import { looksOver } from '../../support/browser/looks.ts'
import { isOpenToAll } from '../../support/browser/open-to-all.ts'
import { visit, type Tab, type VisitOptions } from '../../support/browser/tab.ts'
import { launchOrSkip } from '../../support/chromium.ts'
import { startSite, type RunningSite } from '../../support/site.ts'

const PASSWORD = 'Corr3ct-horse-journey'
const MIA = 'mia@example.com'
const NORA = 'nora@example.com'
const CALLBACK = 'https://app.example.com/callback'
const SETTINGS = '/connected-apps/settings'

let site: RunningSite
let admin: Api
let app: Receiver
let browser: Browser | undefined
beforeAll(async () => {
  site = await startSite('sqlite')
  app = await new Receiver().open()
  admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  for (const [email, roles] of [
    [MIA, [{ role: 'System Manager' }]],
    [NORA, []],
  ] as const)
    await admin.insert('User', { email, first_name: email.split('@')[0], new_password: PASSWORD, roles })
})
afterAll(async () => {
  await browser?.close()
  await site.close()
  await app.close()
})

function journey(name: string, act: (tab: Tab) => Promise<void>, options?: VisitOptions): void {
  it(name, async (context) => {
    browser ??= await launchOrSkip(context)
    await visit(browser, act, options)
  })
}

async function open(tab: Tab, path: string): Promise<void> {
  await tab.page.goto(site.url + path)
  await tab.signIn(MIA, PASSWORD)
}

/** An app that listens, and has one event to hear: its only connection was ended. */
async function listening(): Promise<{ readonly id: string; readonly eventSecret: string }> {
  const client = await admin.insert('OAuth Client', {
    app_name: 'Listening',
    redirect_uris: CALLBACK,
    default_redirect_uri: CALLBACK,
    scopes: 'openid all',
    allowed_roles: [{ role: 'All' }],
    event_uri: `${app.url}/events`,
  })
  const [id = '', secret = '', eventSecret = ''] = ['client_id', 'client_secret', 'event_secret'].map((field) => String(client[field]))
  await connect(await new Visitor(site.url).signIn(NORA, PASSWORD), { id, secret, redirectUri: CALLBACK }, 'openid all')
  await admin.post('annex.apps.end_all', { client: id })
  return { id, eventSecret }
}

journey(
  'a System Manager changes what counts for all apps, and is told when somebody else did so first, without scripts',
  async (tab) => {
    await open(tab, '/connected-apps')
    await tab.open('Settings for all apps')
    const other = await tab.another()
    await other.page.goto(site.url + SETTINGS)
    expect(await other.page.getByLabel('The trail is kept for').inputValue()).toBe('730')

    await tab.page.getByLabel('Requests a second').fill('100000')
    await tab.page.getByLabel('Who may register an app by program').selectOption({ label: 'Anybody, and the app can be used at once' })
    await tab.press('Save')
    expect(await tab.page.getByRole('status').innerText()).toBe('Saved.')
    expect(await tab.page.getByLabel('Requests a second').inputValue()).toBe('100000')
    expect(await admin.read('OAuth Settings', 'OAuth Settings')).toMatchObject({
      requests_per_second: 100_000,
      dynamic_registration: 'Open',
      modified_by: MIA,
    })

    await other.page.getByLabel('The trail is kept for').fill('100')
    await other.press('Save')
    expect(await other.page.getByRole('alert').innerText()).toContain('Somebody else changed the settings since this page was opened')
    expect(await other.page.getByLabel('The trail is kept for').inputValue()).toBe('100')
    await other.open('open the settings anew')
    expect(await other.page.getByLabel('Requests a second').inputValue()).toBe('100000')
    await other.page.getByLabel('The trail is kept for').fill('99999')
    await other.press('Save')
    expect(await other.page.getByRole('alert').innerText()).toContain('Audit Days must be 0 to 36500')
  },
  { javaScriptEnabled: false, expected: [417] },
)

journey('the keyboard reaches every setting, in the order in which they are read', async (tab) => {
  await open(tab, SETTINGS)
  const controls = tab.page.locator('main').locator('a, input:not([type=hidden]), textarea, select, button')
  await controls.first().focus()
  for (const control of (await controls.all()).slice(1)) {
    await tab.page.keyboard.press('Tab')
    expect(await control.evaluate((element) => element === document.activeElement)).toBe(true)
  }
})

journey(
  'a System Manager sees what an app was told, sends it again under a new secret, and forgets it, without scripts',
  async (tab) => {
    const { id, eventSecret } = await listening()
    const first = (await app.heard(1))[0]
    await open(tab, `/connected-apps/${id}`)
    await tab.open('What it is told, and its event secret')
    // The app has answered; the site writes it down in its own time.
    await expect.poll(async () => (await tab.page.reload()) && (await tab.reads())).toContain('Arrived (1)')
    expect(await tab.reads()).toMatch(/Waiting \(0\) None\. Given up \(0\) None\./)

    await tab.press('Make a new event secret')
    const secret = (await tab.page.locator('code').allInnerTexts()).find((text) => text.startsWith('whsec_')) ?? ''
    await tab.open('I have copied it')
    expect(await tab.page.content()).not.toContain('whsec_')
    await tab.follow(tab.page.getByRole('button', { name: /^Send it again/ }).click())
    const again = (await app.heard(2))[1]
    expect(again?.body).toBe(first?.body)
    for (const key of [eventSecret, secret])
      expect(new Webhook(key).verify(again?.body ?? '', again?.headers as Record<string, string>)).toMatchObject({
        data: { client_id: id },
      })

    await expect.poll(async () => (await tab.page.reload()) && (await tab.reads())).toContain('Arrived (1)')
    await tab.follow(tab.page.getByRole('button', { name: /^Forget it/ }).click())
    expect(await tab.reads()).toContain('Arrived (0) None.')
  },
  { javaScriptEnabled: false },
)

for (const colorScheme of ['light', 'dark'] as const)
  journey(
    `messages that could not be brought, and settings that were refused, can be read by everybody on a phone in ${colorScheme} colours`,
    async (tab) => {
      app.behaviour = (response) => void response.writeHead(410).end()
      const { id } = await listening()
      await open(tab, `/connected-apps/${id}/told`)
      await expect.poll(async () => (await tab.page.reload()) && (await tab.reads())).toMatch(/What went wrong/)
      const look = async (name: string): Promise<void> => {
        await looksOver(tab.page, `manager-pages-${colorScheme}-${name}`, colorScheme)
        await isOpenToAll(tab.page, name)
      }
      await look('told')
      await tab.page.goto(site.url + SETTINGS)
      await tab.page.getByLabel('Sets', { exact: true }).fill('{')
      await tab.press('Save')
      await look('settings-refused')
    },
    { colorScheme, viewport: { width: 320, height: 640 }, expected: [417] },
  )
