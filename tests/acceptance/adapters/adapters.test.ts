import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import express from 'express'
import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import {
  createConnector,
  createConnectors,
  createKeys,
  memoryStore,
  type Connector,
  type Connectors,
  type HeadersOf,
} from '@annex/connector'
import { expressConnector } from '@annex/connector/express'
import { honoConnector } from '@annex/connector/hono'
import { NotInstalled, orReason } from '../../support/clients/install-once.ts'
import { installRecipe } from '../../support/clients/install-recipe.ts'
import type { FakeUpstream } from '@annex/connector/testing'
import { adapterRules, plain, WEBHOOK_SECRET } from './adapter-rules.ts'
import { frameworks, startExpress, type PartsAt } from './apps.ts'
import { stubConnector } from './stub-connector.ts'

const partsAt =
  (site: FakeUpstream): PartsAt =>
  (url) => {
    const connector = connectorAt(site, url)
    const greet = async (request: HeadersOf) => greeting((await connector.session(request))?.user.name)
    return { mounted: [connector, stubConnector(url)], greet }
  }

describe.each(frameworks)('the adapter for %s', (_name, start) => {
  adapterRules((site) => start(partsAt(site)))
})

const older = await orReason(installRecipe('express-4'))
const missing = older instanceof NotInstalled

describe.skipIf(missing)(`the adapter for Express 4${missing ? `: ${older.message}` : ''}`, () => {
  adapterRules(async (site) => {
    const load = createRequire(join(String(older), 'package.json'))
    return startExpress(load('express') as typeof express)(partsAt(site))
  })
})

const connectorAt = (site: FakeUpstream, url: string): Connector =>
  createConnector({
    issuer: site.issuer,
    client: { id: site.client.id, secret: site.client.secret, redirectUri: `${url}/connect/callback` },
    scopes: { required: ['openid', 'Item:read'] },
    store: memoryStore(),
    keys: createKeys(),
    links: { Item: {} },
    webhooks: { secrets: { frappe: [WEBHOOK_SECRET] }, onDocument: () => undefined },
  })
const greeting = (name: string | undefined): string => (name === undefined ? 'nobody' : `hello ${name}`)

describe.each(frameworks)('the adapter for %s, in an app of two sites', (_name, start) => {
  test('the Host header chooses among the sites that are allowed, and each speaks of its own address', async () => {
    const app = await start((url) => ({ mounted: [connectorsAt(url)], greet: async () => 'nobody' }))
    const ask = (host: string) => plain(app.url, { path: '/connect/login', headers: { host } })
    try {
      const { port } = new URL(app.url)
      for (const tenant of ['one', 'two']) {
        const { status, text } = await ask(`${tenant}.localhost:${port}`)
        expect([status, text]).toEqual([503, expect.stringContaining(`http://${tenant}.localhost:${port}/connect/login`)])
      }
      expect((await ask('evil.example.com')).status).toBe(404)
      expect((await plain(app.url, { path: '/elsewhere', headers: { host: `one.localhost:${port}` } })).status).toBe(404)
    } finally {
      await app.close()
    }
  })
})

/** Sites that nobody reaches: what is told of that shows whose sign-in it was. */
const connectorsAt = (url: string): Connectors =>
  createConnectors({
    store: memoryStore(),
    keys: createKeys(),
    tenants: {
      list: () => ['one', 'two'],
      of: (request) => /^https?:\/\/(\w+)\.localhost:/.exec(request.url ?? '')?.[1],
      read: (tenant) =>
        ['one', 'two'].includes(tenant)
          ? {
              issuer: 'http://127.0.0.1:1',
              client: { id: tenant, secret: 'secret', redirectUri: `http://${tenant}.localhost:${new URL(url).port}/connect/callback` },
              scopes: { required: ['openid'] },
            }
          : undefined,
    },
  })

test.each(['node', 'express', 'fastify', 'hono', 'next'])('the adapter for %s has at most 60 lines', async (name) => {
  const text = await readFile(new URL(`../../../packages/connector/src/adapters/${name}.ts`, import.meta.url), 'utf8')
  expect(text.split('\n').length).toBeLessThanOrEqual(61)
})

describe('a body that a parser has read before', () => {
  const sentence = /^The body was read before .*: mount the connector before body parsers$/

  test('is a failure of the app with Express, in one sentence', async () => {
    const app = express()
    const logged: unknown[] = []
    app.use(express.json(), expressConnector(stubConnector('http://127.0.0.1')))
    app.use((error: Error, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
      logged.push(error.message)
      response.sendStatus(500)
    })
    const server = createServer(app).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const ask = (type: string) =>
      fetch(`http://127.0.0.1:${port}/stub/bytes`, { method: 'POST', body: '{"a": 1}', headers: { 'content-type': type } })
    expect((await ask('application/json')).status).toBe(500)
    expect(logged).toEqual([expect.stringMatching(sentence)])
    // What the parser did not want is still there.
    expect(await (await ask('text/plain')).text()).toBe('{"a": 1}')
    await new Promise((resolve) => server.close(resolve))
  })

  test('is a failure of the app with Hono, in one sentence', async () => {
    const app = new Hono()
    const logged: unknown[] = []
    app.use(async ({ req }, next) => {
      await req.json()
      await next()
    })
    app.use(honoConnector(stubConnector('http://127.0.0.1')))
    app.onError((error, context) => {
      logged.push(error.message)
      return context.text('', 500)
    })
    expect((await app.request('/stub/bytes', { method: 'POST', body: '{}' })).status).toBe(500)
    expect(logged).toEqual([expect.stringMatching(sentence)])
  })
})
