import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api, type Reply, type Values } from '../../support/callers/api.ts'
import { connect, registerApp, type App } from '../../support/callers/connected-app.ts'
import { engines } from '../../support/databases.ts'
import { ALICE, BOB, World } from '../attacks/world.fixture.ts'

const CODE = `
export function hooks(site) {
  site.documentMethod('ToDo', 'close', { rights: 'verbs' }, async ({ document, args, documents }) => {
    await documents.update('ToDo', document.name, { status: 'Closed' })
    return { was: document.status, why: args.why ?? null, arguments: Object.keys(args) }
  })
  site.documentMethod('ToDo', 'age', { methods: ['GET', 'POST'], rights: 'open' }, ({ document, doctype, user }) => [doctype, document.name, user])
  site.documentMethod('ToDo', 'again', { rights: 'verbs' }, ({ document, documents }) => documents.read('ToDo', document.name))
  site.documentMethod('ToDo', 'nothing', {}, () => null)
  site.documentMethod('ToDo', 'count', { rights: [{ doctype: 'Comment', right: 'read' }] }, ({ documents }) => documents.count('Comment'))
  site.documentMethod('ToDo', 'fail', { rights: 'open' }, ({ document }) => { document.status = 'Lost'; throw new Error('a secret of the site') })
  site.documentMethod('ToDo', 'refuse', { rights: 'open' }, ({ refuse }) => refuse('Not this one'))
  site.on('ToDo', 'on_update', ({ document, refuse }) => {
    if (document.description === 'Too much') refuse('Not this much', 'PermissionError')
  })
}
`

/** `close` of a task, by each of the addresses that Frappe has. */
describe.each(engines)('A method that site code gives documents, on %s', (engine) => {
  let folder: string
  let world: World
  let alice: Api
  let app: App
  let name: string
  const path = (): string => `/api/resource/ToDo/${name}`

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'annex-hooks-'))
    await writeFile(join(folder, 'tasks.mjs'), CODE)
    world = await World.open(engine, { ANNEX_HOOKS: folder })
    for (const user of [ALICE, BOB]) await world.admin.update('User', user, { roles: [{ role: 'Desk User' }] })
    alice = await world.session(ALICE)
    app = await registerApp(world.admin, { scopes: 'openid all ToDo:* Item:* Comment:* method:ToDo.nothing' })
    name = String((await alice.insert('ToDo', { description: 'Call' }))['name'])
  })
  afterAll(async () => {
    await world.close()
    await rm(folder, { recursive: true })
  })
  const status = async (): Promise<unknown> => (await alice.read('ToDo', name))['status']
  const byToken = async (scope: string): Promise<Api> =>
    Api.byToken(world.site.url, (await connect(await world.visitor(ALICE), app, scope)).access)
  const run = (caller: Api, method: string, more: Values = {}): Promise<Reply> =>
    caller.send('POST', path(), { run_method: method, ...more })

  it('is reached at the document’s address, with what was sent beside its name', async () => {
    const { status: code, body } = await run(alice, 'close', { why: 'done' })
    expect([code, body]).toEqual([200, { data: { was: 'Open', why: 'done', arguments: ['why'] } }])
    expect(await status()).toBe('Closed')
    expect((await run(alice, 'close')).body).toEqual({ data: { was: 'Closed', why: null, arguments: [] } })
  })

  it('stands beside events, which may refuse a change after its write: all of it is undone but the row of the trail', async () => {
    const { reply, changed, events } = await world.watch(() => alice.send('PUT', path(), { description: 'Too much' }))
    expect([reply.status, reply.body['exc_type'], changed]).toEqual([403, 'PermissionError', []])
    expect(events).toMatchObject([{ event: 'permission refused', user: ALICE, detail: '{"act":"update ToDo"}' }])
    expect(await alice.read('ToDo', name)).toMatchObject({ description: 'Call' })
  })

  it('is reached in version 2, by run_doc_method and by its own name', async () => {
    const v2 = await alice.send('POST', `/api/v2/document/ToDo/${name}/method/close`, { why: 'v2' })
    expect(v2.body).toMatchObject({ data: { why: 'v2' } })
    for (const method of ['run_doc_method', 'runserverobj']) {
      const { body } = await alice.post(method, { dt: 'ToDo', dn: name, method: 'close', args: '{"why":"form"}' })
      expect(body).toMatchObject({ message: { why: 'form' }, docs: [{ doctype: 'ToDo', name, status: 'Closed' }] })
    }
    const posted = await alice.post('run_doc_method', { docs: JSON.stringify({ doctype: 'ToDo', name }), method: 'close' })
    expect(posted.body).toMatchObject({ docs: [{ name }], message: { was: 'Closed' } })
    expect((await alice.post('ToDo.close', { dn: name, args: { why: 'name' } })).body).toMatchObject({ message: { why: 'name' } })
    expect((await alice.post('ToDo.close', { args: {} })).status).toBe(417)
  })

  it('answers nothing without data, and a document as a read shows it', async () => {
    expect((await run(alice, 'nothing')).body).toEqual({})
    expect((await run(alice, 'again')).body['data']).toEqual(await alice.read('ToDo', name))
  })

  it('is called by the HTTP methods that it says', async () => {
    expect((await alice.send('GET', `${path()}?run_method=age`)).body).toEqual({ data: ['ToDo', name, ALICE] })
    expect((await alice.send('GET', `/api/v2/document/ToDo/${name}/method/age`)).body).toEqual({ data: ['ToDo', name, ALICE] })
    expect((await alice.send('GET', `${path()}?run_method=close`)).status).toBe(403)
  })

  it('needs the right to read the document by GET, and to write it by POST', async () => {
    const bob = await world.session(BOB)
    expect((await bob.send('GET', `${path()}?run_method=age`)).status).toBe(403)
    await world.admin.insert('DocShare', { user: BOB, share_doctype: 'ToDo', share_name: name, read: 1 })
    expect((await bob.send('GET', `${path()}?run_method=age`)).status).toBe(200)
    const refused = await run(bob, 'age')
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining("'write' permission on ToDo")])
    expect((await bob.post('ToDo.age', { dn: name })).status).toBe(403)
    expect((await new Api(world.site.url).post('ToDo.age', { dn: name })).status).toBe(403)
  })

  it('is unknown to documents of other DocTypes, and no way to other methods', async () => {
    expect((await alice.send('POST', '/api/resource/Item/Bolt', { run_method: 'close' })).status).toBe(404)
    for (const other of ['client.get_count', 'x/y', '', ' close'])
      expect([other, (await run(alice, other)).status]).toEqual([other, other === '' ? 417 : 404])
    const address = '/api/resource/frappe.client/x'
    expect((await alice.send('POST', address, { run_method: 'get_count' })).status).toBe(404)
  })

  it('fails as a fault of ours, and refuses with its sentence', async () => {
    const failed = await run(alice, 'fail')
    expect([failed.status, failed.text.includes('a secret')]).toEqual([500, false])
    expect(world.site.output()).toMatch(/tasks\.mjs:\d+: ToDo\.fail: a secret of the site/)
    expect(await status()).not.toBe('Lost')
    const refused = await run(alice, 'refuse')
    expect([refused.status, refused.text.includes('Not this one')]).toEqual([417, true])
  })

  it('needs of a token the scope of its verb on the document', async () => {
    const [reading, writing] = [await byToken('ToDo:read'), await byToken('ToDo:write')]
    expect((await reading.send('GET', `${path()}?run_method=age`)).status).toBe(200)
    for (const refused of [await run(reading, 'age'), await reading.post('ToDo.age', { dn: name })])
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([403, expect.stringContaining('scope="ToDo:write"')])
    expect((await run(writing, 'age')).status).toBe(200)
    expect((await run(writing, 'close')).status).toBe(200)
    const blind = await byToken('Item:read')
    expect((await blind.send('GET', `${path()}?run_method=age`)).headers.get('www-authenticate')).toContain('scope="ToDo:read"')
  })

  it('needs of a token besides what the method uses', async () => {
    const writing = await byToken('ToDo:write')
    expect((await run(writing, 'count')).headers.get('www-authenticate')).toContain('scope="Comment:read"')
    expect((await run(await byToken('ToDo:write Comment:read'), 'count')).body).toEqual({ data: 0 })
    expect((await run(writing, 'nothing')).headers.get('www-authenticate')).toContain('scope="method:ToDo.nothing"')
    expect((await run(await byToken('all'), 'nothing')).status).toBe(403)
    expect((await run(await byToken('ToDo:write method:ToDo.nothing'), 'nothing')).body).toEqual({})
    const named = await run(await byToken('ToDo:read method:ToDo.nothing'), 'nothing')
    expect([named.status, named.headers.get('www-authenticate')]).toEqual([403, expect.stringContaining('scope="ToDo:write"')])
  })
})
