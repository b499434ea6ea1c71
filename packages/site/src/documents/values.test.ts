import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import { fillWorld } from '../backend/contract/world.fixture.ts'
import { PEOPLE, startDocuments, type TestDocuments } from './documents.fixture.ts'

const { admin, lead } = PEOPLE

describe.each(engines)('Values on %s', (engine) => {
  let site: TestDocuments
  beforeAll(async () => {
    site = await startDocuments(engine, {
      zone: 'Europe/Berlin',
      methods: new Map([
        [
          'echo',
          { name: 'echo', httpMethods: ['GET'], guest: false, rights: 'open', handler: ({ args }) => Promise.resolve(args['text']) },
        ],
      ]),
    })
    await fillWorld(site.documents, admin)
  })
  afterAll(() => site.close())

  it('that are times are stored as instants, shown and filtered in the site’s zone', async () => {
    await site.documents.insert(lead, 'Client', [{ client_name: 'Zoned', last_seen: '2026-07-01 12:00:00' }])
    const { rows } = await sql<{ last_seen: number }>`select last_seen from ${sql.table('tabClient')} where name = 'Zoned'`.execute(
      site.database.connection,
    )
    expect(rows[0]!.last_seen).toBe(Date.UTC(2026, 6, 1, 10) * 1000)
    const filters = [{ fieldname: 'last_seen', operator: '=' as const, value: '2026-07-01 12:00:00' }]
    expect(await site.documents.list(lead, { doctype: 'Client', fields: ['last_seen'], filters })).toEqual([
      { last_seen: '2026-07-01 12:00:00' },
    ])
  })

  it('that nobody changed keep what their shown form does not tell', async () => {
    const secondOne = '2026-10-25T01:30:00Z'
    await site.documents.insert(lead, 'Client', [{ client_name: 'Autumn', last_seen: secondOne }])
    const shown = await site.documents.read(lead, { doctype: 'Client', name: 'Autumn' })
    await site.documents.update(lead, { doctype: 'Client', name: 'Autumn', values: { ...shown, region: 'x' } })
    const { rows } = await sql<{ last_seen: number }>`select last_seen from ${sql.table('tabClient')} where name = 'Autumn'`.execute(
      site.database.connection,
    )
    expect(rows[0]!.last_seen).toBe(Date.parse(secondOne) * 1000)
  })

  it('that are JSON come back as text', async () => {
    const [client] = await site.documents.insert(lead, 'Client', [{ client_name: 'Json', payload: { a: [1] } }])
    expect(client).toMatchObject({ payload: '{\n    "a": [\n        1\n    ]\n}' })
  })

  it('that are numbers come back to nine places', async () => {
    const [item] = await site.documents.insert(lead, 'Stock Item', [
      { item_code: 'N', unit: 'Nos', rate: '1,234.1234567894', stock_qty: 0.1 + 0.2 },
    ])
    expect(item).toMatchObject({ rate: 1234.123456789, stock_qty: 0.3 })
    expect(await site.documents.read(lead, { doctype: 'Stock Item', name: 'N' })).toEqual(item)
  })

  it.each<[string, () => Promise<unknown>]>([
    ['a name with a zero character', () => site.documents.read(lead, { doctype: 'Client', name: 'a\0' })],
    [
      'a pattern without end',
      () => site.documents.list(lead, { doctype: 'Client', filters: [{ fieldname: 'name', operator: 'like', value: 'x'.repeat(20_000) }] }),
    ],
    ['a search with a zero character', () => site.documents.searchLink(lead, { doctype: 'Client', text: 'ab\0c', limit: 5 })],
  ])('that no engine takes are the caller’s mistake: %s', async (_, act) => {
    await expect(act()).rejects.toMatchObject({ excType: 'ValidationError', status: 417 })
  })

  it('of too long a search match nothing', async () => {
    expect(await site.documents.searchLink(lead, { doctype: 'Client', text: 'x'.repeat(5000), limit: 5 })).toEqual([])
    expect(await site.documents.searchLink(lead, { doctype: 'Client', text: 'ab\ud800', limit: 5 })).toEqual([])
  })

  it('of a new field begin with what the DocType says', async () => {
    const id = { doctype: 'DocType', name: 'Unit' }
    const definition = await site.documents.read(admin, id)
    const fields = [...(definition['fields'] as object[]), { fieldname: 'whole', fieldtype: 'Check', default: '1' }]
    await site.documents.update(admin, { ...id, values: { fields } })
    expect(await site.documents.read(lead, { doctype: 'Unit', name: 'Nos' })).toMatchObject({ whole: 1 })
    expect((await site.documents.insert(lead, 'Unit', [{ unit_name: 'Half', whole: 0 }]))[0]).toMatchObject({ whole: 0 })
  })

  it('are given to methods, when their HTTP method is allowed', async () => {
    expect(await site.documents.call(lead, { method: 'echo', httpMethod: 'GET', args: { text: 'hello' } })).toBe('hello')
    await expect(site.documents.call(lead, { method: 'echo', httpMethod: 'POST', args: {} })).rejects.toMatchObject({ status: 403 })
    await expect(site.documents.call(lead, { method: 'nope', httpMethod: 'GET', args: {} })).rejects.toMatchObject({ status: 404 })
  })
})
