import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createSocketServer, type AddressInfo, type Server as SocketServer } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Api, type Reply } from '../../../../../tests/support/callers/api.ts'
import { makeCertificate } from '../../../../../tests/support/certificate.ts'
import { engines } from '../../../../../tests/support/databases.ts'
import { startSite, type RunningSite } from '../../../../../tests/support/site.ts'

const servers: (Server | SocketServer)[] = []

async function serve(server: Server | SocketServer): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const answering =
  (status: number, body: string): RequestListener =>
  (_request, response) =>
    void response.writeHead(status).end(body)
const metadata =
  (values: (base: string) => object): RequestListener =>
  (request, response) =>
    void response.end(JSON.stringify(values(`http://${request.headers.host ?? ''}`)))

describe.each(engines)('Saving a Social Login Key on %s', (engine) => {
  let site: RunningSite
  let admin: Api
  beforeAll(async () => {
    site = await startSite(engine)
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  })
  afterAll(() => site?.close())
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })
  const save = (base_url: string, values: Record<string, unknown> = {}): Promise<Reply> =>
    admin.send('POST', '/api/resource/Social%20Login%20Key', {
      provider_name: 'House',
      enable_social_login: 1,
      client_id: 'id',
      client_secret: 'secret',
      base_url,
      ...values,
    })
  const expectRefused = (reply: Reply, words: RegExp): void => {
    expect([reply.status, reply.body['exc_type']]).toEqual([417, 'ValidationError'])
    expect(reply.text).toMatch(words)
  }

  it('says that a name is not known', async () => {
    expectRefused(await save('https://nobody.invalid'), /name nobody\.invalid is not known/)
  })

  it('says that nothing listens there', async () => {
    const port = await serve(createServer())
    await new Promise((resolve) => servers.splice(0)[0]?.close(resolve))
    expectRefused(await save(`http://127.0.0.1:${port}`), /refuses connections/)
  })

  it('says that there was no answer in time', async () => {
    const port = await serve(createSocketServer((socket) => void socket.on('error', () => undefined)))
    expectRefused(await save(`http://127.0.0.1:${port}`), /did not answer in time/)
  })

  it('says that the certificate is not good', async () => {
    const port = await serve(createTlsServer(makeCertificate(), answering(200, '{}')))
    expectRefused(await save(`https://127.0.0.1:${port}`), /TLS connection to 127\.0\.0\.1/)
  })

  it.each([
    ['a page', answering(200, '<!doctype html>')],
    ['nothing', answering(404, '')],
    ['a redirect', (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ] as const satisfies readonly (readonly [string, RequestListener])[])(
    'says that what answers with %s is no provider',
    async (_, listener) => {
      const port = await serve(createServer(listener))
      expectRefused(await save(`http://127.0.0.1:${port}`), /not an OpenID provider/)
      expectRefused(await save(`http://127.0.0.1:${port}`, { social_login_provider: 'Frappe' }), /not a Frappe site/)
    },
  )

  const sound = (base: string) => ({
    issuer: base,
    authorization_endpoint: `${base}/a`,
    token_endpoint: `${base}/t`,
    jwks_uri: `${base}/j`,
  })
  it.each([
    ['another issuer', (base: string) => ({ ...sound(base), issuer: 'https://evil.example' }), /another name/],
    ['no keys', (base: string) => ({ ...sound(base), jwks_uri: undefined }), /publishes no keys/],
    ['a script to go to', (base: string) => ({ ...sound(base), authorization_endpoint: 'javascript:alert(1)' }), /authorization_endpoint/],
    ['no token endpoint', (base: string) => ({ ...sound(base), token_endpoint: 7 }), /token_endpoint/],
  ])('J05: refuses a configuration with %s', async (_, values, words) => {
    const port = await serve(createServer(metadata(values)))
    expectRefused(await save(`http://127.0.0.1:${port}`), words)
  })

  it('J05: refuses plain http and private addresses that the site may not call', async () => {
    expectRefused(await save('http://192.0.2.1'), /https|private address/)
    expectRefused(await save('https://10.0.0.1'), /private address/)
  })

  it.each(['', 'ftp://house.example', 'https://user@house.example', 'https://house.example/?a=b', 'house.example'])(
    'refuses %j',
    async (url) => {
      expect((await save(url)).status).toBe(417)
    },
  )

  it('knows its own URL without calling itself', async () => {
    const began = performance.now()
    for (const host of ['127.0.0.1', '127.1', 'localhost', 'localhost.', '0.0.0.0', '[::ffff:127.0.0.1]'])
      for (const end of ['', '/']) expectRefused(await save(site.url.replace('127.0.0.1', host) + end), /this site itself/)
    expect(performance.now() - began).toBeLessThan(2500)
  })

  it('takes no other machine for itself, whatever its name begins with', async () => {
    for (const host of ['127.example.invalid', '127.0.0.1.example.invalid'])
      expectRefused(await save(site.url.replace('127.0.0.1', host)), /is not known/)
  })

  it('keeps what the provider says, and turns off when the provider is gone', async () => {
    const port = await serve(createServer(metadata(sound)))
    const base = `http://127.0.0.1:${port}`
    const reply = await save(`${base}/`, { provider_name: 'My House & Co' })
    expect(reply.body['data']).toMatchObject({
      name: 'my_house_co',
      base_url: base,
      authorize_url: `${base}/a`,
      client_secret: '********',
      redirect_url: '/api/method/frappe.integrations.oauth2_logins.custom/my_house_co',
    })
    await new Promise((resolve) => servers.splice(0)[0]?.close(resolve))
    expect(await admin.update('Social Login Key', 'my_house_co', { enable_social_login: 0 })).toMatchObject({ enable_social_login: 0 })
    const again = await admin.send('PUT', '/api/resource/Social%20Login%20Key/my_house_co', { enable_social_login: 1 })
    expectRefused(again, /refuses connections/)
  })

  it('needs a client and its secret before people can use it', async () => {
    expect((await save('https://house.invalid', { client_id: '' })).status).toBe(417)
    expectRefused(await save('https://house.invalid', { client_secret: '' }), /Client Secret/)
  })

  it('is for System Managers alone', async () => {
    await admin.insert('User', {
      email: 'ann@example.com',
      first_name: 'Ann',
      new_password: 'Corr3ct-horse',
      roles: [{ role: 'Desk User' }],
    })
    const ann = await Api.signIn(site.url, 'ann@example.com', 'Corr3ct-horse')
    expect((await ann.send('POST', '/api/resource/Social%20Login%20Key', { provider_name: 'X', base_url: site.url })).status).toBe(403)
    expect((await ann.list('Social Login Key')).status).toBe(403)
  })
})
