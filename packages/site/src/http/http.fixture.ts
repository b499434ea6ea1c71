import { connect } from 'node:net'
import { OAuthError, notPermitted } from '@annex/protocol'
import { pino, type Logger } from 'pino'
import type { Authenticator } from './exchange.ts'
import { createServer, type HttpServer } from './server.ts'

const byHeader: Authenticator<string> = async ({ headers }) =>
  typeof headers['authorization'] === 'string' && headers['authorization'] === 'Bearer good' ? { caller: 'alice' } : undefined

const bySession: Authenticator<string> = async ({ headers, cookies }) => {
  if (headers['authorization'] !== undefined || cookies['sid'] === undefined) return undefined
  const gone = [{ name: 'sid', value: '', maxAge: 0, httpOnly: true }]
  if (cookies['sid'] !== 'good') return { caller: 'guest', sessionExpired: true, cookies: gone }
  return { caller: 'bob', csrf: 'form-token' }
}

/** A server with one route of each kind, on a free port. */
export class TestServer {
  readonly base: string
  /** What was written to the log. */
  readonly lines: readonly string[]
  readonly log: Logger
  readonly #server: HttpServer<string>

  private constructor(server: HttpServer<string>, base: string, log: Logger, lines: readonly string[]) {
    this.#server = server
    this.base = base
    this.log = log
    this.lines = lines
  }

  static async start(): Promise<TestServer> {
    const lines: string[] = []
    const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) })
    let base = ''
    const server = createServer<string>({
      guest: 'guest',
      authenticators: [byHeader, bySession],
      issuer: () => base,
      secureCookies: true,
      hsts: true,
      trustedProxies: [],
      styleSource: "'sha256-x'",
      errorPage: (status, message) => `<p>${status} ${message}</p>`,
      log,
      bodyLimit: 100_000,
    })
    addRoutes(server)
    base = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`
    return new TestServer(server, base, log, lines)
  }

  close(): Promise<void> {
    return this.#server.close()
  }

  readonly ask = async (path: string, options: RequestInit = {}): Promise<Reply> => {
    const response = await fetch(this.base + path, { redirect: 'manual', ...options })
    const text = await response.text()
    const isJson = text !== '' && response.headers.get('content-type') === 'application/json'
    return { status: response.status, text, headers: response.headers, json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {} }
  }

  /** Sends bytes as they stand, for what `fetch` would not send. */
  readonly askRaw = (request: string): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const socket = connect(Number(new URL(this.base).port), '127.0.0.1', () => socket.end(request))
    let answer = ''
    socket.on('data', (bytes) => (answer += bytes.toString()))
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
    return promise
  }
}

export interface Reply {
  readonly status: number
  readonly json: Readonly<Record<string, unknown>>
  readonly text: string
  readonly headers: Headers
}

function addRoutes(server: HttpServer<string>): void {
  server.route(['GET', 'POST', 'DELETE'], '/api/echo', async ({ args, caller, method, query, form, ip }) => ({
    json: { args, caller, method, query: query.toString(), form: form?.toString(), ip },
  }))
  server.route(['GET'], '/api/named/:doctype/*', async ({ params }) => ({ json: params }))
  server.route('POST', '/page', async () => ({ location: '/done' }), { csrf: 'required' })
  server.route('POST', '/enter', async () => ({ json: {}, cookies: [{ name: 'sid', value: 'a b', maxAge: 9, httpOnly: true }] }), {
    csrf: 'origin',
  })
  server.route('GET', '/page', async () => ({ page: '<p>hello</p>' }))
  server.route('GET', '/leaving-page', async () => ({ page: '<p>hello</p>', formsLeave: true }))
  server.route('GET', '/api/fault', async () => Promise.reject(new Error('select secret from vault')))
  server.route('GET', '/api/refused', async () => Promise.reject(notPermitted('Ask for the right')))
  server.route('GET', '/api/oauth', async () => Promise.reject(new OAuthError('invalid_scope', 'No such scope', { scope: 'openid' })))
  server.route('POST', '/api/token', async ({ caller, headers }) => ({ json: { caller, header: headers['authorization'] } }), {
    authenticate: 'none',
  })
  server.route(
    ['GET', 'POST'],
    '/api/call/:method',
    async ({ params, args, caller }) => ({ json: { called: params['method'], args, caller } }),
    {
      command: '*',
      takesCommands: 'anywhere',
    },
  )
  server.route('POST', '/api/enter', async ({ args }) => ({ json: { entered: args } }), { command: 'enter', csrf: 'origin' })
  server.route('GET', '/', async () => ({ location: '/home' }), { takesCommands: 'anywhere' })
  server.route('POST', '/api/document', async ({ args }) => ({ json: { args } }), { takesCommands: 'query' })
  server.route('GET', '/api/v2/refused', async () => Promise.reject(notPermitted('Ask for the right')))
  server.route('GET', '/file', async () => ({
    file: { filename: 'Größe "A"\r\n.html', contentType: 'text/plain', bytes: Buffer.from('<script>'), disposition: 'attachment' },
  }))
}

export const form = (body: string, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body,
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
})
export const json = (body: string, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body,
  headers: { 'content-type': 'application/json', ...headers },
})
