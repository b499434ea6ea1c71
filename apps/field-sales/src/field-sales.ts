import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Connector } from '@annex/connector'
import { fastifyConnector } from '@annex/connector/fastify'
import { openSqlStore } from '@annex/connector/stores/sql'
import fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import type { FieldSalesConfig } from './config.ts'
import { problemPage } from './pages/welcome-page.ts'
import { joinPrimarySite } from './primary-site.ts'
import { Reports } from './reports-store.ts'
import { addRoutes } from './routes.ts'
import { addStaticFiles } from './static-files.ts'

const BODY_LIMIT = 65_536

export interface FieldSalesOptions {
  readonly config: FieldSalesConfig
  /** The folder of its two databases: visit reports, and the connector's vault. Made when it is not there. */
  readonly data: string
  /** That of the configured address when absent. */
  readonly port?: number
  /** One line of the log. */
  readonly log?: (line: string) => void
}

export interface FieldSales {
  readonly url: string
  close(): Promise<void>
}

/**
 * Starts the app.
 *
 * @throws {Error} one sentence: a database that cannot be opened, a wrong setting, a port that is taken
 */
export async function startFieldSales({ config, data, port, log = () => undefined }: FieldSalesOptions): Promise<FieldSales> {
  await mkdir(data, { recursive: true, mode: 0o700 })
  const store = await openSqlStore(`sqlite:${resolve(data, 'vault.db')}`)
  const reports = new Reports(resolve(data, 'reports.db'), config.issuer)
  const app = fastify({ bodyLimit: BODY_LIMIT, forceCloseConnections: true })
  let worker: ReturnType<Connector['start']> | undefined
  const close = async (): Promise<void> => {
    await app.close()
    await worker?.stop()
    reports.close()
    await store.close()
  }
  try {
    if (config.movedFrom !== undefined) {
      await store.of('').connections.move(config.movedFrom, config.issuer)
      reports.move(config.movedFrom, config.issuer)
    }
    const connector = joinPrimarySite({ config, store, reports, log })
    await build(app, connector, reports, log)
    await app.listen({ host: new URL(config.url).hostname, port: port ?? Number(new URL(config.url).port) })
    worker = connector.start()
  } catch (error) {
    await close()
    throw error
  }
  return { url: config.url, close }
}

async function build(app: FastifyInstance, connector: Connector, reports: Reports, log: (line: string) => void): Promise<void> {
  app.addHook('onSend', async (_request, reply) => {
    reply.headers(SECURITY_HEADERS)
  })
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_request: unknown, body: string | Buffer) => new URLSearchParams(body.toString()),
  )
  app.setNotFoundHandler(async (_request, reply) => {
    const page = problemPage({ title: 'Not found', message: 'There is no such page here.', signOutUrl: connector.signOutUrl })
    return reply.code(404).type('text/html; charset=utf-8').send(page)
  })
  app.setErrorHandler(async (error: FastifyError, _request, reply) => {
    const status = error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500 ? error.statusCode : 500
    const incident = randomUUID()
    if (status === 500) log(JSON.stringify({ event: 'failed', incident, stack: error.stack }))
    const message =
      status === 500
        ? `Something went wrong here, and was written down as ${incident}. Try again.`
        : 'The request cannot be read: go back and try again.'
    return reply
      .code(status)
      .type('text/html; charset=utf-8')
      .send(problemPage({ title: 'That did not work', message, signOutUrl: connector.signOutUrl }))
  })
  await addStaticFiles(app)
  await app.register(fastifyConnector(connector))
  addRoutes(app, connector, reports)
}

const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
}
