import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, Browser, connect, type App, type Reply } from '../../packages/site/src/oauth/testing/app.fixture.ts'
import { Api, type Values } from '../support/callers/api.ts'
import { engines } from '../support/databases.ts'
import { startSite, type RunningSite } from '../support/site.ts'

const REDIRECT = 'https://app.example.com/cb'
const SCOPES = 'openid all Item:read Item:write Item:select Crate:read *:read method:frappe.auth.get_logged_user'
const doctype = (name: string): Values => ({
  name,
  module: 'Stock',
  custom: 1,
  autoname: 'field:title',
  fields: [
    { fieldname: 'title', fieldtype: 'Data', label: 'Title', reqd: 1 },
    { fieldname: 'crate', fieldtype: 'Link', label: 'Crate', options: name === 'Item' ? 'Crate' : 'User' },
  ],
  permissions: [{ role: 'System Manager' }],
})

/** What a token of a System Manager reaches: what its scopes name and nothing else. */
describe.each(engines)('a token on %s', (engine) => {
  let site: RunningSite
  let served: { base: string }
  let admin: Browser
  let sam: Browser
  let app: App

  const create = (name: string, values: Values): Promise<Values> => new Api(served.base, admin.headers()).insert(name, values)
  const tokenFor = async (scope: string): Promise<string> => (await connect(served, sam, app, { scope })).access

  beforeAll(async () => {
    site = await startSite(engine)
    served = { base: site.url }
    admin = await new Browser(served).signIn('Administrator', site.adminPassword)
    await create('DocType', doctype('Crate'))
    await create('DocType', doctype('Item'))
    await create('Crate', { title: 'C1' })
    await create('Item', { title: 'I1', crate: 'C1' })
    await create('User', {
      email: 'sam@example.com',
      first_name: 'Sam',
      new_password: 'Corr3ct-horse-battery',
      roles: [{ role: 'System Manager' }],
    })
    const client = await create('OAuth Client', {
      app_name: 'Scopes',
      scopes: SCOPES,
      redirect_uris: REDIRECT,
      default_redirect_uri: REDIRECT,
    })
    app = { id: String(client['client_id']), secret: String(client['client_secret']) }
    sam = await new Browser(served).signIn('sam@example.com')
  })
  afterAll(() => site.close())

  const call = (token: string, method: string, path: string, values?: object): Promise<Reply> =>
    ask(served, path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(values ? { 'content-type': 'application/json' } : {}) },
      ...(values ? { body: JSON.stringify(values) } : {}),
    })

  const ITEM = '/api/resource/Item'
  const ONE = '/api/resource/Item/I1'
  const METHOD = '/api/method/'

  it.each<[row: string, scope: string, method: string, path: string, values: object | undefined, status: number]>([
    ['F02', 'openid', 'GET', ITEM, undefined, 403],
    ['F02', 'openid', 'GET', ONE, undefined, 403],
    ['F02', 'openid', 'GET', `${METHOD}frappe.auth.get_logged_user`, undefined, 200],
    ['F03', 'Item:read', 'GET', ONE, undefined, 200],
    ['F03', 'Item:read', 'PUT', ONE, { crate: null }, 403],
    ['F03', 'Item:read', 'POST', ITEM, { title: 'I2' }, 403],
    ['F03', 'Item:read', 'DELETE', ONE, undefined, 403],
    ['F03', 'Item:write', 'POST', ITEM, { title: 'I2' }, 403],
    ['F03', 'Item:select', 'GET', ONE, undefined, 403],
    ['F04', 'Item:read', 'GET', `${METHOD}frappe.client.get_count?doctype=Item`, undefined, 200],
    ['F04', 'Item:read', 'GET', `${METHOD}frappe.client.get_count?doctype=Crate`, undefined, 403],
    ['F04', 'Item:read', 'GET', `${METHOD}frappe.desk.search.search_link?doctype=Crate&txt=C`, undefined, 403],
    ['F04', 'Item:read', 'GET', '/api/resource/Crate', undefined, 403],
    ['F05', 'Item:read', 'GET', `${ITEM}?fields=["name","crate.title"]`, undefined, 403],
    ['F05', 'Item:read', 'GET', `${ITEM}?filters=[["crate.title","like","C%"]]`, undefined, 403],
    ['F05', 'Item:read Crate:read', 'GET', `${ITEM}?fields=["name","crate.title"]`, undefined, 200],
    ['F06', 'all', 'GET', ONE, undefined, 200],
    ['F06', 'all', 'PUT', '/api/resource/User/sam@example.com', { new_password: 'Another-good-one' }, 403],
    ['F06', 'all', 'POST', '/api/resource/Role', { role_name: 'Mine' }, 403],
    ['F06', 'all', 'POST', '/api/resource/OAuth%20Client', { app_name: 'x', default_redirect_uri: REDIRECT }, 403],
    ['F06', 'all', 'POST', '/api/resource/DocType', doctype('Mine'), 403],
    ['F06', 'all', 'GET', '/api/resource/OAuth%20Bearer%20Token', undefined, 403],
    ['F06', '*:read', 'GET', '/api/resource/User', undefined, 403],
    ['F06', '*:read', 'GET', ONE, undefined, 200],
  ])('%s with %s: %s %s', async (_row, scope, method, path, values, status) => {
    const reply = await call(await tokenFor(scope), method, path, values)
    expect(reply.status, reply.text).toBe(status)
    if (status === 403) expect(reply.headers.get('www-authenticate')).toMatch(/error="insufficient_scope"/)
  })

  it('F10 does not reach a DocType made again under the name that was granted', async () => {
    await create('DocType', doctype('Pallet'))
    const wide = await create('OAuth Client', {
      app_name: 'Pallets',
      scopes: 'Pallet:read',
      redirect_uris: REDIRECT,
      default_redirect_uri: REDIRECT,
    })
    const { access } = await connect(
      served,
      sam,
      { id: String(wide['client_id']), secret: String(wide['client_secret']) },
      { scope: 'Pallet:read' },
    )
    expect((await call(access, 'GET', '/api/resource/Pallet')).status).toBe(200)
    const headers = { ...admin.headers(), accept: 'application/json' }
    expect((await ask(served, '/api/resource/DocType/Pallet', { method: 'DELETE', headers })).status).toBe(202)
    await create('DocType', doctype('Pallet'))
    expect((await call(access, 'GET', '/api/resource/Pallet')).status).toBe(403)
  })
})
