import { createConnector, createKeys, memoryStore, type ClientOptions, type Connector } from '@annex/connector'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CookieJar } from '../../contract/cookie-jar.ts'
import { Api } from '../../support/callers/api.ts'
import { Visitor } from '../../support/callers/visitor.ts'
import { engines } from '../../support/databases.ts'
import { startSite, type RunningSite } from '../../support/site.ts'

const ALICE = { email: 'alice@example.com', first_name: 'Alice', new_password: 'Corr3ct-horse-alice', roles: [{ role: 'Desk User' }] }
const redirectUri = 'http://localhost:4100/connect/callback'
const MARKS = { good: '✓', bad: '✗', unknown: '?' } as const

describe.each(engines)('an app that registers itself, with the site on %s', (engine) => {
  let site: RunningSite
  let admin: Api
  let alice: Visitor
  beforeAll(async () => {
    site = await startSite(engine)
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('User', ALICE)
    await admin.update('OAuth Settings', 'OAuth Settings', { dynamic_registration: 'Open', registration_scopes: 'openid profile email' })
    alice = await new Visitor(site.url).signIn(ALICE.email, ALICE.new_password)
  })
  afterAll(() => site.close())

  const store = memoryStore()
  const keys = createKeys()
  const appWith = (client: ClientOptions): Connector =>
    createConnector({ issuer: site.url, client, scopes: { required: ['openid'], optional: ['profile', 'email'] }, store, keys })
  const own = { register: { name: 'Field Sales' }, redirectUri }

  async function said(connector: Connector, apiKey?: string): Promise<string[]> {
    const findings = await connector.check(apiKey === undefined ? {} : { apiKey })
    return findings.map(({ verdict, what, sentence }) => `${MARKS[verdict]} ${what}: ${sentence.replaceAll(site.url, 'SITE')}`)
  }

  it('is known there from its first sign-in on, says what of its settings is right, and signs out here and there', async () => {
    const connector = appWith(own)
    const jar = new CookieJar()
    const visit = async (url: string, init: RequestInit = {}): Promise<Response> => {
      const request = new Request(url, { ...init, headers: { ...(init.headers as Record<string, string>), cookie: jar.header() ?? '' } })
      const response = await connector.handler(request)
      jar.accept(response!.headers)
      return response!
    }
    expect(await said(connector)).toContain('? client: the app is not registered yet: it registers itself at the first sign-in')

    const away = await visit(connector.signInUrl())
    const back = await visit((await alice.allow(away.headers.get('location')!)).href)
    expect([back.status, back.headers.get('location')]).toEqual([303, `${connector.origin}/`])
    const session = await connector.session({ headers: { cookie: jar.header()! } })
    expect(session?.user).toMatchObject({ issuer: site.url, name: 'Alice', email: ALICE.email })

    const id = new URL(away.headers.get('location')!).searchParams.get('client_id')
    expect(await said(connector)).toEqual([
      '✓ site: SITE is an Annex site',
      `✓ client: the site knows ${id}`,
      `✓ redirect: ${redirectUri} is registered`,
      '✓ secret: it is the one of this app',
      '✓ scopes: each has the right form; whether the app may ask for them shows at sign-in',
      '✓ sign-in: the site proves who signs in by keys that it publishes',
    ])
    const { body } = await admin.post('frappe.core.doctype.user.user.generate_keys', { user: 'Administrator' })
    const { api_key: key, api_secret: secret } = body['message'] as Record<string, string>
    expect((await said(connector, `${key}:${secret}`)).filter((line) => !line.startsWith('✓'))).toEqual([
      '? secret: the site shows it to nobody: sign in once',
    ])

    const out = await visit(connector.siteSignOutUrl, { method: 'POST', headers: { origin: connector.origin } })
    expect(await connector.session({ headers: { cookie: jar.header() ?? '' } })).toBeUndefined()
    expect((await alice.get(out.headers.get('location')!)).text).toContain('You are signed out of this site')
  })

  it('is told of a wrong secret and of a redirect URI that differs', async () => {
    const client = await admin.insert('OAuth Client', {
      app_name: 'By hand',
      scopes: 'openid',
      redirect_uris: redirectUri,
      default_redirect_uri: redirectUri,
    })
    const id = String(client['client_id'])
    expect(await said(appWith({ id, secret: 'not-this-one', redirectUri }))).toContain(
      '✗ secret: it is not the one of this app: have the site give a new one, and set client.secret to it',
    )
    expect(await said(appWith({ id, secret: String(client['client_secret']), redirectUri: `${redirectUri}/` }))).toContain(
      `✗ redirect: ${redirectUri}/ is not registered for this client: it must be the same to the letter, port and slash`,
    )
    await admin.update('OAuth Settings', 'OAuth Settings', { dynamic_registration: 'Off' })
    const closed = appWith({ ...own, redirectUri: 'http://localhost:4200/connect/callback' })
    expect((await said(closed))[1]).toMatch(
      /^✗ client: the site lets no app register itself: have a System Manager open SITE\/app\/oauth-client\/new\?/,
    )
  })
})
