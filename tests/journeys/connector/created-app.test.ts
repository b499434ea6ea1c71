import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { submissionOf } from '../../contract/consent-form.ts'
import { Api } from '../../support/callers/api.ts'
import { Visitor } from '../../support/callers/visitor.ts'
import { engines } from '../../support/databases.ts'
import { startSite, type RunningSite } from '../../support/site.ts'
import { CreatedApp } from './created-app.ts'

/** As much of ERPNext's as a created app works with. */
const CUSTOMER = {
  name: 'Customer',
  module: 'Selling',
  custom: 1,
  autoname: 'field:customer_name',
  fields: [{ fieldname: 'customer_name', fieldtype: 'Data', label: 'Customer Name', reqd: 1 }],
  permissions: [
    { role: 'Desk User', read: 1, select: 1 },
    { role: 'System Manager', read: 1, write: 1, create: 1 },
  ],
}
const PASSWORD = 'Corr3ct-horse-journey'
const soon = { timeout: 5000, interval: 50 }
const SIGNED_OUT = 'Sign in with your account at the site'

describe.each(engines)('a created app at a site on %s', (engine) => {
  let site: RunningSite
  let admin: Api
  let app: CreatedApp
  let name: string
  let [apps, persons] = [0, 0]
  beforeAll(async () => {
    site = await startSite(engine, { ANNEX_ALLOW_PRIVATE: '127.0.0.0/8,::1/128' })
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('DocType', CUSTOMER)
    await admin.insert('Customer', { customer_name: 'Palmer Productions' })
  })
  afterAll(() => site.close())
  beforeEach(async () => {
    // No two apps of a site may have one name.
    name = `shop-${(apps += 1)}`
    app = await CreatedApp.create(site.url, name)
  })
  afterEach(() => app.remove())

  async function person(): Promise<Visitor> {
    const email = `person${(persons += 1)}@example.com`
    await admin.insert('User', { email, first_name: 'Nora', new_password: PASSWORD, roles: [{ role: 'Desk User' }] })
    return new Visitor(site.url).signIn(email, PASSWORD)
  }

  /** The person ends the app's access on the site's own page. */
  async function takeBack(visitor: Visitor): Promise<void> {
    const { text } = await visitor.get('/my-apps')
    const csrf_token = valueOf(text, 'csrf_token')
    const answer = await visitor.post('/my-apps/revoke', { csrf_token, client_id: valueOf(text, 'client_id') })
    expect(answer.status).toBeLessThan(400)
  }

  it('is entered by the link that its sign-in page shows, signs people in, and hears within five seconds that access was taken back', async () => {
    await app.start()
    const page = await app.browser().text('/connect/login')
    const link = unescaped(/<a href="([^"]+\/app\/oauth-client\/new[^"]*)"/.exec(page)?.[1] ?? '')

    const manager = new Visitor(site.url)
    const toSignIn = await manager.get((await manager.get(link)).location!.href)
    await manager.signIn('Administrator', site.adminPassword, toSignIn.location!.href)
    const form = await manager.get((await manager.get(link)).location!.href)
    expect(valueOf(form.text, 'app_name')).toBe(name)
    const saved = await manager.post('/connected-apps/new', {
      csrf_token: valueOf(form.text, 'csrf_token'),
      app_name: valueOf(form.text, 'app_name'),
      redirect_uris: textOf(form.text, 'redirect_uris'),
      scopes: textOf(form.text, 'scopes'),
      backchannel_logout_uri: valueOf(form.text, 'backchannel_logout_uri'),
      kind: 'web',
      pkce_required: '1',
    })
    const [CLIENT_ID = '', CLIENT_SECRET = ''] = [...saved.text.matchAll(/<code[^>]*>([^<]+)<\/code>/g)].map(([, text]) => text!)

    await app.start({ CLIENT_ID, CLIENT_SECRET })
    await hearsThatItIsOver(await person())
  })

  it('registers itself where the site allows it, and asks anew for the right to see customers, which the person had not given', async () => {
    await admin.update('OAuth Settings', 'OAuth Settings', {
      dynamic_registration: 'Open',
      registration_scopes: 'openid profile email Customer:read',
    })
    await app.start()
    const [browser, visitor] = [app.browser(), await person()]
    await browser.signIn(visitor, '/connect/login', ['Customer:read'])
    const search = '/connect/links/Customer?q=palm'
    const refused = await browser.visit(search, { 'sec-fetch-site': 'same-origin' })
    const { url } = (await refused.json()) as { readonly url: string }
    expect([refused.status, new URL(url).searchParams.get('scope')]).toEqual([403, 'Customer:read'])
    await browser.visit(await tickAndAllow(visitor, (await browser.visit(url)).headers.get('location')!, 'Customer:read'))
    const found = await browser.visit(search, { 'sec-fetch-site': 'same-origin' })
    expect(await found.json()).toMatchObject({ items: [{ value: 'Palmer Productions' }] })
  })

  /** The box of what was left out before starts unticked. Gives where the site sends the browser. */
  async function tickAndAllow(visitor: Visitor, asked: string, scope: string): Promise<string> {
    const page = await visitor.get(asked)
    const { action, fields } = submissionOf(page.text, 'allow', [])!
    fields.append('scope', scope)
    return (await visitor.post(new URL(action || page.url, page.url).href, fields)).location!.href
  }

  async function hearsThatItIsOver(visitor: Visitor): Promise<void> {
    const browser = app.browser()
    const back = await browser.signIn(visitor)
    expect([back.status, back.headers.get('location')], await back.text()).toEqual([303, `${app.url}/`])
    expect(await browser.text('/')).toContain('Nora')
    await takeBack(visitor)
    await expect.poll(() => browser.text('/'), soon).toContain(SIGNED_OUT)
  }
})

const unescaped = (text: string): string => text.replaceAll('&amp;', '&').replaceAll('&#38;', '&')

const valueOf = (page: string, name: string): string =>
  unescaped(new RegExp(`name="${name}"[^>]*value="([^"]*)"`, 's').exec(page)?.[1] ?? '')

const textOf = (page: string, name: string): string =>
  unescaped(new RegExp(`name="${name}"[^>]*>([^<]*)<`, 's').exec(page)?.[1] ?? '').trim()
