import { parseFilters, type DocType } from '@annex/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { plansOf } from '../../../../../../tests/support/query-plans.ts'
import { dropIndex, timeIndexOf } from '../../../doctypes/tables/indexes.ts'
import { PEOPLE, startDocuments, type TestDocuments } from '../../documents.fixture.ts'
import { Shares, type Share } from './shares.ts'

const COUNT = 80
const FEW = 6
const LIMIT = 5
const LATEST = /index_[0-9a-f]{12}_modified_name/

describe.each(engines)('A list of the latest by a filter that an index serves, on %s', (engine) => {
  let site: TestDocuments
  beforeAll(async () => {
    site = await startDocuments(engine)
    await site.documents.insert(PEOPLE.admin, 'DocType', [
      {
        name: 'Crate',
        module: 'Custom',
        custom: 1,
        autoname: 'prompt',
        fields: [
          { fieldname: 'kind', fieldtype: 'Data', search_index: 1 },
          { fieldname: 'is_empty', fieldtype: 'Check', search_index: 1 },
        ],
      },
    ])
    const crates = Array.from({ length: COUNT }, (_, place) => ({
      name: `C-${String(place).padStart(3, '0')}`,
      kind: place < FEW ? 'rare' : 'common',
      is_empty: place < FEW ? 1 : 0,
    }))
    await site.documents.insert(PEOPLE.admin, 'Crate', crates)
  })
  afterAll(() => site.close())

  const list = async (where: unknown, page: { readonly limit: number | null; readonly start?: number }, orderBy?: string) => {
    const request = { doctype: 'Crate', filters: parseFilters(where), ...page, ...(orderBy === undefined ? {} : { orderBy }) }
    return (await site.documents.list(PEOPLE.admin, request)).map((row) => row['name'])
  }

  /** How the last of several lists was read; each of them shows the same. */
  const lastOf = async (where: unknown, page: { readonly limit: number; readonly start?: number }, orderBy?: string): Promise<string> => {
    const whole = await list(where, { limit: null }, orderBy)
    const start = page.start ?? 0
    const plans: string[] = []
    for (const _ of [1, 2, 3])
      plans.push(
        ...(await plansOf(site.database, async () => {
          expect(await list(where, page, orderBy)).toEqual(whole.slice(start, start + page.limit))
        })),
      )
    return plans.at(-1)!
  }

  it.each([
    ['a value', { kind: 'common' }],
    ['one of several values', { kind: ['in', ['common', 'rare', 'none']] }],
    ['a box that is not ticked', { is_empty: 0 }],
  ])('is walked in its order once it is known that most of the latest meet it: %s', async (_, where) => {
    for (const page of [{ limit: LIMIT }, { limit: LIMIT, start: 3 }]) {
      const plan = await lastOf(where, page)
      if (engine === 'sqlite') {
        expect(plan).toMatch(LATEST)
        expect(plan).not.toMatch(/TEMP B-TREE/)
      }
    }
  })

  it.skipIf(engine === 'postgres').each([
    ['few of the latest meet it', { kind: 'rare' }, { limit: LIMIT }, undefined],
    ['the page is a large part of what meets it', { kind: 'common' }, { limit: 79 }, undefined],
    ['it is shown in another order', { kind: 'common' }, { limit: LIMIT }, 'kind asc'],
  ])('is found by that index where %s', async (_, where, page, orderBy) => {
    const plan = await lastOf(where, page, orderBy)
    expect(plan).not.toMatch(LATEST)
    expect(plan).toMatch(/index_[0-9a-f]{12}_kind_name/)
  })

  it.skipIf(engine === 'postgres')('is found by that index where the table lacks the one of its order', async () => {
    const bin = { name: 'Bin', module: 'Custom', custom: 1, fields: [{ fieldname: 'kind', fieldtype: 'Data', search_index: 1 }] }
    await site.documents.insert(PEOPLE.admin, 'DocType', [bin])
    const bins = Array.from({ length: COUNT }, () => ({ kind: 'common' }))
    await site.documents.insert(PEOPLE.admin, 'Bin', bins)
    await dropIndex(site.database.connection, { name: timeIndexOf(site.doctypes.require('Bin')) })
    const request = { doctype: 'Bin', filters: parseFilters({ kind: 'common' }), limit: LIMIT }
    for (const _ of [1, 2, 3]) expect(await site.documents.list(PEOPLE.admin, request)).toHaveLength(LIMIT)
  })
})

describe('What is known of how many documents meet a filter', () => {
  const DOCTYPE = { name: 'Crate' } as DocType
  let now = 0
  let probes = 0
  const shares = new Shares(() => now)
  const favours = (key: string, wanted: number, share: Share, doctype = DOCTYPE): Promise<boolean> =>
    shares.favoursWalk(doctype, key, wanted, async () => {
      probes += 1
      return share
    })
  /** How often was looked, by the way. */
  const probesOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = probes
    await work()
    return probes - before
  }

  it('is not looked for before such a list was full', async () => {
    expect(await probesOf(() => favours('a', 20, { rows: 1000, hits: 1000 }))).toBe(0)
    shares.noteFull(DOCTYPE, 'a')
    expect(await favours('a', 20, { rows: 1000, hits: 1000 })).toBe(true)
  })

  it('is looked for again when it is ten seconds old, and not before', async () => {
    shares.noteFull(DOCTYPE, 'b')
    const again = (hits: number) => favours('b', 20, { rows: 1000, hits })
    expect(await again(1000)).toBe(true)
    now += 9_999
    expect(await again(0)).toBe(true)
    shares.noteFull(DOCTYPE, 'b')
    expect(await probesOf(() => again(0))).toBe(0)
    now += 1
    expect(await again(0)).toBe(false)
  })

  it('is another’s for another DocType, or the same one after a change', async () => {
    expect(await probesOf(() => favours('b', 20, { rows: 1000, hits: 1000 }, { ...DOCTYPE }))).toBe(0)
  })

  it('is not kept of lists that name very many values', async () => {
    const long = 'x'.repeat(4001)
    shares.noteFull(DOCTYPE, long)
    expect(await probesOf(() => favours(long, 20, { rows: 1000, hits: 1000 }))).toBe(0)
  })

  it.each([
    [20, 1000, 141, false],
    [20, 1000, 142, true],
    [500, 1000, 707, false],
    [500, 1000, 708, true],
    [20, 10, 10, false],
    [20, 0, 0, false],
    [1001, 1000, 1000, false],
  ])(
    'favours a walk that reads no more rows than meet it: %i wanted, %i looked at, %i meet it: %s',
    async (wanted, rows, hits, expected) => {
      const key = `${wanted} ${hits}`
      shares.noteFull(DOCTYPE, key)
      expect(await favours(key, wanted, { rows, hits })).toBe(expected)
    },
  )
})
