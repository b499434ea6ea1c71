import { createServer, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { Player } from './player.ts'
import type { Recording, Step } from './recording.ts'

const closers: (() => void)[] = []
afterEach(() => closers.splice(0).forEach((close) => close()))

async function site(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const json =
  (body: unknown, status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

const scenario = (...steps: Step[]): Recording => ({ scenario: 'made up', steps })
const step = (values: Partial<Step>): Step => ({ name: 'ask', request: { path: '/x' }, response: { status: 200 }, ...values })

async function problems(listener: RequestListener, ...steps: Step[]): Promise<readonly string[]> {
  const differences = await new Player(await site(listener), 'pw').play(scenario(...steps))
  return differences.flatMap((difference) => difference.problems)
}

describe('the player says that a step differs', () => {
  const body = { data: [{ name: 'A', rate: 1 }] }
  test.each<[string, RequestListener, Partial<Step>]>([
    ['when the status does', json(body, 404), {}],
    ['when a value does', json({ data: [{ name: 'B', rate: 1 }] }), { response: { status: 200, json: body } }],
    ['when a key is missing', json({ data: [{ name: 'A' }] }), { response: { status: 200, json: body } }],
    ['when a number came as text', json({ data: [{ name: 'A', rate: '1' }] }), { response: { status: 200, json: body } }],
    ['when a list is longer', json({ data: [{ name: 'A', rate: 1 }, {}] }), { response: { status: 200, json: body } }],
    [
      'when a volatile value is of another kind',
      json({ data: [{ name: 1, rate: 1 }] }),
      { response: { status: 200, json: body }, volatile: ['/data/*/name'] },
    ],
    ['when a place that must be absent is there', json({ secret: 1 }), { absent: ['/secret'] }],
    ['when there is no JSON', (_request, response) => response.end('words'), { response: { status: 200, json: body } }],
    ['when a cookie is not set', json({}), { response: { status: 200, cookies: ['sid'] } }],
    ['when ours is wanted and Frappe’s came', json({}), { ours: { status: 417 } }],
    ['when messages are not encoded', json({ _server_messages: '["x"]' }), { response: { status: 200, json: { _server_messages: '[]' } } }],
    ['when nothing answers', (request) => request.socket.destroy(), {}],
  ])('%s', async (_when, listener, values) => {
    expect(await problems(listener, step(values))).not.toEqual([])
  })

  test('when a redirect goes elsewhere or carries another error', async () => {
    const redirect: RequestListener = (_request, response) => void response.writeHead(303, { location: '/login?error=b' }).end()
    const wanted = (location: string): Step => step({ check: 'headers', response: { status: 302, headers: { location } } })
    expect(await problems(redirect, wanted('/login?error=b'))).toEqual([])
    expect(await problems(redirect, wanted('/login?error=a'))).not.toEqual([])
    expect(await problems(redirect, wanted('/desk?error=b'))).not.toEqual([])
    expect(await problems(redirect, wanted('/login?error=b&code=1'))).not.toEqual([])
  })
})

test('more keys than recorded are no difference, nor are the words of a message', async () => {
  const came = { data: { name: 'A', more: 1 }, exception: 'ours', exc: 'no trace' }
  const wanted = { data: { name: 'A' }, exception: 'theirs', exc: 'a trace' }
  expect(await problems(json(came), step({ response: { status: 200, json: wanted } }))).toEqual([])
})

test('what one step saves the next one sends, and cookies are kept for the person they were given to', async () => {
  const seen: string[] = []
  const listener: RequestListener = (request, response) => {
    seen.push(`${request.url} ${request.headers.cookie ?? '-'} ${request.headers.authorization ?? '-'}`)
    response.setHeader('set-cookie', 'sid=s1; Path=/')
    json({ data: { name: 'N' } })(request, response)
  }
  const first = step({ request: { as: 'bob', path: '/a', query: { fields: ['name'] } }, save: { kept: '/data/name' } })
  await problems(
    listener,
    first,
    step({ request: { as: 'bob', path: '/b/${kept}' } }),
    step({ request: { path: '/c', bearer: '${kept}' } }),
  )
  expect(seen).toEqual(['/a?fields=%5B%22name%22%5D - -', '/b/N sid=s1 -', '/c - Bearer N'])
})

test('a consent is walked to the app, with the boxes that were not unticked', async () => {
  const posted: string[] = []
  const page = `<form method="post" action="consent?a=1&amp;b=2"><input type=hidden name=csrf value='t&quot;'>
    <input type="checkbox" name="scope" value="A:read" checked><input type="checkbox" name="scope" value="B:read" checked>
    <button name="decision" value="deny">No</button><button name="decision" value="allow">Yes</button></form>`
  const listener: RequestListener = (request, response) => {
    if (request.method === 'GET') {
      response.setHeader('content-type', 'text/html').end(page)
      return
    }
    let body = ''
    request.on('data', (part: Buffer) => (body += part.toString()))
    request.on('end', () => {
      posted.push(`${request.url} ${body}`)
      response.writeHead(303, { location: 'http://127.0.0.1:9997/callback?code=c1&state=xyz' }).end()
    })
  }
  const consent: Step = {
    name: 'approve',
    consent: { as: 'alice', query: {}, untick: ['B:read'] },
    save: { code: 'location?code' },
    response: { status: 302, headers: { location: '${redirect}?code=${code}&state=xyz' } },
  }
  expect(await problems(listener, consent)).toEqual([])
  expect(posted).toEqual(['/api/method/consent?a=1&b=2 csrf=t%22&scope=A%3Aread&decision=allow'])
})
