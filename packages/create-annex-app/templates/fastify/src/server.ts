import type { AddressInfo } from 'node:net'
import fastify, { type FastifyError } from 'fastify'
import { fastifyConnector } from '@annex/connector/fastify'
import type { App } from './app.ts'
import type { Config } from './config.ts'
import { failureOf } from './failure.ts'
import { FORM_BYTES, refusalOf } from './forms.ts'
import { files, headers, homePage } from './pages.ts'

export interface Serving {
  readonly port: number
  close(): Promise<void>
}

const HTML = 'text/html; charset=utf-8'

export async function serve(app: App, { port, host }: Pick<Config, 'port' | 'host'>): Promise<Serving> {
  const web = fastify({ bodyLimit: FORM_BYTES, forceCloseConnections: true })
  await web.register(fastifyConnector(app.connector))
  web.removeAllContentTypeParsers()
  web.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  )
  web.addHook('onRequest', async (_, reply) => void reply.headers(headers))
  for (const [path, [type, text]] of Object.entries(files)) web.get(path, (_, reply) => reply.type(type).send(text))

  web.get('/', async (request, reply) => reply.type(HTML).send(homePage(app, await app.connector.session(request))))

  web.post<{ Body?: Record<string, unknown> }>('/notes', async (request, reply) => {
    const session = await app.connector.session(request)
    if (session === undefined || !app.connector.isOwnOrigin(request))
      return reply.code(403).send('Sign in first, and write from a page of this app.')
    const { customer = '', text = '' } = request.body ?? {}
    const wrong = await app.insertNote(session, String(customer), String(text))
    if (wrong !== undefined)
      return reply
        .code(422)
        .type(HTML)
        .send(homePage(app, session, wrong))
    return reply.redirect('/', 303)
  })

  web.setErrorHandler((error: FastifyError, _request, reply) => {
    const { statusCode = 500 } = error
    // What Fastify itself does not read.
    if (statusCode < 500) return reply.code(statusCode).type('text/plain; charset=utf-8').send(refusalOf(statusCode))
    const failure = failureOf(error)
    return reply.code(failure.status).headers(failure.headers).send(failure.text)
  })

  await web.listen({ port, host })
  return { port: (web.server.address() as AddressInfo).port, close: () => web.close() }
}
