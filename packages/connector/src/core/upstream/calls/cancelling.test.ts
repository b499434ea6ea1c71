import { afterEach, describe, expect, test } from 'vitest'
import type { TokenOptions } from '../credentials.ts'
import { Opened } from './over-sockets.fixture.ts'
import { UpstreamClient, type UpstreamClientOptions } from '../upstream-client.ts'

const REASON = new Error('the person has gone on')
const sockets = new Opened()
afterEach(() => sockets.close())

const client = (url: string, options: Partial<UpstreamClientOptions> = {}): UpstreamClient =>
  new UpstreamClient({ url, credentials: { apiKey: 'x:y' }, ...options })

/** A promise, and what keeps it. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}

describe.each(sockets.transports)('over %s a call that its caller gives up ends at once', (_, transportOf) => {
  test('before it was sent, and nothing is', async () => {
    let asked = 0
    const url = await sockets.serve((_request, response) => void (asked++, response.end('{"data":[]}')))
    await expect(client(url, { transport: transportOf() }).list('Item', { signal: AbortSignal.abort(REASON) })).rejects.toBe(REASON)
    expect(asked).toBe(0)
  })

  test('while the site thinks, and the site sees that its caller has gone', async () => {
    const [thinking, gone] = [gate(), gate()]
    const url = await sockets.serve((_request, response) => {
      thinking.open()
      response.on('close', gone.open)
    })
    const leaving = new AbortController()
    const call = client(url, { transport: transportOf() }).insert('Item', {}, { signal: leaving.signal })
    await thinking.opened
    leaving.abort(REASON)
    await expect(call).rejects.toBe(REASON)
    await gone.opened
  })

  test('in the middle of the answer', async () => {
    const half = gate()
    const url = await sockets.serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"data":[', half.open)
    })
    const leaving = new AbortController()
    const call = client(url, { transport: transportOf() }).list('Item', { signal: leaving.signal })
    await half.opened
    leaving.abort(REASON)
    await expect(call).rejects.toBe(REASON)
  })

  test('while it waits for a busy site, and it is not sent again', async () => {
    let asked = 0
    const busy = gate()
    const url = await sockets.serve((_request, response) => {
      asked++
      response.writeHead(503, { 'retry-after': '5', 'content-type': 'application/json' }).end('{}', busy.open)
    })
    const leaving = new AbortController()
    const call = client(url, { transport: transportOf() }).list('Item', { signal: leaving.signal })
    await busy.opened
    leaving.abort(REASON)
    await expect(call).rejects.toBe(REASON)
    expect(asked).toBe(1)
  })

  test('by its own time limit, in the middle of the answer too', async () => {
    const url = await sockets.serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"data":[')
    })
    await expect(client(url, { transport: transportOf() }).list('Item', { timeoutMs: 30 })).rejects.toMatchObject({ code: 'timeout' })
  })
})

test('a call that is given up before it began asks for no token', async () => {
  let asked = 0
  const token = (): Promise<string> => Promise.resolve(`token ${++asked}`)
  const early = client('https://erp.test', { credentials: { token, signInUrl: () => '' } })
  await expect(early.list('Item', { signal: AbortSignal.abort(REASON) })).rejects.toBe(REASON)
  await expect(early.fetch('/x', { signal: AbortSignal.abort(REASON) })).rejects.toBe(REASON)
  expect(asked).toBe(0)
})

test('a call that is given up while its token is renewed ends at once, and is not sent', async () => {
  let asked = 0
  const url = await sockets.serve((_request, response) => void (asked++, response.end('{}')))
  const leaving = new AbortController()
  const renewing = gate()
  const token = ({ signal }: TokenOptions = {}): Promise<string> =>
    new Promise((_, reject) => {
      signal!.addEventListener('abort', () => reject(signal!.reason as Error))
      renewing.open()
    })
  const call = client(url, { credentials: { token, signInUrl: () => '' } }).list('Item', { signal: leaving.signal })
  await renewing.opened
  leaving.abort(REASON)
  await expect(call).rejects.toBe(REASON)
  expect(asked).toBe(0)
})

test('going through every row ends between two pages', async () => {
  const url = await sockets.serve((_request, response) => response.end('{"data":[{"name":"a"},{"name":"b"}]}'))
  const leaving = new AbortController()
  const seen: unknown[] = []
  const through = async (): Promise<void> => {
    for await (const row of client(url).each('Item', { signal: leaving.signal, orderBy: 'name asc' })) {
      seen.push(row)
      if (seen.length === 2) leaving.abort(REASON)
    }
  }
  await expect(through()).rejects.toBe(REASON)
  expect(seen).toHaveLength(2)
})
