import { dialectOf } from '@annex/database'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { plansOf } from '../../../../../../tests/support/query-plans.ts'
import { hiddenColumns } from '../../../doctypes/search-text.ts'
import { DocumentStore } from '../../document-store.ts'
import { PEOPLE, startDocuments, type TestDocuments } from '../../documents.fixture.ts'

const { admin } = PEOPLE
const ROWS = 1500

describe.each(engines)('A link search on %s', (engine) => {
  let site: TestDocuments
  beforeAll(async () => {
    site = await startDocuments(engine)
    const fields = [
      { fieldname: 'title', fieldtype: 'Data' },
      { fieldname: 'kind', fieldtype: 'Link', options: 'User' },
    ]
    await site.documents.insert(admin, 'DocType', [{ name: 'Part', autoname: 'prompt', title_field: 'title', fields, permissions: [] }])
    const [doctype, store] = [site.doctypes.require('Part'), new DocumentStore(dialectOf(engine))]
    await site.database.transaction(async (connection) => {
      for (let index = 0; index < ROWS; index += 1) {
        const [name, values] = [`ITEM-${String(index).padStart(6, '0')}`, { title: `bolt ${index % 7}`, kind: null }]
        const standard = { owner: 'a', creation: 1, modified: index, modified_by: 'a', docstatus: 0, idx: 0 }
        await store.insertRow(connection, doctype, { name, ...standard, ...values }, hiddenColumns(doctype, name, values))
      }
    })
    // What PostgreSQL does by itself for a table that has grown.
    if (engine === 'postgres') await sql`vacuum analyze ${sql.table('tabPart')}`.execute(site.database.connection)
  })
  afterAll(() => site.close())

  const plans = (text: string): Promise<string[]> =>
    plansOf(site.database, () => site.documents.searchLink(admin, { doctype: 'Part', text, limit: 20 }))
  const BY_TIME = /index_[0-9a-f]{12}_modified_name/
  const BY_KEY = /unique_[0-9a-f]{12}__key/
  const TRIGRAMS = engine === 'sqlite' ? /tabPart~search|VIRTUAL TABLE INDEX/ : /tabPart~search/
  const KEYS = engine === 'sqlite' ? /tabPart~grams/ : /tabPart~key-search/

  it('for a text that thousands hold asks the indexes of texts and of names, and reads the rows in their order until the page is full', async () => {
    const seen = await plans('bolt')
    expect(seen).toHaveLength(engine === 'sqlite' ? 4 : 5)
    expect(seen[0]).toMatch(BY_KEY)
    expect(seen[1]).toMatch(TRIGRAMS)
    expect(seen[2]).toMatch(KEYS)
    expect(seen.at(-1)).toMatch(BY_TIME)
  })

  it('for a text of two characters asks the same, where names are no part of it', async () => {
    const seen = await plans('bo')
    expect(seen[0]).toMatch(BY_KEY)
    if (engine === 'sqlite') expect(seen[1]).toMatch(KEYS)
    expect(seen.at(-1)).toMatch(BY_TIME)
  })

  it('for a text that few hold sorts those alone', async () => {
    const seen = await plans('tem-000017')
    expect(seen).toHaveLength(3)
    expect(seen[1]).toMatch(TRIGRAMS)
    expect(seen[2]).toMatch(/autoindex_tabPart_1|tabPart_pkey/)
  })

  it('for a text that names hold at one place reads the rows in their order', async () => {
    for (const text of ['tem', 'te']) {
      const seen = await plans(text)
      expect(seen.at(-1)).toMatch(BY_TIME)
      const read = seen.slice(0, -1).filter((plan) => !plan.includes('SEARCH tabPart~rows'))
      if (engine === 'sqlite') for (const plan of read.slice(-2)) expect(plan).toMatch(/COVERING INDEX unique_[0-9a-f]{12}__key/)
    }
  })

  it.runIf(engine === 'sqlite')(
    'for a text of some rows among very many names sorts those rows, and does not read every name',
    async () => {
      const numbers = sql.table('tabPart~rows')
      // As many names as the highest number says.
      await sql`insert into ${numbers} (id, name) values (100000, 'the last')`.execute(site.database.connection)
      const seen = await plans('tem')
      await sql`delete from ${numbers} where id = 100000`.execute(site.database.connection)
      expect(seen.at(-1)).toMatch(TRIGRAMS)
      expect(seen.at(-1)).toMatch(/USE TEMP B-TREE FOR ORDER BY/)
    },
  )

  it('for a text that many names begin with counts them in the index of names, and reads the rows in their order', async () => {
    const seen = await plans('item-00')
    expect(seen[0]).toMatch(BY_KEY)
    expect(seen.at(-1)).toMatch(BY_TIME)
  })
})
