import { createHash, randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKeys, memoryStore, type ConnectorOptions } from '@annex/connector'
import type { PublicAccess } from '@annex/connector/device'
import { CookieJar } from '../../contract/cookie-jar.ts'
import { Api } from '../../support/callers/api.ts'
import { registerApp } from '../../support/callers/connected-app.ts'
import { Visitor } from '../../support/callers/visitor.ts'
import { run } from '../../support/clients/run.ts'
import { startSite, type RunningSite } from '../../support/site.ts'
import { served, type Served } from './app-page.ts'

// The examples that have no journey of their own, against a site.

const EXAMPLES = new URL('../../../examples/', import.meta.url)
const ADA = { email: 'ada@example.com', first_name: 'Ada', new_password: 'Corr3ct-horse-ada', roles: [{ role: 'System Manager' }] }

test('the examples type-check', async () => {
  const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', EXAMPLES))
  const { code, stdout } = await run(process.execPath, [tsc, '-p', fileURLToPath(EXAMPLES)])
  expect(stdout).toBe('')
  expect(code).toBe(0)
})

let site: RunningSite
let admin: Api
let ada: Visitor
beforeAll(async () => {
  site = await startSite('sqlite')
  admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  await admin.insert('User', ADA)
  ada = await new Visitor(site.url).signIn(ADA.email, ADA.new_password)
})
afterAll(() => site?.close())

describe('a back-end for the front-end', () => {
  let app: Served
  const jar = new CookieJar()
  const seen: string[] = []
  beforeAll(async () => {
    app = await served(async (url) => {
      const redirectUri = `${url}/connect/callback`
      const scopes = ['openid', 'User:read', 'ToDo:create']
      const { id, secret } = await registerApp(admin, {
        redirect_uris: redirectUri,
        default_redirect_uri: redirectUri,
        scopes: scopes.join(' '),
      })
      const { createApp } = (await import(new URL('backend-for-frontend/server.ts', EXAMPLES).href)) as {
        createApp: (options: ConnectorOptions) => Server
      }
      const client = { id, secret, redirectUri }
      const server = createApp({ issuer: site.url, client, scopes: { required: scopes }, store: memoryStore(), keys: createKeys() })
      return (request, response) => void server.emit('request', request, response)
    })
  })
  afterAll(() => app?.close())

  async function visit(path: string, init: RequestInit = {}): Promise<Response> {
    const cookie = jar.header()
    const headers = { ...(cookie === undefined ? {} : { cookie }), ...(init.headers as Record<string, string>) }
    const answer = await fetch(new URL(path, app.url), { redirect: 'manual', ...init, headers })
    jar.accept(answer.headers)
    seen.push(JSON.stringify([...answer.headers]), await answer.clone().text())
    return answer
  }

  test('signs a person in, calls the site in their name, and shows the page no token', async () => {
    const { signIn } = (await (await visit('/api/users')).json()) as { signIn: string }
    const away = await visit(signIn)
    await visit((await ada.allow(away.headers.get('location') ?? '')).href)
    expect(await (await visit('/api/users')).json()).toMatchObject({ person: 'Ada', users: expect.arrayContaining(['Ada']) as unknown })
    const made = await visit('/api/todos', { method: 'POST', body: '{"description": "Call back"}', headers: { origin: app.url } })
    const { name } = (await made.json()) as { name: string }
    expect(await admin.read('ToDo', name)).toMatchObject({ description: 'Call back', owner: ADA.email })
    expect(seen.join(' ')).not.toMatch(/access_token|refresh_token|Bearer/i)
    for (const line of jar.header()?.split('; ') ?? []) expect(line).toMatch(/^connector_/)
  })

  test('refuses what a page of another site has the browser send', async () => {
    for (const headers of [{ origin: 'https://evil.example.com' }, { 'sec-fetch-site': 'cross-site' }]) {
      const answer = await visit('/api/todos', { method: 'POST', body: '{"description": "Evil"}', headers })
      expect(answer.status).toBe(403)
    }
  })
})

describe('the phone', () => {
  const stored = new Map<string, string>()
  const phone = {
    openAuthSessionAsync: async (url: string): Promise<{ type: string; url?: string }> => ({
      type: 'success',
      url: (await ada.allow(url)).href,
    }),
    getRandomBytes: (count: number) => new Uint8Array(randomBytes(count)),
    sha256: async (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest()).buffer,
    store: {
      getItemAsync: async (key: string) => stored.get(key) ?? null,
      setItemAsync: async (key: string, value: string) => void stored.set(key, value),
      deleteItemAsync: async (key: string) => void stored.delete(key),
    },
  }
  type SignIn = (on: typeof phone, issuer: string, clientId: string) => Promise<PublicAccess | undefined>
  const who = (access: PublicAccess | undefined) => access?.client.call('frappe.auth.get_logged_user', {}, { httpMethod: 'GET' })

  test('signs a person in with its own browser and crypto, goes on without asking, and forgets on sign-out', async () => {
    const redirectUri = 'com.example.shop:/callback'
    const app = await registerApp(admin, {
      kind: 'native',
      app_name: 'Shop',
      redirect_uris: redirectUri,
      default_redirect_uri: redirectUri,
      scopes: 'openid email',
    })
    const { signIn } = (await import(new URL('expo/sign-in.ts', EXAMPLES).href)) as { signIn: SignIn }
    expect(await signIn({ ...phone, openAuthSessionAsync: async () => ({ type: 'cancel' }) }, site.url, app.id)).toBeUndefined()
    const first = await signIn(phone, site.url, app.id)
    expect(await who(first)).toBe(ADA.email)
    const asksNobody = { ...phone, openAuthSessionAsync: () => Promise.reject(new Error('the person was asked')) }
    const again = await signIn(asksNobody, site.url, app.id)
    expect(await who(again)).toBe(ADA.email)
    await again?.signOut()
    expect(stored.size).toBe(0)
  })
})
