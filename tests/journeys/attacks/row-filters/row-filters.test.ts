import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Ground } from '../../../../packages/site/src/oauth/testing/rows/stored-state.fixture.ts'
import { pathOf, type Api } from '../../../support/callers/api.ts'
import { engines } from '../../../support/databases.ts'
import type { SiteStage } from '../rows/site-stage.fixture.ts'
import { ALICE, BOB, HELD, heldToken, walledGround } from '../rows/walled.fixture.ts'

const deal = (name: string): string => pathOf('Deal', name)

/** What a row filter leaves open, and what is none; what it keeps closed stands in the tables of `../rows`. */
describe.each(engines)('An app that is held to company A, on %s', (engine) => {
  let ground: Ground<SiteStage>
  let app: Api

  beforeAll(async () => {
    ground = await walledGround(engine)
    app = await heldToken(await ground.stage(HELD))
  })
  afterAll(() => ground.close())

  it('reads, changes, renames, comments and removes company A’s', async () => {
    expect((await app.send('POST', pathOf('Deal'), { title: 'A3', company: 'A', buyer: 'Buyer A' })).status).toBe(200)
    expect((await app.send('PUT', deal('A3'), { amount: 7, lines: [{ title: 'new' }] })).status).toBe(200)
    const about = { reference_doctype: 'Deal', reference_name: 'A3' }
    expect((await app.post('frappe.desk.form.utils.add_comment', { ...about, content: 'x' })).status).toBe(200)
    expect((await app.post('frappe.desk.form.assign_to.add', { doctype: 'Deal', name: 'A3', assign_to: [BOB] })).status).toBe(200)
    const file = { file_name: 'x.txt', content: 'x', attached_to_doctype: 'Deal', attached_to_name: 'A3' }
    expect((await app.send('POST', pathOf('File'), file)).status).toBe(200)
    expect((await app.post('frappe.client.rename_doc', { doctype: 'Deal', old_name: 'A3', new_name: 'A4' })).status).toBe(200)
    const docinfo = await app.get('frappe.desk.form.load.get_docinfo', { doctype: 'Deal', name: 'A4' })
    expect(docinfo.body['docinfo']).toMatchObject({ attachments: [{ file_name: 'x.txt' }], comments: [{}] })
    expect((await app.send('DELETE', deal('A4'))).status).toBe(202)
  })

  it('is held by filters of a user with every right, and one without a filter is not', async () => {
    const free = await (await ground.stage({ scopes: HELD.scopes })).byToken(ALICE, HELD.scopes)
    expect((await free.send('GET', deal('B1'))).status).toBe(200)
    expect((await free.list('Deal', { limit_page_length: 0 })).body['data']).toHaveLength(4)
    expect((await app.list('Deal', { limit_page_length: 0 })).body['data']).toHaveLength(2)
  })

  it.each([
    ['a field that is not there', { Deal: { nothing: 1 } }, 'no field nothing'],
    ['a table', { Deal: { lines: 1 } }, 'no value'],
    ['a field of rows', { Deal: [['Deal Line', 'note', '=', 'x']] }, 'own fields'],
    ['a field behind a link', { Deal: { 'buyer.company': 'A' } }, 'no field buyer.company'],
    ['a child table', { 'Deal Line': { note: 'x' } }, 'child table'],
    ['what the site makes up', { 'OAuth Bearer Token': { user: 'x' } }, 'no list of stored documents'],
    ['a tree that is none', { Deal: [['buyer', 'descendants of', 'x']] }, 'tree'],
  ])('is not registered with a filter by %s', async (_, filters, sentence) => {
    await expect(ground.stage({ ...HELD, row_filters: JSON.stringify(filters) })).rejects.toThrow(sentence)
  })
})
