import { FrappeError } from '@annex/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestServer, form, json } from './http.fixture.ts'
import { createServer } from './server.ts'

let site: TestServer
const ask: TestServer['ask'] = (path, options) => site.ask(path, options)
beforeAll(async () => {
  site = await TestServer.start()
})
afterAll(() => site.close())

describe('an answer', () => {
  it('has the security headers, and JSON has no charset', async () => {
    const { headers } = await ask('/api/echo')
    expect(headers.get('content-type')).toBe('application/json')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('same-origin')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('strict-transport-security')).toContain('max-age=31536000')
  })

  it.each([
    ['forms that stay on this site', '/page', true],
    ['forms that may lead to another site', '/leaving-page', false],
  ])('that is a page with %s forbids scripts and frames', async (_, path, stays) => {
    const { headers } = await ask(path)
    const policy = headers.get('content-security-policy') ?? ''
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('script-src')
    expect([policy.includes("; form-action 'self'"), policy.includes('form-action')]).toEqual([stays, stays])
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
    const logged = site.lines.find((line) => line.includes(incident ?? 'none'))
    expect(logged).toContain('select secret from vault')
    expect(site.lines.join('\n')).not.toMatch(/hidden|sid=good|Bearer good/)
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
      log: site.log,
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

describe('a command', () => {
  it.each([
    ['/?cmd=go&a=1', {}],
    ['/nowhere', form('cmd=go&a=1')],
    ['/api/call/other', form('cmd=go&a=1')],
    ['/', json('{"cmd":"go","a":"1"}')],
    ['/api/document?cmd=go&a=1', { method: 'POST' }],
  ])('at %s is the route that takes all names, with the arguments beside it', async (path, options) => {
    expect((await ask(path, options)).json).toEqual({ called: 'go', args: { a: '1' }, caller: 'guest' })
  })

  it('is the route of its own name before, under the rules of that route', async () => {
    expect((await ask('/', form('cmd=enter&a=1'))).json).toEqual({ entered: { a: '1' } })
    expect((await ask('/', form('cmd=enter', { origin: 'https://elsewhere.example' }))).json['exc_type']).toBe('CSRFTokenError')
    const { status, headers } = await ask('/?cmd=enter')
    expect([status, headers.get('allow')]).toEqual([405, 'POST'])
  })

  it('finds out who is calling as every route does', async () => {
    expect((await ask('/', form('cmd=go', { authorization: 'Bearer good' }))).json['caller']).toBe('alice')
    expect((await ask('/', form('cmd=go', { authorization: 'Bearer bad' }))).status).toBe(401)
    expect((await ask('/', form('cmd=go', { cookie: 'sid=good', 'sec-fetch-site': 'cross-site' }))).json['exc_type']).toBe('CSRFTokenError')
  })

  it('is no command in a body of fields, at a page, or where a client authenticates itself', async () => {
    expect((await ask('/api/document', json('{"cmd":"go"}'))).json).toEqual({ args: { cmd: 'go' } })
    expect((await ask('/page?cmd=go')).text).toBe('<p>hello</p>')
    expect((await ask('/api/token', form('cmd=go'))).json).toEqual({ caller: 'guest' })
    expect((await ask('/', { method: 'POST', headers: { accept: 'application/json' } })).status).toBe(405)
  })

  it('is answered with JSON when it fails, whatever was asked for', async () => {
    const { headers } = await ask('/?cmd=enter', { headers: { accept: 'text/html' } })
    expect(headers.get('content-type')).toBe('application/json')
  })
})

it('an error below /api/v2 has the shape of that version', async () => {
  expect((await ask('/api/v2/refused')).json).toMatchObject({ errors: [{ type: 'PermissionError', message: 'Ask for the right' }] })
  expect((await ask('/api/v2/nothing')).json).toMatchObject({ errors: [{ type: 'DoesNotExistError' }] })
})

it('a file is sent as bytes that no browser runs, under a name that breaks no header', async () => {
  const { text, headers } = await ask('/file')
  expect(text).toBe('<script>')
  expect(headers.get('content-disposition')).toBe(
    `attachment; filename="Gr__e _A___.html"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%22A%22%0D%0A.html`,
  )
  expect([headers.get('x-content-type-options'), headers.get('content-type')]).toEqual(['nosniff', 'text/plain'])
  expect(headers.get('content-security-policy')).toMatch(/sandbox/)
})
