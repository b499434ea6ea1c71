import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Document } from '@annex/protocol'
import { engines } from '../../../../../../tests/support/databases.ts'
import { PEOPLE } from '../../documents.fixture.ts'
import { mirrorsOf, startNotes, through, type NotedWorld } from '../notes.fixture.ts'

const { admin, lead, clerk, nobody } = PEOPLE
const ADD = 'frappe.desk.form.utils.add_comment'
const UPDATE = 'frappe.desk.form.utils.update_comment'
const denied = { excType: 'PermissionError', status: 403 }

describe.each(engines)('Comments on %s', (engine) => {
  let site: NotedWorld
  let count = 0

  const client = async (): Promise<string> => {
    const name = `Commented ${++count}`
    await site.documents.insert(lead, 'Client', [{ client_name: name }])
    return name
  }
  const add = (who: typeof lead, name: string, content = 'called them', rest = {}): Promise<Document> =>
    site.call(who, ADD, { reference_doctype: 'Client', reference_name: name, content, ...rest }) as Promise<Document>
  const mirrored = async (name: string): Promise<unknown> => JSON.parse(String((await mirrorsOf(site, 'Client', name))['_comments']))

  beforeAll(async () => {
    site = await startNotes(engine)
  })
  afterAll(() => site.close())

  it('are signed by their writer and mirrored beside the document, which is not modified by that', async () => {
    const name = await client()
    const before = await site.documents.read(lead, { doctype: 'Client', name })
    const comment = await add(clerk, name, '<p>Called <b>them</b> &amp; waited</p>')
    expect(comment).toMatchObject({
      doctype: 'Comment',
      comment_type: 'Comment',
      owner: clerk.user,
      comment_email: clerk.user,
      comment_by: 'clerk',
      reference_doctype: 'Client',
      reference_name: name,
    })
    expect(await mirrored(name)).toEqual([{ comment: 'Called them & waited', by: clerk.user, name: comment.name }])
    expect(await site.documents.read(lead, { doctype: 'Client', name })).toEqual(before)
  })

  it('are mirrored shortened, the last hundred', async () => {
    const name = await client()
    const about = { comment_type: 'Comment', reference_doctype: 'Client', reference_name: name }
    await site.documents.insert(
      clerk,
      'Comment',
      Array.from({ length: 102 }, (_, index) => ({ ...about, content: `${index} ${'long '.repeat(40)}` })),
    )
    const entries = (await mirrored(name)) as { comment: string }[]
    expect(entries).toHaveLength(100)
    expect(entries[0]?.comment).toMatch(/^2 long .*\.\.\.$/)
    expect(entries[0]?.comment).toHaveLength(100)
  })

  it('are not lost when two are written at once', async () => {
    const name = await client()
    await Promise.all([add(lead, name), add(clerk, name), add(lead, name)])
    expect(await mirrored(name)).toHaveLength(3)
  })

  it('are changed by their writer alone', async () => {
    const name = await client()
    const comment = await add(clerk, name)
    await expect(site.call(lead, UPDATE, { name: comment.name, content: 'no' })).rejects.toMatchObject(denied)
    const manager = { ...nobody, user: 'boss@example.com', roles: new Set(['System Manager', 'All']) }
    await expect(site.call(manager, UPDATE, { name: comment.name, content: 'no' })).rejects.toMatchObject(denied)
    await site.call(clerk, UPDATE, { name: comment.name, content: 'better' })
    expect(await mirrored(name)).toEqual([{ comment: 'better', by: clerk.user, name: comment.name }])
  })

  it('stay where they stand and keep their signature', async () => {
    const [name, other] = [await client(), await client()]
    const comment = await add(clerk, name)
    const values = { reference_name: other, comment_email: lead.user, comment_by: 'Boss', comment_type: 'Info', content: 'moved' }
    await site.documents.update(clerk, { doctype: 'Comment', name: String(comment.name), values })
    expect(await site.documents.read(admin, { doctype: 'Comment', name: String(comment.name) })).toMatchObject({
      reference_name: name,
      comment_email: clerk.user,
      comment_by: 'clerk',
      comment_type: 'Comment',
      content: 'moved',
    })
    expect((await mirrorsOf(site, 'Client', other))['_comments']).toBeNull()
  })

  it('cannot be signed for another, but by a System Manager', async () => {
    const name = await client()
    const forged = { content: 'x', reference_doctype: 'Client', reference_name: name, comment_email: lead.user, comment_by: 'The Lead' }
    await expect(site.documents.insert(clerk, 'Comment', [forged])).rejects.toMatchObject(denied)
    expect(await add(clerk, name, 'x', { comment_email: lead.user, comment_by: 'The Lead' })).toMatchObject({
      comment_email: clerk.user,
      comment_by: 'clerk',
    })
    expect(await add(admin, name, 'x', { comment_email: lead.user })).toMatchObject({ comment_email: lead.user, comment_by: 'lead' })
  })

  it('need the right to read the document, whichever way they come', async () => {
    const name = await client()
    const values = { content: 'x', reference_doctype: 'Client', reference_name: name }
    await expect(add(nobody, name)).rejects.toMatchObject(denied)
    await expect(site.documents.insert(nobody, 'Comment', [values])).rejects.toMatchObject(denied)
    await expect(site.documents.insert(clerk, 'Comment', [{ ...values, reference_name: 'gone' }])).rejects.toMatchObject({ status: 404 })
    await expect(site.documents.insert(clerk, 'Comment', [{ ...values, reference_name: null }])).rejects.toMatchObject({ status: 417 })
    await expect(
      site.documents.insert(clerk, 'Comment', [{ ...values, reference_doctype: 'Quote Line', reference_name: 'x' }]),
    ).rejects.toMatchObject({ status: 417 })
    expect((await mirrorsOf(site, 'Client', name))['_comments']).toBeNull()
  })

  it('are written through an app that may read the document and create comments', async () => {
    const name = await client()
    const values = { content: 'x', reference_doctype: 'Client', reference_name: name }
    await expect(site.guard.insert(through(site, clerk, 'Comment:create'), 'Comment', [values])).rejects.toMatchObject(denied)
    await expect(add(through(site, clerk, 'Comment:create'), name)).rejects.toMatchObject(denied)
    await expect(add(through(site, clerk, 'Client:read'), name)).rejects.toMatchObject(denied)
    expect(await add(through(site, clerk, 'Client:read', 'Comment:create'), name)).toMatchObject({ owner: clerk.user })
  })

  it('are listed beside the document through an app that may read them', async () => {
    const name = await client()
    await add(clerk, name, 'between us')
    const filters = [{ fieldname: 'name', operator: '=' as const, value: name }]
    const listed = (scopes: string[], request: object): Promise<unknown> =>
      site.guard.list(through(site, clerk, ...scopes), { doctype: 'Client', filters, ...request })
    expect(JSON.stringify(await listed(['Client:read', 'Comment:read'], { fields: ['_comments'] }))).toContain('between us')
    for (const request of [{ fields: ['_comments'] }, { orderBy: '_comments asc' }, { fields: ['name', '_assign'] }])
      await expect(listed(['Client:read'], request)).rejects.toMatchObject(denied)
    const byText = [{ fieldname: '_comments', operator: 'like' as const, value: '%between%' }]
    await expect(listed(['Client:read'], { filters: byText })).rejects.toMatchObject(denied)
    expect(JSON.stringify(await listed(['Client:read'], { fields: ['*'] }))).not.toContain('between us')
  })

  it('leave the mirror when they are removed, and go with their document', async () => {
    const name = await client()
    const [first, second] = [await add(clerk, name, 'one'), await add(clerk, name, 'two')]
    await site.documents.remove(clerk, { doctype: 'Comment', name: String(first.name) })
    expect(await mirrored(name)).toEqual([{ comment: 'two', by: clerk.user, name: second.name }])
    await site.documents.remove(lead, { doctype: 'Client', name })
    expect(await site.list('Comment', { reference_name: name }, ['name'])).toEqual([])
  })

  it('tell in the timeline that a document has a new name', async () => {
    const name = await client()
    await site.documents.rename(lead, { doctype: 'Client', name }, `${name} renamed`)
    expect(await site.list('Comment', { reference_name: `${name} renamed` }, ['comment_type', 'content', 'owner'])).toEqual([
      { comment_type: 'Edit', content: `renamed from ${name} to ${name} renamed`, owner: lead.user },
    ])
  })

  it('stand beside the document that theirs was merged into, as assignments do', async () => {
    const [gone, kept] = [await client(), await client()]
    const [first, second] = [await add(clerk, gone, 'one'), await add(clerk, kept, 'two')]
    const assignment = { doctype: 'Client', name: gone, assign_to: [clerk.user] }
    await site.call(lead, 'frappe.desk.form.assign_to.add', assignment)
    await site.documents.rename(lead, { doctype: 'Client', name: gone }, kept, { merge: true })
    expect(await mirrored(kept)).toEqual([
      { comment: 'one', by: clerk.user, name: first.name },
      { comment: 'two', by: clerk.user, name: second.name },
    ])
    expect((await mirrorsOf(site, 'Client', kept))['_assign']).toBe(JSON.stringify([clerk.user]))
    const edits = await site.list('Comment', { reference_name: kept, comment_type: 'Edit' }, ['content'])
    expect(edits).toEqual([{ content: `merged from ${gone} to ${kept}` }])
  })

  it('are asked for in words', async () => {
    await expect(site.call(lead, ADD, { reference_doctype: 'Client', reference_name: 'Acme' })).rejects.toMatchObject({ status: 417 })
    await expect(site.call(lead, ADD, { reference_doctype: {}, reference_name: 'Acme', content: 'x' })).rejects.toMatchObject({
      status: 417,
    })
    await expect(site.call(lead, ADD, { reference_doctype: 'Client', reference_name: 'gone', content: 'x' })).rejects.toMatchObject({
      status: 404,
    })
  })
})
