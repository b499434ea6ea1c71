import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

/** One page of a React app, on a socket of its own. */
export interface ReactPage {
  readonly url: string
  close(): Promise<void>
}

/**
 * Bundles a page and serves it at every path but the connector's, with React's own warnings and a policy that lets no style and no
 * script in but the page's own.
 *
 * @param entry the page's script
 * @param connect answers what begins with `/connect/`
 */
export async function openReactPage(entry: URL, connect: RequestListener): Promise<ReactPage> {
  const script = await bundle(fileURLToPath(entry))
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    if (path.startsWith('/connect/')) return connect(request, response)
    if (path === '/page.js') return send(response, 'text/javascript', script)
    if (path === '/style.css') return send(response, 'text/css', style)
    response.setHeader('content-security-policy', "default-src 'self'; style-src 'self'; base-uri 'none'")
    return send(response, 'text/html', document)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function bundle(entry: string): Promise<string> {
  const build = await rolldown({
    input: entry,
    platform: 'browser',
    resolve: { conditionNames: ['source', 'browser', 'import', 'default'] },
    transform: { define: { 'process.env.NODE_ENV': '"development"' } },
    logLevel: 'silent',
  })
  const { output } = await build.generate({ format: 'iife' })
  await build.close()
  return output[0].code
}

const send = (response: ServerResponse, type: string, body: string): void =>
  void response.setHeader('content-type', `${type}; charset=utf-8`).end(body)

const document = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <title>Visits</title>
    <link rel="icon" href="/" />
    <link rel="stylesheet" href="/style.css" />
  </head>
  <body><main id="root"></main><script src="/page.js"></script></body>
</html>`

const style = ':root { color-scheme: light dark; font: 1rem/1.5 sans-serif } body { margin: 1rem; background: Canvas; color: CanvasText }'

/** A question as the connector's route was asked it. */
export interface AskedLink {
  readonly field: string
  readonly text: string
  readonly start: string | null
  readonly form: unknown
  /** What the app adds to its requests. */
  readonly app: string | undefined
  /** The browser took its question back before the answer. */
  isAborted: boolean
}

export interface LinkReply {
  readonly status?: number
  readonly body: unknown
}

/** The connector's route for link fields, answered as a test wants it. */
export class FakeLinkRoute {
  readonly asked: AskedLink[] = []
  /** May take its time: what is taken back meanwhile is not answered. */
  answer: (asked: AskedLink) => LinkReply | Promise<LinkReply> = () => ({ body: { items: [], more: false, source: 'upstream' } })

  readonly listener = (request: IncomingMessage, response: ServerResponse): void => void this.#answer(request, response)

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1')
    const form = searchParams.get('form')
    const asked: AskedLink = {
      field: decodeURIComponent(pathname.replace('/connect/links/', '')),
      text: searchParams.get('q') ?? '',
      start: searchParams.get('start'),
      form: form === null ? null : (JSON.parse(form) as unknown),
      app: request.headers['x-app']?.toString(),
      isAborted: false,
    }
    this.asked.push(asked)
    response.on('close', () => (asked.isAborted = !response.writableFinished))
    const { status = 200, body } = await this.answer(asked)
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    if (!asked.isAborted) response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(text)
  }
}
