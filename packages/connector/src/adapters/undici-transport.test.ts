import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { problemOf } from '../core/errors.ts'
import { UpstreamClient } from '../core/upstream/upstream-client.ts'
import { undiciTransport } from './undici-transport.ts'

let server: Server
let url: string
let transport: ReturnType<typeof undiciTransport>
let sockets: number
const asked: IncomingMessage[] = []
let answer: { status: number; headers?: Record<string, string>; body: string }

beforeEach(async () => {
  asked.length = 0
  sockets = 0
  answer = { status: 200, body: '{"data":[{"name":"ü"}]}' }
  server = createServer((request, response) => {
    asked.push(request)
    response.writeHead(answer.status, answer.headers).end(answer.body)
  }).on('connection', () => sockets++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  transport = undiciTransport({ connections: 2 })
})
afterEach(async () => {
  await transport.close()
  await new Promise((resolve) => server.close(resolve))
})

const client = (): UpstreamClient => new UpstreamClient({ url, credentials: { apiKey: 'x:y' }, transport })

test('calls go over connections that stay, no more of them than was said', async () => {
  await Promise.all(Array.from({ length: 20 }, () => client().list('Item')))
  expect(await client().list('Item')).toEqual([{ name: 'ü' }])
  expect(asked).toHaveLength(21)
  expect(sockets).toBeLessThanOrEqual(2)
})

test('headers arrive and are read, whatever their case', async () => {
  answer = { status: 429, headers: { 'Retry-After': '60', 'X-Other': 'a' }, body: '{}' }
  await expect(client().call('ping')).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 60_000 })
  expect(asked[0]!.headers).toMatchObject({ accept: 'application/json', authorization: 'token x:y', 'content-type': 'application/json' })
})

test('a redirect is not followed with the key in hand', async () => {
  answer = { status: 302, headers: { location: `${url}/elsewhere` }, body: '' }
  await expect(client().insert('Item', {})).rejects.toMatchObject({ code: 'not_frappe' })
  expect(asked.map((request) => request.url)).toEqual(['/api/resource/Item'])
})

test('a site that is not there cannot be reached', async () => {
  const gone = new UpstreamClient({ url: 'http://127.0.0.1:1', credentials: { apiKey: 'x:y' }, transport })
  await expect(gone.insert('Item', {})).rejects.toMatchObject({ code: 'unreachable' })
})

test('one that was never used closes', async () => {
  await expect(undiciTransport().close()).resolves.toBeUndefined()
})

test('undici that is not installed is no site that is away: the first call says what to do', async () => {
  vi.doMock('undici', () => Promise.reject(new Error('not installed')))
  try {
    const own = new UpstreamClient({ url, credentials: { apiKey: 'x:y' }, transport: undiciTransport() })
    const failed: unknown = await own.list('Item').catch((error: unknown) => error)
    const message = expect.stringContaining('npm install undici') as string
    expect(failed).toMatchObject({ name: 'SettingWrong', code: 'setting_wrong', message })
    // Nothing for the person to read.
    expect(problemOf(failed)).toBeUndefined()
    expect(asked).toHaveLength(0)
  } finally {
    vi.doUnmock('undici')
  }
})
