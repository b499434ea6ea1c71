import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { PEOPLE } from '../../documents.fixture.ts'
import { startNotes, through, type NotedWorld } from '../notes.fixture.ts'

const { admin, lead, clerk, nobody } = PEOPLE
const GETDOC = 'frappe.desk.form.load.getdoc'
const name = 'SO-1'

interface Loaded {
  readonly docs: Record<string, unknown>[]
  readonly docinfo: Record<string, unknown>
  readonly _link_titles: Record<string, unknown>
}

describe.each(engines)('A document as a form loads it, on %s', (engine) => {
  let site: NotedWorld

  const getdoc = async (who: typeof lead, of = name): Promise<Loaded> =>
    ((await site.call(who, GETDOC, { doctype: 'Order', name: of })) as { body: Loaded }).body

  beforeAll(async () => {
    site = await startNotes(engine)
    await site.documents.update(admin, {
      doctype: 'DocType',
      name: 'Client',
      values: { title_field: 'region', show_title_field_in_link: 1 },
    })
    await site.documents.insert(lead, 'Order', [{ code: name, client: 'Acme', cost: 5, lines: [{ item: 'a', qty: 1 }] }])
    await site.documents.update(lead, { doctype: 'Order', name, values: { amount: 2 } })
    const about = { reference_doctype: 'Order', reference_name: name }
    await site.call(clerk, 'frappe.desk.form.utils.add_comment', { ...about, content: 'seen' })
    await site.call(lead, 'frappe.desk.form.assign_to.add', { doctype: 'Order', name, assign_to: [clerk.user], description: 'pack' })
    await site.call(lead, 'frappe.desk.like.toggle_like', { doctype: 'Order', name, add: 'Yes' })
    await site.call(lead, 'frappe.desk.doctype.tag.tag.add_tag', { dt: 'Order', dn: name, tag: 'Hot' })
    await site.call(lead, 'frappe.share.add', { doctype: 'Order', name, user: nobody.user })
    const file = {
      file_name: 'a.txt',
      file_url: '/private/files/a.txt',
      is_private: 1,
      attached_to_doctype: 'Order',
      attached_to_name: name,
    }
    await site.documents.insert(lead, 'File', [file])
  })
  afterAll(() => site.close())

  it('comes whole, with what stands beside it', async () => {
    const { docs, docinfo, _link_titles } = await getdoc(lead)
    expect(docs).toEqual([
      { ...(await site.documents.read(lead, { doctype: 'Order', name })), _user_tags: ',Hot', _liked_by: JSON.stringify([lead.user]) },
    ])
    expect(_link_titles).toEqual({ 'Client::Acme': 'North' })
    expect(docinfo).toMatchObject({
      doctype: 'Order',
      name,
      comments: [{ content: expect.stringContaining('seen') as unknown, owner: clerk.user, comment_type: 'Comment' }],
      assignment_logs: [{ comment_type: 'Assigned', owner: lead.user }],
      like_logs: [{ owner: lead.user }],
      attachment_logs: [],
      info_logs: [],
      workflow_logs: [],
      versions: [{ owner: lead.user, data: expect.stringContaining('amount') as unknown }],
      assignments: [{ owner: clerk.user, status: 'Open', description: expect.stringContaining('pack') as unknown }],
      shared: [{ user: nobody.user, read: 1, write: 0 }],
      attachments: [{ file_name: 'a.txt', file_url: '/private/files/a.txt', is_private: 1 }],
      permissions: { read: 1, write: 1, submit: 1 },
      tags: 'Hot',
      communications: [],
      views: [],
      is_document_followed: false,
    })
    expect(docinfo['user_info']).toMatchObject({ [clerk.user]: { fullname: 'clerk', name: clerk.user, email: clerk.user } })
  })

  it('leaves out what its reader may not see', async () => {
    const { docs, docinfo } = await getdoc(clerk)
    expect(docs[0]).not.toHaveProperty('cost')
    expect(docinfo).toMatchObject({ permissions: { read: 1, write: 1, submit: 0, delete: 0 } })
  })

  it('is an empty list when it is not there, and refused when it may not be read', async () => {
    expect(await site.call(lead, GETDOC, { doctype: 'Order', name: 'gone' })).toEqual([])
    expect(await site.call(lead, GETDOC, { doctype: 'Nothing', name: 'gone' })).toEqual([])
    await expect(site.call(nobody, GETDOC, { doctype: 'Stock Item', name: 'ITEM-001' })).rejects.toMatchObject({ status: 403 })
    await expect(site.call(lead, GETDOC, { doctype: 'Order' })).rejects.toMatchObject({ status: 417 })
  })

  it.each([
    ['Comment:read', 'comments'],
    ['Comment:read', 'assignment_logs'],
    ['Version:read', 'versions'],
    ['File:read', 'attachments'],
    ['ToDo:read', 'assignments'],
    ['DocShare:read', 'shared'],
  ])('shows an app without %s no %s', async (scope, key) => {
    const all = ['Order:read', 'Comment:read', 'Version:read', 'File:read', 'ToDo:read', 'DocShare:read']
    const granted = await getdoc(through(site, lead, ...all))
    expect(granted.docinfo[key]).not.toEqual([])
    const { docinfo } = await getdoc(through(site, lead, ...all.filter((one) => one !== scope)))
    expect(docinfo[key]).toEqual([])
  })

  it('shows an app the names of users, titles of links and rights within its scopes alone', async () => {
    const bare = await getdoc(through(site, lead, 'Order:read'))
    expect(bare.docinfo).toMatchObject({ user_info: {}, permissions: { read: 1, write: 0 } })
    expect(bare._link_titles).toEqual({})
    const more = await getdoc(through(site, lead, 'Order:read', 'User:select', 'Client:read'))
    expect(more.docinfo['user_info']).toMatchObject({ [lead.user]: { fullname: 'lead' } })
    expect(more._link_titles).toEqual({ 'Client::Acme': 'North' })
    await expect(getdoc(through(site, lead, 'Comment:read'))).rejects.toMatchObject({ status: 403 })
  })

  it('shows an app with all what was said of the document, and nothing behind the fence', async () => {
    const { docinfo } = await getdoc(through(site, lead, 'all'))
    for (const key of ['comments', 'attachments', 'assignments']) expect(docinfo[key]).not.toEqual([])
    expect(docinfo).toMatchObject({ versions: [], shared: [], user_info: {}, permissions: { write: 1 } })
  })

  it('has its docinfo alone as well', async () => {
    const { body } = (await site.call(lead, 'frappe.desk.form.load.get_docinfo', { doctype: 'Order', name })) as { body: object }
    expect(Object.keys(body)).toEqual(['docinfo'])
    await expect(site.call(lead, 'frappe.desk.form.load.get_docinfo', { doctype: 'Order', name: 'gone' })).rejects.toMatchObject({
      status: 404,
    })
  })
})
