import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Api } from '../../../../../tests/support/callers/api.ts'
import { engines } from '../../../../../tests/support/databases.ts'
import { startSite, type RunningSite } from '../../../../../tests/support/site.ts'

const PATH = '/api/openapi.json'

describe.each(engines)('The description of the API on %s', (engine) => {
  let site: RunningSite
  let admin: Api
  let clerk: Api
  const paths = async (api: Api, query = ''): Promise<string[]> => {
    const { status, body } = await api.send('GET', PATH + query)
    expect(status).toBe(200)
    return Object.keys(body['paths'] as object)
  }
  const define = (name: string, fields: readonly object[], rest = {}): Promise<unknown> =>
    admin.insert('DocType', { name, fields, permissions: [{ role: 'Clerk' }], ...rest })

  beforeAll(async () => {
    site = await startSite(engine)
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('Role', { role_name: 'Clerk' })
    await admin.insert('User', {
      email: 'clerk@example.com',
      first_name: 'Clerk',
      new_password: 'corr3ct-horse-battery',
      roles: [{ role: 'Clerk' }],
    })
    await define('Crate', [
      { fieldname: 'label', fieldtype: 'Data', reqd: 1 },
      { fieldname: 'price', fieldtype: 'Currency', permlevel: 1 },
    ])
    clerk = await Api.signIn(site.url, 'clerk@example.com', 'corr3ct-horse-battery')
  })
  afterAll(() => site.close())

  it('is valid, and lists the DocTypes that its caller sees', async () => {
    const { body, headers } = await clerk.send('GET', PATH)
    expect(headers.get('content-type')).toBe('application/json')
    expect((await new Validator().validate({ ...body })).errors).toBeUndefined()
    expect(await paths(clerk)).toContain('/api/resource/Crate/{name}')
    expect(await paths(clerk)).not.toContain('/api/resource/DocType')
    expect(JSON.stringify(body)).not.toContain('"price"')
    expect(await paths(admin)).toContain('/api/resource/DocType')
  })

  it('follows DocTypes that come', async () => {
    expect(await paths(clerk)).not.toContain('/api/resource/Barrel')
    await define('Barrel', [{ fieldname: 'label', fieldtype: 'Data' }])
    expect(await paths(clerk)).toContain('/api/resource/Barrel')
    expect(await paths(clerk)).toContain('/api/resource/Barrel')
  })

  it('tells a guest of no DocType, and of the methods that are open to all', async () => {
    const guest = await paths(new Api(site.url))
    expect(guest).toContain('/api/method/ping')
    expect(guest.filter((path) => !path.startsWith('/api/method/'))).toEqual([])
    expect(guest).not.toContain('/api/method/frappe.client.get_count')
    expect(await paths(new Api(site.url), '?doctypes=Crate')).toEqual(guest)
  })

  it('is narrowed to the DocTypes that are named; one that is hidden is refused', async () => {
    const named = await paths(clerk, '?doctypes=Crate')
    expect(named.filter((path) => path.startsWith('/api/resource'))).toEqual(['/api/resource/Crate', '/api/resource/Crate/{name}'])
    expect((await clerk.send('GET', `${PATH}?doctypes=DocType`)).status).toBe(403)
    expect((await clerk.send('GET', `${PATH}?doctypes=Nope`)).status).toBe(404)
  })

  it('holds what it says of a document', async () => {
    const { body } = await clerk.send('GET', `${PATH}?doctypes=Crate`)
    const { schemas } = body['components'] as { schemas: Record<string, { required: string[] }> }
    const refused = await clerk.send('POST', '/api/resource/Crate', {})
    expect(refused).toMatchObject({ status: 417, body: { exc_type: 'MandatoryError' } })
    expect(schemas['_insert.Crate']?.required).toEqual(['label'])
    const inserted = await clerk.insert('Crate', { label: 'A' })
    expect(Object.keys(inserted)).toEqual(expect.arrayContaining(schemas['_named']?.required ?? ['?']))
  })

  it('is a page for whoever has signed in', async () => {
    const page = (api: Api, query = ''): ReturnType<Api['send']> => api.send('GET', `/api/docs${query}`, undefined, { accept: 'text/html' })
    const contents = await page(clerk)
    expect(contents.text).toContain('<h1>API</h1>')
    expect(contents.text).toContain('<a href="/api/docs?doctype=Crate">Crate</a>')
    expect(contents.text).not.toContain('doctype=DocType')
    const one = await page(clerk, '?doctype=Crate')
    expect(one.text).toContain('<code>PUT /api/resource/Crate/{name}</code>')
    expect(one.text).toContain('Data · needed')
    expect(one.text).not.toMatch(/<script|price/)
    expect((await page(clerk, '?doctype=DocType')).status).toBe(403)
    const sent = await page(new Api(site.url))
    expect([sent.status, sent.headers.get('location')]).toEqual([303, '/login?redirect-to=%2Fapi%2Fdocs'])
  })
})
