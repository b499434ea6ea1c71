import { parseFilters, type Filter, type Values } from '@annex/protocol'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../../../tests/support/callers/api.ts'
import type { LinkSearchRequest, ListRequest, Row } from '../backend/backend.ts'
import { refused } from '../backend/contract/verbs.fixture.ts'
import { PEOPLE, person } from '../documents/documents.fixture.ts'
import { ADMINISTRATOR, type Principal } from '../policy/principal.ts'
import { startOtherSite, type OtherSite } from './upstream.fixture.ts'
import { Upstream } from './upstream.ts'

const PASSWORD = 'corr3ct-horse-battery'
const read = (role: string, rest: Values = {}): Values => ({ role, ...NOTHING, select: 1, read: 1, ...rest })
const NOTHING = { select: 0, read: 0, write: 0, create: 0, delete: 0, report: 0, export: 0, share: 0, print: 0, email: 0 }
const NOT_BUILT = refused('NotImplementedError', 501)

const DOSSIER = {
  name: 'Dossier',
  module: 'Custom',
  autoname: 'field:code',
  title_field: 'title',
  search_fields: 'unit',
  fields: [
    { fieldname: 'code', fieldtype: 'Data', reqd: 1, unique: 1 },
    { fieldname: 'title', fieldtype: 'Data', permlevel: 1 },
    { fieldname: 'unit', fieldtype: 'Link', options: 'Unit' },
    { fieldname: 'disabled', fieldtype: 'Check' },
    { fieldname: 'keeper', fieldtype: 'Link', options: 'User' },
  ],
  permissions: [read('Sales Lead'), read('Sales Lead', { permlevel: 1 }), read('Sales Clerk')],
}
const ERRAND = {
  name: 'Errand',
  module: 'Custom',
  autoname: 'field:code',
  fields: [
    { fieldname: 'code', fieldtype: 'Data', reqd: 1, unique: 1 },
    { fieldname: 'unit', fieldtype: 'Link', options: 'Unit' },
  ],
  permissions: [read('Sales Clerk', { create: 1 }), read('All', { if_owner: 1, create: 1 })],
}
const AREA = {
  name: 'Area',
  module: 'Custom',
  autoname: 'prompt',
  is_tree: 1,
  fields: [{ fieldname: 'parent_area', fieldtype: 'Link', options: 'Area', permlevel: 1, ignore_user_permissions: 1 }],
  permissions: [read('Sales Lead'), read('Sales Lead', { permlevel: 1 }), read('Sales Clerk')],
}
const SHOP = {
  name: 'Shop',
  module: 'Custom',
  autoname: 'prompt',
  fields: [{ fieldname: 'area', fieldtype: 'Link', options: 'Area' }],
  permissions: [read('Sales Lead'), read('Sales Clerk')],
}

describe('What a caller sees of another site', () => {
  let other: OtherSite
  let upstream: Upstream
  beforeAll(async () => {
    other = await startOtherSite('sqlite')
    upstream = new Upstream({ url: other.site.url, key: other.key })
    for (const doctype of [DOSSIER, ERRAND, AREA, SHOP]) await other.admin.insert('DocType', doctype)
    for (const [name, above] of [['World'], ['Asia', 'World'], ['Japan', 'Asia']])
      await other.admin.insert('Area', { name, parent_area: above })
    await other.admin.insert('Shop', { name: 'S1', area: 'Japan' })
    await other.admin.insert('Shop', { name: 'S2', area: 'World' })
    await other.admin.insert('Dossier', { code: 'D-1', title: 'Merger with Bluth', unit: 'Kg' })
    await other.admin.insert('Dossier', { code: 'D_2', title: 'Layoffs', unit: 'Nos' })
    await other.admin.insert('Dossier', { code: 'D-3', title: 'Closed', disabled: 1 })
    await other.admin.insert('User', {
      email: 'clerk@example.com',
      first_name: 'Clerk',
      new_password: PASSWORD,
      roles: [{ role: 'Sales Clerk' }],
    })
    const clerk = await Api.signIn(other.site.url, 'clerk@example.com', PASSWORD)
    await clerk.insert('Errand', { code: 'own', unit: 'Nos' })
    await other.admin.insert('Errand', { code: 'allowed', unit: 'Kg' })
    await other.admin.insert('Errand', { code: 'without' })
    await other.admin.insert('Errand', { code: 'another', unit: 'Hour' })
  })
  afterAll(() => other.site.close())
  const search = (who: Principal, request: Partial<LinkSearchRequest>): Promise<unknown> =>
    upstream.searchLink(who, { doctype: 'Dossier', text: '', limit: 10, ...request })
  const names = async (who: Principal, request: ListRequest): Promise<unknown[]> =>
    (await upstream.list(who, request)).map((row: Row) => row['name'])

  it('is described by fields of their own level, and found by those alone', async () => {
    const { clerk, lead } = PEOPLE
    expect(await search(lead, { text: 'D-1' })).toEqual([{ value: 'D-1', description: 'Merger with Bluth, Kg' }])
    expect(await search(clerk, {})).toEqual([
      { value: 'D-1', description: 'Kg' },
      { value: 'D_2', description: 'Nos' },
    ])
    expect(await search(clerk, { text: 'd_' })).toEqual([{ value: 'D_2', description: 'Nos' }])
    for (const text of ['Merger', 'Bluth', '%']) expect(await search(clerk, { text })).toEqual([])
    await expect(search(clerk, { filters: parseFilters({ title: 'Layoffs' }) })).rejects.toEqual(refused('PermissionError', 403))
  })

  it('is their own beside what their user permissions allow', async () => {
    const held = person('clerk', ['Sales Clerk'], [{ allow: 'Unit', for_value: 'Kg' }])
    const list = { doctype: 'Errand', orderBy: 'name' }
    expect(await names(PEOPLE.clerk, list)).toEqual(['allowed', 'another', 'own', 'without'])
    expect(await names(held, list)).toEqual(['allowed', 'own', 'without'])
    expect(await upstream.count(held, { doctype: 'Errand' })).toBe(3)
    expect(await names(PEOPLE.nobody, list)).toEqual([])
    expect(await names(person('clerk', []), list)).toEqual(['own'])
    expect(await upstream.read(held, { doctype: 'Errand', name: 'own' })).toMatchObject({ unit: 'Nos' })
    await expect(upstream.read(held, { doctype: 'Errand', name: 'another' })).rejects.toEqual(refused('PermissionError', 403))
    await expect(upstream.list(held, { doctype: 'Errand', orFilters: parseFilters({ code: 'another' }) })).rejects.toEqual(NOT_BUILT)
    await expect(search(held, { doctype: 'Errand' })).rejects.toEqual(NOT_BUILT)
  })

  it('is not opened by what this site shares under the same names', async () => {
    const sharee = person('sharee', [], [], ['Dossier', 'Stock Item'])
    for (const act of [
      () => upstream.list(sharee, { doctype: 'Dossier' }),
      () => upstream.count(sharee, { doctype: 'Dossier' }),
      () => upstream.read(sharee, { doctype: 'Stock Item', name: 'ITEM-001' }),
      () => upstream.doctype(sharee, 'Dossier'),
      () => search(sharee, {}),
    ])
      await expect(act()).rejects.toEqual(refused('PermissionError', 403))
  })

  it('is not told by the order of what is hidden, whatever alias stands beside it', async () => {
    const request = { doctype: 'Dossier', fields: ['count(name) as title'], groupBy: 'unit' }
    for (const orderBy of ['max(title) desc', 'count(title)'])
      await expect(upstream.list(PEOPLE.clerk, { ...request, orderBy })).rejects.toEqual(refused('PermissionError', 403))
  })

  it('goes along a tree as far as they may see it', async () => {
    const below = (fieldname: string): Filter[] => parseFilters({ [fieldname]: ['descendants of', 'World'] })
    const deep = { doctype: 'Area', filters: below('name'), orderBy: 'name' }
    const linked = { doctype: 'Shop', filters: below('area'), orderBy: 'name' }
    const judge = person('judge', ['Sales Lead'])
    expect(await names(judge, deep)).toEqual(['Asia', 'Japan'])
    expect(await names(judge, linked)).toEqual(['S1'])
    for (const request of [deep, linked]) await expect(names(PEOPLE.clerk, request)).rejects.toEqual(refused('PermissionError', 403))
    const some = person('judge', ['Sales Lead'], [{ allow: 'Area', for_value: 'Asia' }])
    for (const request of [deep, linked]) await expect(names(some, request)).rejects.toEqual(NOT_BUILT)
  })

  it('is refused where a list cannot say what they may see', async () => {
    const byItem = person('clerk', ['Sales Clerk'], [{ allow: 'Stock Item', for_value: 'ITEM-001' }])
    await expect(upstream.list(byItem, { doctype: 'Quote' })).rejects.toEqual(NOT_BUILT)
    const byUnit = person('lead', ['Sales Lead', 'Sales Clerk'], [{ allow: 'Unit', for_value: 'Kg' }])
    await expect(upstream.list(byUnit, { doctype: 'Stock Item', fields: ['unit.unit_name'] })).rejects.toEqual(NOT_BUILT)
    const byClient = person('lead', ['Sales Lead', 'Sales Clerk'], [{ allow: 'Client', for_value: 'Acme' }])
    await expect(upstream.list(byClient, { doctype: 'Quote Line', parent: 'Quote' })).rejects.toEqual(NOT_BUILT)
    await expect(upstream.list(ADMINISTRATOR, { doctype: 'Dossier', fields: ['keeper.email'] })).rejects.toEqual(NOT_BUILT)
  })
})

describe('Another site that fails', () => {
  const servers: Server[] = []
  afterAll(() => {
    for (const server of servers) server.close()
  })
  it.each([
    ['answers 500', 500, '{"exc_type":"InternalServerError","exception":"Traceback (most recent call last)"}'],
    ['is busy', 503, '{}'],
    ['is no Frappe site', 200, '<html>It works!</html>'],
    ['answers nothing of use', 200, '{"data":null}'],
  ])('that %s is a 502 here', async (_, status, body) => {
    const server = createServer((_asked, answer) => answer.writeHead(status, { 'content-type': 'application/json' }).end(body))
    servers.push(server)
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
    const upstream = new Upstream({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key: 'key:secret' })
    const error: unknown = await upstream.list(ADMINISTRATOR, { doctype: 'Item' }).catch((thrown: unknown) => thrown)
    expect(error).toEqual(refused('UpstreamUnavailableError', 502))
    expect(String(error)).not.toMatch(/Traceback|secret/)
  })
})
