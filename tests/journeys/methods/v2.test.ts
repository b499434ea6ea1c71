import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Api, Reply, Values } from '../../support/callers/api.ts'
import { engines } from '../../support/databases.ts'
import { ALICE, World } from '../attacks/world.fixture.ts'

/** `/api/v2`, as Frappe's own command line tool and newer clients call it. */
describe.each(engines)('On %s, version 2 of the API', (engine) => {
  let world: World
  let alice: Api
  beforeAll(async () => {
    world = await World.open(engine)
    alice = await world.session(ALICE)
    for (const title of ['A/1', 'B', 'C']) await alice.insert('Item', { title })
  })
  afterAll(() => world.close())

  const v2 = (method: string, path: string, values?: Values): Promise<Reply> => alice.send(method, `/api/v2/${path}`, values)

  it('lists pages and says whether there is a next', async () => {
    const page = async (query: string): Promise<unknown> => (await v2('GET', `document/Item?order_by=name asc&${query}`)).body
    expect(await page('limit=2')).toEqual({ data: [{ name: 'A/1' }, { name: 'B' }], has_next_page: true })
    expect(await page('limit=2&start=2')).toEqual({ data: [{ name: 'Bolt' }, { name: 'C' }], has_next_page: false })
    expect(await page('limit_page_length=1')).toMatchObject({ has_next_page: false })
    expect(await page('limit=9007199254740991')).toMatchObject({ has_next_page: false })
    expect(await page('limit=0')).toMatchObject({ has_next_page: false })
    expect(await page('limit=2&filters={"name":"None"}')).toEqual({ data: [], has_next_page: false })
  })

  it('makes, reads, changes and removes a document, with a slash at the end or none', async () => {
    expect((await v2('POST', 'document/Item/', { title: 'V2', data: '{"title":"not unpacked"}' })).body['data']).toMatchObject({
      name: 'V2',
    })
    expect((await v2('GET', 'document/Item/V2/')).body['data']).toMatchObject({ name: 'V2', doctype: 'Item' })
    expect((await v2('GET', 'document/Item/A%2F1')).body['data']).toMatchObject({ name: 'A/1' })
    expect((await v2('GET', 'document/Item/A/1')).body['data']).toMatchObject({ name: 'A/1' })
    for (const method of ['PATCH', 'PUT']) expect((await v2(method, 'document/Item/V2', { docstatus: 0 })).status).toBe(200)
    expect((await v2('POST', 'document/Item/V2', { title: 'x' })).status).toBe(405)
    expect(await v2('DELETE', 'document/Item/V2/')).toMatchObject({ status: 202, body: { data: 'ok' } })
  })

  it('tells errors in its own form', async () => {
    const { status, body } = await v2('GET', 'document/Item/Nothing')
    expect([status, body]).toEqual([
      404,
      {
        errors: [
          {
            type: 'DoesNotExistError',
            exception: expect.stringMatching(/^frappe\.exceptions\.DoesNotExistError: [^\n]*$/),
            message: 'Item Nothing not found',
            title: 'Message',
            indicator: 'red',
          },
        ],
      },
    ])
    for (const path of ['document/Role', 'method/no.such', 'nothing/here', 'method/login', 'doctype/Nothing/meta'])
      expect((await v2('GET', path)).body).toMatchObject({ errors: [{ type: expect.any(String) }] })
  })

  it('tells a DocType and counts its documents', async () => {
    const meta = (await v2('GET', 'doctype/Quote/meta')).body['data']
    expect(meta).toMatchObject({ doctype: 'DocType', name: 'Quote', is_submittable: 1, autoname: 'field:title', issingle: 0 })
    expect(meta).toMatchObject({ permissions: [{ doctype: 'DocPerm', role: 'All', read: 1, submit: 1, export: 1 }] })
    const { fields } = meta as { fields: Values[] }
    expect(fields.map(({ fieldname, idx }) => [fieldname, idx])).toContainEqual(['title', 1])
    expect(fields.find(({ fieldname }) => fieldname === 'lines')).toMatchObject({ fieldtype: 'Table', options: 'Quote Line', reqd: 0 })
    expect((await v2('GET', 'doctype/Role/meta')).status).toBe(403)
    expect((await v2('GET', 'doctype/Item/count')).body).toEqual({ data: 4 })
    expect((await v2('GET', 'doctype/Item/count?filters={"name":["like","B%"]}')).body).toEqual({ data: 2 })
  })

  it('calls methods by name, of DocTypes and of documents, under data', async () => {
    expect((await v2('GET', 'method/ping/')).body).toEqual({ data: 'pong' })
    expect((await v2('GET', 'method/User/get_roles')).body['data']).toContain('All')
    expect((await v2('GET', 'method/User/get_all_roles')).status).toBe(403)
    expect((await v2('POST', 'method/frappe.client.delete', { doctype: 'Item', name: 'C' })).text).toBe('{}')
    await alice.insert('Quote', { title: 'V2' })
    expect((await v2('POST', 'document/Quote/V2/method/submit')).body['data']).toMatchObject({ docstatus: 1 })
    expect((await v2('GET', 'document/Quote/V2/method/cancel')).status).toBe(403)
    expect((await v2('POST', 'document/Quote/V2/method/nothing')).body).toMatchObject({ errors: [{ type: 'DoesNotExistError' }] })
    expect((await v2('POST', 'document/Quote/V2/method/cancel/')).body['data']).toMatchObject({ docstatus: 2 })
  })
})
