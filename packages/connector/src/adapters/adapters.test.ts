import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import fastify from 'fastify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Connector } from '../connector.ts'
import { createConnector } from '../connector.ts'
import { FakeSite } from '../fake-site.fixture.ts'
import { memoryStore } from '../stores/memory.ts'
import { createKeys } from '../tokens/key-ring.ts'
import { expressConnector } from './express.ts'
import { fastifyConnector } from './fastify.ts'
import { nodeConnector } from './node.ts'

/** An app that greets who is signed in, on a port of its own. */
interface RunningApp {
  readonly url: string
  close(): Promise<unknown>
}
type Start = (connectorAt: (url: string) => Connector) => Promise<RunningApp>

const greeting = (name: string | undefined): string => (name === undefined ? 'nobody' : `hello ${name}`)
const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const closeOf = (server: Server) => (): Promise<unknown> => new Promise((resolve) => server.close(resolve))
const listening = (server: Server): Promise<void> => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))

const startNode: Start = async (connectorAt) => {
  const server = createServer()
  await listening(server)
  const connector = connectorAt(urlOf(server))
  const handle = nodeConnector(connector)
  server.on('request', (request, response) => {
    void (async () => {
      if (!(await handle(request, response))) response.end(greeting((await connector.session(request))?.user.name))
    })()
  })
  return { url: urlOf(server), close: closeOf(server) }
}

const startExpress: Start = async (connectorAt) => {
  const app = express()
  const server = createServer(app)
  await listening(server)
  const connector = connectorAt(urlOf(server))
  app.use(express.urlencoded())
  app.use(expressConnector(connector))
  app.get('/', (request, response, next) => {
    connector
      .session(request)
      .then((session) => response.send(greeting(session?.user.name)))
      .catch(next)
  })
  return { url: urlOf(server), close: closeOf(server) }
}

const startFastify: Start = async (connectorAt) => {
  // Fastify wants its routes before it listens, so the port is found first.
  const probe = createServer()
  await listening(probe)
  const url = urlOf(probe)
  await closeOf(probe)()
  const connector = connectorAt(url)
  const app = fastify()
  await app.register(fastifyConnector(connector))
  app.get('/', (request) => connector.session(request).then((session) => greeting(session?.user.name)))
  await app.listen({ port: Number(new URL(url).port), host: '127.0.0.1' })
  return { url, close: () => app.close() }
}

let site: FakeSite
beforeEach(async () => {
  site = await new FakeSite().start()
})
afterEach(() => site.close())

const connectorAt = (url: string): Connector =>
  createConnector({
    upstream: { issuer: site.url },
    client: { id: site.clientId, secret: site.secret, redirectUri: `${url}/connect/callback` },
    scopes: { required: ['openid'] },
    store: memoryStore(),
    keys: createKeys(),
  })

const cookieOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')

describe.each<[string, Start]>([
  ['node', startNode],
  ['Express', startExpress],
  ['Fastify', startFastify],
])('over a socket, with %s', (_name, start) => {
  let app: RunningApp
  beforeEach(async () => {
    app = await start(connectorAt)
  })
  afterEach(() => app.close())

  const visit = (url: string, init: RequestInit = {}): Promise<Response> => fetch(new URL(url, app.url), { redirect: 'manual', ...init })

  async function signIn(): Promise<Response> {
    const away = await visit('/connect/login?return_to=/')
    const back = await fetch(away.headers.get('location')!, { redirect: 'manual' })
    return visit(back.headers.get('location')!, { headers: { cookie: cookieOf(away) } })
  }

  test('a person signs in, is greeted, and signs out', async () => {
    const signedIn = await signIn()
    expect(signedIn.status).toBe(303)
    expect(signedIn.headers.get('location')).toBe(`${app.url}/`)
    expect(signedIn.headers.getSetCookie()).toHaveLength(2)
    const cookie = cookieOf(signedIn)
    expect(await (await visit('/', { headers: { cookie } })).text()).toBe('hello Sam Seller')
    const headers = { cookie, origin: app.url, 'content-type': 'application/x-www-form-urlencoded' }
    expect((await visit('/connect/logout', { method: 'POST', headers, body: 'a=b' })).status).toBe(303)
    expect(await (await visit('/', { headers: { cookie } })).text()).toBe('nobody')
  })

  test("the app's own paths stay its own, and a Host header moves nothing", async () => {
    expect(await (await visit('/')).text()).toBe('nobody')
    const away = await visit('/connect/login', { headers: { 'x-forwarded-host': 'evil.example.com' } })
    expect(new URL(away.headers.get('location')!).searchParams.get('redirect_uri')).toBe(`${app.url}/connect/callback`)
  })

  test('a callback from nowhere is answered with a page', async () => {
    const answer = await visit('/connect/callback?state=x&code=y')
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('Sign in with the primary site')
  })
})
