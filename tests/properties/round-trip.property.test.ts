import { FIELD_KINDS, type Document, type Values } from '@annex/protocol'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PEOPLE, startDocuments, type TestDocuments } from '../../packages/site/src/documents/documents.fixture.ts'
import { engines } from '../support/databases.ts'
import { proveRuns, proveSeed, proveTime } from './prove-runs.ts'
import { KINDS, part, randomBody } from './random-values.ts'

const { admin } = PEOPLE
const RUNS = 60
/** Of one try: what is written is changed, and read after each. */
const STEPS = 2
const OPTIONS = { numRuns: proveRuns(RUNS, STEPS), seed: proveSeed() }

const FIELDS: readonly Values[] = [
  { fieldname: 'link_type', fieldtype: 'Link', options: 'DocType' },
  ...Object.entries(KINDS).map(([fieldname, { definition }]) => ({ fieldname, ...definition })),
]

describe.each(engines)('Any document on %s', (engine) => {
  let site: TestDocuments
  beforeAll(async () => {
    site = await startDocuments(engine)
    const { documents } = site
    await documents.insert(admin, 'DocType', [{ name: 'Any Row', istable: 1, fields: FIELDS }])
    await documents.insert(admin, 'DocType', [
      { name: 'Anything', autoname: 'hash', fields: [...FIELDS, { fieldname: 'rows', fieldtype: 'Table', options: 'Any Row' }] },
    ])
  })
  afterAll(() => site.close())

  const read = (name: unknown): Promise<Document> => site.documents.read(admin, { doctype: 'Anything', name: String(name) })

  it(
    'is read back as it was written, with its rows, and again when it is sent back as it was read',
    async () => {
      await fc.assert(
        fc.asyncProperty(randomBody, fc.array(randomBody, { maxLength: 2 }), async (body, lines) => {
          const rows = lines.map((line) => ({ link_type: 'DocType', ...part(line, 'sent') }))
          const [inserted] = await site.documents.insert(admin, 'Anything', [{ link_type: 'DocType', ...part(body, 'sent'), rows }])
          const shown = { ...part(body, 'shown'), rows: lines.map((line, index) => ({ ...part(line, 'shown'), idx: index + 1 })) }
          const first = await read(inserted!.name)
          expect(first).toMatchObject(shown)
          expect(first).toEqual(inserted)
          await site.documents.update(admin, { doctype: 'Anything', name: String(first.name), values: first })
          const { modified: _, modified_by: __, ...second } = await read(first.name)
          expect(first).toMatchObject(second)
        }),
        OPTIONS,
      )
    },
    proveTime(RUNS),
  )

  it(
    'takes on every value that it is changed to',
    async () => {
      await fc.assert(
        fc.asyncProperty(randomBody, randomBody, async (before, after) => {
          const [inserted] = await site.documents.insert(admin, 'Anything', [{ link_type: 'DocType', ...part(before, 'sent') }])
          await site.documents.update(admin, { doctype: 'Anything', name: String(inserted!.name), values: part(after, 'sent') })
          expect(await read(inserted!.name)).toMatchObject(part(after, 'shown'))
        }),
        OPTIONS,
      )
    },
    proveTime(RUNS),
  )
})

it('Every type of field is among them', () => {
  const tried = new Set(Object.values(KINDS).map(({ definition }) => definition['fieldtype']))
  expect(Object.keys(FIELD_KINDS).filter((fieldtype) => !tried.has(fieldtype))).toEqual(['Password', 'Table', 'Table MultiSelect'])
})
