import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestServer, form, json } from './http.fixture.ts'

let site: TestServer
const ask: TestServer['ask'] = (path, options) => site.ask(path, options)
beforeAll(async () => {
  site = await TestServer.start()
})
afterAll(() => site.close())

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
    const answer = await site.askRaw(
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

  it('counts as beginning with one slash, under the rules that it has with one', async () => {
    expect((await ask('//api/named/Item/a//b')).json).toEqual({ doctype: 'Item', '*': 'a//b' })
    expect((await ask('///api/v2/refused')).json).toHaveProperty('errors')
    const cross = { method: 'POST', headers: { cookie: 'sid=good', 'sec-fetch-site': 'cross-site' } }
    for (const path of ['//api/echo', '///page', '//enter']) expect((await ask(path, cross)).status, path).toBe(400)
    expect((await ask('//nothing.example/here', { headers: { accept: 'application/json' } })).status).toBe(404)
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
