import type { AddressInfo } from 'node:net'
import { serve as listen } from '@hono/node-server'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { honoConnector } from '@annex/connector/hono'
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
  const web = new Hono()
  web.use(honoConnector(app.connector))
  web.use(async (context, next) => {
    for (const [name, value] of Object.entries(headers)) context.header(name, value)
    await next()
  })
  for (const [path, [type, text]] of Object.entries(files)) web.get(path, (context) => context.body(text, 200, { 'content-type': type }))

  web.get('/', async (context) => context.html(homePage(app, await app.connector.session(context.req.raw))))

  web.post('/notes', bodyLimit({ maxSize: FORM_BYTES, onError: (context) => context.text(refusalOf(413), 413) }), async (context) => {
    const session = await app.connector.session(context.req.raw)
    if (session === undefined || !app.connector.isOwnOrigin(context.req.raw))
      return context.text('Sign in first, and write from a page of this app.', 403)
    if (!isForm(context.req.header('content-type'))) return context.text(refusalOf(415), 415)
    const { customer, text } = await context.req.parseBody()
    const wrong = await app.insertNote(session, String(customer ?? ''), String(text ?? ''))
    return wrong === undefined ? context.redirect('/', 303) : context.html(homePage(app, session, wrong), 422)
  })

  web.onError((error, context) => {
    const failure = failureOf(error)
    return context.body(failure.text, failure.status, failure.headers)
  })

  return new Promise((resolve) => {
    const server = listen({ fetch: web.fetch, port, hostname: host }, (address: AddressInfo) =>
      resolve({
        port: address.port,
        close: () =>
          new Promise((closed) => void (server.close(() => closed()), 'closeAllConnections' in server && server.closeAllConnections())),
      }),
    )
  })
}
