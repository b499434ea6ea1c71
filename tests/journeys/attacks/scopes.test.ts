import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api, pathOf, type Reply } from '../../support/callers/api.ts'
import { engines } from '../../support/databases.ts'
import { ALICE, doctype, MIA, World } from './world.fixture.ts'

type Act = (app: Api, world: World) => Promise<Reply>

const COUNT = 'frappe.client.get_count'
const LINK = 'frappe.desk.search.search_link'
const KEYS = 'frappe.core.doctype.user.user.generate_keys'

const get =
  (path: string): Act =>
  (app) =>
    app.send('GET', path)
const send =
  (method: string, path: string, values: Readonly<Record<string, unknown>> = {}): Act =>
  (app) =>
    app.send(method, path, values)
const list =
  (name: string, query: Readonly<Record<string, unknown>> = {}): Act =>
  (app) =>
    app.list(name, query)
const call =
  (method: string, query: Readonly<Record<string, unknown>>): Act =>
  (app) =>
    app.get(method, query)

const ITEM = pathOf('Item', 'Bolt')
const QUOTE = pathOf('Quote', 'Q1')

describe.each(engines)('A token on %s', (engine) => {
  let world: World
  beforeAll(async () => {
    world = await World.open(engine)
  })
  afterAll(() => world.close())

  it.each<[scope: string, sentence: string, act: Act]>([
    ['openid', 'says who is signed in', call('frappe.auth.get_logged_user', {})],
    ['Item:read', 'reads', get(ITEM)],
    ['Item:read', 'counts', call(COUNT, { doctype: 'Item' })],
    ['Item:read', 'searches', call(LINK, { doctype: 'Item', txt: 'B' })],
    ['Item:select', 'searches', call(LINK, { doctype: 'Item', txt: 'B' })],
    ['Item:write', 'updates', send('PUT', pathOf('Item', 'Bolt'), {})],
    ['Quote:write', 'updates a draft', send('PUT', QUOTE, { remark: 'x' })],
    ['Quote:write Quote:submit', 'changes what was submitted', send('PUT', pathOf('Quote', 'Q9'), { remark: 'x' })],
    ['Quote:read', 'lists rows by their document', list('Quote Line', { parent: 'Quote' })],
    ['Quote:read', 'shows rows beside their document', list('Quote', { fields: ['name', 'lines.item'] })],
    ['Quote:read Customer:read', 'shows a field behind a link', list('Quote', { fields: ['customer.credit_limit'] })],
    ['all', 'inserts', send('POST', pathOf('Item'), { title: 'Made with all' })],
    ['all', 'finds names of DocTypes', call(LINK, { doctype: 'DocType', txt: 'Quo' })],
    ['*:read', 'reads', get(QUOTE)],
  ])('%s %s', async (scope, _sentence, act) => {
    const { reply, events } = await world.watch(async () => act(await world.byToken(ALICE, scope), world))
    expect(reply.status, reply.text).toBe(200)
    expect(events.filter(({ event }) => event === 'scope refused')).toEqual([])
  })

  it('opens a method of the fence by its name, and then the whole of it happens', async () => {
    const app = await world.byToken(MIA, 'method:frappe.core.*')
    const { reply, changed } = await world.watch(() => app.post(KEYS, { user: ALICE }))
    expect(reply.status, reply.text).toBe(200)
    expect(changed).toEqual(['account', 'tabUser'])
    const { api_key: key, api_secret: secret } = reply.body['message'] as Record<string, string>
    const { body } = await new Api(world.site.url, { authorization: `token ${key}:${secret}` }).get('frappe.auth.get_logged_user')
    expect(body['message']).toBe(ALICE)
  })

  it('is judged by the user’s permissions besides: a scope adds nothing', async () => {
    await world.admin.insert('DocType', doctype('Ledger', [], { permissions: [{ role: 'System Manager' }] }))
    const app = await world.byToken(ALICE, '*:read')
    const { reply, events } = await world.watch(() => app.list('Ledger'))
    expect(reply.status).toBe(403)
    // It says where tokens come from, and no scope: none would be enough.
    expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer resource_metadata="[^"]+"$/)
    expect(events).toMatchObject([{ event: 'permission refused', user: ALICE, client: world.app.id, detail: '{"act":"list Ledger"}' }])
  })
})
