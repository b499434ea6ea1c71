import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, request, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../../../tests/support/callers/api.ts'
import { makeCertificate, type CertificateOptions } from '../../../../tests/support/certificate.ts'
import { run } from '../../../../tests/support/program.ts'
import { startSite, type RunningSite } from '../../../../tests/support/site.ts'

const REDIRECT = 'https://app.example/callback'
const DAY = 86_400_000
const servers: Server[] = []
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'annex-doctor-'))
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

async function serve(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return (server.address() as AddressInfo).port
}

async function examine(
  words: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; said: string }> {
  const { code, stdout, stderr } = await run('annex', ['doctor', ...words], settings)
  expect(stderr).toBe('')
  return { code, said: stdout }
}

describe('annex doctor, about a running site', () => {
  let site: RunningSite
  let client: { name: string; client_secret: string }
  beforeAll(async () => {
    site = await startSite('sqlite')
    const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    client = (await admin.insert('OAuth Client', {
      app_name: 'Shop',
      scopes: 'openid',
      redirect_uris: REDIRECT,
      default_redirect_uri: REDIRECT,
    })) as typeof client
  })
  afterAll(() => site.close())

  it('says that all is well, by a secret from the environment too, and never repeats it', async () => {
    const { code, said } = await examine(
      [site.url, '--client-id', client.name, '--redirect-uri', REDIRECT, '--scope', 'openid User:read'],
      { ANNEX_CLIENT_SECRET: client.client_secret },
    )
    expect(said.replaceAll(site.url, 'URL').split('\n')).toEqual([
      '✓ site: URL answers',
      '✓ clock: both machines agree about the time',
      '✓ discovery: the issuer is URL',
      '✓ keys: every answer publishes the same ones',
      `✓ client: the site knows ${client.name}`,
      `✓ redirect URI: ${REDIRECT} is registered`,
      '✓ secret: it is the one of this app',
      '✓ scope: every name has the right form; whether the client may ask for it shows at sign-in',
      '',
    ])
    expect(code).toBe(0)
  })

  it.each([
    [
      'a redirect URI that is not the registered one',
      ['--client-id', 'ID', '--redirect-uri', `${REDIRECT}/`],
      `✗ redirect URI: ${REDIRECT}/ is not registered for this client: it must be the same to the letter`,
    ],
    [
      'a wrong secret',
      ['--client-id', 'ID', '--secret', 'not-this-one'],
      '✗ secret: it is not the one of this app: have the site give a new one',
    ],
    ['an unknown client', ['--client-id', 'nope', '--redirect-uri', REDIRECT], '✗ client: the site knows no client nope'],
    [
      'a scope that is none',
      ['--scope', 'openid Item:red Sales Invoice:read'],
      '✗ scope: Item:red, Sales is no scope; write DocType:right with dots for spaces',
    ],
  ])('names %s', async (_, words, sentence) => {
    const { code, said } = await examine([site.url, ...words.map((word) => (word === 'ID' ? client.name : word))])
    expect(said).toContain(sentence)
    expect(said).not.toContain('not-this-one')
    expect(code).toBe(1)
  })

  it('says what it could not examine, which is no failure', async () => {
    const { code, said } = await examine([site.url, '--client-id', client.name])
    expect(said).toContain(`✓ client: the site knows ${client.name}\n? secret: none was given`)
    expect(code).toBe(0)
  })

  it('notices that the site goes by another name than it was given', async () => {
    const { code, said } = await examine([site.url.replace('127.0.0.1', 'localhost')])
    expect(said).toContain(`✗ discovery: the site calls itself ${site.url}; use that URL in the app`)
    expect(code).toBe(1)
  })

  it('notices that https is spoken to what speaks http', async () => {
    expect(await examine([site.url.replace('http:', 'https:')])).toEqual({
      code: 1,
      said: '✗ site: it does not speak https there; say http in the URL, or check the port\n',
    })
  })

  it.each([
    [3600, '3600 seconds ahead'],
    [-90, '90 seconds behind'],
  ])('notices a clock that is off by %i seconds', async (seconds, words) => {
    const port = await serve(createServer(shifted(site.url, seconds)))
    const { code, said } = await examine([`http://127.0.0.1:${port}`])
    expect(said).toMatch(
      new RegExp(
        `✗ clock: the site is ${words}; set both clocks by NTP`.replace(
          /(\d+)/,
          (digits) => `(${digits}|${Number(digits) - 1}|${Number(digits) + 1})`,
        ),
      ),
    )
    expect(code).toBe(1)
  })
})

it('annex doctor names the key that a process of the site was not given', async () => {
  const site = await startSite('postgres')
  const keys = await readFile(join(site.folder, 'keys.json'), 'utf8')
  const second = await startSite('postgres', { DATABASE_URL: site.databaseUrl, ANNEX_KEYS: keys })
  try {
    const places = [shifted(site.url, 0), shifted(second.url, 0)]
    let asked = 0
    const url = `http://127.0.0.1:${await serve(createServer((from, answer) => places[asked++ % 2]!(from, answer)))}`
    expect((await examine([url])).said).toContain('✓ keys: every answer publishes the same ones\n')
    const rotated = await run('annex', ['keys', 'rotate', '--early'], { ANNEX_DATA: site.folder, DATABASE_URL: site.databaseUrl })
    const [, next] = /^next +ES256 +(\S+)/m.exec(rotated.stdout) ?? []
    const { code, said } = await examine([url])
    expect(said).toContain(`✗ keys: some answers lack ${next}: a process of the site has an old key ring; give each of them the new one`)
    expect(code).toBe(1)
  } finally {
    await second.close()
    await site.close()
  }
})

/** A proxy in front of a site whose clock is wrong. */
function shifted(site: string, seconds: number): RequestListener {
  return (asked, answer) => {
    const onward = request(new URL(asked.url ?? '/', site), { method: asked.method, headers: { accept: 'application/json' } }, (reply) => {
      const date = new Date(Date.now() + seconds * 1000).toUTCString()
      answer.writeHead(reply.statusCode ?? 500, { ...reply.headers, date })
      reply.pipe(answer)
    })
    asked.pipe(onward)
  }
}

describe('annex doctor, about what is no site', () => {
  const tls = async (options: CertificateOptions = {}): Promise<{ url: string; cert: string }> => {
    const certificate = makeCertificate(options)
    const port = await serve(createTlsServer(certificate, (_asked, answer) => answer.writeHead(404).end('{}')))
    return { url: `https://127.0.0.1:${port}`, cert: certificate.cert }
  }
  const trusting = async (cert: string): Promise<Record<string, string>> => {
    const path = join(folder, `${servers.length}-${Math.random()}.pem`)
    await writeFile(path, cert)
    return { NODE_EXTRA_CA_CERTS: path }
  }

  it.each([
    ['erp.example.com', '✗ URL: erp.example.com is not an http or https URL'],
    ['ftp://erp.example.com', '✗ URL: ftp://erp.example.com is not an http or https URL'],
    ['http://annex.invalid', '✗ site: there is no such host; check the spelling of the name'],
    ['http://127.0.0.1:1', '✗ site: it cannot be reached (bad port)'],
  ])('says what is wrong with %s', async (url, sentence) => {
    const { code, said } = await examine([url])
    expect(said).toContain(sentence)
    expect(code).toBe(1)
  })

  it('says that nothing listens at a port', async () => {
    const port = await serve(createServer())
    await new Promise((closed) => servers.pop()?.close(closed))
    expect(await examine([`http://127.0.0.1:${port}`])).toEqual({
      code: 1,
      said: '✗ site: nothing listens there; start the site, or check the port\n',
    })
  })

  it('says that a certificate is self-signed', async () => {
    const { url } = await tls()
    expect(await examine([url])).toEqual({
      code: 1,
      said: '✗ certificate: its certificate is self-signed; use one from an authority, or trust it with NODE_EXTRA_CA_CERTS\n',
    })
  })

  it.each<[string, CertificateOptions, string]>([
    [
      'has expired',
      { from: new Date(Date.now() - 2 * DAY), until: new Date(Date.now() - DAY) },
      '✗ certificate: its certificate has expired; renew it\n',
    ],
    [
      'is not valid yet',
      { from: new Date(Date.now() + DAY), until: new Date(Date.now() + 2 * DAY) },
      '✗ certificate: its certificate is not valid yet; check the clocks of both machines\n',
    ],
    [
      'is for another host',
      { host: 'other.example' },
      '✗ certificate: its certificate is for another host name; use the name that stands in the certificate\n',
    ],
  ])('says that a certificate %s', async (_, options, said) => {
    const { url, cert } = await tls(options)
    expect(await examine([url], await trusting(cert))).toEqual({ code: 1, said })
  })

  it('says that a certificate is good, and that no Annex site is behind it', async () => {
    const { url, cert } = await tls()
    const { code, said } = await examine([url], await trusting(cert))
    expect(said).toMatch(
      /✓ certificate: it is valid\n✓ clock: .*\n✗ discovery: \/\.well-known\/oauth-authorization-server is not served; is this an Annex site/,
    )
    expect(code).toBe(1)
  })

  it('says so when http is spoken to what speaks https', async () => {
    const { url } = await tls()
    expect(await examine([url.replace('https:', 'http:')])).toEqual({
      code: 1,
      said: '✗ site: it hung up; if the site speaks https, say https in the URL\n',
    })
  })
})
