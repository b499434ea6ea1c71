import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import type { HeadersOf } from '@annex/connector'
import { expressConnector } from '@annex/connector/express'
import { fastifyConnector } from '@annex/connector/fastify'
import { honoConnector } from '@annex/connector/hono'
import { nodeConnector } from '@annex/connector/node'
import type { Handles } from '../../../packages/connector/src/core/connector/handles.ts'

/** What an app of the table is made of: connectors to be mounted, and who is greeted at `/`. */
export interface AppParts {
  readonly mounted: readonly Handles[]
  readonly greet: (request: HeadersOf) => Promise<string>
}
export type PartsAt = (url: string) => AppParts

export interface RunningApp {
  readonly url: string
  close(): Promise<unknown>
}
export type Start = (parts: PartsAt) => Promise<RunningApp>

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const listening = (server: Server): Promise<void> => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const closed = (server: Server): Promise<unknown> => {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(resolve))
}

/** Where a server will listen, for frameworks that want their routes before. */
export async function freeAddress(): Promise<string> {
  const probe = createServer()
  await listening(probe)
  const url = urlOf(probe)
  await closed(probe)
  return url
}

const startNode: Start = async (partsAt) => {
  const server = createServer()
  await listening(server)
  const { mounted, greet } = partsAt(urlOf(server))
  const handles = mounted.map(nodeConnector)
  server.on('request', (request, response) => {
    const answer = async () => {
      for (const handle of handles) if (await handle(request, response)) return
      response.statusCode = request.url === '/' ? 200 : 404
      response.end(request.url === '/' ? await greet(request) : 'not here')
    }
    answer().catch(() => undefined)
  })
  return { url: urlOf(server), close: () => closed(server) }
}

/** @param framework Express 5, or what an older one exports: as much as is used here is the same */
export const startExpress =
  (framework: typeof express): Start =>
  async (partsAt) => {
    const app = framework()
    const server = createServer(app)
    await listening(server)
    const { mounted, greet } = partsAt(urlOf(server))
    for (const connector of mounted) app.use(expressConnector(connector))
    app.use(framework.json(), framework.urlencoded({ extended: false }))
    app.get('/', (request, response, next) => {
      greet(request)
        .then((text) => response.send(text))
        .catch(next)
    })
    return { url: urlOf(server), close: () => closed(server) }
  }

const startFastify: Start = async (partsAt) => {
  const url = await freeAddress()
  const { mounted, greet } = partsAt(url)
  const app = fastify({ forceCloseConnections: true })
  for (const connector of mounted) await app.register(fastifyConnector(connector))
  app.get('/', (request) => greet(request))
  await app.listen({ port: Number(new URL(url).port), host: '127.0.0.1' })
  return { url, close: () => app.close() }
}

const startHono: Start = async (partsAt) => {
  const url = await freeAddress()
  const { mounted, greet } = partsAt(url)
  const app = new Hono()
  app.onError((_error, context) => context.text('', 500))
  for (const connector of mounted) app.use(honoConnector(connector))
  app.get('/', async (context) => context.text(await greet(context.req.raw)))
  const server = serve({ fetch: app.fetch, port: Number(new URL(url).port), hostname: '127.0.0.1' }) as Server
  return { url, close: () => closed(server) }
}

export const frameworks: readonly (readonly [string, Start])[] = [
  ['node http', startNode],
  ['Express 5', startExpress(express)],
  ['Fastify', startFastify],
  ['Hono', startHono],
]
