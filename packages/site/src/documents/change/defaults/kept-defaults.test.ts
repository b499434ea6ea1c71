import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Document, Values } from '@annex/protocol'
import { engines } from '../../../../../../tests/support/databases.ts'
import type { World } from '../../../backend/backend.contract.ts'
import { ADMINISTRATOR, type UserPermission } from '../../../policy/principal.ts'
import { person, startWorld, type TestDocuments } from '../../documents.fixture.ts'

describe.each(engines)('A default that a user has set, on %s,', (engine) => {
  let world: World & TestDocuments
  beforeAll(async () => {
    world = await startWorld(engine)
    const permissions = [
      { role: 'Sales Lead', permlevel: 0 },
      { role: 'Sales Lead', permlevel: 1, write: 0 },
    ]
    const client = { fieldtype: 'Link', options: 'Client' }
    const fields = [
      { ...client, fieldname: 'client' },
      { ...client, fieldname: 'above', permlevel: 1 },
      { ...client, fieldname: 'free', ignore_user_permissions: 1, default: 'Bluth' },
      { fieldname: 'clerk', fieldtype: 'Link', options: 'User' },
      { fieldname: 'note' },
    ]
    await world.documents.insert(ADMINISTRATOR, 'DocType', [{ name: 'Visit', module: 'Trading', autoname: 'hash', permissions, fields }])
  })
  afterAll(() => world.close())

  interface Held {
    readonly roles?: readonly string[]
    readonly permissions?: readonly Partial<UserPermission>[]
    readonly values?: Values
    readonly doctype?: string
  }
  const insert = async (
    defaults: Record<string, string>,
    { roles = ['Sales Lead'], permissions = [], values = {}, doctype = 'Visit' }: Held = {},
  ): Promise<Document> => {
    const principal = { ...person('lead', roles, permissions), defaults: new Map(Object.entries(defaults)) }
    return (await world.documents.insert(principal, doctype, [values]))[0]!
  }

  it('fills the Link fields of its name, and no others', async () => {
    expect(await insert({ client: 'Acme', note: 'x', clerk: 'Administrator', free: 'Acme' })).toMatchObject({
      client: 'Acme',
      free: 'Acme',
      note: null,
      clerk: null,
    })
    expect(await insert({ client: 'Acme' }, { values: { client: 'Bluth' } })).toMatchObject({ client: 'Bluth' })
    expect(await insert({ client: 'Acme' }, { values: { client: '' } })).toMatchObject({ client: '' })
  })

  it('fills the links of new rows, and what is fetched follows', async () => {
    const quote = await insert(
      { client: 'Acme', item: 'ITEM-002' },
      { doctype: 'Quote', roles: ['Sales Lead', 'Sales Clerk'], values: { lines: [{ qty: 1 }, { qty: 1, item: 'ITEM-001' }] } },
    )
    expect(quote).toMatchObject({
      client: 'Acme',
      client_region: 'North',
      lines: [{ item: 'ITEM-002', item_name: 'Nut 2' }, { item: 'ITEM-001' }],
    })
  })

  it('that names nothing, or what the user may not see, is left out', async () => {
    expect(await insert({ client: 'Nobody', free: 'Nobody' })).toMatchObject({ client: null, free: 'Bluth' })
    const permissions = [{ allow: 'Client', for_value: 'Bluth' }]
    expect(await insert({ client: 'Acme' }, { permissions })).toMatchObject({ client: 'Bluth' })
    const two = [...permissions, { allow: 'Client', for_value: 'Cyberdyne' }]
    expect(await insert({ client: 'Acme' }, { permissions: two })).toMatchObject({ client: null })
    const narrow = two.map((permission) => ({ ...permission, applicable_for: 'Visit' }))
    expect(await insert({ client: 'Acme', free: 'Acme' }, { permissions: narrow })).toMatchObject({ client: null, free: 'Acme' })
    expect(await insert({ client: 'Bluth' }, { permissions: narrow })).toMatchObject({ client: 'Bluth' })
  })

  it('sets no field that the user may not set', async () => {
    const [visit] = await world.documents.list(ADMINISTRATOR, {
      doctype: 'Visit',
      fields: ['above'],
      filters: [{ fieldname: 'name', operator: '=', value: String((await insert({ above: 'Acme' })).name) }],
    })
    expect(visit).toEqual({ above: null })
  })
})
