import type { Connector, Route } from '../connector.ts'
import { answerNode, type NodeRequest } from './answer.ts'

/** Nothing here has a body; a form that sends one is let pass, a flood is not. */
const BODY_LIMIT = 65_536

/** What the plugin uses of a Fastify reply. */
interface Reply {
  code(status: number): this
  header(name: string, value: string | string[]): this
  send(body: Buffer): unknown
}

/** What the plugin uses of a Fastify instance. */
export interface FastifyLike {
  removeAllContentTypeParsers(): unknown
  addContentTypeParser(
    type: string,
    options: { parseAs: 'buffer'; bodyLimit: number },
    parser: (request: unknown, body: unknown) => Promise<unknown>,
  ): unknown
  route(route: {
    method: Route['method']
    url: string
    handler: (request: { raw: NodeRequest }, reply: Reply) => Promise<unknown>
  }): unknown
}

/** For Fastify 5: `await app.register(fastifyConnector(connector))`. The app's own body parsers stay as they are. */
export function fastifyConnector(connector: Connector): (app: FastifyLike) => Promise<void> {
  return async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_LIMIT }, async () => undefined)
    for (const { method, path } of connector.routes) {
      app.route({ method, url: path, handler: async (request, reply) => send(reply, await answerNode(connector, request.raw)) })
    }
  }
}

async function send(reply: Reply, answer: Response | undefined): Promise<unknown> {
  if (answer === undefined) return reply.code(404).send(Buffer.alloc(0))
  reply.code(answer.status)
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') reply.header(name, value)
  const cookies = answer.headers.getSetCookie()
  if (cookies.length > 0) reply.header('set-cookie', cookies)
  return reply.send(Buffer.from(await answer.arrayBuffer()))
}
