import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestServer, form } from './http.fixture.ts'

let site: TestServer
const ask: TestServer['ask'] = (path, options) => site.ask(path, options)
beforeAll(async () => {
  site = await TestServer.start()
})
afterAll(() => site.close())

describe('the caller', () => {
  it('is decided by the Authorization header, beside a good cookie too', async () => {
    const cookie = 'sid=good'
    expect((await ask('/api/echo', { headers: { cookie, authorization: 'Bearer good' } })).json['caller']).toBe('alice')
    expect((await ask('/api/echo', { headers: { cookie } })).json['caller']).toBe('bob')
    const refused = await ask('/api/echo', { headers: { cookie, authorization: 'Foo x' } })
    expect([refused.status, refused.json['exc_type']]).toEqual([401, 'AuthenticationError'])
  })

  it('may not show two Authorization headers', async () => {
    const answer = await site.askRaw(
      'GET /api/echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer good\r\nauthorization: Bearer other\r\n\r\n',
    )
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('may not name two hosts', async () => {
    const answer = await site.askRaw('GET /api/echo HTTP/1.1\r\nHost: x\r\nconnection: close\r\nhost: y\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('Send one Host header')
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
    const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value === 'own' ? site.base : value]))
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
    expect((await ask('/enter', form('', { origin: site.base }))).status).toBe(200)
  })
})
