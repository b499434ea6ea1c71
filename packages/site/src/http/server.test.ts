import { connect } from 'node:net'
import { FrappeError, OAuthError, notPermitted } from '@annex/protocol'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Authenticator } from './exchange.ts'
import { createServer, type HttpServer } from './server.ts'

const lines: string[] = []
const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) })
let server: HttpServer<string>
let base: string

const byHeader: Authenticator<string> = async ({ headers }) =>
  typeof headers['authorization'] === 'string' && headers['authorization'] === 'Bearer good' ? { caller: 'alice' } : undefined

const bySession: Authenticator<string> = async ({ headers, cookies }) => {
  if (headers['authorization'] !== undefined || cookies['sid'] === undefined) return undefined
  const gone = [{ name: 'sid', value: '', maxAge: 0, httpOnly: true }]
  if (cookies['sid'] !== 'good') return { caller: 'guest', sessionExpired: true, cookies: gone }
  return { caller: 'bob', csrf: 'form-token' }
}

beforeAll(async () => {
  server = createServer<string>({
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
  server.route(['GET', 'POST', 'DELETE'], '/api/echo', async ({ args, caller, method, query, form, ip }) => ({
    json: { args, caller, method, query: query.toString(), form: form?.toString(), ip },
  }))
  server.route(['GET'], '/api/named/:doctype/*', async ({ params }) => ({ json: params }))
  server.route('POST', '/page', async () => ({ location: '/done' }), { csrf: 'required' })
  server.route('POST', '/enter', async () => ({ json: {}, cookies: [{ name: 'sid', value: 'a b', maxAge: 9, httpOnly: true }] }), {
    csrf: 'origin',
  })
  server.route('GET', '/page', async () => ({ page: '<p>hello</p>' }))
  server.route('GET', '/api/fault', async () => Promise.reject(new Error('select secret from vault')))
  server.route('GET', '/api/refused', async () => Promise.reject(notPermitted('Ask for the right')))
  server.route('GET', '/api/oauth', async () => Promise.reject(new OAuthError('invalid_scope', 'No such scope', { scope: 'openid' })))
  server.route('POST', '/api/token', async ({ caller, headers }) => ({ json: { caller, header: headers['authorization'] } }), {
    authenticate: 'none',
  })
  base = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`
})
afterAll(() => server.close())

interface Reply {
  status: number
  json: Record<string, unknown>
  text: string
  headers: Headers
}

async function ask(path: string, options: RequestInit = {}): Promise<Reply> {
  const response = await fetch(base + path, { redirect: 'manual', ...options })
  const text = await response.text()
  const isJson = text !== '' && response.headers.get('content-type') === 'application/json'
  return { status: response.status, text, headers: response.headers, json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {} }
}

/** Sends bytes as they stand, for what `fetch` would not send. */
function askRaw(request: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connect(Number(new URL(base).port), '127.0.0.1', () => socket.end(request))
  let answer = ''
  socket.on('data', (bytes) => (answer += bytes.toString()))
  socket.on('close', () => resolve(answer))
  socket.on('error', reject)
  return promise
}

const form = (body: string, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body,
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
})
const json = (body: string, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body,
  headers: { 'content-type': 'application/json', ...headers },
})

describe('the arguments of a request', () => {
  it('are the query with the form laid over it, the first of a repeated key, without what is the transport’s own', async () => {
    const { json: echo } = await ask('/api/echo?a=1&a=2&b=3&_=99&sid=stolen', form('b=4&b=5&csrf_token=x'))
    expect(echo['args']).toEqual({ a: '1', b: '4' })
    expect(echo['form']).toBe('b=4&b=5&csrf_token=x')
  })

  it('are the JSON object alone when there is one', async () => {
    const { json: echo } = await ask('/api/echo?doctype=ToDo', json('{"n":1,"list":[true]}'))
    expect(echo['args']).toEqual({ n: 1, list: [true] })
  })

  it('hold a JSON list as data', async () => {
    expect((await ask('/api/echo', json('[1,2]'))).json['args']).toEqual({ data: [1, 2] })
  })

  it('come from a multipart form too', async () => {
    const body = new FormData()
    body.append('usr', 'bob')
    expect((await ask('/api/echo', { method: 'POST', body })).json['args']).toEqual({ usr: 'bob' })
  })

  it('come from the unencoded form body of a GET', async () => {
    const body = 'doctype=Sales Invoice&fields=["name"]'
    const answer = await askRaw(
      `GET /api/echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    expect(answer).toContain('"args":{"doctype":"Sales Invoice","fields":"[\\"name\\"]"}')
  })

  it('are the query when a JSON body is empty', async () => {
    expect((await ask('/api/echo?a=1', { method: 'DELETE', headers: { 'content-type': 'application/json' } })).json['args']).toEqual({
      a: '1',
    })
  })

  it.each([
    ['broken JSON', json('{"a": '), 400, 'JSONDecodeError'],
    ['bare JSON', json('3'), 417, 'ValidationError'],
    ['a NUL in JSON', json('{"a":"\\u0000"}'), 400, 'ValidationError'],
    ['a NUL in a form', form('a=%00'), 400, 'ValidationError'],
    ['a depth no one sends', json(`${'['.repeat(5000)}${']'.repeat(5000)}`), 400, 'ValidationError'],
    ['a body over the limit', form('a'.repeat(200_000)), 413, 'RequestTooLargeError'],
    [
      'a multipart body without its boundary',
      { method: 'POST', body: 'x', headers: { 'content-type': 'multipart/form-data' } },
      400,
      'ValidationError',
    ],
    ['a content type that is none', { method: 'POST', body: 'x', headers: { 'content-type': ';;' } }, 415, 'UnsupportedMediaType'],
  ])('are refused with a sentence: %s', async (_name, request, status, excType) => {
    const reply = await ask('/api/echo', request)
    expect([reply.status, reply.json['exc_type']]).toEqual([status, excType])
    expect(reply.json['exception']).toMatch(/^frappe\.exceptions\.\w+: .{20}/)
  })
})

describe('a path', () => {
  it('keeps slashes, percent signs and long names of documents', async () => {
    const name = 'A/B%2F ü'.repeat(17)
    expect((await ask(`/api/named/Sales%20Invoice/${encodeURIComponent(name)}`)).json).toEqual({ doctype: 'Sales Invoice', '*': name })
    expect((await ask('/api/named/Item/a/b/')).json).toEqual({ doctype: 'Item', '*': 'a/b' })
  })

  it('that is unknown is a 404 in Frappe’s shape', async () => {
    const reply = await ask('/api/nothing/here')
    expect([reply.status, reply.json['exc_type']]).toEqual([404, 'DoesNotExistError'])
  })

  it('that cannot be decoded, or holds a NUL, is a 400', async () => {
    expect((await ask('/api/named/Item/%zz')).status).toBe(400)
    expect((await ask('/api/named/Item/%00')).status).toBe(400)
  })

  it('with another method is a 405 that names the right ones', async () => {
    const reply = await ask('/api/refused', { method: 'PUT' })
    expect([reply.status, reply.headers.get('allow'), reply.json['exc_type']]).toEqual([405, 'GET', 'MethodNotAllowedError'])
  })

  it('answers HEAD where it answers GET', async () => {
    expect((await ask('/api/echo', { method: 'HEAD' })).status).toBe(200)
    expect((await ask('/enter', { method: 'HEAD' })).status).toBe(405)
  })
})

describe('the caller', () => {
  it('is decided by the Authorization header, beside a good cookie too', async () => {
    const cookie = 'sid=good'
    expect((await ask('/api/echo', { headers: { cookie, authorization: 'Bearer good' } })).json['caller']).toBe('alice')
    expect((await ask('/api/echo', { headers: { cookie } })).json['caller']).toBe('bob')
    const refused = await ask('/api/echo', { headers: { cookie, authorization: 'Foo x' } })
    expect([refused.status, refused.json['exc_type']]).toEqual([401, 'AuthenticationError'])
  })

  it('may not show two Authorization headers', async () => {
    const answer = await askRaw(
      'GET /api/echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer good\r\nauthorization: Bearer other\r\n\r\n',
    )
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  })

  it.each(['/api/echo?access_token=good', '/api/echo?access_token='])('may not show a token in the address: %s', async (path) => {
    const reply = await ask(path, { headers: { authorization: 'Bearer good' } })
    expect([reply.status, reply.json['error']]).toEqual([400, 'invalid_request'])
  })

  it('is the guest on a route that judges credentials itself', async () => {
    const reply = await ask('/api/token', { method: 'POST', headers: { authorization: 'Basic Y2xpZW50OnNlY3JldA==' } })
    expect(reply.json).toEqual({ caller: 'guest', header: 'Basic Y2xpZW50OnNlY3JldA==' })
  })

  it('of a session that is gone is told so by a 403, and loses the cookie', async () => {
    const reply = await ask('/api/refused', { headers: { cookie: 'sid=old' } })
    expect(reply.json).toMatchObject({ exc_type: 'PermissionError', session_expired: 1 })
    expect(reply.headers.getSetCookie().join()).toMatch(/sid=; Max-Age=0; .*Expires=Thu, 01 Jan 1970/)
    expect((await ask('/api/refused')).json).not.toHaveProperty('session_expired')
  })

  it('who signs in with the cookie of a session that is gone keeps the new one', async () => {
    const reply = await ask('/enter', { method: 'POST', headers: { cookie: 'sid=old' } })
    expect(reply.headers.getSetCookie()).toEqual(['sid=a%20b; Max-Age=9; Path=/; HttpOnly; Secure; SameSite=Lax'])
  })

  it('has the address of its connection, whatever it says in X-Forwarded-For', async () => {
    expect((await ask('/api/echo', { headers: { 'x-forwarded-for': '8.8.8.8' } })).json['ip']).toBe('127.0.0.1')
  })
})

describe('an unsafe request by cookie', () => {
  const cookie = 'sid=good'
  it.each([
    ['without a browser’s headers', {}, 200],
    ['from the own origin', { origin: 'own' }, 200],
    ['with the own referer', { referer: 'own' }, 200],
    ['from another origin', { origin: 'https://evil.example' }, 400],
    ['with a foreign referer', { referer: 'https://evil.example/x' }, 400],
    ['from another site', { 'sec-fetch-site': 'cross-site' }, 400],
    ['from a sibling site', { 'sec-fetch-site': 'same-site' }, 400],
    ['with an opaque origin', { origin: 'null' }, 400],
    ['with an opaque origin on the same site, without a token', { origin: 'null', 'sec-fetch-site': 'same-origin' }, 400],
    [
      'with an opaque origin on the same site, with the token',
      { origin: 'null', 'sec-fetch-site': 'same-origin', 'x-frappe-csrf-token': 'form-token' },
      200,
    ],
    ['with a wrong token', { 'x-frappe-csrf-token': 'other' }, 400],
    ['with the right token', { 'x-frappe-csrf-token': 'form-token' }, 200],
  ])('%s', async (_name, headers, status) => {
    const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value === 'own' ? base : value]))
    const reply = await ask('/api/echo', { method: 'POST', headers: { cookie, ...own } })
    expect(reply.status).toBe(status)
    if (status === 400) expect(reply.json['exc_type']).toBe('CSRFTokenError')
  })

  it('needs the token on a page’s own endpoint', async () => {
    expect((await ask('/page', form('', { cookie, accept: 'application/json' }))).json['exc_type']).toBe('CSRFTokenError')
    expect((await ask('/page', form('csrf_token=form-token', { cookie }))).status).toBe(303)
    expect((await ask('/page', form('csrf_token=form-token', { cookie, origin: 'https://evil.example' }))).status).toBe(400)
    expect((await ask('/page', form('csrf_token=form-token'))).status).toBe(400)
  })

  it('lends a bearer nothing: what comes by header is not judged by the cookie', async () => {
    const headers = { cookie, authorization: 'Bearer good', origin: 'https://evil.example' }
    expect((await ask('/api/echo', { method: 'POST', headers })).json['caller']).toBe('alice')
    expect((await ask('/page', form('csrf_token=form-token', { cookie, authorization: 'Bearer good' }))).status).toBe(400)
  })

  it('is refused from another site where one signs in, without a session too', async () => {
    expect((await ask('/enter', form('', { origin: 'https://evil.example' }))).status).toBe(400)
    expect((await ask('/enter', form('', { origin: base }))).status).toBe(200)
  })
})

describe('an answer', () => {
  it('has the security headers, and JSON has no charset', async () => {
    const { headers } = await ask('/api/echo')
    expect(headers.get('content-type')).toBe('application/json')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('same-origin')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('strict-transport-security')).toContain('max-age=31536000')
  })

  it('that is a page forbids scripts and frames, and leaves the redirect after a form free', async () => {
    const { headers } = await ask('/page')
    const policy = headers.get('content-security-policy') ?? ''
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/script-src|form-action/)
  })

  it('that is an error is a page for who wants one', async () => {
    const reply = await ask('/api/refused', { headers: { accept: 'text/html' } })
    expect([reply.status, reply.text]).toEqual([403, '<p>403 Ask for the right</p>'])
  })

  it('that is an OAuth error has the RFC’s body', async () => {
    const reply = await ask('/api/oauth')
    expect([reply.status, reply.json]).toEqual([400, { error: 'invalid_scope', error_description: 'No such scope', scope: 'openid' }])
  })

  it('to a fault of ours names an incident, and only the log knows more', async () => {
    const reply = await ask('/api/fault?secret=hidden', { headers: { cookie: 'sid=good' } })
    const incident = /incident ([0-9a-f-]{36})/.exec(reply.text)?.[1]
    expect([reply.status, reply.json['exc_type'], reply.text.includes('vault')]).toEqual([500, 'InternalServerError', false])
    const logged = lines.find((line) => line.includes(incident ?? 'none'))
    expect(logged).toContain('select secret from vault')
    expect(lines.join('\n')).not.toMatch(/hidden|sid=good|Bearer good/)
  })

  it('to OPTIONS is empty', async () => {
    const reply = await ask('/api/anything', { method: 'OPTIONS' })
    expect([reply.status, reply.text]).toEqual([200, ''])
  })
})

describe('a trusted proxy', () => {
  it('names the address of the caller', async () => {
    const behind = createServer<string>({
      guest: 'guest',
      authenticators: [],
      issuer: () => 'https://erp.example',
      secureCookies: false,
      hsts: false,
      trustedProxies: ['127.0.0.0/8'],
      styleSource: "'none'",
      errorPage: () => '',
      log,
    })
    behind.route('GET', '/ip', async ({ ip }) => ({ json: { ip } }))
    const port = await behind.listen(0, '127.0.0.1')
    const reply = await fetch(`http://127.0.0.1:${port}/ip`, { headers: { 'x-forwarded-for': '203.0.113.9' } })
    expect(await reply.json()).toEqual({ ip: '203.0.113.9' })
    await behind.close()
  })
})

it('a FrappeError keeps its own headers', async () => {
  const error = new FrappeError('TooManyRequestsError', 'Wait', { headers: { 'retry-after': '3' } })
  expect([error.status, error.options.headers]).toEqual([429, { 'retry-after': '3' }])
})
