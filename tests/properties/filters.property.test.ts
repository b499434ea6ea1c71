import { type Filter, type ValueFieldType } from '@annex/protocol'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { PEOPLE, startDocuments, type TestDocuments } from '../../packages/site/src/documents/documents.fixture.ts'
import { engines } from '../support/databases.ts'
import { Reference, Refused, type Thing } from './filter-reference.ts'
import { proveRuns, proveSeed, proveTime } from './prove-runs.ts'
import { randomFilter, type Shown } from './random-filters.ts'
import { nameOf, THING, things, TYPES, UNIT } from './things.fixture.ts'

const { admin } = PEOPLE
const RUNS = 400
const DOCUMENTS = 60
/** A Wednesday; in February, so that quarters and years are near. */
const TODAY = '2026-02-18'

const STANDARD: Readonly<Record<string, ValueFieldType>> = {
  name: 'Data',
  owner: 'Data',
  creation: 'Datetime',
  modified: 'Datetime',
  docstatus: 'Int',
  idx: 'Int',
  above: 'Link',
  _user_tags: 'Long Text',
}
const fields = new Map<string, ValueFieldType>([...Object.entries(STANDARD), ...TYPES.map((type) => [nameOf(type), type] as const)])

async function fill({ documents }: TestDocuments): Promise<Thing[]> {
  await documents.insert(admin, 'DocType', [UNIT])
  await documents.insert(admin, 'DocType', [THING])
  await documents.insert(admin, 'Thing Unit', [{ name: 'Unit A' }, { name: 'Unit B' }])
  await documents.insert(admin, 'Thing', things(DOCUMENTS, proveSeed()))
  return (await documents.list(admin, { doctype: 'Thing', fields: ['*', '_user_tags'], orderBy: 'name' })) as Thing[]
}

/** As they are told: names, or that the filter is refused. */
async function asked(site: TestDocuments, filters: Filter[], orFilters: Filter[], orderBy: string): Promise<string[] | 'refused'> {
  try {
    const rows = await site.documents.list(admin, { doctype: 'Thing', filters, orFilters, orderBy })
    return rows.map((row) => String(row['name']))
  } catch (error) {
    if ((error as { status?: unknown }).status === 417) return 'refused'
    throw error
  }
}

function expected(names: () => string[]): string[] | 'refused' {
  try {
    return names()
  } catch (error) {
    if (error instanceof Refused) return 'refused'
    throw error
  }
}

describe('Any filter', () => {
  const sites: TestDocuments[] = []
  const seen: Thing[][] = []
  beforeAll(async () => {
    vi.spyOn(Date, 'now').mockReturnValue(Date.parse(`${TODAY}T10:00:00Z`))
    for (const engine of engines) {
      const site = await startDocuments(engine)
      sites.push(site)
      seen.push(await fill(site))
    }
  })
  afterAll(async () => {
    vi.restoreAllMocks()
    await Promise.all(sites.map((site) => site.close()))
  })

  it('is asked of the same documents', () => {
    const written = { creation: undefined, modified: undefined }
    const [first, ...others] = seen.map((rows) => rows.map((row) => ({ ...row, ...written })))
    expect(first).toHaveLength(DOCUMENTS)
    for (const rows of others) expect(rows).toEqual(first)
  })

  it(
    'gives the same rows in the same order on every engine, and in a plain list in memory',
    async () => {
      const filter = randomFilter(
        [...fields].map(([fieldname, type]) => ({
          fieldname,
          values: [...new Set(seen.flat().map((thing) => thing[fieldname] as Shown))],
          dated: ['Date', 'Datetime'].includes(type),
          tree: ['name', 'above'].includes(fieldname),
        })),
      )
      const one = fc.array(filter, { minLength: 1, maxLength: 1 })
      const upTo = (maxLength: number): fc.Arbitrary<Filter[]> => fc.oneof({ weight: 2, arbitrary: one }, fc.array(filter, { maxLength }))
      const order = fc.tuple(fc.constantFrom(...fields.keys()), fc.boolean())
      let refused = 0
      const property = fc.asyncProperty(
        upTo(2),
        fc.oneof({ weight: 3, arbitrary: fc.constant<Filter[]>([]) }, upTo(3)),
        order,
        async (filters, orFilters, [fieldname, descending]) => {
          for (const [index, site] of sites.entries()) {
            const reference = new Reference(seen[index]!, (name) => fields.get(name)!, TODAY)
            const names = expected(() => reference.names(filters, orFilters, fieldname, descending))
            const found = await asked(site, filters, orFilters, `${fieldname} ${descending ? 'desc' : 'asc'}`)
            expect(found, engines[index]).toEqual(names)
            if (names === 'refused') refused += 1
          }
        },
      )
      await fc.assert(property, { numRuns: proveRuns(RUNS), seed: proveSeed() })
      // Most filters find or miss; else the property would show little.
      expect(refused).toBeLessThan(proveRuns(RUNS) * engines.length * 0.4)
    },
    proveTime(RUNS),
  )
})
