import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Document, Values } from '@annex/protocol'
import { engines } from '../../../../../../tests/support/databases.ts'
import type { World } from '../../../backend/backend.contract.ts'
import type { UserPermission } from '../../../policy/principal.ts'
import { person, startWorld, type TestDocuments } from '../../documents.fixture.ts'

const ACME = { allow: 'Client', for_value: 'Acme' }
const BLUTH = { allow: 'Client', for_value: 'Bluth' }

describe.each(engines)('A user permission on %s', (engine) => {
  let world: World & TestDocuments
  beforeAll(async () => {
    world = await startWorld(engine)
  })
  afterAll(() => world.close())

  const insert = async (permissions: readonly Partial<UserPermission>[], values: Values = {}): Promise<Document> => {
    const [quote] = await world.documents.insert(person('lead', ['Sales Lead', 'Sales Clerk'], permissions), 'Quote', [values])
    return quote!
  }

  it('that is the only one of its DocType fills the link of a new document', async () => {
    expect(await insert([ACME])).toMatchObject({ client: 'Acme', client_region: 'North' })
    expect(await insert([{ ...ACME, applicable_for: 'Quote' }])).toMatchObject({ client: 'Acme' })
  })

  it('fills it as the default among several', async () => {
    expect(await insert([ACME, { ...BLUTH, is_default: true }])).toMatchObject({ client: 'Bluth' })
    expect(await insert([ACME, { ...BLUTH, is_default: true }], { client: 'Acme' })).toMatchObject({ client: 'Acme' })
  })

  it('fills nothing among several, or for another DocType', async () => {
    for (const permissions of [[ACME, BLUTH], [{ ...ACME, applicable_for: 'Unit' }], []])
      await expect(insert(permissions)).rejects.toMatchObject({ excType: 'MandatoryError' })
  })

  it('fills the links of new rows too', async () => {
    const item = { allow: 'Stock Item', for_value: 'ITEM-002' }
    expect(await insert([ACME, item], { lines: [{ qty: 1 }] })).toMatchObject({ lines: [{ item: 'ITEM-002', item_name: 'Nut 2' }] })
  })
})
