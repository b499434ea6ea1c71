import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Browser, connect, REDIRECT } from '../../packages/site/src/oauth/testing/app.fixture.ts'
import { Api, type Reply, type Values } from '../support/callers/api.ts'
import { engines } from '../support/databases.ts'
import { run } from '../support/program.ts'
import { startSite, type RunningSite } from '../support/site.ts'

const PASSWORD = 'corr3ct-horse-battery'
const METHOD = '/api/method/'
const SECRET = 'hidden from names'

/** What an app gets with the scope to see names: of documents that its user may read, and of those that they may only select. */
describe.each(engines)('The scope to select on %s', (engine) => {
  let site: RunningSite
  let app: Api
  let token: string

  const doctype = (name: string, rights: Values): Values => ({
    name,
    module: 'Stock',
    custom: 1,
    autoname: 'field:title',
    fields: [
      { fieldname: 'title', fieldtype: 'Data', label: 'Title', reqd: 1 },
      { fieldname: 'secret_note', fieldtype: 'Data', label: 'Secret Note' },
    ],
    permissions: [{ role: 'System Manager' }, { role: 'Desk User', ...rights }],
  })

  beforeAll(async () => {
    site = await startSite(engine)
    const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('DocType', doctype('Client', { select: 1, read: 1 }))
    await admin.insert('DocType', doctype('Region', { select: 1, read: 0 }))
    for (const name of ['Client', 'Region']) await admin.insert(name, { title: 'North', secret_note: SECRET })
    await admin.insert('User', { email: 'ann@example.com', first_name: 'Ann', new_password: PASSWORD, roles: [{ role: 'Desk User' }] })
    const { client_id: id, client_secret: secret } = await admin.insert('OAuth Client', {
      app_name: 'Names',
      scopes: 'openid Client:select Region:select',
      redirect_uris: REDIRECT,
      default_redirect_uri: REDIRECT,
    })
    const ann = await new Browser({ base: site.url }).signIn('ann@example.com', PASSWORD)
    token = (
      await connect({ base: site.url }, ann, { id: String(id), secret: String(secret) }, { scope: 'openid Client:select Region:select' })
    ).access
    app = new Api(site.url, { authorization: `Bearer ${token}` })
  })
  afterAll(() => site.close())

  const query = (values: Values): string =>
    new URLSearchParams(
      Object.entries(values).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
    ).toString()
  const LISTS: readonly (readonly [what: string, path: (name: string) => string])[] = [
    ['the list', (name) => `/api/resource/${name}?`],
    ['frappe.client.get_list', (name) => `${METHOD}frappe.client.get_list?doctype=${name}&`],
    ['reportview.get', (name) => `${METHOD}frappe.desk.reportview.get?doctype=${name}&`],
    ['the list of the second API', (name) => `/api/v2/document/${name}?`],
  ]
  const get = (path: string): Promise<Reply> => app.send('GET', path)

  describe.each(['Client', 'Region'])('of %s', (name) => {
    it.each(LISTS)('lists names by %s, whatever is asked for', async (_, path) => {
      for (const fields of [['name'], ['*'], ['name', 'secret_note']]) {
        const reply = await get(`${path(name)}${query({ fields })}`)
        expect([reply.status, JSON.stringify(reply.body)]).toEqual([200, expect.stringContaining('North')])
        expect(JSON.stringify(reply.body)).not.toContain(SECRET)
      }
    })

    it.each(LISTS)('tells nothing by %s of what it does not show', async (_, path) => {
      const filters = [['secret_note', 'like', `${SECRET}%`]]
      for (const asked of [{ filters }, { or_filters: filters }, { order_by: 'secret_note asc' }, { group_by: 'secret_note' }])
        expect([asked, (await get(`${path(name)}${query({ fields: ['name'], ...asked })}`)).status]).toEqual([asked, 403])
    })

    it('counts and searches', async () => {
      expect((await get(`${METHOD}frappe.client.get_count?doctype=${name}`)).body).toMatchObject({ message: 1 })
      const found = await get(`${METHOD}frappe.desk.search.search_link?doctype=${name}&txt=Nor`)
      expect(JSON.stringify(found.body)).toContain('North')
      expect((await get(`${METHOD}frappe.client.get_count?${query({ doctype: name, filters: { secret_note: SECRET } })}`)).status).toBe(403)
    })

    it('reads no document and no value, and says which scope would do', async () => {
      const paths = [`/api/resource/${name}/North`, `${METHOD}frappe.client.get_value?doctype=${name}&filters=North&fieldname=name`]
      for (const path of paths) {
        const reply = await get(path)
        expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([403, expect.stringContaining(`scope="${name}:read"`)])
      }
    })

    it('is explained as it is', async () => {
      const explain = async (right: string): Promise<string> =>
        (await run('annex', ['explain', token, right, name], { ANNEX_DATA: site.folder, DATABASE_URL: site.databaseUrl })).stdout
      expect(await explain('select')).toMatch(/allowed now/i)
      expect(await explain('read')).toContain(`do not cover ${name}:read`)
    })
  })

  it('opens no other DocType, and no document of a token, whose name is not repeated', async () => {
    const open = `/api/resource/OAuth%20Bearer%20Token/${token}`
    for (const caller of [
      app,
      await Api.signIn(site.url, 'ann@example.com', PASSWORD),
      await Api.signIn(site.url, 'Administrator', site.adminPassword),
    ]) {
      const reply = await caller.send('GET', open)
      expect(reply.status).toBeGreaterThanOrEqual(400)
      expect(JSON.stringify(reply.body)).not.toContain(token)
      expect(JSON.stringify([...reply.headers])).not.toContain(token)
    }
    expect((await get('/api/resource/User')).status).toBe(403)
  })
})
