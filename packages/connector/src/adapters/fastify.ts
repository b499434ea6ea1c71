import type { ServerResponse } from 'node:http'
import type { Handles } from '../core/connector/handles.ts'
import { answerNode, type NodeRequest } from './node-request.ts'

/** What the plugin uses of a Fastify reply. */
interface Reply {
  readonly raw: ServerResponse
  code(status: number): this
  header(name: string, value: string | string[]): this
  send(body: Buffer): unknown
}

/** What the plugin uses of a Fastify instance. */
export interface FastifyLike {
  removeAllContentTypeParsers(): unknown
  addContentTypeParser(type: string, parser: (request: unknown, body: unknown) => Promise<unknown>): unknown
  route(route: { method: string[]; url: string; handler: (request: { raw: NodeRequest }, reply: Reply) => Promise<unknown> }): unknown
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** For Fastify 5: `await app.register(fastifyConnector(connector))`. The app's own body parsers stay as they are. */
export function fastifyConnector(connector: Handles): (app: FastifyLike) => Promise<void> {
  return async (app) => {
    app.removeAllContentTypeParsers()
    // The stream stays as it came: the connector checks its bytes.
    app.addContentTypeParser('*', async () => undefined)
    for (const url of new Set(connector.routes.map(({ path }) => path))) {
      app.route({
        method: METHODS,
        url,
        handler: async ({ raw }, reply) => send(reply, await answerNode(connector, raw, reply.raw)),
      })
    }
  }
}

async function send(reply: Reply, answered: Response | undefined): Promise<unknown> {
  if (answered === undefined) return reply.code(404).send(Buffer.alloc(0))
  reply.code(answered.status)
  for (const [name, value] of answered.headers) if (name !== 'set-cookie') reply.header(name, value)
  const cookies = answered.headers.getSetCookie()
  if (cookies.length > 0) reply.header('set-cookie', cookies)
  return reply.send(Buffer.from(await answered.arrayBuffer()))
}
