import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler } from 'express'
import { expressConnector } from '@annex/connector/express'
import type { App } from './app.ts'
import type { Config } from './config.ts'
import { failureOf } from './failure.ts'
import { FORM_BYTES, isForm, refusalOf } from './forms.ts'
import { files, headers, homePage } from './pages.ts'

export interface Serving {
  readonly port: number
  close(): Promise<void>
}

export async function serve(app: App, { port, host }: Pick<Config, 'port' | 'host'>): Promise<Serving> {
  const web = express()
  // Before any body parser: the connector checks the very bytes of a webhook.
  web.use(expressConnector(app.connector))
  web.use((_, response, next) => {
    response.set(headers)
    next()
  })
  web.use(express.urlencoded({ extended: false, limit: FORM_BYTES }))
  for (const [path, [type, text]] of Object.entries(files)) web.get(path, (_, response) => void response.type(type).send(text))

  web.get('/', async (request, response) => void response.send(homePage(app, await app.connector.session(request))))

  web.post('/notes', async (request, response) => {
    const session = await app.connector.session(request)
    if (session === undefined || !app.connector.isOwnOrigin(request))
      return void response.status(403).type('text').send('Sign in first, and write from a page of this app.')
    if (!isForm(request.headers['content-type'])) return void response.status(415).type('text').send(refusalOf(415))
    const { customer = '', text = '' } = (request.body ?? {}) as Record<string, unknown>
    const wrong = await app.insertNote(session, String(customer), String(text))
    if (wrong !== undefined) return void response.status(422).send(homePage(app, session, wrong))
    response.redirect(303, '/')
  })

  web.use(((error, _request, response, _next) => {
    // What Express itself does not read.
    if (error.expose === true) return void response.status(error.status).type('text').send(refusalOf(error.status))
    const failure = failureOf(error)
    response.status(failure.status).set(failure.headers).send(failure.text)
  }) satisfies ErrorRequestHandler)

  const server = await new Promise<Server>((resolve, reject) => {
    const listening = web.listen(port, host, (error) => (error ? reject(error) : resolve(listening)))
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => void (server.close(() => resolve()), server.closeAllConnections())),
  }
}
