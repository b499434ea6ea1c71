import { readFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createConnector, createKeys, memoryStore, type Connector } from '@annex/connector'
import { Api } from '../../support/callers/api.ts'
import { registerApp } from '../../support/callers/connected-app.ts'
import { launchOrSkip } from '../../support/chromium.ts'
import { visit, type Tab } from '../../support/browser/tab.ts'
import { startSite, type RunningSite } from '../../support/site.ts'
import { bundled, served, type Served } from './app-page.ts'

// The example of a Client Script, in a browser: a page on the site's origin calls an app on another.

const EXAMPLE = new URL('../../../examples/client-script/', import.meta.url)
const PERSON = { email: 'ada@example.com', first_name: 'Ada', new_password: 'Corr3ct-horse-ada', roles: [{ role: 'System Manager' }] }

/** As much of a Frappe form as the script uses. */
const FORM = `<!doctype html><html lang="en"><head><title>Form</title><link rel="icon" href="data:," /></head><body><main id="messages"></main><script>
  const form = {
    doc: { name: 'ada@example.com' },
    add_custom_button: (label, act) => document.body.append(Object.assign(document.createElement('button'), { textContent: label, onclick: act })),
  }
  const frappe = {
    ui: { form: { on: (doctype, { refresh }) => refresh(form) } },
    msgprint: (text) => document.querySelector('main').append(Object.assign(document.createElement('p'), { textContent: text })),
  }
  SCRIPT
</script></body></html>`

let site: RunningSite
let app: Served
let connector: Connector
let form: string
let browser: Browser | undefined
beforeAll(async () => {
  site = await startSite('sqlite')
  const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  await admin.insert('User', PERSON)
  const scriptCaller = await bundled(new URL('script-caller.ts', EXAMPLE))
  app = await served(async (url) => {
    const redirectUri = `${url}/connect/callback`
    const registered = await registerApp(admin, {
      redirect_uris: redirectUri,
      default_redirect_uri: redirectUri,
      scopes: 'openid User:read',
    })
    connector = createConnector({
      issuer: site.url,
      client: { id: registered.id, secret: registered.secret, redirectUri },
      scopes: { required: ['openid', 'User:read'] },
      store: memoryStore(),
      keys: createKeys(),
      scripts: true,
    })
    const { createApp } = (await import(new URL('server.ts', EXAMPLE).href)) as {
      createApp: (connector: Connector, script: string) => Server
    }
    const server = createApp(connector, scriptCaller)
    return (request, response) => void server.emit('request', request, response)
  })
  form = FORM.replace(
    'SCRIPT',
    (await readFile(new URL('client-script.js', EXAMPLE), 'utf8')).replace('https://credit.example.com', app.url),
  )
})
afterAll(async () => {
  await browser?.close()
  await app?.close()
  await site?.close()
})
beforeEach(async (context) => {
  browser ??= await launchOrSkip(context)
})

/** The form at an address; the site's own origin serves it as an ERPNext would. */
async function openForm(tab: Tab): Promise<void> {
  // The page comes from no network, so the browser would ask whether it may reach this machine.
  await tab.page.context().grantPermissions(['local-network-access'], { origin: site.url })
  await tab.page.context().route(`${site.url}/app/customer/**`, (route) => route.fulfill({ body: form, contentType: 'text/html' }))
  await tab.page.goto(`${site.url}/app/customer/ada`)
}
const messages = (tab: Tab): Promise<string[]> => tab.page.getByRole('main').locator('p').allInnerTexts()
const click = (tab: Tab): Promise<void> => tab.page.getByRole('button', { name: 'Credit rating' }).click()

/** Clicks, and signs in to the app in the window that opens. */
async function signIn(tab: Tab): Promise<void> {
  const [popup] = await Promise.all([tab.page.waitForEvent('popup'), click(tab)])
  const closed = popup.waitForEvent('close')
  // Who is signed in at the site, or has allowed the app before, is not asked again.
  const password = popup.getByLabel('Password')
  const allow = popup.getByRole('button', { name: 'Allow', exact: true })
  await Promise.race([closed, password.or(allow).waitFor()])
  if (!popup.isClosed() && (await password.isVisible())) {
    await popup.getByLabel('E-mail address').fill(PERSON.email)
    await password.fill(PERSON.new_password)
    await popup.getByRole('button', { name: 'Sign in', exact: true }).click()
  }
  if (!popup.isClosed()) await Promise.race([closed, allow.click().catch(() => undefined)])
  await closed
}

test('a click on the form signs the person in to the app in a window, and the app answers the script in their name', async () => {
  await visit(browser!, async (tab) => {
    const addresses: string[] = []
    const tokens: string[] = []
    tab.page.context().on('request', (request) => {
      addresses.push(request.url())
      const [, token] = /^Bearer (.*)$/.exec(request.headers()['authorization'] ?? '') ?? []
      if (token !== undefined) tokens.push(token)
      if (token !== undefined) expect(request.headers()['cookie']).toBeUndefined()
    })
    await openForm(tab)
    await signIn(tab)
    await expect.poll(() => messages(tab)).toEqual(['ada@example.com: good, asked by Ada'])
    expect(tokens).toHaveLength(1)
    expect(addresses.join(' ')).not.toContain(tokens[0])

    // With the token at hand no window opens; on a new page one opens and closes by itself, for the person is signed in.
    await click(tab)
    await expect.poll(() => messages(tab)).toHaveLength(2)
    expect(tab.page.context().pages()).toHaveLength(1)
    await tab.page.reload()
    const [popup] = await Promise.all([tab.page.waitForEvent('popup'), click(tab)])
    if (!popup.isClosed()) await popup.waitForEvent('close')
    await expect.poll(() => messages(tab)).toEqual(['ada@example.com: good, asked by Ada'])
  })
})

test('a token that the app takes no more is asked for anew', async () => {
  await visit(
    browser!,
    async (tab) => {
      const callers: string[] = []
      const read = connector.scripts.caller.bind(connector.scripts)
      const noted = vi.spyOn(connector.scripts, 'caller').mockImplementation(async (request) => {
        const caller = await read(request)
        if (caller !== undefined) callers.push(caller.connection)
        return caller
      })
      await openForm(tab)
      await signIn(tab)
      await expect.poll(() => messages(tab)).toHaveLength(1)
      await connector.connection(callers[0]!).disconnect()
      await signIn(tab)
      await expect.poll(() => messages(tab)).toEqual(Array(2).fill('ada@example.com: good, asked by Ada'))
      expect(callers[1]).not.toBe(callers[0])
      noted.mockRestore()
    },
    { expected: [401] },
  )
})

test('a window that may not open is said in one sentence, and one that is closed too', async () => {
  await visit(browser!, async (tab) => {
    await tab.page.addInitScript('open = ((open) => (...words) => (globalThis.blocked ? null : open(...words)))(open)')
    await openForm(tab)
    await tab.page.evaluate('blocked = true')
    await click(tab)
    await expect.poll(() => messages(tab)).toEqual([expect.stringMatching(/^The browser did not let the sign-in window open: /)])
    await tab.page.evaluate('blocked = false')
    const [popup] = await Promise.all([tab.page.waitForEvent('popup'), click(tab)])
    await popup.close()
    await expect.poll(() => messages(tab)).toEqual([expect.anything(), expect.stringMatching(/^The window was closed /)])
  })
})

test('a page of another origin gets no token from the window of a person who is signed in, and no answer', async () => {
  await visit(browser!, async (tab) => {
    await openForm(tab)
    await signIn(tab)
    const evil = await tab.another()
    const stranger = await served(
      () => (_request, response) => void response.setHeader('content-type', 'text/html').end('<title>x</title>'),
    )
    try {
      await evil.page.goto(stranger.url)
      await evil.page.evaluate("heard = []; addEventListener('message', ({ data }) => heard.push(data))")
      const [popup] = await Promise.all([
        evil.page.waitForEvent('popup'),
        evil.page.evaluate((address) => void open(address, '_blank', 'popup'), `${app.url}/connect/script`),
      ])
      if (!popup.isClosed()) await popup.waitForEvent('close')
      const heard = await evil.page.evaluate('heard')
      expect(heard).toEqual([])
      const answer = await evil.page.evaluate(
        (address) =>
          fetch(address, { headers: { authorization: 'Bearer x' } }).then(
            () => 'answered',
            () => 'refused',
          ),
        `${app.url}/api/credit?customer=x`,
      )
      expect(answer).toBe('refused')
    } finally {
      await evil.page.close()
      await stranger.close()
    }
  }).catch((error: unknown) => {
    // The browser says in its console why it refused: that is what this visit is about.
    if (!/^The visit met faults: [^;]*(CORS policy|target origin)/.test(error instanceof Error ? error.message : '')) throw error
  })
})
