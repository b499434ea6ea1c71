import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { makeCertificate } from '../../../../tests/support/certificate.ts'
import { freePort } from '../../../../tests/support/free-port.ts'
import { Outgoing } from './outgoing.ts'
import type { OutgoingOutcome } from './outcome.ts'

const LOOPBACK = ['127.0.0.0/8']
const open: Server[] = []

async function serve(server: Server): Promise<number> {
  open.push(server.listen(0, '127.0.0.1'))
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
const answering = (listener: RequestListener): Promise<number> => serve(createServer(listener))
const textOf = (outcome: OutgoingOutcome): string => (outcome.kind === 'answer' ? Buffer.from(outcome.body).toString() : outcome.message)

afterEach(() => {
  for (const server of open.splice(0)) {
    server.close()
    if ('closeAllConnections' in server) (server as ReturnType<typeof createServer>).closeAllConnections()
  }
})

describe('an outgoing call', () => {
  const outgoing = new Outgoing({ allowPrivate: LOOPBACK })

  it('sends a body and headers, and hands back status, headers and body', async () => {
    const port = await answering((request, response) => {
      response.writeHead(201, { 'x-method': request.method, 'x-sent': request.headers['content-type'] })
      request.pipe(response)
    })
    const outcome = await outgoing.post(`http://127.0.0.1:${port}/a?b=c`, { headers: { 'content-type': 'text/x' }, body: 'grüße' })
    expect(outcome).toMatchObject({ kind: 'answer', status: 201 })
    expect(textOf(outcome)).toBe('grüße')
    if (outcome.kind === 'answer') expect([outcome.headers.get('x-method'), outcome.headers.get('x-sent')]).toEqual(['POST', 'text/x'])
  })

  it('G07 follows no redirect', async () => {
    const seen: unknown[] = []
    const port = await answering((request, response) => {
      seen.push(request.url)
      response.writeHead(307, { location: '/elsewhere' }).end()
    })
    expect(await outgoing.post(`http://127.0.0.1:${port}/first`, { body: '' })).toMatchObject({ kind: 'answer', status: 307 })
    expect(seen).toEqual(['/first'])
  })

  it('G07 gives a slow receiver up, before its headers and in mid-body, and lets the connection go', async () => {
    for (const begins of [false, true]) {
      const closed = Promise.withResolvers<void>()
      const port = await answering((request, response) => {
        request.socket.once('close', () => closed.resolve())
        if (begins) response.writeHead(200).write('one')
      })
      const outcome = await outgoing.get(`http://127.0.0.1:${port}/`, { timeout: 100 })
      expect(outcome).toMatchObject({ kind: 'failure', reason: 'timeout' })
      await closed.promise
    }
  })

  it('reads no more of a body than it may', async () => {
    const port = await answering((_request, response) => void response.end('x'.repeat(2000)))
    expect(await outgoing.get(`http://127.0.0.1:${port}/`, { maxBytes: 1999 })).toMatchObject({ kind: 'failure', reason: 'too-large' })
    expect(textOf(await outgoing.get(`http://127.0.0.1:${port}/`, { maxBytes: 2000 }))).toHaveLength(2000)
  })

  it('waits for no body that it does not want', async () => {
    const port = await answering((_request, response) => void response.writeHead(202).write('and so on'))
    expect(await outgoing.post(`http://127.0.0.1:${port}/`, { ignoresBody: true })).toMatchObject({ kind: 'answer', status: 202 })
  })

  it('tells a port without a server and a server without HTTP apart', async () => {
    expect(await outgoing.get(`http://127.0.0.1:${await freePort('127.0.0.1')}/`)).toMatchObject({ reason: 'refused' })
    const port = await serve(createTcpServer((socket) => void socket.end('SSH-2.0-x\r\n')))
    expect(await outgoing.get(`http://127.0.0.1:${port}/`)).toMatchObject({ reason: 'broken' })
  })

  it.each(['not a url', 'ftp://example.com/', 'https://user:pass@example.com/', 'file:///etc/passwd'])('does not call %s', async (url) => {
    expect(await outgoing.get(url)).toMatchObject({ kind: 'failure', reason: 'url' })
  })
})

describe('an outgoing call by TLS', () => {
  const { cert, key } = makeCertificate()
  const tls = (): Promise<number> => serve(createTlsServer({ cert, key }, (_request, response) => void response.end('sealed')))

  it('reaches a server whose certificate is trusted, also by a name', async () => {
    const trusting = new Outgoing({ allowPrivate: LOOPBACK, authorities: cert })
    const port = await tls()
    for (const host of ['127.0.0.1', 'localhost']) expect(textOf(await trusting.get(`https://${host}:${port}/`))).toBe('sealed')
  })

  it('says so when the certificate is not trusted, is another’s, or there is none', async () => {
    const port = await tls()
    expect(await new Outgoing({ allowPrivate: LOOPBACK }).get(`https://127.0.0.1:${port}/`)).toMatchObject({ reason: 'tls' })
    const named = new Outgoing({ allowPrivate: LOOPBACK, authorities: cert, lookup: async () => ['127.0.0.1'] })
    expect(await named.get(`https://app.example.com:${port}/`)).toMatchObject({ reason: 'tls' })
    const plain = await answering((_request, response) => void response.end())
    expect(await named.get(`https://localhost:${plain}/`)).toMatchObject({ reason: 'tls' })
  })
})

describe('G07 H04 an outgoing call to a place inside', () => {
  const strict = new Outgoing({ allowPrivate: [] })

  it.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0.0.0.0/',
    'https://10.1.2.3/',
    'https://100.64.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://172.31.255.255/',
    'https://192.168.1.1/',
    'https://198.18.0.1/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://[::]/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:8.8.8.8]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[fe80::1]/',
    'https://[fc00::1]/',
    'https://[fd00:ec2::254]/',
    'https://[ff02::1]/',
    'https://[2002:7f00:1::]/',
    'https://[2001:db8::1]/',
  ])('does not reach %s', async (url) => {
    expect(await strict.get(url)).toMatchObject({ kind: 'failure', reason: 'forbidden' })
  })

  it('does not reach a name whose addresses are all private, and asks for the name once', async () => {
    const asked: string[] = []
    const lookup = async (host: string): Promise<string[]> => {
      asked.push(host)
      return ['10.0.0.1', 'fd00::1', '::ffff:10.0.0.1']
    }
    const outcome = await new Outgoing({ allowPrivate: [], lookup }).get('https://inside.example.com/')
    expect(outcome).toMatchObject({ reason: 'forbidden' })
    expect(asked).toEqual(['inside.example.com'])
  })

  it('connects to the address that was judged, whatever the name says afterwards', async () => {
    const port = await answering((request, response) => void response.end(request.headers.host))
    const answers = [['127.0.0.1'], ['127.0.0.9']]
    const rebinding = new Outgoing({ allowPrivate: ['127.0.0.1'], lookup: async () => answers.shift() ?? [] })
    expect(textOf(await rebinding.get(`http://rebinding.example.com:${port}/`))).toBe(`rebinding.example.com:${port}`)
    expect(await rebinding.get(`http://rebinding.example.com:${port}/`)).toMatchObject({ reason: 'forbidden' })
  })

  it('of a name with private and other addresses connects to the others alone', async () => {
    const port = await answering((_request, response) => void response.end('right'))
    const mixed = new Outgoing({ allowPrivate: ['127.0.0.1'], lookup: async () => ['10.0.0.1', '127.0.0.1', '169.254.169.254'] })
    expect(textOf(await mixed.get(`http://mixed.example.com:${port}/`))).toBe('right')
  })

  it('reaches private addresses that are allowed, in any writing, and no others', async () => {
    const port = await answering((_request, response) => void response.end('in'))
    const one = new Outgoing({ allowPrivate: ['127.0.0.1/32'] })
    expect(textOf(await one.get(`http://127.1:${port}/`))).toBe('in')
    expect(textOf(await one.get(`http://[::ffff:127.0.0.1]:${port}/`))).toBe('in')
    expect(await one.get('http://127.0.0.2/')).toMatchObject({ reason: 'forbidden' })
  })

  it('calls public addresses by https alone', async () => {
    expect(await strict.get('http://8.8.8.8/')).toMatchObject({ reason: 'url' })
    expect(await new Outgoing({ allowPrivate: [], lookup: async () => ['8.8.8.8'] }).get('http://a.example/')).toMatchObject({
      reason: 'url',
    })
  })

  it('tells a name that nobody knows and one that is not answered for, and gives its look-up up', async () => {
    const unknown = async (): Promise<never> => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }))
    expect(await new Outgoing({ allowPrivate: [], lookup: unknown }).get('https://a.example/')).toMatchObject({ reason: 'dns' })
    expect(await new Outgoing({ allowPrivate: [], lookup: async () => [] }).get('https://a.example/')).toMatchObject({ reason: 'dns' })
    let given: AbortSignal | undefined
    const hold = (_host: string, signal?: AbortSignal): Promise<never> => {
      given = signal
      return new Promise(() => {})
    }
    expect(await new Outgoing({ allowPrivate: [], lookup: hold }).get('https://a.example/', { timeout: 50 })).toMatchObject({
      reason: 'timeout',
    })
    expect(given?.aborted).toBe(true)
  })
})
