import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { nodeConnector } from '@annex/connector/node'
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
  const answerConnector = nodeConnector(app.connector)
  const server = createServer((request, response) => {
    void (async () => {
      try {
        if (!(await answerConnector(request, response))) await answer(app, request, response)
      } catch (error) {
        const failure = failureOf(error)
        if (!response.headersSent) response.writeHead(failure.status, { ...headers, ...failure.headers }).end(failure.text)
      }
    })()
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => void (server.close(() => resolve()), server.closeAllConnections())),
  }
}

async function answer(app: App, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [pathname = '/'] = (request.url ?? '/').split('?')
  const file = files[pathname]
  if (file !== undefined) return send(response, 200, ...file)
  const session = await app.connector.session(request)
  const isNote = pathname === '/notes' && request.method === 'POST'
  if (isNote && session !== undefined && app.connector.isOwnOrigin(request)) {
    const form = isForm(request.headers['content-type']) ? await readForm(request) : 415
    if (typeof form === 'number') return send(response.setHeader('connection', 'close'), form, 'text/plain; charset=utf-8', refusalOf(form))
    const wrong = await app.insertNote(session, form.get('customer') ?? '', form.get('text') ?? '')
    if (wrong !== undefined) return send(response, 422, 'text/html; charset=utf-8', homePage(app, session, wrong))
    return void response.writeHead(303, { ...headers, location: '/' }).end()
  }
  if (isNote) return send(response, 403, 'text/plain; charset=utf-8', 'Sign in first, and write from a page of this app.')
  if (pathname !== '/') return send(response, 404, 'text/plain; charset=utf-8', 'There is nothing here.')
  send(response, 200, 'text/html; charset=utf-8', homePage(app, session))
}

/** Gives 413 for what is longer than any form of this app. */
async function readForm(request: IncomingMessage): Promise<URLSearchParams | 413> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > FORM_BYTES) return 413
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString())
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { ...headers, 'content-type': type }).end(text)
}
