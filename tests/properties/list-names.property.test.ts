import { OPERATORS, FrappeError, type Filter } from '@annex/protocol'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ListRequest } from '../../packages/site/src/backend/backend.ts'
import type { World } from '../../packages/site/src/backend/backend.contract.ts'
import { PEOPLE, startWorld, type TestDocuments } from '../../packages/site/src/documents/documents.fixture.ts'
import { listQuery } from '../../packages/site/src/documents/query/query.ts'
import { listSetting } from '../../packages/site/src/documents/verbs/list-setting.ts'
import { engines } from '../support/databases.ts'
import { proveRuns, proveSeed, proveTime } from './prove-runs.ts'

const RUNS = 600
/** A clerk may read quotes, clients and stock items, but not what they cost; of regions the names alone. */
const { clerk } = PEOPLE
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  Quote: ['naming_series', 'client', 'client_region', 'quote_date', 'total', 'remarks', 'amended_from'],
  'Quote Line': ['item', 'item_name', 'qty', 'price', 'parent', 'parentfield', 'parenttype'],
  Client: ['client_name', 'client_type', 'region', 'email', 'since', 'last_seen', 'payload', 'tax_id'],
  'Stock Item': [
    'item_code',
    'item_name',
    'item_group',
    'unit',
    'barcode',
    'rate',
    'stock_qty',
    'reorder_level',
    'disabled',
    'description',
  ],
  Unit: ['unit_name'],
}
/** What stands above the clerk’s level. */
const HIDDEN: Readonly<Record<string, readonly string[]>> = {
  Quote: ['lines.margin', 'client.credit', '`tabQuote Line`.`margin`'],
  Client: ['credit', 'sum(credit)'],
  'Stock Item': ['cost', 'max(cost)'],
}
const STANDARD = [
  'name',
  'owner',
  'creation',
  'modified',
  'modified_by',
  'docstatus',
  'idx',
  '_user_tags',
  '_comments',
  '_assign',
  '_liked_by',
]
const KNOWN: ReadonlySet<string> = new Set([
  ...STANDARD,
  ...Object.values(SHOWN).flat(),
  ...Object.keys(SHOWN).map((doctype) => `tab${doctype}`),
  't',
])
const WORDS: ReadonlySet<string> = new Set(
  `select from as where and or not in is null like escape order by asc desc nulls first last group limit offset cast numeric
  count sum avg min max distinct left join on exists annex_fold annex_sum annex_average`.split(/\s+/),
)

/** What stands in a statement that neither a DocType nor the site's own language has. */
function strangers(statement: string): string[] {
  const quoted = /"((?:[^"]|"")*)"/g
  const names = [...statement.matchAll(quoted)].map((found) => found[1]!)
  const rest = statement.replaceAll(quoted, ' ').replaceAll("''", ' ')
  const words = rest.match(/[^\s(),.=<>*?$\d+]+|'[^']*'/g) ?? []
  return [...names.filter((name) => !KNOWN.has(name) && !/^[cj]\d+$/.test(name)), ...words.filter((one) => !WORDS.has(one))]
}

const ELSEWHERE = `cost margin credit secret_note lines quote client.credit lines.margin _search _key _seen rowid ctid password
  sqlite_schema pg_user __proto__ constructor * 1 null true " 'x' \` -- /* ; \0 \ud800 é`.split(/\s+/)
const anyName = fc.constantFrom(...KNOWN, ...ELSEWHERE)
const oddName = fc.oneof({ weight: 3, arbitrary: anyName }, fc.string({ unit: 'binary', maxLength: 8 }))
const templates: readonly ((a: string, b: string, c: string) => string)[] = [
  (a) => a,
  (a) => `\`${a}\``,
  (a, b) => `${a}.${b}`,
  (a, b) => `\`tab${a}\`.\`${b}\``,
  (a, b) => `\`tabQuote Line\`.\`${a}\` ${b}`,
  (a, b) => `lines.${a} as ${b}`,
  (a, b) => `client.${a} as \`${b}\``,
  (a, b) => `count(${a}) as ${b}`,
  (a) => `sum(${a})`,
  (a) => `max(distinct ${a})`,
  (a, b) => `${a}(${b})`,
  (a) => `distinct ${a}`,
  (a, b) => `${a}, ${b}`,
  (a) => `(select ${a} from tabUser)`,
  (a, b) => `${a} union select ${b}`,
  (a, b, c) => `${a} ${b} ${c}`,
]
const odd = fc.tuple(fc.constantFrom(...templates), oddName, oddName, oddName).map(([template, a, b, c]) => template(a, b, c))

/** Mostly what a list may be asked for, so that what is wrong stands beside what is right. */
function requestOf(doctype: string): fc.Arbitrary<ListRequest> {
  const good = fc.constantFrom(...STANDARD, ...SHOWN[doctype]!)
  const forms: readonly ((field: string) => string)[] = [
    (field) => field,
    (field) => `\`${field}\``,
    (field) => `\`tab${doctype}\`.\`${field}\``,
    ...(doctype === 'Quote' ? [() => 'lines.item', () => '`tabQuote Line`.qty', () => 'client.region'] : []),
  ]
  const path = fc.tuple(fc.constantFrom(...forms), good).map(([form, fieldname]) => form(fieldname))
  const hidden = fc.constantFrom(...HIDDEN[doctype]!)
  const either = (right: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof({ weight: 12, arbitrary: right }, hidden, odd)
  const aggregate = fc.tuple(fc.constantFrom('count', 'min', 'max', 'count'), path).map(([word, field]) => `${word}(${field})`)
  const field = either(fc.oneof({ weight: 3, arbitrary: path }, aggregate, fc.constantFrom('*', 'name as `A b`', 'count(name) as n')))
  const sorted = either(
    fc
      .tuple(fc.oneof(path, aggregate, fc.constant('n')), fc.constantFrom('', ' asc', ' desc', ' DESC, name'))
      .map((parts) => parts.join('')),
  )
  const value = fc.oneof(oddName, fc.integer(), fc.constant(null), fc.boolean(), fc.array(oddName, { maxLength: 3 }))
  const filter: fc.Arbitrary<Filter> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ fieldname: good, operator: fc.constantFrom('=' as const, 'in' as const, 'like' as const), value: oddName }),
    },
    fc.record({ fieldname: either(good), operator: fc.constantFrom(...OPERATORS), value }),
    fc.record({
      doctype: fc.oneof(fc.constant('Quote Line'), oddName),
      fieldname: either(good),
      operator: fc.constantFrom(...OPERATORS),
      value,
    }),
  )
  const filters = fc.array(filter, { maxLength: 2 })
  return fc.record(
    {
      doctype: fc.constant(doctype),
      fields: fc.array(field, { minLength: 1, maxLength: 3 }),
      orderBy: sorted,
      groupBy: either(path),
      filters,
      orFilters: filters,
      distinct: fc.boolean(),
      limit: fc.constant(3),
    },
    { requiredKeys: ['doctype', 'limit'] },
  )
}
const request = fc.constantFrom('Quote', 'Quote', 'Client', 'Stock Item').chain(requestOf)

const isRefusal = (error: unknown): boolean => error instanceof FrappeError && error.status >= 400 && error.status < 500

describe.each(engines)('Whatever names a list is asked for on %s', (engine) => {
  let world: World & TestDocuments
  beforeAll(async () => {
    world = await startWorld(engine)
  })
  afterAll(() => world.close())

  /** The statement that the site would run; undefined when it refuses. */
  function statementOf(asked: ListRequest): string | undefined {
    const { premises } = world.documents
    try {
      const { sources, held } = listSetting(premises, clerk, premises.doctypes.require(asked.doctype))
      return listQuery(premises, sources, asked, held).statement.compile(world.database.connection).sql
    } catch (error) {
      if (isRefusal(error)) return undefined
      throw error
    }
  }

  it(
    'each that reaches a statement is a field that the caller may see, and the answer is rows or a refusal',
    async () => {
      let run = 0
      const property = fc.asyncProperty(request, async (asked) => {
        const statement = statementOf(asked)
        if (statement !== undefined) {
          run += 1
          expect(strangers(statement), statement).toEqual([])
        }
        try {
          expect(Array.isArray(await world.documents.list(clerk, asked))).toBe(true)
        } catch (error) {
          if (!isRefusal(error)) throw error
        }
      })
      await fc.assert(property, { numRuns: proveRuns(RUNS), seed: proveSeed() })
      expect(run).toBeGreaterThan(proveRuns(RUNS) / 10)
    },
    proveTime(RUNS),
  )
})
