import { dialectOf, foldText } from '@annex/database'
import { parseFilters } from '@annex/protocol'
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { hiddenColumns } from '../../../doctypes/search-text.ts'
import { tableName } from '../../../doctypes/table-name.ts'
import { PEOPLE, startDocuments, type TestDocuments } from '../../documents.fixture.ts'
import { DocumentStore } from '../../document-store.ts'

const { admin } = PEOPLE
const ROWS = 2100
/** Rows that hold a word which the latest thousand do not. */
const OLD = 1060
const field = (fieldname: string, fieldtype: string): object => ({ fieldname, fieldtype })

/** Each with another order of its own, and another kind of names. */
const DOCTYPES: Readonly<Record<string, object>> = {
  Latest: {},
  Oldest: { sort_order: 'ASC' },
  Titled: { sort_field: 'title', sort_order: 'ASC' },
  Draft: { is_submittable: 1 },
}
const WORDS = ['Bolzen', 'Straße', 'ΟΔΟΣ', 'İsim', '50%_ab', '😀x', 'common', 'Bo', '0012'] as const

/** Numbers that are the same for every run. */
function* numbers(): Generator<number, never> {
  for (let state = 7; ;) yield (state = (state * 48_271) % 2_147_483_647)
}

describe.each(engines)('The order of a link search among thousands on %s', (engine) => {
  let site: TestDocuments
  const dialect = dialectOf(engine)
  beforeAll(async () => {
    site = await startDocuments(engine)
    const random = numbers()
    for (const [name, order] of Object.entries(DOCTYPES)) {
      await site.documents.insert(admin, 'DocType', [
        {
          name,
          autoname: 'prompt',
          title_field: 'title',
          search_fields: 'kind',
          fields: [field('title', 'Data'), field('kind', 'Data'), field('disabled', 'Check'), field('size', 'Int')],
          permissions: [],
          ...order,
        },
      ])
      await fill(name, random)
    }
  })
  afterAll(() => site.close())

  /** Kinds: `old` is in the earliest alone, `all` in every row. */
  async function fill(name: string, random: Iterator<number, never>): Promise<void> {
    const [doctype, store] = [site.doctypes.require(name), new DocumentStore(dialect)]
    const pick = (count: number): number => random.next().value % count
    await site.database.transaction(async (connection) => {
      for (let index = 0; index < ROWS; index += 1) {
        const word = WORDS[pick(WORDS.length)]!
        const docname =
          name === 'Titled' || pick(3) === 0
            ? `${word} ${pick(4)} ${WORDS[pick(WORDS.length)]} ${index}`
            : `ITEM-${String(index).padStart(6, '0')}`
        const values = {
          title: `${word} ${pick(50)}`,
          kind: `${index < OLD ? 'elderly ' : ''}${pick(3) === 0 ? 'third' : 'other'} all`,
          disabled: pick(20) === 0 ? 1 : 0,
          size: pick(9),
        }
        const modified = 1_700_000_000_000_000 + Math.floor(index / (1 + pick(3)))
        const docstatus = name === 'Draft' ? pick(3) : 0
        const standard = { owner: 'a', creation: 1, modified, modified_by: 'a', docstatus, idx: 0 }
        await store.insertRow(connection, doctype, { name: docname, ...standard, ...values }, hiddenColumns(doctype, docname, values))
      }
    })
  }

  /** The order itself, with every row looked at and sorted. */
  async function ranked(doctype: string, text: string, where: string): Promise<string[]> {
    const folded = foldText(text)
    const { sort_field = 'modified', sort_order = 'DESC', is_submittable = 0 } = DOCTYPES[doctype] as Record<string, never>
    const place = dialect.position(sql.ref('_key'), folded)
    const { rows } = await sql<{ name: string }>`
      select name from ${sql.table(tableName(doctype))}
      where disabled <> 1 and ${sql.raw(where)} and ${dialect.position(sql.ref('_search'), folded)} > 0
      order by case when ${place} = 0 then 1000000 else ${place} end, ${is_submittable ? sql`docstatus` : sql`1 + 0`},
        ${dialect.order(sql.ref(sort_field), sort_order === 'DESC')}, ${dialect.order(sql.ref('name'))}`.execute(site.database.connection)
    return rows.map(({ name }) => name)
  }

  const found = async (doctype: string, text: string, page: { start: number; limit: number }, filters: unknown): Promise<string[]> =>
    (await site.documents.searchLink(admin, { doctype, text, ...page, filters: parseFilters(filters) })).map(({ value }) => value)

  const FILTERS: readonly (readonly [filters: unknown, where: string])[] = [
    [{}, '1 = 1'],
    [{ size: 3 }, 'size = 3'],
    [{ kind: ['like', 'elderly%'], size: ['<', 2] }, "kind like 'elderly%' and size < 2"],
  ]

  interface Pages {
    readonly filters: number
    readonly pages: readonly (readonly [start: number, limit: number])[]
  }

  /** A page comes in an order of its own, so what is compared are the rows of each page, of pages of one row too. */
  async function agrees(doctype: string, text: string, asked: Pages): Promise<void> {
    const [filters, where] = FILTERS[asked.filters]!
    const all = await ranked(doctype, text, where)
    for (const [start, limit] of asked.pages) {
      const expected = all.slice(start, start + limit)
      expect((await found(doctype, text, { start, limit }, filters)).toSorted(), `${doctype} ${text} ${start}`).toEqual(expected.toSorted())
    }
  }

  const texts = [
    'e em TEM item-00 item-0000 -00 00 12 001 COMMON bo olzen straße οδος İSIM 0%_a 😀 elderly all zz nowhere'.split(' '),
    ['third all', '4\nthird'],
  ].flat()

  it.each(texts)('is what sorting every row would make it: %j', async (text) => {
    const pages = [
      [0, 20],
      [100, 20],
      [7, 1],
    ] as const
    for (const doctype of Object.keys(DOCTYPES)) for (const filters of FILTERS.keys()) await agrees(doctype, text, { filters, pages })
  })

  it('is that for any text that stands somewhere, page after page', async () => {
    const doctype = fc.constantFrom(...Object.keys(DOCTYPES))
    const lines = await sql<{
      text: string
    }>`select _search as text from ${sql.table(tableName('Latest'))} order by name limit 400`.execute(site.database.connection)
    const text = fc
      .tuple(fc.constantFrom(...lines.rows.map((row) => [...row.text])), fc.nat(30), fc.integer({ min: 1, max: 8 }), fc.boolean())
      .map(([line, from, length, loud]) => {
        const cut = line.slice(from % line.length, (from % line.length) + length).join('')
        return loud ? cut.toUpperCase() : cut
      })
    const filters = fc.constantFrom(...FILTERS.keys())
    const page = fc.tuple(fc.nat(300), fc.constantFrom(1, 3, 50, 300))
    await fc.assert(
      fc.asyncProperty(doctype, text, filters, page, (where, typed, which, [start, limit]) =>
        agrees(where, typed, {
          filters: which,
          pages: [
            [0, limit],
            [start, limit],
          ],
        }),
      ),
      { numRuns: 60 },
    )
  })
})
