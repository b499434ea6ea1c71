import { parseFilters } from '@annex/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import type { World } from '../backend/backend.contract.ts'
import { ADMINISTRATOR } from '../policy/principal.ts'
import { PEOPLE, person, startWorld, type TestDocuments } from './documents.fixture.ts'

describe.each(engines)('A statement that is kept for lists of its like, on %s', (engine) => {
  let world: World & TestDocuments
  beforeAll(async () => {
    world = await startWorld(engine)
  })
  afterAll(() => world.close())

  const page = async (start: number, limit: number | null): Promise<unknown[]> => {
    const rows = await world.documents.list(PEOPLE.lead, { doctype: 'Stock Item', orderBy: 'name', start, limit })
    return rows.map((row) => row['name'])
  }

  it('gives each call its own page', async () => {
    const all = await page(0, null)
    expect(all.length).toBeGreaterThan(4)
    for (const [start, limit] of [
      [0, 2],
      [0, 3],
      [1, 2],
      [2, 2],
      [3, null],
      [1, null],
      [0, null],
    ] as const) {
      expect(await page(start, limit)).toEqual(all.slice(start, limit === null ? undefined : start + limit))
    }
  })

  it('is not another’s: who has fewer rights, or a user permission, or asks by a filter, gets a statement of their own', async () => {
    const request = { doctype: 'Stock Item', fields: ['name', 'cost'], orderBy: 'name', limit: 1 }
    expect(await world.documents.list(PEOPLE.lead, request)).toEqual([{ name: 'ITEM-001', cost: expect.any(Number) as number }])
    expect(await world.documents.list(PEOPLE.clerk, request)).toEqual([{ name: 'ITEM-001' }])
    await expect(world.documents.list(PEOPLE.nobody, request)).rejects.toMatchObject({ status: 403 })
    const held = person('lead', [...PEOPLE.lead.roles], [{ allow: 'Stock Item', for_value: 'ITEM-003' }])
    expect(await world.documents.list(held, { ...request, fields: ['name'] })).toEqual([{ name: 'ITEM-003' }])
    const filters = parseFilters({ name: 'ITEM-002' })
    expect(await world.documents.list(PEOPLE.lead, { ...request, fields: ['name'], filters })).toEqual([{ name: 'ITEM-002' }])
    expect(await world.documents.list(PEOPLE.lead, { ...request, fields: ['name'], orFilters: filters })).toEqual([{ name: 'ITEM-002' }])
  })

  it('binds each call’s own values, and is not used for one that makes another condition', async () => {
    const listed = async (filters: object, limit = 50): Promise<unknown[]> => {
      const request = { doctype: 'Stock Item', orderBy: 'name', filters: parseFilters(filters), limit }
      return (await world.documents.list(PEOPLE.lead, request)).map((row) => row['name'])
    }
    const all = await listed({})
    for (const name of ['ITEM-003', 'ITEM-001', 'ITEM-002'])
      expect(await listed({ name: ['>=', name] })).toEqual(all.slice(all.indexOf(name)))
    expect(await listed({ name: ['>=', 'ITEM-002'], stock_qty: ['<', 1_000_000] }, 1)).toEqual(['ITEM-002'])
    const some = await listed({ stock_qty: ['>=', 2] })
    expect(some.length).toBeLessThan(all.length)
    expect(await listed({ stock_qty: ['>=', '2'] })).toEqual(some)
    expect(await listed({ stock_qty: ['>=', 0] })).toEqual(all)
    expect(await listed({ name: ['!=', ''] })).toEqual(all)
    expect(await listed({ name: ['=', null] })).toEqual([])
  })

  it('binds nothing of its own after what was asked, whatever number is asked for first', async () => {
    const after = async (qty: number): Promise<number> => {
      const filters = parseFilters({ stock_qty: ['<=', qty] })
      return (await world.documents.list(PEOPLE.lead, { doctype: 'Stock Item', orderBy: 'name', filters, start: 1 })).length
    }
    const all = await after(Number.MAX_SAFE_INTEGER)
    expect(await after(1_000_000)).toBe(all)
    expect(await after(-1)).toBe(0)
  })

  it('is made anew when the DocType changes', async () => {
    const request = { doctype: 'Unit', fields: ['*'], limit: 1 }
    expect((await world.documents.list(ADMINISTRATOR, request))[0]).not.toHaveProperty('symbol')
    const definition = await world.documents.read(ADMINISTRATOR, { doctype: 'DocType', name: 'Unit' })
    const fields = [...(definition['fields'] as object[]), { fieldname: 'symbol', fieldtype: 'Data' }]
    await world.documents.update(ADMINISTRATOR, { doctype: 'DocType', name: 'Unit', values: { fields } })
    expect((await world.documents.list(ADMINISTRATOR, request))[0]).toHaveProperty('symbol', null)
  })
})
