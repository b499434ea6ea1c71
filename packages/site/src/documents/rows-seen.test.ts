import { parseFilters } from '@annex/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import type { World } from '../backend/backend.contract.ts'
import type { Principal } from '../policy/principal.ts'
import { PEOPLE, person, startWorld, type TestDocuments } from './documents.fixture.ts'

const denied = expect.objectContaining({ excType: 'PermissionError', status: 403 }) as unknown

describe.each(engines)('User permissions on %s', (engine) => {
  let world: World & TestDocuments
  const toAcme = person('held', ['Sales Clerk'], [{ allow: 'Client', for_value: 'Acme' }])
  const toItem = person('held', ['Sales Lead'], [{ allow: 'Stock Item', for_value: 'ITEM-003' }])
  const forQuotes = person('held', ['Sales Clerk'], [{ allow: 'Client', for_value: 'Acme', applicable_for: 'Quote' }])
  const names = async (who: Principal, doctype: string, fields: string[] = ['name'], where?: unknown): Promise<unknown[]> => {
    const rows = await world.documents.list(who, { doctype, fields, filters: parseFilters(where), orderBy: 'name' })
    return rows.map((row) => Object.values(row).join(' '))
  }

  beforeAll(async () => {
    world = await startWorld(engine)
  })
  afterAll(() => world.close())

  it('choose the documents that a list, a count and a search show', async () => {
    expect(await names(toAcme, 'Client')).toEqual(['Acme'])
    expect(await names(toAcme, 'Quote')).toEqual(['QTN-00001'])
    expect(await world.documents.count(toAcme, { doctype: 'Quote' })).toBe(1)
    expect(await world.documents.searchLink(toAcme, { doctype: 'Client', text: '', limit: 10 })).toMatchObject([{ value: 'Acme' }])
    expect(await world.documents.searchLink(toAcme, { doctype: 'Client', text: 'blu', limit: 10 })).toEqual([])
  })

  it('are not overruled by a filter of which one must hold', async () => {
    const orFilters = parseFilters([
      ['name', 'like', '%'],
      ['name', '=', 'Bluth'],
    ])
    expect(await world.documents.list(toAcme, { doctype: 'Client', orFilters })).toEqual([{ name: 'Acme' }])
  })

  it('hold for reading, changing and making one', async () => {
    await expect(world.documents.read(toAcme, { doctype: 'Client', name: 'Bluth' })).rejects.toEqual(denied)
    await expect(world.documents.read(toAcme, { doctype: 'Quote', name: 'QTN-00002' })).rejects.toEqual(denied)
    await expect(world.documents.update(toAcme, { doctype: 'Quote', name: 'QTN-00002', values: { total: 1 } })).rejects.toEqual(denied)
    await expect(world.documents.insert(toAcme, 'Quote', [{ client: 'Bluth' }])).rejects.toEqual(denied)
    expect(await world.documents.read(toAcme, { doctype: 'Quote', name: 'QTN-00001' })).toMatchObject({ client: 'Acme' })
  })

  it('do not let a document be moved out of them', async () => {
    await expect(world.documents.update(toAcme, { doctype: 'Quote', name: 'QTN-00001', values: { client: 'Bluth' } })).rejects.toEqual(
      denied,
    )
  })

  it('look at the links of rows as well', async () => {
    expect(await names(toItem, 'Quote')).toEqual(['QTN-00002'])
    await expect(world.documents.read(toItem, { doctype: 'Quote', name: 'QTN-00001' })).rejects.toEqual(denied)
    const lines = await world.documents.list(toItem, { doctype: 'Quote Line', fields: ['item'], parent: 'Quote' })
    expect(lines).toEqual([{ item: 'ITEM-003' }])
  })

  it('that hold for one DocType restrict a link search in its form alone', async () => {
    const search = (referenceDoctype?: string): Promise<unknown[]> =>
      world.documents.searchLink(forQuotes, { doctype: 'Client', text: '', limit: 10, ...(referenceDoctype ? { referenceDoctype } : {}) })
    expect(await search('Quote')).toHaveLength(1)
    expect(await search()).toHaveLength(4)
    expect(await names(forQuotes, 'Quote')).toEqual(['QTN-00001'])
    expect(await names(forQuotes, 'Client')).toHaveLength(4)
  })

  it('hide the fields of a linked document that may not be seen', async () => {
    const heldToBluth = {
      ...PEOPLE.lead,
      userPermissions: [{ allow: 'Client', for_value: 'Bluth', applicable_for: 'Client', is_default: false }],
    }
    await world.documents.insert(PEOPLE.admin, 'DocType', [
      {
        name: 'Visit',
        autoname: 'prompt',
        fields: [{ fieldname: 'client', fieldtype: 'Link', options: 'Client', ignore_user_permissions: 1 }],
        permissions: [{ role: 'Sales Lead' }],
      },
    ])
    await world.documents.insert(PEOPLE.admin, 'Visit', [{ name: 'V1', client: 'Acme' }])
    const seen = (who: Principal): Promise<unknown> => world.documents.list(who, { doctype: 'Visit', fields: ['client', 'client.region'] })
    expect(await seen(PEOPLE.lead)).toEqual([{ client: 'Acme', region: 'North' }])
    const onClients = {
      ...heldToBluth,
      userPermissions: [{ allow: 'Client', for_value: 'Bluth', applicable_for: null, is_default: false }],
    }
    expect(await seen(onClients)).toEqual([{ client: 'Acme', region: null }])
  })

  it('leave one’s own documents where ownership gives the right', async () => {
    await world.documents.insert(PEOPLE.admin, 'DocType', [
      {
        name: 'Plan',
        autoname: 'prompt',
        fields: [{ fieldname: 'client', fieldtype: 'Link', options: 'Client' }],
        permissions: [{ role: 'Sales Clerk' }, { role: 'All', if_owner: 1 }],
      },
    ])
    await world.documents.insert(PEOPLE.admin, 'Plan', [
      { name: 'theirs', client: 'Bluth' },
      { name: 'allowed', client: 'Acme' },
    ])
    const owner = { ...toAcme, userPermissions: [] }
    await world.documents.insert(owner, 'Plan', [{ name: 'mine', client: 'Bluth' }])
    expect(await names(toAcme, 'Plan')).toEqual(['allowed', 'mine'])
    expect(await world.documents.read(toAcme, { doctype: 'Plan', name: 'mine' })).toMatchObject({ client: 'Bluth' })
    await expect(world.documents.read(toAcme, { doctype: 'Plan', name: 'theirs' })).rejects.toEqual(denied)
  })
})
