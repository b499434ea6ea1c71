import { parseFilters } from '@annex/protocol'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import type { World } from '../../backend/backend.contract.ts'
import { PEOPLE, startDocuments, startWorld, type TestDocuments } from '../documents.fixture.ts'

const { admin, lead, clerk } = PEOPLE

describe.each(engines)('Lists on %s', (engine) => {
  let world: World & TestDocuments
  beforeAll(async () => {
    world = await startWorld(engine)
    const tags = sql`update ${sql.table('tabStock Item')} set _user_tags = ',Blue,New', _assign = ${'["lead@example.com"]'} where name = 'ITEM-002'`
    await tags.execute(world.database.connection)
  })
  afterAll(() => world.close())

  const found = async (where: unknown): Promise<unknown[]> => {
    const rows = await world.documents.list(lead, { doctype: 'Stock Item', filters: parseFilters(where), orderBy: 'name', limit: 2 })
    return rows.map((row) => row['name'])
  }

  it.each<[unknown, string[]]>([
    [{ _user_tags: ['like', '%blue%'] }, ['ITEM-002']],
    [{ _user_tags: ['is', 'set'] }, ['ITEM-002']],
    [{ _assign: ['is', 'not set'] }, ['ITEM-001', 'ITEM-003']],
    [{ _assign: '["lead@example.com"]' }, ['ITEM-002']],
    [{ _liked_by: ['like', '%lead%'] }, []],
    [{ _comments: ['not like', '%x%'] }, ['ITEM-001', 'ITEM-002']],
  ])('are filtered by tags and their like: %j', async (where, names) => {
    expect(await found(where)).toEqual(names)
  })

  it('show tags in groups, in order and beside the plain columns', async () => {
    const rows = await world.documents.list(lead, {
      doctype: 'Stock Item',
      fields: ['_user_tags', 'count(name) as n'],
      groupBy: '_user_tags',
      orderBy: '_user_tags desc',
    })
    expect(rows).toEqual([
      { _user_tags: ',Blue,New', n: 1 },
      { _user_tags: null, n: 24 },
    ])
    const [first] = await world.documents.list(lead, {
      doctype: 'Stock Item',
      fields: ['*', '_user_tags'],
      orderBy: '_user_tags desc',
      limit: 1,
    })
    expect(first).toMatchObject({ name: 'ITEM-002', _user_tags: ',Blue,New' })
    expect(first).not.toHaveProperty('_assign')
  })

  it('are counted once each, to a limit, and within a parent', async () => {
    const filters = parseFilters([['Quote Line', 'qty', '>', 0]])
    const request = { doctype: 'Quote', filters }
    expect(await world.documents.count(lead, request)).toBe(3)
    expect(await world.documents.count(lead, { ...request, limit: 2 })).toBe(2)
    expect(await world.documents.count(lead, { ...request, distinct: true })).toBe(2)
    expect(await world.documents.count(lead, { ...request, distinct: true, limit: 1 })).toBe(1)
    expect(await world.documents.count(lead, { doctype: 'Stock Item', limit: 100 })).toBe(25)
    expect(await world.documents.count(lead, { doctype: 'Quote Line', parent: 'Quote' })).toBe(3)
    await expect(world.documents.count(clerk, { doctype: 'Quote Line', parent: 'Stock Item' })).rejects.toMatchObject({ status: 403 })
  })

  it('of a kept statement are ordered by aggregates too', async () => {
    const request = { doctype: 'Stock Item', fields: ['unit'], groupBy: 'unit', orderBy: 'count(name) desc' }
    for (const limit of [2, 1]) {
      const rows = await world.documents.list(lead, { ...request, limit })
      expect(rows).toEqual([{ unit: 'Nos' }, { unit: 'Hour' }].slice(0, limit))
    }
  })
})

describe.each(engines)('Spans of time on %s', (engine) => {
  let site: TestDocuments
  // Sunday in Vienna, still Saturday in UTC.
  const now = Date.UTC(2026, 1, 14, 23, 30)

  beforeAll(async () => {
    vi.spyOn(Date, 'now').mockReturnValue(now)
    site = await startDocuments(engine, { zone: 'Europe/Vienna' })
    const field = (fieldname: string, fieldtype: string): Record<string, string> => ({ fieldname, fieldtype })
    await site.documents.insert(admin, 'DocType', [
      { name: 'Visit', module: 'Custom', custom: 1, autoname: 'prompt', fields: [field('day', 'Date'), field('at', 'Datetime')] },
    ])
    await site.documents.insert(admin, 'Visit', [
      { name: 'before', day: '2026-02-14', at: '2026-02-14 23:59:59.999999' },
      { name: 'first', day: '2026-02-15', at: '2026-02-15 00:00:00' },
      { name: 'last', day: '2026-02-21', at: '2026-02-21 23:59:59.999999' },
      { name: 'after', day: '2026-02-22', at: '2026-02-22 00:00:00' },
      { name: 'none' },
    ])
  })
  afterAll(async () => {
    vi.restoreAllMocks()
    await site.close()
  })

  it.each<[unknown, string[]]>([
    [
      ['timespan', 'this week'],
      ['first', 'last'],
    ],
    [['timespan', 'today'], ['first']],
    [['timespan', 'yesterday'], ['before']],
    [
      ['timespan', 'next 7 days'],
      ['after', 'first', 'last'],
    ],
    [['next', '1 week'], ['after']],
    [['previous', '1 week'], ['before']],
    [
      ['between', ['2026-02-14']],
      ['before', 'first'],
    ],
    [
      ['between', ['', '2026-02-21']],
      ['first', 'last'],
    ],
  ])('begin and end with days of the site’s zone: %j', async (condition, names) => {
    for (const fieldname of ['day', 'at']) {
      const rows = await site.documents.list(admin, {
        doctype: 'Visit',
        filters: parseFilters({ [fieldname]: condition }),
        orderBy: 'name',
      })
      expect(rows.map((row) => row['name'])).toEqual(names)
    }
  })

  it('hold for the time of writing', async () => {
    expect(await site.documents.count(admin, { doctype: 'Visit', filters: parseFilters({ creation: ['timespan', 'today'] }) })).toBe(5)
    expect(await site.documents.count(admin, { doctype: 'Visit', filters: parseFilters({ modified: ['like', '2026-02-15%'] }) })).toBe(5)
    expect(await site.documents.count(admin, { doctype: 'Visit', filters: parseFilters({ modified: ['like', '2026-02-14%'] }) })).toBe(0)
  })
})
