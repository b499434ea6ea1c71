import { openDatabase, Generation, dialectOf } from '@annex/database'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { doctypeController } from '../../doctypes/doctype-controller.ts'
import { DocTypes } from '../../doctypes/doctypes.ts'
import { Clock } from '../../doctypes/values/clock.ts'
import { testSealer } from '../../oauth/keys/sealing/sealer.fixture.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { Documents } from '../documents.ts'
import { startDocuments, type TestDocuments } from '../documents.fixture.ts'

const field = (fieldname: string, fieldtype: string, rest: object = {}): object => ({ fieldname, fieldtype, ...rest })
const DEFINITION = { autoname: 'prompt', permissions: [{ role: 'System Manager', read: 1, write: 1, create: 1 }] }

describe.each(engines)('writing while a DocType changes, on %s', (engine) => {
  let site: TestDocuments
  beforeAll(async () => {
    site = await startDocuments(engine)
  })
  afterAll(() => site.close())

  /** Another process, which has not heard of anything since it began. */
  async function otherProcess(): Promise<Documents & { end(): Promise<void> }> {
    const database = await openDatabase(site.url)
    const doctypes = new DocTypes(database)
    await doctypes.load()
    const controllers = new Map([['DocType', doctypeController(doctypes, new Generation(database), dialectOf(engine))]])
    const documents = new Documents({
      database,
      doctypes,
      clock: new Clock(),
      zone: 'UTC',
      methods: new Map(),
      controllers,
      sealer: testSealer(),
    })
    return Object.assign(documents, { end: () => database.close() })
  }
  const make = (name: string, ...fields: object[]): Promise<unknown> =>
    site.documents.insert(ADMINISTRATOR, 'DocType', [{ name, ...DEFINITION, fields }])
  const set = (name: string, ...fields: object[]): Promise<unknown> =>
    site.documents.update(ADMINISTRATOR, { doctype: 'DocType', name, values: { fields } })

  it('a process that knows the old definition writes by the new one', async () => {
    await make('Stale', field('a', 'Data'))
    const other = await otherProcess()
    try {
      await set('Stale', field('a', 'Int'), field('b', 'Data', { default: 'begun' }))
      await expect(other.insert(ADMINISTRATOR, 'Stale', [{ name: 'X', a: 'no number' }])).rejects.toMatchObject({
        excType: 'ValidationError',
      })
      await other.insert(ADMINISTRATOR, 'Stale', [{ name: 'Y', a: '5' }])
      expect(await site.documents.read(ADMINISTRATOR, { doctype: 'Stale', name: 'Y' })).toMatchObject({ a: 5, b: 'begun' })
      await set('Stale', field('b', 'Data'))
      expect(await other.update(ADMINISTRATOR, { doctype: 'Stale', name: 'Y', values: { b: 'changed' } })).not.toHaveProperty('a')
    } finally {
      await other.end()
    }
  })

  it('every write that is answered is right afterwards, and none is lost', async () => {
    await make('Moving', field('a', 'Data', { search_index: 1 }), field('n', 'Int'))
    const other = await otherProcess()
    const writers = [site.documents, other]
    const stop = new AbortController()
    const work = async (documents: Documents, mark: string): Promise<string[]> => {
      const written: string[] = []
      for (let turn = 0; !stop.signal.aborted; turn += 1) {
        const name = `${mark}-${turn}`
        await documents.insert(ADMINISTRATOR, 'Moving', [{ name, a: String(turn), n: turn }])
        written.push(name)
        await documents.list(ADMINISTRATOR, { doctype: 'Moving', fields: ['name', 'a'], limit: 5 })
        await documents.update(ADMINISTRATOR, { doctype: 'Moving', name, values: { a: String(turn + 1) } })
      }
      return written
    }
    const written = writers.flatMap((documents, index) => [work(documents, `A${index}`), work(documents, `B${index}`)])
    try {
      for (const type of ['Int', 'Data', 'Float', 'Small Text', 'Int'])
        await set(
          'Moving',
          field('a', type, { search_index: 1 }),
          field('n', type === 'Int' ? 'Float' : 'Int'),
          field('extra', 'Data', { default: type }),
        )
    } finally {
      stop.abort()
    }
    const names = (await Promise.all(written)).flat()
    await other.end()
    const rows = await site.documents.list(ADMINISTRATOR, { doctype: 'Moving', fields: ['name', 'a', 'n'], limit: null })
    expect(rows.map((row) => String(row['name'])).toSorted()).toEqual(names.toSorted())
    for (const row of rows) expect([row['name'], row['a']]).toEqual([row['name'], Number(row['n']) + 1])
  })
})
