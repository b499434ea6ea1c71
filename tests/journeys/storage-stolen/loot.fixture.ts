import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnector, createKeys, type Keys } from '@annex/connector'
import { openSqlStore } from '@annex/connector/stores/sql'
import { startFieldSales, type FieldSales } from '../../../apps/field-sales/src/index.ts'
import { Api } from '../../support/callers/api.ts'
import { exchange, form, pkce, registerApp, renew, tokensOf, authorizationUrl, type App } from '../../support/callers/connected-app.ts'
import type { Engine } from '../../support/databases.ts'
import { freePort } from '../../support/free-port.ts'
import { contentOf, filesBelow, type Place } from '../../support/stolen/search-for-secrets.ts'
import { startSite, type RunningSite } from '../../support/site.ts'
import { Visitor } from '../../support/callers/visitor.ts'
import { PassingTokens } from './passing-tokens.fixture.ts'

const ALICE = { email: 'alice@example.com', first_name: 'Alice' }
/** What an app and the site say to each other about tokens, in this order. */
const PASSING = [
  'code',
  'code_verifier',
  'access_token',
  'refresh_token',
  'id_token',
  'second access_token',
  'second refresh_token',
] as const

const DOCTYPES = ['Item', 'Customer'].map((name) => ({
  name,
  module: 'Trading',
  custom: 1,
  autoname: 'field:title',
  fields: [{ fieldname: 'title', fieldtype: 'Data', label: 'Title', reqd: 1 }],
  permissions: [{ role: 'All' }],
}))

/** A site and an app that were used, and what a thief could carry off. */
export interface Loot {
  /** What was in use, by a name that says what it was for. */
  readonly secrets: ReadonlyMap<string, string>
  readonly site: RunningSite
  readonly appFolder: string
  places(): Promise<Place[]>
  close(): Promise<void>
}

/** Starts both and drives the whole loop; what is secret in it is remembered as it passes by. */
export async function drive(engine: Engine): Promise<Loot> {
  const site = await startSite(engine, { ANNEX_LOG_LEVEL: 'debug', ANNEX_ADMIN_PASSWORD: 'Admin "secret" of ü% & spaces' })
  const journey = new Journey(site, await mkdtemp(join(tmpdir(), 'annex-field-sales-')))
  try {
    await journey.run()
    return journey
  } catch (error) {
    await journey.close()
    throw error
  }
}

class Journey implements Loot {
  readonly secrets = new Map<string, string>()
  readonly site: RunningSite
  readonly appFolder: string
  readonly #log: string[] = []
  #app: FieldSales | undefined
  #keys: Keys | undefined

  constructor(site: RunningSite, appFolder: string) {
    this.site = site
    this.appFolder = appFolder
  }

  async places(): Promise<Place[]> {
    const { site, appFolder } = this
    return [
      ...(await contentOf(site.databaseUrl)),
      ...(await filesBelow(site.folder, ['keys.json'])),
      ...(await filesBelow(appFolder)),
      ...(await contentOf(`sqlite:${join(appFolder, 'vault.db')}`)),
      ...(await contentOf(`sqlite:${join(appFolder, 'reports.db')}`)),
      { name: 'log of the site', bytes: Buffer.from(site.output()) },
      { name: 'log of the app', bytes: Buffer.from(this.#log.join('\n')) },
    ]
  }

  async close(): Promise<void> {
    await this.#app?.close()
    await this.site.close()
    await rm(this.appFolder, { recursive: true, force: true })
  }

  async run(): Promise<void> {
    const admin = await this.#people()
    await this.#documents(admin)
    await this.#siteKeys()
    const alice = await this.#signIn()
    await this.#ownFlow(admin, alice)
    await this.#mistakes(admin, alice)
    await this.#fieldSales(admin, alice)
  }

  #keep(name: string, secret: string | null | undefined): string {
    if (secret === undefined || secret === null || secret.length < 16)
      throw new Error(`There was no secret to remember as ${name}: ${secret}`)
    this.secrets.set(name, secret)
    return secret
  }

  async #people(): Promise<Api> {
    const { url } = this.site
    const admin = await Api.signIn(url, 'Administrator', this.#keep('password of Administrator', 'Admin "secret" of ü% & spaces'))
    this.#keep('session of Administrator', /sid=([0-9a-f]+)/.exec(admin.headers['cookie'] ?? '')?.[1])
    for (const doctype of DOCTYPES) await admin.insert('DocType', doctype)
    await admin.insert('Item', { title: 'Bolt M8' })
    await admin.insert('User', { ...ALICE, new_password: this.#keep('first password of Alice', 'First pass/word + "of" Alice') })
    await admin.update('User', ALICE.email, { new_password: this.#keep('password of Alice', 'Second pass/word + "of" Alice') })
    const { body } = await admin.post('frappe.core.doctype.user.user.generate_keys', { user: ALICE.email })
    const keys = body['message'] as { api_key: string; api_secret: string }
    this.#keep('API secret', keys.api_secret)
    const pair = this.#keep('API key and secret', `${keys.api_key}:${keys.api_secret}`)
    for (const authorization of [`token ${pair}`, `Basic ${btoa(pair)}`]) await new Api(url, { authorization }).list('Item')
    return admin
  }

  /** What a document keeps for others: a password of its own, and of one of its rows. */
  async #documents(admin: Api): Promise<void> {
    const fields = [
      { fieldname: 'title', fieldtype: 'Data' },
      { fieldname: 'mail_password', fieldtype: 'Password' },
    ]
    await admin.insert('DocType', { name: 'Mailbox Key', module: 'Trading', custom: 1, istable: 1, fields })
    const rows = { fieldname: 'rows', fieldtype: 'Table', options: 'Mailbox Key' }
    const permissions = [{ role: 'All' }]
    await admin.insert('DocType', {
      name: 'Mailbox',
      module: 'Trading',
      custom: 1,
      track_changes: 1,
      autoname: 'field:title',
      fields: [...fields, rows],
      permissions,
    })
    const mail_password = this.#keep('password in a document', 'Password of the "mailbox" & more')
    await admin.insert('Mailbox', {
      title: 'Office',
      mail_password,
      rows: [{ mail_password: this.#keep('password in a row', 'Password of the "row" & more') }],
    })
    await admin.update('Mailbox', 'Office', { mail_password: this.#keep('next password in a document', 'Next password of the /mailbox/') })
    await admin.send('GET', `/api/method/frappe.client.get_password?doctype=Mailbox&name=Office&fieldname=mail_password`)
    await admin.send('PUT', '/api/resource/Mailbox/Office', { mail_password, rows: 'no rows' })
    await admin.insert('Mailbox', { title: 'Former', mail_password })
    await admin.send('DELETE', '/api/resource/Mailbox/Former')
  }

  async #siteKeys(): Promise<void> {
    const ring = JSON.parse(await readFile(join(this.site.folder, 'keys.json'), 'utf8')) as {
      signing: { jwk: { d: string } }[]
      rotation: { key: string }[]
    }
    for (const [index, { jwk }] of ring.signing.entries()) this.#keep(`signing key ${index}`, jwk.d)
    for (const [index, { key }] of ring.rotation.entries()) this.#keep(`secret key ${index}`, key)
  }

  async #signIn(): Promise<Visitor> {
    const alice = await new Visitor(this.site.url).signIn(ALICE.email, this.secrets.get('password of Alice')!)
    this.#keep('session of Alice', /sid=([0-9a-f]+)/.exec(alice.cookie)?.[1])
    this.#keep('CSRF token of Alice', /name="csrf_token" value="([^"]+)"/.exec((await alice.get('/my-apps')).text)?.[1])
    return alice
  }

  /** A flow by hand, so that each of its secrets is in sight. */
  async #ownFlow(admin: Api, alice: Visitor): Promise<void> {
    const { url } = this.site
    const app = await registerApp(admin, { scopes: 'openid all' })
    this.#keep('client secret', app.secret)
    const { verifier, challenge } = pkce()
    this.#keep('PKCE verifier', verifier)
    const request = authorizationUrl(app, 'openid all', { code_challenge: challenge, code_challenge_method: 'S256' })
    const page = await alice.get(request)
    this.#keep('id of a pending request', /name="id" value="([^"]+)"/.exec(page.text)?.[1])
    const abandoned = await alice.get(request)
    this.#keep('id of a request that waits', /name="id" value="([^"]+)"/.exec(abandoned.text)?.[1])
    const code = this.#keep('code', (await alice.press(page)).location?.searchParams.get('code'))
    const grant = {
      grant_type: 'authorization_code',
      code,
      client_id: app.id,
      client_secret: app.secret,
      redirect_uri: app.redirectUri,
      code_verifier: verifier,
    }
    const tokens = this.#keepTokens('first', await form(url, 'get_token', grant))
    const renewed = this.#keepTokens('second', await renew(url, app, tokens.refresh))
    for (const { access } of [tokens, renewed]) {
      await Api.byToken(url, access).list('Item')
      await form(url, 'openid_profile', {}, { authorization: `Bearer ${access}` })
      await form(url, 'introspect_token', { token: access }, { authorization: `Basic ${btoa(`${app.id}:${app.secret}`)}` })
    }
    const revoked = this.#keepTokens('revoked', await this.#another(app, alice))
    await form(url, 'revoke_token', { token: revoked.refresh })
    this.#keepTokens('narrow', await this.#another(app, alice, 'openid'))
    await this.#rotateSecret(admin, app)
  }

  async #another(app: App, alice: Visitor, scope = 'openid all'): ReturnType<typeof exchange> {
    const callback = await alice.allow(authorizationUrl(app, scope))
    return exchange(this.site.url, app, this.#keep(`code for ${scope}`, callback.searchParams.get('code')))
  }

  async #rotateSecret(admin: Api, app: App): Promise<void> {
    const manager = await new Visitor(this.site.url).signIn('Administrator', this.secrets.get('password of Administrator')!)
    const page = await manager.get(`/connected-apps/${app.id}`)
    const csrf = this.#keep('CSRF token of Administrator', /name="csrf_token" value="([^"]+)"/.exec(page.text)?.[1])
    const rotated = await manager.post(`/connected-apps/${app.id}/rotate-secret`, { csrf_token: csrf })
    this.#keep('second client secret', /annex_cs_[\w-]{43}/.exec(rotated.text)?.[0])
    await admin.list('OAuth Client', { fields: ['*'] })
  }

  #keepTokens(name: string, reply: Awaited<ReturnType<typeof exchange>>): ReturnType<typeof tokensOf> {
    const tokens = tokensOf(reply)
    this.#keep(`${name} access token`, tokens.access)
    this.#keep(`${name} refresh token`, tokens.refresh)
    if (reply.body['id_token'] !== undefined) this.#keep(`${name} id_token`, tokens.idToken)
    return tokens
  }

  /** Where secrets end up by mistake: in the wrong field, in an address, in a body that is refused. */
  async #mistakes(admin: Api, alice: Visitor): Promise<void> {
    const { url } = this.site
    const [access, password, secret] = ['second access token', 'password of Alice', 'client secret'].map((name) => this.secrets.get(name)!)
    await alice.post('/login', { usr: password!, pwd: password! })
    await alice.post('/login', { usr: ALICE.email, pwd: `${password} or not` })
    await alice.get(`/api/resource/Item?access_token=${access}`)
    await alice.get(`/api/resource/Item/${access}`)
    await Api.byToken(url, access!).list(access!)
    await Api.byToken(url, this.secrets.get('narrow access token')!).list(access!)
    await alice.get(`/login?redirect-to=${encodeURIComponent(`/x?token=${access}`)}`)
    await fetch(`${url}/no/such/place/${access}?code=${access}`, { headers: { authorization: `Bearer ${access}` } })
    await fetch(`${url}/api/method/${access}`, { headers: { authorization: `Basic ${btoa(secret!)}` } })
    await form(url, 'get_token', { grant_type: 'refresh_token', refresh_token: access!, client_id: secret!, client_secret: secret! })
    await form(url, `get_token?code=${this.secrets.get('code')}`, { client_secret: secret! })
    await fetch(`${url}/api/method/frappe.integrations.oauth2.get_token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"client_secret": "${secret}", `,
    })
    await admin.send('POST', '/api/resource/User', { email: 'not an address', first_name: 'x', new_password: password })
    await admin.send('PUT', `/api/resource/User/${ALICE.email}`, { new_password: 'short', api_secret: this.secrets.get('API secret') })
  }

  /** The example app: its vault, its sessions, its reports, its log. */
  async #fieldSales(admin: Api, alice: Visitor): Promise<void> {
    const url = `http://localhost:${await freePort()}`
    const redirectUri = `${url}/connect/callback`
    const registered = await registerApp(admin, {
      app_name: 'Field Sales',
      scopes: 'openid Item:read Customer:read',
      redirect_uris: redirectUri,
      default_redirect_uri: redirectUri,
    })
    this.#keys = createKeys()
    for (const [id, key] of Object.entries(this.#keys.ring)) this.#keep(`vault key ${id}`, key)
    const config = {
      issuer: this.site.url,
      clientId: registered.id,
      clientSecret: this.#keep('client secret of the app', registered.secret),
      url,
      keys: this.#keys,
    }
    const passing = new PassingTokens()
    try {
      this.#app = await startFieldSales({ config, data: this.appFolder, log: (line) => this.#log.push(line) })
      const cookie = await this.#useFieldSales(url, alice)
      await this.#renewInVault({ ...registered, redirectUri }, cookie)
    } finally {
      passing.stop()
    }
    for (const name of PASSING) this.#keep(`${name} of the app`, passing.seen.get(name))
  }

  /** The browser's cookies at the app, in the end. */
  async #useFieldSales(url: string, alice: Visitor): Promise<string> {
    const browser = new Visitor(url)
    const away = await browser.get('/connect/login')
    this.#keep('sign-in cookie of the app', /_signin_[\w-]+=([^;]+)/.exec(browser.cookie)?.[1])
    await browser.get((await alice.allow(away.location!.href)).href)
    this.#keep('session of the app', /_session=([\w-]+)/.exec(browser.cookie)?.[1])
    const found = await browser.get('/connect/links/Visit.item?q=bolt')
    if (!found.text.includes('Bolt M8')) throw new Error(`The app found no items: ${found.text}`)
    const saved = await browser.post('/reports', { item: 'Bolt M8', customer: '', note: 'Was there' })
    if (saved.location?.search !== '?saved=1') throw new Error(`The app saved no report: ${saved.status} ${saved.text}`)
    return browser.cookie
  }

  /** A second process of the app on the same vault would do this when a token ends. */
  async #renewInVault(client: App, cookie: string): Promise<void> {
    const store = await openSqlStore(`sqlite:${join(this.appFolder, 'vault.db')}`)
    try {
      const connector = createConnector({
        issuer: this.site.url,
        client,
        scopes: { required: ['openid'] },
        store,
        keys: this.#keys!,
      })
      const session = await connector.session({ headers: { cookie } })
      const held = connector.connection(session!.connection)
      await held.token({ rejected: await held.token() })
    } finally {
      await store.close()
    }
  }
}
