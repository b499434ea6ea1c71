import { AxeBuilder } from '@axe-core/playwright'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { tabTo } from '../../support/browser/link-field.ts'
import { looksOver } from '../../support/browser/looks.ts'
import { visit, type Tab, type VisitOptions } from '../../support/browser/tab.ts'
import { Api } from '../../support/callers/api.ts'
import { authorizationUrl, exchange, registerApp, tokensOf, type App } from '../../support/callers/connected-app.ts'
import { launchOrSkip } from '../../support/chromium.ts'
import { startSite, type RunningSite } from '../../support/site.ts'

const PASSWORD = 'Corr3ct-horse-journey'
const NORA = 'nora@example.com'
const OLE = 'ole@example.com'
const PHONE = { width: 360, height: 740 }

let site: RunningSite
let admin: Api
let app: App
let receiver: Server
let browser: Browser | undefined

const doctype = (name: string): Record<string, unknown> => ({
  name,
  module: 'Stock',
  custom: 1,
  autoname: 'field:title',
  fields: [
    { fieldname: 'title', fieldtype: 'Data', label: 'Title', unique: 1 },
    { fieldname: 'company', fieldtype: 'Data', label: 'Company' },
  ],
  permissions: [{ role: 'All', read: 1, write: 1, create: 1 }],
})

beforeAll(async () => {
  site = await startSite('sqlite')
  admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  for (const name of ['Item', 'Customer', 'Sales Order']) await admin.insert('DocType', doctype(name))
  for (const email of [NORA, OLE]) await admin.insert('User', { email, first_name: email.split('@')[0], new_password: PASSWORD })
  for (const title of ['Bolt', 'Nut']) await admin.insert('Item', { title, company: 'Meadow' })
  const sets = { visits: { title: 'Plan visits', scopes: ['Customer:read', 'Sales.Order:read', 'Sales.Order:create'] } }
  await admin.update('OAuth Settings', 'OAuth Settings', { scope_sets: JSON.stringify(sets) })
  receiver = createServer(
    (_request, response) =>
      void response
        .setHeader('content-type', 'text/html')
        .end('<!doctype html><title>Back</title><link rel="icon" href="data:,"><p>Back at the app</p>'),
  )
  await once(receiver.listen(0, '127.0.0.1'), 'listening')
  const redirectUri = `http://localhost:${(receiver.address() as AddressInfo).port}/callback`
  const known = await registerApp(admin, {
    app_name: 'Field Sales',
    redirect_uris: redirectUri,
    default_redirect_uri: redirectUri,
    scopes: 'openid email offline_access Item:read Item:write Item:delete set:visits',
    optional_scopes: 'Item:delete',
    row_filters: JSON.stringify({ Customer: [['company', '=', 'Meadow']] }),
    client_uri: 'https://sales.example.com/about',
    contact: 'help@sales.example.com',
  })
  app = { ...known, redirectUri }
})
afterAll(async () => {
  await browser?.close()
  receiver.close()
  await site.close()
})

function journey(name: string, act: (tab: Tab) => Promise<void>, options?: VisitOptions): void {
  it(name, async (context) => {
    browser ??= await launchOrSkip(context)
    await visit(browser, act, options)
  })
}

async function open(tab: Tab, user: string, scope: string, more: Record<string, string> = {}): Promise<void> {
  await tab.page.goto(site.url + authorizationUrl(app, scope, more))
  if (tab.page.url().includes('/login')) await tab.signIn(user, PASSWORD)
}

/**
 * What axe finds serious. It needs scripts to run itself, so a copy of the page is judged: the page brings none, and is the
 * same with them and without.
 */
async function faultsOf(page: Page, colorScheme: 'light' | 'dark' = 'light'): Promise<unknown[]> {
  const context = await browser!.newContext({ viewport: PHONE, colorScheme })
  try {
    const copy = await context.newPage()
    await copy.setContent(await page.content())
    const { violations } = await new AxeBuilder({ page: copy }).analyze()
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    return serious.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) }))
  } finally {
    await context.close()
  }
}

const codeOf = (page: Page): string => new URL(page.url()).searchParams.get('code') ?? ''
const boxes = (page: Page): Promise<string[]> =>
  page.locator('input[type=checkbox][name=scope]').evaluateAll((all) => all.map((box) => (box as HTMLInputElement).value))

for (const colorScheme of ['light', 'dark'] as const)
  journey(
    `the consent page has no serious fault on a phone without scripts, in ${colorScheme}`,
    async (tab) => {
      await open(tab, NORA, 'openid email offline_access Item:read Item:write Item:delete set:visits')
      expect(await tab.page.locator('h1').innerText()).toBe('Allow access?')
      await tab.page.locator('summary').first().click()
      expect(await faultsOf(tab.page, colorScheme)).toEqual([])
      await looksOver(tab.page, `consent-${colorScheme}`, colorScheme)
      const words = await tab.reads()
      for (const sentence of [
        `Field Sales (localhost:${new URL(app.redirectUri).port}) asks for access to your account, nora`,
        'Its home page sales.example.com',
        'Contact help@sales.example.com',
        'It may know who you are, see your e-mail address, keep access while you are away.',
        'Plan visits',
        'Customer: only documents where Company is Meadow (set by an administrator of this site)',
      ])
        expect(words).toContain(sentence)
    },
    { javaScriptEnabled: false, viewport: PHONE, colorScheme },
  )

journey(
  'by keyboard alone a person unticks a right, keeps the app to one document, and allows the rest; the app then sees that one',
  async (tab) => {
    const { page } = tab
    await open(tab, OLE, 'openid Item:read Item:write Item:delete')
    expect(await page.locator('input[value="Item:delete"]').isChecked()).toBe(false)
    await tabTo(page, page.locator('input[value="Item:write"]'))
    await page.keyboard.press('Space')
    await tabTo(page, page.locator('summary'))
    await page.keyboard.press('Enter')
    await tabTo(page, page.getByLabel('Names of the documents'))
    await page.keyboard.type('Bold')
    await tabTo(page, page.getByRole('button', { name: 'Allow', exact: true }))
    await tab.follow(page.keyboard.press('Enter'))
    expect(await page.getByRole('alert').innerText()).toContain('There is no Item that you may see with the name Bold')
    expect(await page.locator('input[value="Item:write"]').isChecked()).toBe(false)
    expect(await faultsOf(page)).toEqual([])
    await page.getByLabel('Names of the documents').fill('Bolt')
    await tab.press('Allow')

    const { access, scope } = tokensOf(await exchange(site.url, app, codeOf(page)))
    expect(scope).toBe('openid Item:read')
    const api = Api.byToken(site.url, access)
    expect((await api.send('GET', '/api/resource/Item')).body['data']).toEqual([{ name: 'Bolt' }])
    expect([403, 404]).toContain((await api.send('GET', '/api/resource/Item/Nut')).status)

    // The app learns what it lacks, asks for that besides, and one box is shown.
    const refused = await api.send('PUT', '/api/resource/Item/Bolt', { company: 'Hill' })
    expect(refused.status).toBe(403)
    const missing = /error="insufficient_scope".*scope="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '')?.[1]
    expect(missing).toBe('Item:write')
    await open(tab, OLE, `${scope} ${missing}`)
    expect(await boxes(page)).toEqual(['Item:write'])
    expect(await tab.reads()).toContain('You have already allowed it to: Read Item')
    expect(await page.getByLabel('Names of the documents').inputValue()).toBe('Bolt')
    await page.locator('input[value="Item:write"]').check()
    await tab.press('Allow')
    const wider = Api.byToken(site.url, tokensOf(await exchange(site.url, app, codeOf(page))).access)
    expect((await wider.send('PUT', '/api/resource/Item/Bolt', { company: 'Hill' })).status).toBe(200)
    expect([403, 404]).toContain((await wider.send('PUT', '/api/resource/Item/Nut', { company: 'Hill' })).status)
  },
  { javaScriptEnabled: false, viewport: PHONE, expected: [400] },
)
