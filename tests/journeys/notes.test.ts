import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Api, Values } from '../support/callers/api.ts'
import { engines } from '../support/databases.ts'
import { ALICE, BOB, doctype, MIA, World } from './attacks/world.fixture.ts'

/** What people and apps leave beside a document, from its first day to its last. */
describe.each(engines)('What is said of a document, on %s', (engine) => {
  let world: World
  let mia: Api
  let alice: Api
  let app: Api
  const FIELDS = [{ fieldname: 'size', fieldtype: 'Data', label: 'Size' }]
  const about = { doctype: 'Part', name: 'Axle' }

  const load = async (who: Api): Promise<{ docs: Values[]; docinfo: Values }> => {
    const { body } = await who.get('frappe.desk.form.load.getdoc', about)
    return body as unknown as { docs: Values[]; docinfo: Values }
  }
  const first = (list: unknown): Values => (list as Values[])[0] ?? {}

  beforeAll(async () => {
    world = await World.open(engine)
    await world.admin.insert('DocType', doctype('Part', FIELDS, { track_changes: 1, allow_rename: 1 }))
    await world.admin.update('OAuth Client', world.app.id, { scopes: 'openid all Part:read Part:write Comment:create' })
    ;[mia, alice] = [await world.session(MIA), await world.session(ALICE)]
    app = await world.byToken(ALICE, 'openid Part:read Part:write Comment:create')
    await alice.insert('Part', { title: 'Axle', size: 'L' })
  })
  afterAll(() => world.close())

  it('tells through which app it was changed', async () => {
    await app.update('Part', 'Axle', { size: 'XL' })
    const { docs, docinfo } = await load(alice)
    expect(docs).toMatchObject([{ name: 'Axle', size: 'XL' }])
    const version = first(docinfo['versions'])
    expect(version['owner']).toBe(ALICE)
    expect(JSON.parse(String(version['data']))).toMatchObject({
      changed: [['size', 'L', 'XL']],
      updater_reference: { doctype: 'OAuth Client', docname: world.app.id, label: expect.stringMatching(/^via ./) as unknown },
    })
    expect((await load(app)).docinfo).toMatchObject({ versions: [], comments: [], user_info: {} })
  })

  it('holds comments as the form, the document and the app make them', async () => {
    const reference = { reference_doctype: 'Part', reference_name: 'Axle' }
    const byForm = await alice.post('frappe.desk.form.utils.add_comment', { ...reference, content: 'too long<script>alert(1)</script>' })
    expect(byForm.body['message']).toMatchObject({ doctype: 'Comment', owner: ALICE, comment_email: ALICE })
    const byDocument = await mia.send('POST', '/api/resource/Part/Axle', {
      run_method: 'add_comment',
      comment_type: 'Comment',
      text: 'agreed',
    })
    expect(byDocument.status).toBe(200)
    expect((await app.send('POST', '/api/resource/Comment', { ...reference, content: 'cut it' })).status).toBe(200)
    const { docinfo } = await load(alice)
    expect((docinfo['comments'] as Values[]).map((comment) => comment['owner'])).toEqual([ALICE, MIA, ALICE])
    expect(JSON.stringify(docinfo['comments'])).not.toMatch(/<script/)
  })

  it('is assigned as the first connector does it', async () => {
    const form = { ...about, assign_to: JSON.stringify([BOB]), description: 'measure it' }
    const answer = await fetch(`${mia.base}/api/method/frappe.desk.form.assign_to.add`, {
      method: 'POST',
      headers: mia.headers,
      body: new URLSearchParams(form),
    })
    expect([answer.status, await answer.json()]).toMatchObject([200, { message: [{ owner: BOB }] }])
    const again = await mia.post('frappe.desk.form.assign_to.add', { ...form, assign_to: [BOB] })
    expect([again.status, again.body['_server_messages']]).toEqual([200, expect.stringContaining('Already assigned') as unknown])
    expect((await mia.post('frappe.desk.form.assign_to.add', { ...form, assign_to: BOB })).status).toBe(417)
    expect((await mia.list('Part', { fields: ['name', '_assign'], filters: { name: 'Axle' } })).body['data']).toEqual([
      { name: 'Axle', _assign: JSON.stringify([BOB]) },
    ])
  })

  it('follows a new name, and goes with the document', async () => {
    await mia.post('frappe.client.rename_doc', { doctype: 'Part', old_name: 'Axle', new_name: 'Shaft' })
    const { body } = await mia.get('frappe.desk.form.load.getdoc', { doctype: 'Part', name: 'Shaft' })
    const docinfo = body['docinfo'] as Values
    expect([docinfo['comments'], docinfo['assignments'], docinfo['info_logs']].map((list) => (list as unknown[]).length)).toEqual([3, 1, 1])
    expect((docinfo['versions'] as unknown[]).length).toBeGreaterThan(1)
    expect((await mia.send('DELETE', '/api/resource/Part/Shaft')).status).toBe(202)
    for (const [kind, field] of [
      ['Comment', 'reference_name'],
      ['Version', 'docname'],
      ['ToDo', 'reference_name'],
    ] as const)
      expect((await world.admin.list(kind, { filters: { [field]: 'Shaft' } })).body['data']).toEqual([])
    const gone = await mia.get('frappe.desk.form.load.getdoc', { doctype: 'Part', name: 'Shaft' })
    expect([gone.status, gone.body]).toEqual([200, { message: [] }])
  })
})
