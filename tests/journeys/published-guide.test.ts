import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api, readReply, type Reply } from '../support/callers/api.ts'
import { engines } from '../support/databases.ts'
import { startSite, type RunningSite } from '../support/site.ts'
import { Visitor } from '../support/callers/visitor.ts'

const PASSWORD = 'Corr3ct-horse-battery'
const [ALICE, MIA] = ['alice@example.com', 'mia@example.com']
const REDIRECT = 'https://app.example.com/oauth/callback'
const OAUTH = '/api/method/frappe.integrations.oauth2.'

const CUSTOMER = {
  name: 'Customer',
  module: 'Selling',
  custom: 1,
  autoname: 'field:customer_name',
  fields: [{ fieldname: 'customer_name', fieldtype: 'Data', label: 'Customer Name', reqd: 1 }],
  permissions: [{ role: 'All' }],
}

describe.each(engines)('The published guide, followed to the letter, on %s', (engine) => {
  let site: RunningSite
  beforeAll(async () => {
    site = await startSite(engine)
    const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('User', { email: ALICE, first_name: 'Alice', new_password: PASSWORD, roles: [{ role: 'Desk User' }] })
    await admin.insert('User', { email: MIA, first_name: 'Mia', new_password: PASSWORD, roles: [{ role: 'System Manager' }] })
    await admin.insert('DocType', CUSTOMER)
    await admin.insert('Customer', { customer_name: 'Northern Mills' })
  })
  afterAll(() => site.close())

  const exchange = async (body: object): Promise<Reply> =>
    readReply(
      await fetch(`${site.url}${OAUTH}get_token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    )

  it('leads from a registered app to documents: one link, one consent, one exchange', async () => {
    const { clientId, clientSecret } = await register(site)

    // The guide's first request: no state, no PKCE, and a person who is not signed in yet.
    const alice = new Visitor(site.url)
    const query = new URLSearchParams({ client_id: clientId, redirect_uri: REDIRECT, response_type: 'code', scope: 'all' })
    const away = await alice.get(`${OAUTH}authorize?${query}`)
    expect(away).toMatchObject({ status: 302, location: { pathname: '/login' } })
    const signInForm = await alice.get(away.location!.href)
    const redirectTo = /name="redirect-to" value="([^"]*)"/.exec(signInForm.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const back = await alice.post('/login', { 'redirect-to': redirectTo, usr: ALICE, pwd: PASSWORD })
    expect(back).toMatchObject({ status: 303, location: { pathname: `${OAUTH}authorize`, search: `?${query}` } })
    const consent = await alice.get(back.location!.href)
    expect(consent.status).toBe(200)
    expect(consent.text).toContain('Field Sales')
    expect(consent.text).toContain('app.example.com')
    expect(consent.text).not.toContain('<script')
    const allowed = await alice.press(consent)
    expect(allowed.status).toBe(303)
    expect(`${allowed.location?.origin}${allowed.location?.pathname}`).toBe(REDIRECT)
    expect([...allowed.location!.searchParams.keys()]).toEqual(['code', 'iss'])

    // The guide's second request: a JSON body.
    const code = allowed.location!.searchParams.get('code')
    const sent = { grant_type: 'authorization_code', code, client_id: clientId, client_secret: clientSecret, redirect_uri: REDIRECT }
    const tokens = await exchange(sent)
    expect(tokens.status).toBe(200)
    expect(tokens.headers.get('cache-control')).toBe('no-store')
    expect(Object.keys(tokens.body)).toEqual(['access_token', 'expires_in', 'token_type', 'scope', 'refresh_token'])
    expect(tokens.body).toMatchObject({ expires_in: 3600, token_type: 'Bearer', scope: 'all' })

    const app = Api.byToken(site.url, String(tokens.body['access_token']))
    expect((await app.list('Customer')).body).toEqual({ data: [{ name: 'Northern Mills' }] })
    expect(await app.insert('Customer', { customer_name: 'Southern Mills' })).toMatchObject({ name: 'Southern Mills', owner: ALICE })

    const renewal = {
      grant_type: 'refresh_token',
      refresh_token: tokens.body['refresh_token'],
      client_id: clientId,
      client_secret: clientSecret,
    }
    const renewed = await exchange(renewal)
    expect(renewed.status).toBe(200)
    expect((await Api.byToken(site.url, String(renewed.body['access_token'])).list('Customer')).status).toBe(200)
    expect((await exchange(sent)).body).toMatchObject({ error: 'invalid_grant' })
  })

  it('a person who presses Deny sends the app away with nothing', async () => {
    const { clientId } = await register(site)
    const alice = await new Visitor(site.url).signIn(ALICE, PASSWORD)
    const query = new URLSearchParams({ client_id: clientId, redirect_uri: REDIRECT, response_type: 'code', scope: 'all' })
    const denied = await alice.press(await alice.get(`${OAUTH}authorize?${query}`), 'deny')
    expect(denied.status).toBe(303)
    expect(Object.fromEntries(denied.location!.searchParams)).toMatchObject({ error: 'access_denied', iss: site.url })
    expect(denied.location!.searchParams.has('code')).toBe(false)
  })
})

/** A System Manager registers the app by the page; the guide's app sends no PKCE, so its box is left unticked. */
async function register(site: RunningSite): Promise<{ clientId: string; clientSecret: string }> {
  const mia = await new Visitor(site.url).signIn(MIA, PASSWORD)
  const page = await mia.get('/connected-apps/new')
  expect(page.text).toMatch(/<input type="checkbox"[^>]*name="pkce_required"[^>]* checked/)
  const csrf = /name="csrf_token" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
  const fields = {
    app_name: 'Field Sales',
    redirect_uris: REDIRECT,
    scopes: 'all openid',
    required_scopes: '',
    optional_scopes: '',
    kind: 'web',
  }
  const saved = await mia.post('/connected-apps/new', { csrf_token: csrf, ...fields })
  expect(saved.status).toBe(200)
  const clientSecret = /annex_cs_[A-Za-z0-9_-]{43}/.exec(saved.text)?.[0] ?? ''
  const clientId = /connected-apps\/([0-9a-z]+)"/.exec(saved.text)?.[1] ?? ''
  expect((await mia.get(`/connected-apps/${clientId}`)).text).not.toContain(clientSecret)
  return { clientId, clientSecret }
}
