import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { memoryStore } from '../../../stores/memory.ts'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import { createKeys } from '../../sealing/key-ring.ts'
import { createConnectors, type Connectors, type ConnectorsOptions, type TenantOptions } from './connectors.ts'

const sites = [new FakeUpstream(), new FakeUpstream()] as const
let listening: Awaited<ReturnType<FakeUpstream['listen']>>[]
let allowed: Record<string, TenantOptions>
let connectors: Connectors

beforeAll(async () => {
  listening = await Promise.all(sites.map((site) => site.listen()))
})
afterAll(() => Promise.all(listening.map((each) => each.close())))
beforeEach(() => {
  allowed = Object.fromEntries(sites.map((site, at) => [['north', 'south'][at]!, optionsOf(site, ['north', 'south'][at]!)]))
  connectors = open()
})

const open = (more: Partial<ConnectorsOptions> = {}): Connectors =>
  createConnectors({
    store: memoryStore(),
    keys: createKeys(),
    tenants: {
      of: ({ url = '' }) => /^https?:\/\/([^.]+)\.localhost/.exec(url)?.[1],
      read: (tenant) => allowed[tenant],
      list: () => Object.keys(allowed),
    },
    ...more,
  })

/** One client id at two sites: what tells them apart is the tenant. */
const optionsOf = (site: FakeUpstream, tenant: string): TenantOptions => ({
  issuer: site.issuer,
  client: { id: site.client.id, secret: site.client.secret, redirectUri: `http://${tenant}.localhost:4100/connect/callback` },
  scopes: { required: ['openid', 'Item:read'] },
})

const cookieOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
const visit = async (url: string, cookie = '', init: RequestInit = {}): Promise<Response> =>
  (await connectors.handler(new Request(url, { ...init, headers: { cookie } })))!

/** From the login of one tenant to the callback that the site sends the browser to, not visited yet. */
async function comeBack(tenant: string): Promise<{ cookie: string; callback: string }> {
  const away = await visit(`http://${tenant}.localhost:4100/connect/login`)
  const back = await fetch(away.headers.get('location')!, { redirect: 'manual' })
  return { cookie: cookieOf(away), callback: back.headers.get('location')! }
}

async function signIn(tenant: string): Promise<string> {
  const { cookie, callback } = await comeBack(tenant)
  return cookieOf(await visit(callback, cookie))
}

const at = (tenant: string, cookie: string): Request => new Request(`http://${tenant}.localhost:4100/`, { headers: { cookie } })

test('each tenant signs in with its own site', async () => {
  const cookies = { north: await signIn('north'), south: await signIn('south') }
  for (const [tenant, site] of [
    ['north', sites[0]],
    ['south', sites[1]],
  ] as const) {
    const connector = await connectors.of(at(tenant, ''))
    expect((await connector?.session(at(tenant, cookies[tenant])))?.user.issuer).toBe(site.issuer)
  }
})

test('J01 a sign-in that one tenant began is finished by no other, whatever host its answer comes to', async () => {
  const { cookie, callback } = await comeBack('north')
  const before = sites[1].requests.length
  const answer = await visit(callback.replace('north.', 'south.'), cookie)
  expect(answer.status).toBe(400)
  expect(answer.headers.get('location')).toBeNull()
  expect(sites[1].requests.slice(before).filter(({ method }) => method === 'POST')).toHaveLength(0)
})

test('J04 the answer of one tenant’s site to the sign-in of another is refused', async () => {
  const [north, south] = [await comeBack('north'), await comeBack('south')]
  const mixed = new URL(north.callback)
  const code = new URL(south.callback).searchParams
  mixed.searchParams.set('code', code.get('code')!)
  mixed.searchParams.set('iss', code.get('iss')!)
  expect((await visit(mixed.href, `${north.cookie}; ${south.cookie}`)).status).toBe(400)
})

test('a session, and a connection, of one tenant are nothing at another', async () => {
  const cookie = await signIn('north')
  const session = await (await connectors.tenant('north'))?.session(at('north', cookie))
  const south = await connectors.tenant('south')
  expect(session).toBeDefined()
  expect(await south?.session(at('south', cookie))).toBeUndefined()
  await expect(south?.connection(session!.connection).token()).rejects.toMatchObject({ code: 'sign_in_required', reason: 'unknown' })
})

test('a tenant that is not allowed any more is not found, and is again when it is allowed', async () => {
  const north = allowed['north']!
  const login = 'http://north.localhost:4100/connect/login'
  expect((await visit(login)).status).toBe(303)
  delete allowed['north']
  expect((await visit(login)).status).toBe(404)
  expect(await connectors.tenant('north')).toBeUndefined()
  allowed['north'] = north
  expect((await visit(login)).status).toBe(303)
})

test('a tenant’s connector is made once, and anew when its options change', async () => {
  const first = await connectors.tenant('north')
  allowed['north'] = { ...allowed['north']! }
  expect(await connectors.tenant('north')).toBe(first)
  allowed['north'] = { ...allowed['north'], scopes: { required: ['openid'] } }
  expect(await connectors.tenant('north')).not.toBe(first)
})

test.each(['', 'a'.repeat(65), '../north', 'north south', 'nörth', '__proto__ '])(
  'the tenant “%s” is nobody’s, and the allow-list is not asked',
  async (name) => {
    allowed[name] = allowed['north']!
    expect(await connectors.tenant(name)).toBeUndefined()
  },
)

test('paths that are the app’s are left to it, with a tenant or without', async () => {
  for (const host of ['north.localhost:4100', 'localhost:4100'])
    expect(await connectors.handler(new Request(`http://${host}/visits`))).toBeUndefined()
  expect((await visit('http://localhost:4100/connect/login')).status).toBe(404)
})

test('a callback outside of the paths of all tenants is named', async () => {
  const client = { id: 'a', redirectUri: 'http://north.localhost:4100/callback' }
  allowed['north'] = { ...allowed['north']!, client }
  await expect(connectors.tenant('north')).rejects.toThrow(/^client\.redirectUri .* of the tenant north must lead below \/connect/)
})

describe('Work for tenants', () => {
  const change = { doctype: 'Item', name: 'ITEM-1', event: 'on_update' } as const
  const webhookTo = (tenant: string, secret: string) => ({
    url: `http://${tenant}.localhost:4100/connect/webhook/Item`,
    secret,
    scheme: 'frappe' as const,
    fetch: async (url: string, init?: RequestInit) => (await connectors.handler(new Request(url, init)))!,
  })

  test('a webhook is taken by the tenant whose secret signed it alone, and told with the tenant’s name', async () => {
    const told: unknown[] = []
    allowed['north'] = { ...allowed['north']!, webhookSecrets: { frappe: ['of the north'] } }
    allowed['south'] = { ...allowed['south']!, webhookSecrets: { frappe: ['of the south'] } }
    connectors = open({
      webhooks: { onDocument: ({ name, state }, tenant) => void told.push([tenant, name, state]), readers: () => persons },
    })
    sites[0].documents.set('Item', { name: 'ITEM-1', title: 'Bolt' })
    const session = await (await connectors.tenant('north'))?.session(at('north', await signIn('north')))
    const persons = [session!.connection]
    const [forged] = await sites[0].webhook(change, webhookTo('south', 'of the north'))
    const [taken] = await sites[0].webhook(change, webhookTo('north', 'of the north'))
    expect([forged?.status, taken?.status]).toEqual([401, 204])
    expect((await connectors.work()).inbox).toBe(1)
    expect(told).toEqual([['north', 'ITEM-1', 'there']])
  })

  test('a tenant without secrets takes no webhook', async () => {
    connectors = open({ webhooks: { onDocument: () => undefined } })
    const request = new Request('http://north.localhost:4100/connect/webhook/Item', { method: 'POST' })
    expect(await connectors.handler(request)).toBeUndefined()
  })

  test('a tenant whose settings are wrong is logged and holds nobody up', async () => {
    const logged: unknown[] = []
    connectors = open({ log: (event, detail) => logged.push([event, detail['tenant']]) })
    const cookie = await signIn('south')
    const session = await (await connectors.tenant('south'))?.session(at('south', cookie))
    allowed['north'] = { ...allowed['north']!, issuer: 'nowhere' }
    await connectors.work()
    expect(logged).toContainEqual(['tenant-failed', 'north'])
    expect(await (await connectors.tenant('south'))?.connection(session!.connection).state()).toMatchObject({ state: 'active' })
  })

  test('a tenant that this process has not met is worked for: its idle connections are renewed', async () => {
    const options = { store: memoryStore(), keys: createKeys(), clock: () => Date.now() + ahead }
    let ahead = 0
    connectors = open(options)
    await signIn('north')
    ahead = 2 * 86_400_000
    connectors = open(options)
    expect((await connectors.work()).renewed).toBe(1)
  })

  test('a listener hears of every tenant, those met later too, until it ends', async () => {
    const heard: string[] = []
    const end = connectors.on('signed-in', (_, tenant) => void heard.push(tenant))
    await signIn('north')
    await signIn('south')
    end()
    await signIn('north')
    expect(heard).toEqual(['north', 'south'])
  })

  test('a tenant that was met before the start is worked for as well, and again after a stop and a start', async () => {
    const told: string[] = []
    allowed['north'] = { ...allowed['north']!, webhookSecrets: { frappe: ['of the north'] } }
    connectors = open({ webhooks: { onDocument: ({ name }) => void told.push(name), readers: () => persons } })
    const session = await (await connectors.tenant('north'))?.session(at('north', await signIn('north')))
    const persons = [session!.connection]
    for (const name of ['ITEM-2', 'ITEM-3']) {
      sites[0].documents.set('Item', { name, title: 'Nut' })
      const working = connectors.start()
      await sites[0].webhook({ ...change, name }, webhookTo('north', 'of the north'))
      await expect.poll(() => told, { timeout: 10_000 }).toContain(name)
      await working.stop()
    }
  })

  test('to start works for all of the list, and to stop ends it', async () => {
    const met: string[] = []
    const { read } = { read: (tenant: string) => (met.push(tenant), allowed[tenant]) }
    connectors = open({ tenants: { of: () => undefined, read, list: () => Object.keys(allowed) } })
    const working = connectors.start()
    await expect.poll(() => met).toEqual(['north', 'south'])
    await working.stop()
  })
})

test.each(['north.localhost/connect/webhook?', 'north.localhost#', 'a b', 'north@evil', ''])(
  'a Host that writes more than a host is nobody’s: %s',
  (host) => {
    expect(connectors.addressOf('/connect/login', host)).toBeUndefined()
  },
)

test('the Host as it came chooses among tenants, and is believed for nothing else', async () => {
  const address = connectors.addressOf('/connect/login', 'north.localhost:9999')
  const away = await visit(address!)
  expect(new URL(away.headers.get('location')!).searchParams.get('redirect_uri')).toBe('http://north.localhost:4100/connect/callback')
  expect(connectors.addressOf('*', 'north.localhost')).toBeUndefined()
})

test('tenants without a way to tell and to read them are refused in one sentence', () => {
  const options = { store: memoryStore(), keys: createKeys() }
  expect(() => createConnectors({ ...options, tenants: undefined as never })).toThrow(/^tenants must have of\(request\)/)
})
