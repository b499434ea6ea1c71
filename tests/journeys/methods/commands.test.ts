import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api, readReply, type Reply } from '../../support/callers/api.ts'
import { ALICE, PASSWORD, World } from '../attacks/world.fixture.ts'

/** `cmd=<method>`: how Frappe's Python clients sign in and call methods, at the site's root. */
describe('A command', () => {
  let world: World
  let alice: Api
  beforeAll(async () => {
    world = await World.open('sqlite')
    alice = await world.session(ALICE)
  })
  afterAll(() => world.close())

  const form = async (
    path: string,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Reply> =>
    readReply(await fetch(world.site.url + path, { method: 'POST', body: new URLSearchParams(fields), headers, redirect: 'manual' }))
  const isThere = async (name: string): Promise<boolean> => (await alice.send('GET', `/api/resource/Item/${name}`)).status === 200

  it('signs in and out as FrappeClient does it', async () => {
    const answer = await fetch(world.site.url, { method: 'POST', body: new URLSearchParams({ cmd: 'login', usr: ALICE, pwd: PASSWORD }) })
    expect([answer.status, ((await answer.json()) as { message: string }).message]).toEqual([200, 'Logged In'])
    const cookie = answer.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
    const client = new Api(world.site.url, { cookie })
    expect((await client.send('GET', '/?cmd=frappe.auth.get_logged_user')).body).toEqual({ message: ALICE })
    expect((await client.send('GET', '/?cmd=logout')).status).toBe(200)
    expect((await client.send('GET', '/?cmd=frappe.auth.get_logged_user')).status).toBe(403)
  })

  it.each([
    [
      'in the query of the root',
      (): Promise<Reply> => alice.send('GET', '/?cmd=frappe.client.get_value&doctype=Item&filters=Bolt&fieldname=title'),
    ],
    [
      'in the query of an address that is none',
      (): Promise<Reply> => alice.send('GET', '/nowhere?cmd=frappe.client.get_value&doctype=Item&filters=Bolt&fieldname=title'),
    ],
    [
      'in a form',
      (): Promise<Reply> =>
        form('/', { cmd: 'frappe.client.get_value', doctype: 'Item', filters: 'Bolt', fieldname: 'title' }, alice.headers),
    ],
    [
      'in JSON',
      (): Promise<Reply> =>
        alice.send('POST', '/', { cmd: 'frappe.client.get_value', doctype: 'Item', filters: { name: 'Bolt' }, fieldname: ['title'] }),
    ],
    [
      'at the address of a method',
      (): Promise<Reply> =>
        alice.send('POST', '/api/method/x', { cmd: 'frappe.client.get_value', doctype: 'Item', filters: 'Bolt', fieldname: 'title' }),
    ],
    [
      'in the query of a document',
      (): Promise<Reply> =>
        alice.send('GET', '/api/resource/Item/Bolt?cmd=frappe.client.get_value&doctype=Item&filters=Bolt&fieldname=title'),
    ],
  ])('is taken %s', async (_, act) => {
    expect((await act()).body).toEqual({ message: { title: 'Bolt' } })
  })

  it('is always answered with JSON, also when a browser asks', async () => {
    const { status, headers, body } = await form('/', { cmd: 'no.such.method' }, { ...alice.headers, accept: 'text/html' })
    expect([status, headers.get('content-type'), body['exc_type']]).toEqual([404, 'application/json', 'DoesNotExistError'])
    expect(
      (await readReply(await fetch(`${world.site.url}/?cmd=frappe.auth.get_logged_user`, { headers: { accept: 'text/html' } }))).body,
    ).toMatchObject({
      exc_type: 'PermissionError',
    })
  })

  it('is a field like any other in the body of a document', async () => {
    const made = await alice.send('POST', '/api/resource/Item', {
      title: 'With a command',
      cmd: 'frappe.client.delete',
      doctype: 'Item',
      name: 'Bolt',
    })
    expect(made.body['data']).toMatchObject({ name: 'With a command' })
    expect(await isThere('Bolt')).toBe(true)
  })

  it('needs the method’s own HTTP method', async () => {
    expect((await alice.send('GET', '/?cmd=frappe.client.delete&doctype=Item&name=Bolt')).status).toBe(403)
    expect((await alice.send('GET', `/?cmd=login&usr=${ALICE}&pwd=${PASSWORD}`)).status).toBe(405)
    expect(await isThere('Bolt')).toBe(true)
  })

  it('is no way round the guard against other sites', async () => {
    const command = { cmd: 'frappe.client.delete', doctype: 'Item', name: 'Bolt' }
    for (const headers of [
      { origin: 'https://elsewhere.example' },
      { 'sec-fetch-site': 'cross-site' },
      { referer: 'https://elsewhere.example/' },
    ])
      for (const path of ['/', '/nowhere', '/api/method/x'])
        expect((await form(path, command, { ...alice.headers, ...headers })).body['exc_type']).toBe('CSRFTokenError')
    const login = { cmd: 'login', usr: ALICE, pwd: PASSWORD }
    const forced = await form('/', login, { origin: 'https://elsewhere.example' })
    expect([forced.status, forced.headers.getSetCookie()]).toEqual([400, []])
    expect(await isThere('Bolt')).toBe(true)
  })

  it('is no way round who is calling', async () => {
    const command = { cmd: 'frappe.client.get_list', doctype: 'Item' }
    expect((await form('/', command)).status).toBe(403)
    expect((await form('/', command, { authorization: 'Bearer not-a-token' })).status).toBe(401)
    const narrow = await world.byToken(ALICE, 'openid')
    expect((await form('/', command, narrow.headers)).headers.get('www-authenticate')).toContain('insufficient_scope')
  })

  it('is not heard by the provider’s own endpoints', async () => {
    const command = { cmd: 'frappe.client.delete', doctype: 'Item', name: 'Bolt' }
    const credentials = { grant_type: 'authorization_code', code: 'x', client_id: world.app.id, client_secret: world.app.secret }
    for (const endpoint of ['get_token', 'revoke_token', 'introspect_token', 'approve', 'authorize', 'openid_profile'])
      await form(`/api/method/frappe.integrations.oauth2.${endpoint}`, { ...credentials, ...command }, alice.headers)
    expect((await form('/api/method/frappe.integrations.oauth2.get_token', { ...credentials, cmd: 'ping' })).body).not.toHaveProperty(
      'message',
    )
    expect((await form('/login', { ...command, usr: ALICE, pwd: 'wrong' }, alice.headers)).body).not.toHaveProperty('message')
    expect(await isThere('Bolt')).toBe(true)
    // As commands they are what they are at their own addresses: bare, and under their own rules.
    const asCommand = await form('/', { ...credentials, cmd: 'frappe.integrations.oauth2.get_token' })
    expect([asCommand.status, asCommand.body]).toEqual([400, expect.objectContaining({ error: 'invalid_grant' })])
  })
})
