import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { Opened } from './calls/over-sockets.fixture.ts'
import { createSend, fetchTransport, retryAfterMs } from './transport.ts'
import { UpstreamClient } from './upstream-client.ts'

const LIMIT = 1 << 20
const sockets = new Opened()
afterEach(() => sockets.close())

interface Answer {
  readonly headers?: Record<string, string>
  /** Sent one after the other, for ever when there is no end. */
  readonly chunk: Buffer
  readonly times?: number
}

async function serve({ headers = {}, chunk, times = Infinity }: Answer): Promise<string> {
  const url = await sockets.serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers })
    let sent = 0
    const more = (): void => {
      while (sent++ < times) if (!response.write(chunk)) return void response.once('drain', more)
      response.end()
    }
    more()
  })
  return `${url}/`
}

async function redirecting(): Promise<{ readonly url: string; readonly asked: unknown[] }> {
  const asked: unknown[] = []
  const url = await sockets.serve((request, response) => {
    asked.push(request.url)
    response.writeHead(request.url === '/elsewhere' ? 200 : 302, { location: '/elsewhere' }).end('{}')
  })
  return { url: `${url}/`, asked }
}

describe.each(sockets.transports)('over %s', (_, transportOf) => {
  const send = (url: string) => createSend(transportOf(), 5000, LIMIT)(url, {})
  const spaces = Buffer.alloc(1 << 16, ' ')

  test('an answer up to the limit is read, its length told or not', async () => {
    const text = Buffer.from(`"${'ü'.repeat(1000)}"`)
    for (const headers of [{ 'content-length': String(text.length) }, {}])
      expect((await send(await serve({ headers, chunk: text, times: 1 }))).json).toBe('ü'.repeat(1000))
  })

  test('characters that are cut in two on the way are whole', async () => {
    const url = await serve({ headers: { 'transfer-encoding': 'chunked' }, chunk: Buffer.from([0x22, 0xc3]), times: 1 })
    expect((await send(url)).json).toBeUndefined()
    expect((await send(await serve({ chunk: Buffer.from('"文書"'), times: 1 }))).json).toBe('文書')
  })

  test('a redirect is given and not followed, so that no token goes along', async () => {
    const { url, asked } = await redirecting()
    expect((await send(url)).status).toBe(302)
    expect(asked).toEqual(['/'])
  })

  test('an answer without an end is given up at the limit', async () => {
    await expect(send(await serve({ chunk: spaces }))).rejects.toMatchObject({ code: 'not_frappe', message: /more than 1 MB/ })
  })

  test('an answer that says it is longer is given up', async () => {
    const url = await serve({ headers: { 'content-length': String(40 * spaces.length) }, chunk: spaces, times: 40 })
    await expect(send(url)).rejects.toMatchObject({ code: 'not_frappe' })
  })
})

test('an answer that is small only while it is packed is given up', async () => {
  const chunk = gzipSync(Buffer.alloc(8 * LIMIT, ' '))
  const url = await serve({ headers: { 'content-encoding': 'gzip', 'content-length': String(chunk.length) }, chunk, times: 1 })
  await expect(createSend(fetchTransport(), 5000, LIMIT)(url, {})).rejects.toMatchObject({ code: 'not_frappe' })
})

test('what an app fetches of the site by itself follows no redirect either', async () => {
  const { url, asked } = await redirecting()
  const answer = await new UpstreamClient({ url, credentials: { apiKey: 'x:y' } }).fetch('/files/x', { redirect: 'follow' })
  expect([answer.status, asked]).toEqual([302, ['/files/x']])
})

test.each(['86401', '9'.repeat(30), '9'.repeat(400), 'Fri, 31 Dec 9999 23:59:59 GMT'])(
  'a wish to be left alone for %s is a day',
  (value) => {
    expect(retryAfterMs(new Headers({ 'retry-after': value }), 1_000_000)).toBe(86_400_000)
  },
)
