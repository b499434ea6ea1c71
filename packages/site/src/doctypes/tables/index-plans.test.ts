import { parseFilters } from '@annex/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { plansOf } from '../../../../../tests/support/query-plans.ts'
import { PEOPLE, startDocuments, type TestDocuments } from '../../documents/documents.fixture.ts'

const { admin } = PEOPLE
const SORTED = /sort|temp b-tree/i

describe.each(engines)('A list by an indexed field on %s', (engine) => {
  let site: TestDocuments
  beforeAll(async () => {
    site = await startDocuments(engine)
    await site.documents.insert(admin, 'DocType', [
      {
        name: 'Crate',
        module: 'Custom',
        custom: 1,
        autoname: 'prompt',
        title_field: 'label',
        fields: [
          { fieldname: 'label', fieldtype: 'Data' },
          { fieldname: 'days', fieldtype: 'Int', search_index: 1 },
          { fieldname: 'packed', fieldtype: 'Date', search_index: 1 },
          { fieldname: 'keeper', fieldtype: 'Link', options: 'User' },
        ],
      },
    ])
    const crates = ['D', 'B', 'C', 'A', 'E'].map((name, place) => ({ name, days: place === 4 ? 2 : 1, label: 'same', packed: null }))
    await site.documents.insert(admin, 'Crate', crates)
  })
  afterAll(() => site.close())

  const list = (where: unknown, orderBy: string): Promise<Record<string, unknown>[]> =>
    site.documents.list(admin, { doctype: 'Crate', filters: parseFilters(where), orderBy, limit: 20 })

  it.each([
    ['days', 1],
    ['label', 'a'],
    ['packed', '2026-01-31'],
    ['keeper', 'a'],
  ])('reads it in its order, documents of one value by name, and sorts nothing: %s', async (field, value) => {
    for (const where of [{ [field]: ['>=', value] }, { [field]: value }, {}]) {
      const plans = await plansOf(site.database, () => list(where, `${field} asc`))
      expect(plans).toHaveLength(1)
      expect(plans[0]).toMatch(new RegExp(`index_[0-9a-f]{12}_${field}_name`))
      expect(plans[0]).not.toMatch(SORTED)
    }
  })

  it('that is read the other way round still has documents of one value by name, which are sorted within the value', async () => {
    const plans = await plansOf(site.database, () => list({ days: ['>=', 1] }, 'days desc'))
    expect(plans[0]).toMatch(/index_[0-9a-f]{12}_days_name/)
    expect(plans[0]).toMatch(engine === 'sqlite' ? /LAST TERM/ : /Incremental Sort/)
    expect((await list({}, 'days asc')).map((row) => row['name'])).toEqual(['A', 'B', 'C', 'D', 'E'])
    expect((await list({}, 'days desc')).map((row) => row['name'])).toEqual(['E', 'A', 'B', 'C', 'D'])
  })
})
