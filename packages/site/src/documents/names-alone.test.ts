import { ScopeSet, parseFilters } from '@annex/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import type { ListRequest } from '../backend/backend.ts'
import type { World } from '../backend/backend.contract.ts'
import type { Principal } from '../policy/principal.ts'
import { PEOPLE, startWorld, type TestDocuments } from './documents.fixture.ts'

const denied = expect.objectContaining({ excType: 'PermissionError', status: 403 }) as unknown

/** An app of somebody who may read all of it, with the scope to see names. */
describe.each(engines)('The scope to select, of a user who may read, on %s', (engine) => {
  let world: World & TestDocuments
  let app: Principal

  beforeAll(async () => {
    world = await startWorld(engine)
    const { doctypes } = world.documents.premises
    const ids = ['Client', 'Stock Item', 'Quote'].map((name) => [name, doctypes.require(name).id])
    const scopes = new ScopeSet(['Client:select', 'Stock.Item:select', 'Quote:read'])
    const token = {
      hash: 'h',
      grant: 'g',
      client: 'c',
      scopes,
      unfenced: false,
      doctypeIds: Object.fromEntries(ids) as Record<string, string>,
    }
    app = { ...PEOPLE.lead, token }
  })
  afterAll(() => world.close())

  const list = (request: Partial<ListRequest>, who = app): Promise<unknown> =>
    world.documents.list(who, { doctype: 'Client', orderBy: 'name', ...request })

  it('shows the name and what a link shows, however a list asks', async () => {
    const named = { filters: parseFilters({ name: 'Acme' }) }
    expect(await list({ ...named, fields: ['*'] })).toEqual([{ name: 'Acme', region: 'North' }])
    expect(await list({ ...named, fields: ['name', 'email', 'since as d', 'max(credit) as m', 'owner', '_user_tags'] })).toEqual([
      { name: 'Acme' },
    ])
    expect(await list({ fields: ['region', 'count(name) as n'], groupBy: 'region', orderBy: 'region' })).toEqual([
      { region: 'East', n: 1 },
      { region: 'North', n: 2 },
      { region: 'South', n: 1 },
    ])
    expect(await world.documents.count(app, { doctype: 'Client', filters: parseFilters({ region: 'North' }) })).toBe(2)
  })

  it('shows it after the same list was read with more, whose statement is kept', async () => {
    const request = { fields: ['name', 'client_type'], filters: parseFilters({ name: 'Acme' }), limit: 5 }
    const whole = [{ name: 'Acme', client_type: 'Company' }]
    expect(await list(request, PEOPLE.lead)).toEqual(whole)
    expect(await list(request)).toEqual([{ name: 'Acme' }])
    expect(await list(request, PEOPLE.lead)).toEqual(whole)
  })

  it.each<[string, Partial<ListRequest>]>([
    ['a filter', { filters: parseFilters({ client_type: 'Company' }) }],
    ['a filter by what every document has', { filters: parseFilters({ owner: 'x' }) }],
    ['an alternative', { orFilters: parseFilters({ client_type: 'Company' }) }],
    ['an order', { orderBy: 'client_type' }],
    ['an order by a sum', { orderBy: 'max(since) desc' }],
    ['groups', { groupBy: 'client_type' }],
  ])('tells nothing of other fields by %s', async (_, request) => {
    const { filters = [] } = request
    await expect(list(request)).rejects.toEqual(denied)
    if (filters.length > 0) await expect(world.documents.count(app, { doctype: 'Client', filters })).rejects.toEqual(denied)
    if (filters.length > 0)
      await expect(world.documents.searchLink(app, { doctype: 'Client', text: '', limit: 9, filters })).rejects.toEqual(denied)
    await list(request, PEOPLE.lead)
  })

  it('tells nothing of them behind a link either', async () => {
    const quotes = (fields: string[], more: Partial<ListRequest> = {}): Promise<unknown> =>
      list({ doctype: 'Quote', fields, filters: parseFilters({ name: 'QTN-00001' }), ...more })
    expect(await quotes(['name', 'client.region', 'client.client_type'])).toEqual([{ name: 'QTN-00001', region: 'North' }])
    await expect(quotes(['name'], { orderBy: 'client.client_type' })).rejects.toEqual(denied)
  })

  it('lets a search ask for what is switched on, as it does by itself', async () => {
    const search = (filters: unknown): Promise<unknown[]> =>
      world.documents.searchLink(app, { doctype: 'Stock Item', text: 'Nut', limit: 9, filters: parseFilters(filters) })
    expect(await search({ disabled: 0 })).toEqual(await search(undefined))
    await expect(search({ disabled: 1 })).rejects.toEqual(denied)
  })
})
