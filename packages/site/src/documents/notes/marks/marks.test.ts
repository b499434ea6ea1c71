import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { PEOPLE } from '../../documents.fixture.ts'
import { mirrorsOf, startNotes, through, type NotedWorld } from '../notes.fixture.ts'

const { lead, clerk, nobody } = PEOPLE
const TAG = 'frappe.desk.doctype.tag.tag'
const LIKE = 'frappe.desk.like.toggle_like'
const denied = { excType: 'PermissionError', status: 403 }

describe.each(engines)('Tags and likes on %s', (engine) => {
  let site: NotedWorld
  let count = 0

  const client = async (): Promise<string> => {
    const name = `Marked ${++count}`
    await site.documents.insert(lead, 'Client', [{ client_name: name }])
    return name
  }
  const tag = (who: typeof lead, verb: string, name: string, text: unknown): Promise<unknown> =>
    site.call(who, `${TAG}.${verb}`, { dt: 'Client', dn: name, tag: text })
  const like = (who: typeof lead, name: string, add: string): Promise<unknown> => site.call(who, LIKE, { doctype: 'Client', name, add })
  const marks = (name: string): Promise<Record<string, unknown>> => mirrorsOf(site, 'Client', name)

  beforeAll(async () => {
    site = await startNotes(engine)
  })
  afterAll(() => site.close())

  it('stand beside the document, which is not modified by them', async () => {
    const name = await client()
    const before = await site.documents.read(lead, { doctype: 'Client', name })
    expect(await tag(lead, 'add_tag', name, 'Hot')).toBe('Hot')
    await tag(clerk, 'add_tag', name, 'New')
    expect((await marks(name))['_user_tags']).toBe(',Hot,New')
    expect(await site.documents.read(lead, { doctype: 'Client', name })).toEqual({ ...before, _user_tags: ',Hot,New' })
    await tag(lead, 'remove_tag', name, 'Hot')
    expect((await marks(name))['_user_tags']).toBe(',New')
    await tag(lead, 'remove_tag', name, 'New')
    expect((await marks(name))['_user_tags']).toBeNull()
  })

  it('are shown with the document, however it is answered, and are not written by it', async () => {
    const name = await client()
    await tag(lead, 'add_tag', name, 'Hot')
    await like(lead, name, 'Yes')
    const shown = { _user_tags: ',Hot', _liked_by: JSON.stringify([lead.user]) }
    const values = { region: 'North', _user_tags: ',Cold', _liked_by: null }
    expect(await site.documents.update(lead, { doctype: 'Client', name, values })).toMatchObject(shown)
    expect(await site.documents.read(lead, { doctype: 'Client', name })).toMatchObject(shown)
    expect(await marks(name)).toMatchObject(shown)
  })

  it('are one whatever their case, and hold no comma', async () => {
    const name = await client()
    expect(await tag(lead, 'add_tag', name, ' Big,\nblue ')).toBe('Big blue')
    await tag(lead, 'add_tag', name, 'BIG BLUE')
    expect((await marks(name))['_user_tags']).toBe(',Big blue')
    for (const none of [',', 'x'.repeat(61), '', undefined, {}])
      await expect(tag(lead, 'add_tag', name, none)).rejects.toMatchObject({ status: 417 })
  })

  it('need the right to write the document, and the scope', async () => {
    const name = await client()
    await site.documents.update(lead, { doctype: 'Client', name, values: { region: 'North' } })
    await expect(tag(nobody, 'add_tag', name, 'x')).rejects.toMatchObject(denied)
    await expect(site.call(clerk, `${TAG}.add_tag`, { dt: 'Stock Item', dn: 'ITEM-001', tag: 'x' })).rejects.toMatchObject(denied)
    await expect(tag(through(site, lead, 'Client:read'), 'add_tag', name, 'x')).rejects.toMatchObject(denied)
    expect(await tag(through(site, lead, 'Client:write'), 'add_tag', name, 'x')).toBe('x')
    await expect(tag(lead, 'add_tag', 'gone', 'x')).rejects.toMatchObject({ status: 404 })
  })

  it('are added to many documents, and found by', async () => {
    const names = [await client(), await client(), await client()]
    const args = { dt: 'Client', docs: JSON.stringify(names.slice(0, 2)), tags: JSON.stringify(['Rare', 'Rarer']) }
    await site.call(lead, `${TAG}.add_tags`, args)
    expect(await site.call(lead, `${TAG}.get_tags`, { doctype: 'Client', txt: 'rare' })).toEqual(['Rare', 'Rarer'])
    const tagged = (await site.call(clerk, `${TAG}.get_tagged_docs`, { doctype: 'Client', tag: 'rare' })) as string[]
    expect(tagged.toSorted()).toEqual(names.slice(0, 2))
    expect(await site.call(clerk, `${TAG}.get_tagged_docs`, { doctype: 'Client', tag: 'rar' })).toEqual([])
    await expect(site.call(nobody, `${TAG}.get_tagged_docs`, { doctype: 'Client', tag: 'rare' })).rejects.toMatchObject(denied)
    await expect(site.call(nobody, `${TAG}.get_tags`, { doctype: 'Client', txt: '' })).rejects.toMatchObject(denied)
  })

  it('are not lost when two are added at once', async () => {
    const name = await client()
    await Promise.all(['a', 'b', 'c'].map((text) => tag(lead, 'add_tag', name, text)))
    expect(
      String((await marks(name))['_user_tags'])
        .split(',')
        .toSorted(),
    ).toEqual(['', 'a', 'b', 'c'])
  })

  it('count a like of each once, and tell it in the timeline', async () => {
    const name = await client()
    await like(lead, name, 'Yes')
    await like(lead, name, 'Yes')
    await like(clerk, name, 'Yes')
    expect((await marks(name))['_liked_by']).toBe(JSON.stringify([lead.user, clerk.user]))
    expect(await site.list('Comment', { reference_name: name, comment_type: 'Like' }, ['owner'])).toEqual([
      { owner: lead.user },
      { owner: clerk.user },
    ])
    await like(lead, name, 'No')
    expect((await marks(name))['_liked_by']).toBe(JSON.stringify([clerk.user]))
    expect(await site.list('Comment', { reference_name: name, comment_type: 'Like' }, ['owner'])).toEqual([{ owner: clerk.user }])
  })

  it('let who may read like, and an app that may write a comment', async () => {
    const name = await client()
    await expect(like(nobody, name, 'Yes')).rejects.toMatchObject(denied)
    await expect(like(through(site, clerk, 'Client:read'), name, 'Yes')).rejects.toMatchObject(denied)
    await like(through(site, clerk, 'Client:read', 'Comment:create'), name, 'Yes')
    expect((await marks(name))['_liked_by']).toBe(JSON.stringify([clerk.user]))
  })
})
