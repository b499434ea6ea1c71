import { openDatabase, type Database } from '@annex/database'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { PEOPLE, startDocuments, type TestDocuments } from '../documents.fixture.ts'
import { Documents } from '../documents.ts'

const { admin } = PEOPLE

describe.each(engines)('Series on %s', (engine) => {
  let site: TestDocuments
  let other: Database
  beforeAll(async () => {
    site = await startDocuments(engine)
    other = await openDatabase(site.url)
    const fields = [{ fieldname: 'code', reqd: 1 }]
    await site.documents.insert(admin, 'DocType', [
      { name: 'Bill', autoname: 'BILL-.YYYY.-.####', fields },
      { name: 'Slip', autoname: 'autoincrement', fields },
    ])
  })
  afterAll(async () => {
    await other.close()
    await site.close()
  })

  it.each(['Bill', 'Slip'])(
    'of %s have no gap and no number twice when two processes insert at once and one insert fails',
    async (doctype) => {
      const second = new Documents({ ...site.documents.premises, database: other })
      const inserts = Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? second : site.documents).insert(admin, doctype, [{ code: index === 7 ? null : 'x' }]),
      )
      const outcomes = await Promise.allSettled(inserts)
      expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1)
      const names = await site.documents.list(admin, { doctype, orderBy: 'name', limit: null })
      const numbers = names.map(({ name }) => Number(String(name).split('-').at(-1)))
      expect(numbers).toEqual(Array.from({ length: 19 }, (_, index) => index + 1))
    },
  )
})
