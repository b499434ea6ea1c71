import { beforeEach, describe, expect, test } from 'vitest'
import Fastify from 'fastify'
import { fastifyConnector } from '../../../adapters/fastify.ts'
import { memoryStore } from '../../../stores/memory.ts'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import { TestBrowser } from '../../../testing/test-browser.ts'
import { createKeys } from '../../sealing/key-ring.ts'
import { createConnectors, type Connectors, type TenantOptions } from './connectors.ts'

const ORIGIN = 'https://shop.example.com'
const PLACES = [
  ['/t/:tenant/connect', '/t/north/connect', /^\/t\/([^/]+)\//],
  ['/connect/:tenant', '/connect/north', /^\/connect\/([^/]+)\//],
] as const

const optionsOf = (site: FakeUpstream, redirectUri: string): TenantOptions => ({
  issuer: site.issuer,
  client: { ...site.client, redirectUri },
  scopes: { required: ['openid'] },
})

describe.each(PLACES)('tenants of one host, at %s', (basePath, north, pattern) => {
  const south = north.replace('north', 'south')
  const allowed: Record<string, TenantOptions> = {}
  let site: FakeUpstream
  let connectors: Connectors
  beforeEach(() => {
    site = new FakeUpstream()
    allowed['north'] = optionsOf(site, `${ORIGIN}${north}/callback`)
    allowed['south'] = optionsOf(site, `${ORIGIN}${south}/callback`)
    connectors = createConnectors({
      basePath,
      tenants: {
        of: ({ url = '' }) => pattern.exec(new URL(url, ORIGIN).pathname)?.[1],
        read: (tenant) => allowed[tenant],
        list: () => Object.keys(allowed),
      },
      store: memoryStore(),
      keys: createKeys(),
      fetch: site.fetch,
    })
  })

  test('a person signs in at the paths of one tenant, and is nobody at those of another', async () => {
    const browser = new TestBrowser((request) => connectors.handler(request), site, ORIGIN)
    const connector = (await connectors.of({ url: `${north}/visits`, headers: {} }))!
    expect(connector.signInUrl()).toBe(`${ORIGIN}${north}/login`)
    expect(connector.signOutUrl).toBe(`${ORIGIN}${north}/logout`)
    const back = await browser.signIn(connector.signInUrl({ returnTo: `${north}/visits` }))
    expect(back.headers.get('location')).toBe(`${ORIGIN}${north}/visits`)
    const own = browser.request(`${north}/visits`)
    expect(await (await connectors.of(own))?.session(own)).toBeDefined()
    const other = browser.request(`${south}/visits`)
    expect(await (await connectors.of(other))?.session(other)).toBeUndefined()
  })

  test('a name that is not allowed is 404, and what is no path of a tenant is the app’s', async () => {
    const statusOf = async (path: string) => (await connectors.handler(new Request(ORIGIN + path)))?.status
    expect(await statusOf(`${north.replace('north', 'west')}/login`)).toBe(404)
    expect(await statusOf('/visits')).toBeUndefined()
    expect(await statusOf(`${north}/nothing`)).toBeUndefined()
  })

  test('a callback at the paths of another tenant is refused when the tenant is read', async () => {
    allowed['north'] = optionsOf(site, `${ORIGIN}${south}/callback`)
    await expect(connectors.tenant('north')).rejects.toThrow(`must lead below ${north}`)
  })

  test('a framework that wants its routes told has them', async () => {
    const app = Fastify()
    await app.register(fastifyConnector(connectors))
    const away = await app.inject({ url: `${south}/login`, headers: { host: 'shop.example.com' } })
    expect(away.statusCode).toBe(303)
    expect(new URL(away.headers.location!).searchParams.get('redirect_uri')).toBe(`${ORIGIN}${south}/callback`)
    await app.close()
  })
})

test.each(['/connect/:name', '/:tenant/:tenant', '/connect/:tenants'])('a base path %s is refused in one sentence', (basePath) => {
  const tenants = { of: () => undefined, read: () => undefined, list: () => [] }
  expect(() => createConnectors({ basePath, tenants, store: memoryStore(), keys: createKeys() })).toThrow(/^basePath .* :tenant/)
})

test.each([
  'http://127.0.0.1:8999',
  'http://localhost',
  'https://localhost:8443',
  'http://[::1]:9',
  'https://localhost.:8443',
  'https://0.0.0.0:8443',
  'https://[::]:8443',
  'https://[::ffff:127.0.0.1]:8443',
])('a tenant’s site at %s is refused where the app itself is reached from elsewhere, and nothing is asked there', async (issuer) => {
  const site = new FakeUpstream({ issuer })
  const open = (redirectUri: string) =>
    createConnectors({
      tenants: { of: () => 'north', read: () => optionsOf(site, redirectUri), list: () => ['north'] },
      store: memoryStore(),
      keys: createKeys(),
      fetch: site.fetch,
    }).tenant('north')
  await expect(open(`${ORIGIN}/connect/callback`)).rejects.toThrow(/^issuer .* of the tenant north must not be this very machine/)
  expect(site.requests).toHaveLength(0)
  await expect(open('http://north.localhost:3000/connect/callback')).resolves.toBeDefined()
})
