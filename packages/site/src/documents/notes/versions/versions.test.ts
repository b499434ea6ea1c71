import { dialectOf } from '@annex/database'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { plansOf } from '../../../../../../tests/support/query-plans.ts'
import { indexesOf } from '../../../doctypes/tables/indexes.ts'
import { PEOPLE } from '../../documents.fixture.ts'
import { startNotes, through, type NotedWorld } from '../notes.fixture.ts'
import type { VersionContent } from './version-listener.ts'
import { listVersions } from './version-store.ts'

const { admin, lead, clerk, nobody } = PEOPLE

describe.each(engines)('Versions on %s', (engine) => {
  let site: NotedWorld
  let count = 0

  const versionsOf = async (name: string): Promise<VersionContent[]> => {
    const rows = await site.list('Version', { docname: name, ref_doctype: 'Order' }, ['data'])
    return rows.map((row) => JSON.parse(String(row['data'])) as VersionContent)
  }
  const order = async (values: Record<string, unknown> = {}): Promise<string> => {
    const code = `SO-${++count}`
    await site.documents.insert(lead, 'Order', [{ code, ...values }])
    return code
  }
  const update = (name: string, values: Record<string, unknown>, who = lead): Promise<unknown> =>
    site.guard.update(who, { doctype: 'Order', name, values })

  beforeAll(async () => {
    site = await startNotes(engine)
  })
  afterAll(() => site.close())

  it('tell each field that changed, as text that can be read back', async () => {
    const name = await order({ amount: 1234.5, client: 'Acme' })
    await update(name, { amount: 77.5, client: 'Bluth' })
    expect(await versionsOf(name)).toEqual([
      {
        changed: [
          ['client', 'Acme', 'Bluth'],
          ['amount', '1234.5', '77.5'],
        ],
        added: [],
        removed: [],
        row_changed: [],
        data_import: null,
        updater_reference: null,
      },
    ])
    const [row] = await site.list('Version', { docname: name }, ['owner', 'ref_doctype'])
    expect(row).toEqual({ owner: lead.user, ref_doctype: 'Order' })
  })

  it('are not made by an insert of a person, nor by a change that changes nothing', async () => {
    const name = await order({ amount: 1 })
    await update(name, { amount: 1 })
    expect(await versionsOf(name)).toEqual([])
  })

  it('match rows by their names', async () => {
    const name = await order({
      lines: [
        { item: 'a', qty: 1 },
        { item: 'b', qty: 2 },
      ],
    })
    const before = await site.documents.read(lead, { doctype: 'Order', name })
    const [first, second] = before['lines'] as { name: string }[]
    await update(name, {
      lines: [
        { ...second, qty: 4 },
        { item: 'c', qty: 5 },
      ],
    })
    const [content] = await versionsOf(name)
    expect(content?.row_changed).toEqual([['lines', 0, second?.name, [['qty', '2', '4']]]])
    expect(content?.added).toEqual([['lines', expect.objectContaining({ item: 'c', qty: 5 })]])
    expect(content?.removed).toEqual([['lines', expect.objectContaining({ name: first?.name, item: 'a' })]])
    expect(content?.changed).toEqual([])
  })

  it('tell a submit, a cancel and a new name', async () => {
    const name = await order()
    await site.documents.setDocstatus(lead, { doctype: 'Order', name }, 1)
    await site.documents.setDocstatus(lead, { doctype: 'Order', name }, 2)
    expect((await versionsOf(name)).map((content) => content.changed)).toEqual([[['docstatus', 0, 1]], [['docstatus', 1, 2]]])
    const other = await order({ amount: 1 })
    await update(other, { amount: 2 })
    await site.documents.rename(lead, { doctype: 'Order', name: other }, `${other}-new`)
    expect((await versionsOf(`${other}-new`))[0]?.changed).toEqual([['amount', '1', '2']])
    expect((await versionsOf(`${other}-new`)).at(-1)?.changed).toEqual(expect.arrayContaining([['name', other, `${other}-new`]]) as unknown)
  })

  it('tell a merge, and not the other document’s values as changes', async () => {
    const [gone, kept] = [await order({ amount: 1 }), await order({ amount: 2 })]
    await site.documents.rename(lead, { doctype: 'Order', name: gone }, kept, { merge: true })
    expect((await versionsOf(kept)).map((content) => content.changed)).toEqual([[['name', gone, kept]]])
  })

  it('say through which app a change was made, and that an app made the document', async () => {
    await site.documents.insert(admin, 'OAuth Client', [
      { client_id: 'x', app_name: 'Field Sales', default_redirect_uri: 'https://app.example.com/cb', scopes: 'all' },
    ])
    const [client] = await site.list('OAuth Client', {}, ['name'])
    const app = through(site, lead, 'Order:write', 'Order:create')
    const called = { ...app, token: { ...app.token!, client: String(client?.['name']) } }
    const code = `SO-${++count}`
    await site.guard.insert(called, 'Order', [{ code, amount: 1 }])
    await update(code, { amount: 2 }, called)
    const via = { doctype: 'OAuth Client', docname: String(client?.['name']), label: 'via Field Sales' }
    const [made, changed] = await versionsOf(code)
    expect(made).toEqual({ creation: expect.any(String) as unknown, created_by: lead.user, data_import: null, updater_reference: via })
    expect(changed).toMatchObject({ changed: [['amount', '1', '2']], updater_reference: via })
    await update(code, { amount: 3 }, app)
    expect((await versionsOf(code)).at(-1)?.updater_reference?.label).toBe('via app-1')
  })

  it('compare an amendment with its original', async () => {
    const name = await order({ amount: 5 })
    await site.documents.setDocstatus(lead, { doctype: 'Order', name }, 1)
    await site.documents.setDocstatus(lead, { doctype: 'Order', name }, 2)
    const [amended] = await site.documents.insert(lead, 'Order', [{ code: `${name}-x`, amount: 6, amended_from: name }])
    const [content] = await versionsOf(String(amended?.name))
    expect(content?.changed).toEqual(expect.arrayContaining([['amount', '5', '6']]) as unknown)
  })

  it('hold no secret', async () => {
    // Without its controller a User keeps what it is sent.
    const secrets = { new_password: 'hunter2', api_key: 'hunter3' }
    await site.documents.update(admin, { doctype: 'User', name: clerk.user, values: { ...secrets, last_name: 'Jones' } })
    const [version] = await site.list('Version', { docname: clerk.user }, ['data'])
    expect(version?.['data']).toMatch(/Jones/)
    expect(version?.['data']).not.toMatch(/hunter|new_password|api_key/)
  })

  it('are not made of DocTypes that do not track changes', async () => {
    await site.documents.update(lead, { doctype: 'Client', name: 'Clark', values: { region: 'West' } })
    expect(await site.list('Version', { docname: 'Clark' }, ['name'])).toEqual([])
  })

  it('are undone with their change', async () => {
    const name = await order({ amount: 1 })
    await expect(update(name, { amount: 2, client: 'nobody knows' })).rejects.toMatchObject({ excType: 'LinkValidationError' })
    expect(await versionsOf(name)).toEqual([])
  })

  it('are documents for System Managers alone', async () => {
    await expect(site.documents.list(lead, { doctype: 'Version' })).rejects.toMatchObject({ excType: 'PermissionError' })
    const manager = { ...lead, roles: new Set(['System Manager', 'All', 'Desk User']) }
    expect(await site.documents.list(manager, { doctype: 'Version' })).not.toEqual([])
    const forged = [{ ref_doctype: 'Order', docname: 'x', data: '{}' }]
    await expect(site.documents.insert(manager, 'Version', forged)).rejects.toMatchObject({ excType: 'PermissionError' })
  })

  it('show each reader the levels that they may read, in rows too, and the last ten', async () => {
    const name = await order({ amount: 1, cost: 1, lines: [{ item: 'a', qty: 1, margin: 1 }] })
    await update(name, { cost: 2 })
    const stored = await site.documents.read(lead, { doctype: 'Order', name })
    const [line] = stored['lines'] as Record<string, unknown>[]
    await update(name, {
      amount: 2,
      cost: 3,
      lines: [
        { ...line, margin: 2, qty: 3 },
        { item: 'b', margin: 9 },
      ],
    })
    const seenBy = async (who: typeof lead): Promise<VersionContent[]> => {
      const { body } = (await site.call(who, 'frappe.desk.form.load.getdoc', { doctype: 'Order', name })) as {
        body: { docinfo: { versions: { data: string }[] } }
      }
      return body.docinfo.versions.map((version) => JSON.parse(version.data) as VersionContent)
    }
    const [all] = await seenBy(lead)
    expect(all?.changed).toEqual([
      ['amount', '1', '2'],
      ['cost', '2', '3'],
    ])
    const seen = await seenBy(clerk)
    expect(seen).toHaveLength(1)
    expect(seen[0]?.changed).toEqual([['amount', '1', '2']])
    expect(seen[0]?.row_changed).toEqual([['lines', 0, line?.['name'], [['qty', '1', '3']]]])
    expect(seen[0]?.added?.[0]?.[1]).toMatchObject({ item: 'b' })
    expect(JSON.stringify(seen)).not.toMatch(/cost|margin/)
    for (let amount = 10; amount < 22; amount++) await update(name, { amount })
    expect(await seenBy(lead)).toHaveLength(10)
    await expect(seenBy(nobody)).rejects.toMatchObject({ status: 403 })
  })

  it('are found by an index, as all that is said of a document', () => {
    for (const [doctype, ...columns] of [
      ['Version', 'docname', 'ref_doctype', 'creation'],
      ['Comment', 'reference_name', 'name'],
      ['ToDo', 'reference_name', 'name'],
      ['File', 'attached_to_name', 'name'],
    ] as const)
      expect(indexesOf(site.doctypes.require(doctype)).map((index) => index.columns)).toContainEqual(columns)
  })

  it('are read from the latest on, however many a document has, and cost an insert no index that nothing reads', async () => {
    const { connection, engine: where } = site.database
    const plans = await plansOf(site.database, () => listVersions(connection, dialectOf(where), 'Order', 'SO-1', 10))
    expect(plans).toHaveLength(1)
    expect(plans[0]).toMatch(/index_[0-9a-f]{12}_docname_ref_doctype_creation/)
    expect(plans[0]).not.toMatch(/sort|temp b-tree/i)
    const columns = indexesOf(site.doctypes.require('Version')).map((index) => index.columns)
    expect(columns).toEqual([['_key'], ['modified', 'name'], ['docname', 'ref_doctype', 'creation']])
  })

  it('go with the document', async () => {
    const name = await order({ amount: 1 })
    await update(name, { amount: 2 })
    await site.documents.remove(lead, { doctype: 'Order', name })
    expect(await versionsOf(name)).toEqual([])
  })
})
