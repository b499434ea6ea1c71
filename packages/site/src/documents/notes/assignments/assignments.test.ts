import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { PEOPLE } from '../../documents.fixture.ts'
import { mirrorsOf, startNotes, through, type NotedWorld } from '../notes.fixture.ts'

const { admin, lead, clerk, nobody } = PEOPLE
const METHOD = 'frappe.desk.form.assign_to'
const denied = { excType: 'PermissionError', status: 403 }
const SCOPES = ['Client:read', 'ToDo:create', 'ToDo:read', 'ToDo:write']

type Answer = { readonly message: { owner: string; name: string }[]; readonly messages: string[] }

describe.each(engines)('Assignments on %s', (engine) => {
  let site: NotedWorld
  let count = 0

  const client = async (): Promise<string> => {
    const name = `Assigned ${++count}`
    await site.documents.insert(lead, 'Client', [{ client_name: name }])
    return name
  }
  const assign = (who: typeof lead, name: string, users: unknown, rest = {}): Promise<Answer> =>
    site.call(who, `${METHOD}.add`, { doctype: 'Client', name, assign_to: users, ...rest }) as Promise<Answer>
  const end = (who: typeof lead, verb: string, name: string, user: string): Promise<unknown> =>
    site.call(who, `${METHOD}.${verb}`, { doctype: 'Client', name, assign_to: user })
  const mirrored = async (name: string): Promise<unknown> => (await mirrorsOf(site, 'Client', name))['_assign']
  const timeline = (name: string): Promise<unknown> => site.list('Comment', { reference_name: name }, ['comment_type', 'content', 'owner'])

  beforeAll(async () => {
    site = await startNotes(engine)
  })
  afterAll(() => site.close())

  it('are ToDos that refer to the document, mirrored beside it and told in its timeline', async () => {
    const name = await client()
    const before = await site.documents.read(lead, { doctype: 'Client', name })
    const { message, messages } = await assign(lead, name, JSON.stringify([clerk.user]), { description: 'call <them>', date: '2026-05-01' })
    expect(messages).toEqual([])
    expect(message).toEqual([{ owner: clerk.user, name: expect.any(String) as unknown }])
    expect(await site.documents.read(lead, { doctype: 'ToDo', name: message[0]!.name })).toMatchObject({
      allocated_to: clerk.user,
      assigned_by: lead.user,
      owner: lead.user,
      reference_type: 'Client',
      reference_name: name,
      status: 'Open',
      priority: 'Medium',
      date: '2026-05-01',
    })
    expect(await mirrored(name)).toBe(JSON.stringify([clerk.user]))
    expect(await timeline(name)).toEqual([
      { comment_type: 'Assigned', content: expect.stringMatching(/^lead assigned clerk: call/) as unknown, owner: lead.user },
    ])
    expect(await site.documents.read(lead, { doctype: 'Client', name })).toEqual(before)
  })

  it('are made by Administrator too, who has no User document', async () => {
    const name = await client()
    const { message } = await assign(ADMINISTRATOR, name, [clerk.user])
    expect(await site.documents.read(ADMINISTRATOR, { doctype: 'ToDo', name: message[0]!.name })).toMatchObject({
      assigned_by: 'Administrator',
    })
  })

  it('are made once: who has the document already is named in a message', async () => {
    const name = await client()
    const first = await assign(lead, name, [clerk.user])
    const again = await assign(lead, name, [clerk.user, lead.user])
    expect(again.messages).toEqual([`Already assigned to ${clerk.user}`])
    expect(again.message.map(({ owner }) => owner).toSorted()).toEqual([clerk.user, lead.user])
    expect(again.message).toContainEqual(first.message[0])
    expect(await site.list('ToDo', { reference_name: name }, ['name'])).toHaveLength(2)
  })

  it.each([['alice@example.com'], ['"alice@example.com"'], [''], [undefined], [[]], [[1]], ['[{}]'], [{ user: 'alice' }], ['[']])(
    'are refused for the list %j',
    async (users) => {
      await expect(assign(lead, 'Acme', users)).rejects.toMatchObject({ excType: 'ValidationError', status: 417 })
    },
  )

  it('are for users that are enabled, and made for all of them or none', async () => {
    const name = await client()
    await expect(assign(lead, name, [clerk.user, 'gone@example.com'])).rejects.toMatchObject({ status: 417 })
    await expect(assign(lead, name, ['Guest'])).rejects.toMatchObject({ status: 417 })
    expect(await site.list('ToDo', { reference_name: name }, ['name'])).toEqual([])
  })

  it('need the right to read the document, whichever way they come', async () => {
    const name = await client()
    await expect(assign(nobody, name, [lead.user])).rejects.toMatchObject(denied)
    const todo = { description: 'x', allocated_to: nobody.user, reference_type: 'Client', reference_name: name }
    await expect(site.documents.insert(nobody, 'ToDo', [todo])).rejects.toMatchObject(denied)
    const [own] = await site.documents.insert(nobody, 'ToDo', [{ description: 'mine' }])
    const values = { reference_type: 'Client', reference_name: name }
    await expect(site.documents.update(nobody, { doctype: 'ToDo', name: String(own?.name), values })).rejects.toMatchObject(denied)
    expect(await mirrored(name)).toBeNull()
    expect(await timeline(name)).toEqual([])
    await expect(assign(lead, 'gone', [clerk.user])).rejects.toMatchObject({ status: 404 })
  })

  it('share the document with who cannot read it, when the one who assigns may share', async () => {
    const code = `SO-${++count}`
    await site.documents.insert(lead, 'Order', [{ code }])
    const args = { doctype: 'Order', name: code, assign_to: [nobody.user] }
    await expect(site.call(clerk, `${METHOD}.add`, args)).rejects.toMatchObject(denied)
    expect(await site.list('ToDo', { reference_name: code }, ['name'])).toEqual([])
    const { messages } = (await site.call(lead, `${METHOD}.add`, args)) as Answer
    expect(messages).toEqual([`Shared with ${nobody.user}, who could not read it`])
    expect(await site.list('DocShare', { share_name: code }, ['user', 'read', 'write'])).toEqual([{ user: nobody.user, read: 1, write: 0 }])
  })

  it('belong to both: who was given one sees it, in lists too, and completes it; another does not', async () => {
    const name = await client()
    const { message } = await assign(lead, name, [clerk.user])
    const todo = { doctype: 'ToDo', name: message[0]!.name }
    expect(await site.documents.read(clerk, todo)).toMatchObject({ reference_name: name })
    const filters = [{ fieldname: 'reference_name', operator: '=' as const, value: name }]
    expect(await site.documents.list(clerk, { doctype: 'ToDo', filters })).toHaveLength(1)
    expect(await site.documents.list(nobody, { doctype: 'ToDo', filters })).toEqual([])
    await expect(site.documents.read(nobody, todo)).rejects.toMatchObject(denied)
    await expect(end(lead, 'close', name, clerk.user)).rejects.toMatchObject(denied)
    expect(await end(clerk, 'close', name, clerk.user)).toEqual([])
    expect(await site.documents.read(lead, todo)).toMatchObject({ status: 'Closed', assigned_by: lead.user })
    expect(await mirrored(name)).toBe('[]')
    expect(await timeline(name)).toContainEqual({
      comment_type: 'Assignment Completed',
      content: 'clerk completed the assignment of clerk',
      owner: clerk.user,
    })
  })

  it('are taken away by who gave them', async () => {
    const name = await client()
    await assign(lead, name, [clerk.user, lead.user])
    await expect(end(nobody, 'remove', name, clerk.user)).rejects.toMatchObject(denied)
    expect(await end(lead, 'remove', name, clerk.user)).toEqual([{ owner: lead.user, name: expect.any(String) as unknown }])
    expect(await mirrored(name)).toBe(JSON.stringify([lead.user]))
    await expect(end(clerk, 'remove', name, lead.user)).rejects.toMatchObject(denied)
  })

  it('follow a ToDo that is made, moved or removed as a document', async () => {
    const [name, other] = [await client(), await client()]
    const reference = { reference_type: 'Client', reference_name: name }
    const [todo] = await site.documents.insert(clerk, 'ToDo', [{ description: 'x', allocated_to: lead.user, ...reference }])
    const id = { doctype: 'ToDo', name: String(todo?.name) }
    expect(await mirrored(name)).toBe(JSON.stringify([lead.user]))
    await site.documents.update(clerk, { ...id, values: { reference_name: other } })
    expect([await mirrored(name), await mirrored(other)]).toEqual(['[]', JSON.stringify([lead.user])])
    await site.documents.remove(clerk, id)
    expect(await mirrored(other)).toBe('[]')
  })

  it('are not lost when two are made at once', async () => {
    const name = await client()
    await Promise.all([assign(lead, name, [clerk.user]), assign(clerk, name, [lead.user])])
    expect((JSON.parse(String(await mirrored(name))) as string[]).toSorted()).toEqual([clerk.user, lead.user])
  })

  it('say truly who gave them', async () => {
    const name = await client()
    const forged = { description: 'x', allocated_to: nobody.user, assigned_by: lead.user }
    await expect(site.documents.insert(clerk, 'ToDo', [forged])).rejects.toMatchObject(denied)
    const byClerk = await assign(clerk, name, [clerk.user], { assigned_by: lead.user })
    const todo = { doctype: 'ToDo', name: byClerk.message[0]!.name }
    await site.documents.update(clerk, { ...todo, values: { assigned_by: lead.user } })
    expect(await site.documents.read(clerk, todo)).toMatchObject({ assigned_by: clerk.user })
    const byAdmin = await assign(admin, await client(), [clerk.user], { assigned_by: lead.user })
    expect(await site.documents.read(clerk, { doctype: 'ToDo', name: byAdmin.message[0]!.name })).toMatchObject({ assigned_by: lead.user })
  })

  it('are made through an app that may read the document and create tasks', async () => {
    const name = await client()
    for (const scope of ['Client:read', 'ToDo:create'])
      await expect(assign(through(site, lead, scope, 'ToDo:read'), name, [clerk.user])).rejects.toMatchObject(denied)
    const todo = { description: 'x', allocated_to: clerk.user, reference_type: 'Client', reference_name: name }
    await expect(site.guard.insert(through(site, lead, 'ToDo:create'), 'ToDo', [todo])).rejects.toMatchObject(denied)
    expect((await assign(through(site, lead, ...SCOPES), name, [clerk.user])).message).toHaveLength(1)
    const blind = through(site, lead, 'Client:read', 'ToDo:create')
    expect((await assign(blind, name, [lead.user])).message.map(({ owner }) => owner)).toEqual([lead.user])
    await expect(end(blind, 'remove', name, clerk.user)).rejects.toMatchObject(denied)
  })

  it('are listed, five at most', async () => {
    const name = await client()
    const todos = Array.from({ length: 6 }, () => ({
      description: 'x',
      allocated_to: clerk.user,
      reference_type: 'Client',
      reference_name: name,
    }))
    await site.documents.insert(lead, 'ToDo', todos)
    expect(await site.call(clerk, `${METHOD}.get`, { doctype: 'Client', name })).toHaveLength(5)
    await expect(site.call(nobody, `${METHOD}.get`, { doctype: 'Client', name })).rejects.toMatchObject(denied)
    expect(await mirrored(name)).toBe(JSON.stringify([clerk.user]))
  })

  it('are made for many documents', async () => {
    const names = [await client(), await client()]
    const args = { doctype: 'Client', name: JSON.stringify(names), assign_to: JSON.stringify([clerk.user]) }
    await site.call(lead, `${METHOD}.add_multiple`, args)
    for (const name of names) expect(await mirrored(name)).toBe(JSON.stringify([clerk.user]))
  })

  it('go with the document, with all that was said of them', async () => {
    const name = await client()
    const { message } = await assign(lead, name, [clerk.user])
    const todo = message[0]!.name
    await site.documents.update(lead, { doctype: 'ToDo', name: todo, values: { priority: 'High' } })
    expect(await site.list('Version', { docname: todo }, ['name'])).toHaveLength(1)
    await site.documents.remove(lead, { doctype: 'Client', name })
    expect(await site.list('ToDo', { reference_name: name }, ['name'])).toEqual([])
    expect(await site.list('Comment', { reference_name: name }, ['name'])).toEqual([])
    expect(await site.list('Version', { docname: todo }, ['name'])).toEqual([])
  })
})
