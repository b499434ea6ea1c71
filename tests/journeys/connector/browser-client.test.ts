import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Api } from '../../support/callers/api.ts'
import { registerApp, type App } from '../../support/callers/connected-app.ts'
import { launchOrSkip } from '../../support/chromium.ts'
import { visit, type Tab } from '../../support/browser/tab.ts'
import { startSite, type RunningSite } from '../../support/site.ts'
import { bundled, served, type Served } from './app-page.ts'

// The example of a page without a server, in a browser, against a site.

const EXAMPLE = new URL('../../../examples/browser-only/', import.meta.url)
const PERSON = { email: 'ada@example.com', first_name: 'Ada', new_password: 'Corr3ct-horse-ada', roles: [{ role: 'System Manager' }] }

let site: RunningSite
let admin: Api
let page: Served
let app: App
let browser: Browser | undefined
beforeAll(async () => {
  site = await startSite('sqlite')
  admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  await admin.insert('User', PERSON)
  const [html, script] = await Promise.all([readFile(new URL('index.html', EXAMPLE), 'utf8'), bundled(new URL('main.ts', EXAMPLE))])
  page = await served(async (url) => {
    app = await registerApp(admin, {
      kind: 'public',
      app_name: 'A Page',
      redirect_uris: `${url}/`,
      default_redirect_uri: `${url}/`,
      allowed_origins: url,
      scopes: 'openid User:read',
    })
    const own = html.replace('https://erp.example.com', site.url).replace('the-id-of-this-app', app.id)
    return (request, response) => {
      const isScript = request.url === '/main.js'
      if (request.url === '/favicon.ico') return response.writeHead(204).end()
      const policy = `default-src 'none'; script-src 'self'; connect-src ${site.url}`
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html').setHeader('content-security-policy', policy)
      return response.end(isScript ? script : own)
    }
  })
})
afterAll(async () => {
  await browser?.close()
  await page?.close()
  await site?.close()
})
beforeEach(async (context) => {
  browser ??= await launchOrSkip(context)
})

const status = (at: Page): Promise<string> => at.getByRole('status').innerText()

async function signIn(tab: Tab): Promise<void> {
  await tab.page.goto(page.url)
  await tab.follow(tab.page.getByRole('button', { name: 'Sign in', exact: true }).click())
  await tab.signIn(PERSON.email, PERSON.new_password)
  if ((await tab.page.title()).includes('Allow access?')) await tab.press('Allow')
  await expect.poll(() => status(tab.page)).toBe('You are signed in.')
}

/** Everything of the page that outlives a reload, or that others can see. */
const traces = async ({ page: at }: Tab): Promise<string> => {
  const kept = await at.evaluate(() =>
    JSON.stringify([
      Object.entries(localStorage),
      Object.entries(sessionStorage),
      document.cookie,
      location.href,
      document.documentElement.outerHTML,
      history.state,
    ]),
  )
  const databases = await at.evaluate(async () => JSON.stringify([await indexedDB.databases(), await caches.keys()]))
  return kept + databases
}

test('a person signs in, reads documents, and signs out, and no token is left anywhere in the browser', async () => {
  await visit(browser!, async (tab) => {
    const issued: string[] = []
    const addresses: string[] = []
    tab.page.on('request', (request) => addresses.push(request.url()))
    tab.page.on('response', (response) => {
      if (!response.url().endsWith('get_token') || response.request().method() !== 'POST') return
      void response
        .json()
        .then((json: Record<string, unknown>) =>
          issued.push(...[json['access_token'], json['refresh_token'], json['id_token']].map(String)),
        )
    })
    await signIn(tab)
    expect(tab.page.url()).toBe(`${page.url}/`)
    await tab.page.getByRole('button', { name: 'Load' }).click()
    await expect.poll(() => tab.page.getByRole('listitem').allInnerTexts()).toContain('Ada')
    expect(issued).toHaveLength(3)
    const seen = (await traces(tab)) + addresses.join(' ')
    for (const token of issued) expect(seen).not.toContain(token)
    await tab.page.goBack()
    await tab.page.goForward()
    expect(tab.page.url()).not.toMatch(/code=|state=/)
  })
})

test('a reload forgets the tokens, and the site asks for no password again', async () => {
  await visit(browser!, async (tab) => {
    await signIn(tab)
    await tab.page.reload()
    expect(await status(tab.page)).toBe('Nobody is signed in.')
    await tab.follow(tab.page.getByRole('button', { name: 'Sign in', exact: true }).click())
    expect(await tab.page.title()).toContain('Allow access?')
    await tab.press('Allow')
    await expect.poll(() => status(tab.page)).toBe('You are signed in.')
  })
})

test('a token that is over is renewed once, whoever asks, and what the person ends is ended', async () => {
  await visit(
    browser!,
    async (tab) => {
      await signIn(tab)
      const renewals: string[] = []
      tab.page.on('request', (request) => {
        if (request.postData()?.includes('grant_type=refresh_token')) renewals.push(request.url())
      })
      // The site refuses the token three times at once.
      let refusals = 3
      await tab.page.route('**/api/resource/User?**', async (route) =>
        refusals-- > 0 && route.request().method() === 'GET'
          ? route.fulfill({ status: 401, json: { exc_type: 'AuthenticationError' }, headers: { 'access-control-allow-origin': page.url } })
          : route.continue(),
      )
      const load = tab.page.getByRole('button', { name: 'Load' })
      await Promise.all([load.dispatchEvent('click'), load.dispatchEvent('click'), load.dispatchEvent('click')])
      await expect.poll(() => tab.page.getByRole('listitem').allInnerTexts()).toContain('Ada')
      expect(renewals).toHaveLength(1)
      await tab.page.getByRole('button', { name: 'Sign out' }).click()
      await expect.poll(() => status(tab.page)).toBe('You are signed out.')
      expect(await tab.page.getByRole('listitem').count()).toBe(0)
    },
    { expected: [401] },
  )
})

test('J01 a link with the code of somebody else signs nobody in, and leaves no code in the address', async () => {
  await visit(browser!, async (tab) => {
    const asked: string[] = []
    tab.page.on('request', (request) => asked.push(request.url()))
    await tab.page.goto(`${page.url}/?code=stolen&state=foreign&iss=${encodeURIComponent(site.url)}`)
    await expect.poll(() => status(tab.page)).toMatch(/^The sign-in was not begun here/)
    expect(tab.page.url()).toBe(`${page.url}/`)
    expect(asked.filter((url) => url.endsWith('get_token'))).toEqual([])
  })
})
