import { ScopeSet, parseFilters } from '@annex/protocol'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import type { World } from '../../../backend/backend.contract.ts'
import { ADMINISTRATOR, type Principal } from '../../../policy/principal.ts'
import { parseRowFilters } from '../../../policy/row-filters.ts'
import { PEOPLE, person, startWorld, type TestDocuments } from '../../documents.fixture.ts'

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

  it('is not given for a list of fields that its owner has changed since', async () => {
    const fields = ['name', 'cost']
    const request = { doctype: 'Stock Item', fields, orderBy: 'name', limit: 1 }
    expect(Object.keys((await world.documents.list(PEOPLE.lead, request))[0]!)).toEqual(['name', 'cost'])
    fields.pop()
    expect(await world.documents.list(PEOPLE.lead, request)).toEqual([{ name: 'ITEM-001' }])
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

  /** The lead, through an app that is held to Stock Items which meet them. */
  const heldTo = (...filters: readonly unknown[]): Principal => {
    const rowFilters = parseRowFilters(JSON.stringify({ 'Stock Item': filters }))!
    const token = { hash: 'h', grant: 'g', client: 'c', scopes: new ScopeSet(['*:read']), unfenced: false, doctypeIds: {}, rowFilters }
    return { ...PEOPLE.lead, token }
  }

  /** What the work gives, and how many texts of SQL were made for it: a statement that is kept needs none. */
  const makingDuring = async <T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly made: number }> => {
    const making = vi.spyOn(world.database.connection.getExecutor(), 'compileQuery')
    try {
      const result = await work()
      return { result, made: making.mock.calls.length }
    } finally {
      making.mockRestore()
    }
  }

  it('is one for row filters of the same shape, which bind their own values before those of the call', async () => {
    const request = { doctype: 'Stock Item', orderBy: 'name', filters: parseFilters({ name: ['>=', 'ITEM-002'] }), limit: 3, start: 1 }
    const made: number[] = []
    for (const group of ['Products', 'Services', 'Raw Material', 'None']) {
      const filters = [...parseFilters({ item_group: group }), ...request.filters]
      const expected = await world.documents.list(PEOPLE.lead, { ...request, filters })
      const listed = await makingDuring(() => world.documents.list(heldTo(['item_group', '=', group]), request))
      expect(listed.result).toEqual(expected)
      made.push(listed.made)
    }
    // The filters' own text, and the first time the statement's.
    expect(made).toEqual([2, 1, 1, 1])
    const others = await makingDuring(() => world.documents.list(heldTo(['item_group', 'in', ['Products', 'Services']]), request))
    expect(others.made).toBe(2)
    expect((await makingDuring(() => world.documents.list(PEOPLE.lead, request))).made).toBe(1)
  })

  it('of one document is one for row filters of the same shape, and finds what meets them alone', async () => {
    const id = { doctype: 'Stock Item', name: 'ITEM-001' }
    const { item_group: group } = await world.documents.read(ADMINISTRATOR, id)
    const first = await makingDuring(() => world.documents.read(heldTo(['item_group', '=', group]), id))
    // The filters' own text, the document's and that of its rows.
    expect([first.result.name, first.made]).toEqual(['ITEM-001', 3])
    const others = ['Products', 'Services', 'Raw Material'].filter((other) => other !== group)
    for (const other of others) {
      const reading = (): Promise<unknown> => world.documents.read(heldTo(['item_group', '=', other]), id)
      const { made } = await makingDuring(() => expect(reading()).rejects.toMatchObject({ status: 404 }))
      expect(made).toBe(1)
    }
  })

  it('is not kept for row filters that go by the day', async () => {
    const held = heldTo(['creation', 'timespan', 'today'])
    for (const _ of [1, 2]) {
      const { result, made } = await makingDuring(() => world.documents.list(held, { doctype: 'Stock Item', limit: 1 }))
      expect(result).toHaveLength(1)
      expect(made).toBeGreaterThan(0)
    }
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
