import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FakeUpstream } from '@annex/connector/testing'
import type { RunningApp } from './apps.ts'

/** What the site signs its webhooks with, in every app of the table. */
export const WEBHOOK_SECRET = 'a-secret-of-the-adapters'

/** What every adapter has to do; the app has a connector to the site mounted, and the stub. */
export function adapterRules(start: (site: FakeUpstream) => Promise<RunningApp>): void {
  let site: FakeUpstream
  let listening: Awaited<ReturnType<FakeUpstream['listen']>>
  let app: RunningApp
  beforeAll(async () => {
    site = new FakeUpstream()
    listening = await site.listen()
    site.documents.set('Item', { name: 'Nut', modified: '2026-01-01 00:00:00.000000' })
    app = await start(site)
  })
  afterAll(async () => {
    await app.close()
    await listening.close()
  })

  const ask = (path: string, init: RequestInit = {}): Promise<Response> => fetch(app.url + path, { redirect: 'manual', ...init })

  test("answers the connector's own paths alone", async () => {
    expect((await ask('/stub/cookies')).status).toBe(200)
    expect((await ask('/stub/unknown')).status).toBe(404)
    expect(await (await ask('/')).text()).toBe('nobody')
  })

  test('hands on the configured origin, whatever the Host header says', async () => {
    const { text } = await plain(app.url, {
      path: '/stub/address?a=%2F&b=ü',
      headers: { host: 'evil.example.com', 'x-forwarded-host': 'evil.example.com' },
    })
    expect(text).toBe(`${app.url}/stub/address?a=%2F&b=%C3%BC`)
  })

  test('a path of two slashes names no other host', async () => {
    const { status, headers } = await plain(app.url, { path: '//evil.example.com/stub/address' })
    // Next sends the browser to the same path with one slash.
    expect([404, 308]).toContain(status)
    expect(headers.location ?? '/evil').toMatch(/^\/evil/)
  })

  test('several cookies stay several', async () => {
    expect((await ask('/stub/cookies')).headers.getSetCookie()).toEqual(['a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT', 'b=2', 'c=3'])
  })

  test.each(['application/json', 'application/x-www-form-urlencoded', 'text/plain', 'application/octet-stream'])(
    'T8 the bytes of a body of %s arrive as they were sent',
    async (type) => {
      const body = Buffer.concat([Buffer.from('{"name": "Käse \\u00fc", '), Buffer.alloc(100_000, 'äöü€'), Buffer.from([0xff, 0, 0xfe])])
      const answer = await ask('/stub/bytes', { method: 'POST', body, headers: { 'content-type': type } })
      expect(answer.headers.get('x-type')).toBe(type)
      expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true)
    },
  )

  test('a body without a type, and none at all, arrive too', async () => {
    expect(await (await ask('/stub/bytes', { method: 'POST', body: Buffer.from('x') })).text()).toBe('x')
    expect(await (await ask('/stub/bytes', { method: 'POST' })).text()).toBe('')
  })

  test('a path that wants no body is given none', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    expect(await (await ask('/stub/no-body', { method: 'POST', body: 'a=b', headers })).text()).toBe('no body')
  })

  test('a body of 1 MB arrives, and one byte more is refused', async () => {
    const most = await ask('/stub/bytes', { method: 'POST', body: Buffer.alloc(1_048_576, 1) })
    expect((await most.arrayBuffer()).byteLength).toBe(1_048_576)
    const { status } = await plain(
      app.url,
      { path: '/stub/bytes', method: 'POST', headers: { 'content-length': 1_048_577 } },
      Buffer.alloc(10),
    )
    expect(status).toBe(413)
  })

  test('a body that goes on and on is refused before its end', async () => {
    expect((await plain(app.url, { path: '/stub/bytes', method: 'POST' }, Buffer.alloc(1_100_000))).status).toBe(413)
  })

  test('a browser that gives up ends what was begun for it', async () => {
    const counts = async () => (await (await ask('/stub/counts')).json()) as { begun: number; left: number }
    const before = await counts()
    const patience = new AbortController()
    const answer = ask('/stub/wait', { signal: patience.signal }).catch(() => 'given up')
    await expect.poll(counts).toEqual({ begun: before.begun + 1, left: before.left })
    patience.abort()
    expect(await answer).toBe('given up')
    await expect.poll(counts).toEqual({ begun: before.begun + 1, left: before.left + 1 })
    expect(await (await ask('/')).text()).toBe('nobody')
  })

  test('HEAD is answered as GET without a body, OPTIONS by the connector', async () => {
    const head = await ask('/stub/cookies', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    const options = await ask('/stub/bytes', { method: 'OPTIONS' })
    expect([options.status, options.headers.get('x-asked')]).toEqual([204, 'yes'])
  })

  test('a method that a path does not have is refused', async () => {
    expect((await ask('/stub/cookies', { method: 'POST' })).status).toBe(405)
    expect((await ask('/stub/bytes')).status).toBe(405)
  })

  test('a method that no Request can carry is refused, and the app goes on', async () => {
    const { status } = await plain(app.url, { path: '/stub/cookies', method: 'TRACE' })
    expect([404, 405, 500]).toContain(status)
    expect(await (await ask('/')).text()).toBe('nobody')
  })

  test('a failure of the connector is a 500, and the app goes on', async () => {
    expect((await ask('/stub/fails')).status).toBe(500)
    expect(await (await ask('/')).text()).toBe('nobody')
  })

  test('a person signs in, is greeted, searches in a link field, and signs out', async () => {
    const away = await ask('/connect/login?return_to=/')
    expect(new URL(away.headers.get('location')!).searchParams.get('redirect_uri')).toBe(`${app.url}/connect/callback`)
    const back = await fetch(away.headers.get('location')!, { redirect: 'manual' })
    const signedIn = await fetch(back.headers.get('location')!, { redirect: 'manual', headers: { cookie: cookieOf(away) } })
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, `${app.url}/`])
    expect(signedIn.headers.getSetCookie()).toHaveLength(2)
    const cookie = cookieOf(signedIn)
    expect(await (await ask('/', { headers: { cookie } })).text()).toBe('hello Sam Seller')
    const found = await ask('/connect/links/Item?q=nu', { headers: { cookie } })
    expect([found.status, await found.text()]).toEqual([200, expect.stringContaining('"Nut"')])
    const headers = { cookie, origin: app.url, 'content-type': 'application/x-www-form-urlencoded' }
    expect((await ask('/connect/logout', { method: 'POST', headers, body: 'a=b' })).status).toBe(303)
    expect(await (await ask('/', { headers: { cookie } })).text()).toBe('nobody')
  })

  test("T8 a webhook is taken when its bytes are the site's, and refused when they are not", async () => {
    // As a Frappe site writes it: what is parsed and written again has other bytes.
    const body = Buffer.from('{"doctype": "Item", "name": "N\\u00fct",  "modified": "2026-01-01 00:00:00.000000"}')
    const signature = createHmac('sha256', WEBHOOK_SECRET).update(body).digest('base64')
    const headers = { 'content-type': 'application/json', 'x-frappe-webhook-signature': signature }
    const send = (bytes: Buffer<ArrayBuffer>) => ask('/connect/webhook/Item', { method: 'POST', body: bytes, headers })
    expect((await send(body)).status).toBe(204)
    expect((await send(Buffer.from(JSON.stringify(JSON.parse(body.toString()))))).status).toBe(401)
  })

  test('a callback from nowhere is answered with a page', async () => {
    const answer = await ask('/connect/callback?state=x&code=y')
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('Sign in with the primary site')
  })
}

const cookieOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')

export interface PlainRequest {
  readonly path: string
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
}

/** A request in which Host may be anything; a body that is given is begun and never ended. */
export async function plain(
  base: string,
  { path, method = 'GET', headers = {} }: PlainRequest,
  begun?: Buffer,
): Promise<{ status: number; text: string; headers: IncomingMessage['headers'] }> {
  const { hostname, port } = new URL(base)
  const request = httpRequest({ hostname, port, path: path.replaceAll('ü', '%C3%BC'), method, headers, agent: false })
  request.on('error', () => undefined)
  if (begun === undefined) request.end()
  else request.write(begun)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const text: string[] = []
  response.setEncoding('utf8').on('data', (chunk: string) => text.push(chunk))
  await once(response, 'close')
  request.destroy()
  return { status: response.statusCode ?? 0, text: text.join(''), headers: response.headers }
}
