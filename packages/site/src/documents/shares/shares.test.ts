import { engines, type Engine } from '../../../../../tests/support/databases.ts'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { actsOf, address, refused, startRooms, type TestSite } from './permissions.fixture.ts'
import { fillJobs } from './shares.fixture.ts'

describe.each(engines)('a share on %s', (engine: Engine) => {
  let site: TestSite
  beforeAll(async () => {
    site = await startRooms(engine)
    await fillJobs(site)
  })
  afterAll(() => site.close())
  beforeEach(async () => {
    for (const { name } of await list('Administrator', 'DocShare')) await remove('Administrator', 'DocShare', String(name))
  })

  const { read, list, names, count, search, insert, update, remove, call } = actsOf(() => site)
  const share = (by: string, name: string, user: string, rights: Record<string, unknown> = {}): Promise<unknown> =>
    call(by, 'frappe.share.add', { doctype: 'Job', name, user: address(user), ...rights })

  it('lets a user without a role see that document and nothing else, in every list', async () => {
    await expect(list('ben', 'Job')).rejects.toEqual(refused(403, 'PermissionError'))
    await expect(read('ben', 'Job', 'J1')).rejects.toEqual(refused(403, 'PermissionError'))
    await share('ann', 'J1', 'ben')
    expect(await names('ben', 'Job')).toEqual(['J1'])
    expect(await count('ben', 'Job')).toBe(1)
    expect(await search('ben', 'Job')).toEqual(['J1'])
    expect(await search('ben', 'Job', 'about')).toEqual(['J1'])
    expect(await list('ben', 'Job Step', { parent: 'Job', fields: ['text', 'price'] })).toEqual([{ text: 'of J1' }])
    expect(await list('ben', 'Job', { fields: ['name', 'steps.text'] })).toEqual([{ name: 'J1', text: 'of J1' }])
    expect(await list('ben', 'Visit', { fields: ['name', 'job.subject'] })).toEqual([
      { name: 'V1', subject: 'about J1' },
      { name: 'V2', subject: null },
    ])
    expect(await list('ben', 'Job', { fields: ['count(name) as n'], orderBy: '' })).toEqual([{ n: 1 }])
    expect(await read('ben', 'Job', 'J1')).toMatchObject({ subject: 'about J1' })
    await expect(read('ben', 'Job', 'J2')).rejects.toEqual(refused(403, 'PermissionError'))
    await expect(list('cas', 'Job')).rejects.toEqual(refused(403, 'PermissionError'))
  })

  it('says nothing of a document of another DocType that has the same name', async () => {
    await insert('Administrator', 'Visit', { name: 'J1', job: 'J1' })
    await call('ann', 'frappe.share.add', { doctype: 'Visit', name: 'J1', user: address('ben') })
    await share('ann', 'J2', 'ben')
    expect(await names('ben', 'Job')).toEqual(['J2'])
    await expect(read('ben', 'Job', 'J1')).rejects.toEqual(refused(403))
    await remove('Administrator', 'Visit', 'J1')
  })

  it('shows fields of level 0 alone', async () => {
    await share('ann', 'J1', 'ben', { write: 1 })
    const document = await read('ben', 'Job', 'J1')
    expect(document).not.toHaveProperty('cost')
    expect(document['steps']).toEqual([expect.not.objectContaining({ price: expect.anything() as unknown })])
    expect(await list('ben', 'Job', { fields: ['name', 'cost'] })).toEqual([{ name: 'J1' }])
    await expect(list('ben', 'Job', { filters: [{ fieldname: 'cost', operator: '>', value: 1 }] })).rejects.toEqual(refused(403))
    await update('ben', 'Job', 'J1', { cost: 99, subject: 'about J1' })
    expect(await read('ann', 'Job', 'J1')).toMatchObject({ cost: 5 })
  })

  it.each<[Record<string, unknown>, Record<string, boolean>]>([
    [{}, { read: true, write: false, submit: false, share: false, delete: false }],
    [{ write: 1 }, { read: true, write: true, submit: false, share: false, delete: false }],
    [{ share: 1 }, { read: true, write: false, submit: false, share: true, delete: false }],
    [{ submit: 1 }, { read: true, write: true, submit: true, share: false, delete: false }],
  ])('with %o gives %o', async (rights, expected) => {
    await share('ann', 'J2', 'ben', rights)
    for (const [right, may] of Object.entries(expected))
      expect(await call('ben', 'frappe.client.has_permission', { doctype: 'Job', docname: 'J2', perm_type: right })).toEqual({
        has_permission: may,
      })
    const writing = update('ben', 'Job', 'J2', { subject: 'by ben' })
    await (expected['write'] ? writing : expect(writing).rejects.toEqual(refused(403)))
    await expect(remove('ben', 'Job', 'J2')).rejects.toEqual(refused(403))
    await expect(insert('ben', 'Job', { name: 'J9', subject: 'x' })).rejects.toEqual(refused(403))
  })

  it('lets a document be submitted, and no other', async () => {
    await insert('ann', 'Job', { name: 'J5', subject: 'to submit' })
    await share('ann', 'J5', 'ben', { submit: 1 })
    expect(await update('ben', 'Job', 'J5', { docstatus: 1 })).toMatchObject({ docstatus: 1 })
    await expect(update('ben', 'Job', 'J5', { docstatus: 2 })).rejects.toEqual(refused(403))
  })

  it('with everyone reaches whoever has signed in', async () => {
    await call('ann', 'frappe.share.add', { doctype: 'Job', name: 'J3', everyone: 1 })
    expect(await Promise.all(['ben', 'cas'].map((user) => names(user, 'Job')))).toEqual([['J3'], ['J3']])
    await expect(list('nobody', 'Job')).rejects.toEqual(refused(403))
  })

  it('stands beside what roles give: own documents, names to pick, and what user permissions leave', async () => {
    await insert('max', 'Job', { name: 'J6', subject: 'mine' })
    for (const user of ['max', 'dora', 'ann']) await share('ann', 'J3', user).catch(() => undefined)
    await share('Administrator', 'J3', 'ann')
    expect(await names('max', 'Job')).toEqual(['J3', 'J6'])
    expect(await list('dora', 'Job', { fields: ['*'], limit: 1 })).toEqual([{ name: 'J1', subject: 'about J1' }])
    expect(await read('dora', 'Job', 'J3')).toMatchObject({ subject: 'about J3' })
    const held = await insert('Administrator', 'User Permission', { user: address('ann'), allow: 'Client', for_value: 'Acme' })
    expect(await names('ann', 'Job')).toEqual(expect.arrayContaining(['J1', 'J3']))
    expect(await names('ann', 'Job')).not.toContain('J2')
    expect(await read('ann', 'Job', 'J3')).toMatchObject({ client: 'Bluth' })
    await expect(read('ann', 'Job', 'J2')).rejects.toEqual(refused(403))
    await remove('Administrator', 'User Permission', String(held.name))
  })

  it('is given by who has share on the document, with no right that they lack', async () => {
    await expect(share('ben', 'J1', 'cas')).rejects.toEqual(refused(403))
    await share('ann', 'J1', 'ben')
    await expect(share('ben', 'J1', 'cas')).rejects.toEqual(refused(403))
    await expect(share('ben', 'J1', 'ben', { share: 1 })).rejects.toEqual(refused(403))
    await share('ann', 'J1', 'ben', { share: 1 })
    await expect(share('ben', 'J1', 'cas', { write: 1 })).rejects.toEqual(refused(403))
    await expect(share('ben', 'J1', 'ben', { share: 1, write: 1 })).rejects.toEqual(refused(403))
    expect(await share('ben', 'J1', 'cas')).toMatchObject({ doctype: 'DocShare', owner: address('ben'), read: 1, write: 0 })
    await expect(share('ben', 'J2', 'cas')).rejects.toEqual(refused(403))
    await expect(share('ann', 'gone', 'cas')).rejects.toEqual(refused(404))
    expect(await list('Administrator', 'DocShare')).toHaveLength(2)
  })

  it('is judged the same when it is written as a document', async () => {
    const values = { share_doctype: 'Job', share_name: 'J1', user: address('cas'), read: 1 }
    await expect(insert('ann', 'DocShare', values)).rejects.toEqual(refused(403))
    await expect(insert('eve', 'DocShare', values)).rejects.toEqual(refused(403))
    await expect(insert('eve', 'DocShare', { ...values, user: address('eve'), share: 1 })).rejects.toEqual(refused(403))
    const made = await insert('Administrator', 'DocShare', { ...values, read: 0, write: 1 })
    expect(made).toMatchObject({ read: 1, write: 1 })
    await expect(update('eve', 'DocShare', String(made.name), { user: address('eve') })).rejects.toEqual(refused(403))
    await expect(update('eve', 'DocShare', String(made.name), { share_doctype: 'User', share_name: address('eve') })).rejects.toEqual(
      refused(403),
    )
    await expect(remove('eve', 'DocShare', String(made.name))).rejects.toEqual(refused(403))
    expect(await names('cas', 'Job')).toEqual(['J1'])
    await share('ann', 'J1', 'eve', { share: 1 })
    await remove('eve', 'DocShare', String(made.name))
    await expect(list('cas', 'Job')).rejects.toEqual(refused(403))
  })

  it.each<[string, Record<string, unknown>]>([
    ['nobody', { share_doctype: 'Job', share_name: 'J1' }],
    ['rows', { share_doctype: 'Job Step', share_name: 'x', everyone: 1 }],
    ['what has no table', { share_doctype: 'OAuth Bearer Token', share_name: 'x', everyone: 1 }],
    ['a document that cannot be submitted, with submit', { share_doctype: 'Visit', share_name: 'V1', everyone: 1, submit: 1 }],
    ['a document that is not there', { share_doctype: 'Visit', share_name: 'V9', everyone: 1 }],
    ['a DocType that is not there', { share_doctype: 'Gone', share_name: 'V9', everyone: 1 }],
  ])('with or of %s is refused', async (_, values) => {
    await expect(insert('Administrator', 'DocShare', values)).rejects.toEqual(refused(417))
  })

  it('loses one right at a time, and ends with reading', async () => {
    await share('ann', 'J1', 'ben', { write: 1, submit: 1, share: 1 })
    const set = (permission_to: string, value: unknown): Promise<unknown> =>
      call('ann', 'frappe.share.set_permission', { doctype: 'Job', name: 'J1', user: address('ben'), permission_to, value })
    expect(await set('share', 0)).toMatchObject({ read: 1, write: 1, submit: 1, share: 0 })
    expect(await set('write', '0')).toMatchObject({ read: 1, write: 0, submit: 0 })
    expect(await set('write', 1)).toMatchObject({ read: 1, write: 1 })
    expect(await set('read', 0)).toBeNull()
    expect(await set('read', 0)).toBeNull()
    await expect(list('ben', 'Job')).rejects.toEqual(refused(403))
    await expect(set('delete', 1)).rejects.toEqual(refused(417))
    await expect(set('write', 'maybe')).rejects.toEqual(refused(417))
  })

  it('is told to whoever may read the document', async () => {
    await share('ann', 'J1', 'ben')
    const users = (user: string): Promise<unknown> => call(user, 'frappe.share.get_users', { doctype: 'Job', name: 'J1' })
    expect(await users('ben')).toEqual([
      expect.objectContaining({ user: address('ben'), read: 1, write: 0, submit: 0, share: 0, everyone: 0, owner: address('ann') }),
    ])
    await expect(users('cas')).rejects.toEqual(refused(403))
  })

  it('is told to an app that may read shares, and to no other', async () => {
    await share('ann', 'J1', 'ben')
    const users = (scope: string): Promise<unknown> => call('ann', 'frappe.share.get_users', { doctype: 'Job', name: 'J1' }, scope)
    for (const scope of ['Job:read', 'Job:share', 'all']) await expect(users(scope)).rejects.toEqual(refused(403))
    await expect(users('DocShare:read')).rejects.toEqual(refused(403))
    expect(await users('Job:read DocShare:read')).toEqual([expect.objectContaining({ user: address('ben') })])
  })

  it('follows its document to another name, and is gone with it', async () => {
    await insert('ann', 'Job', { name: 'J7', subject: 'x' })
    await share('ann', 'J7', 'ben')
    await site.backend.rename(await site.as('ann'), { doctype: 'Job', name: 'J7' }, 'J8')
    expect(await names('ben', 'Job')).toEqual(['J8'])
    await remove('ann', 'Job', 'J8')
    expect(await list('Administrator', 'DocShare')).toEqual([])
    await expect(list('ben', 'Job')).rejects.toEqual(refused(403))
    await insert('ann', 'Job', { name: 'J8', subject: 'a namesake' })
    await expect(read('ben', 'Job', 'J8')).rejects.toEqual(refused(403))
    await remove('ann', 'Job', 'J8')
  })

  it('does not keep its user from being removed, nor comes back with a namesake', async () => {
    await insert('Administrator', 'User', { email: address('tim'), first_name: 'tim' })
    await share('ann', 'J1', 'tim')
    await remove('Administrator', 'User', address('tim'))
    await insert('Administrator', 'User', { email: address('tim'), first_name: 'tim' })
    await expect(list('tim', 'Job')).rejects.toEqual(refused(403))
    await remove('Administrator', 'User', address('tim'))
  })

  it('moves the generation only when a user’s set of DocTypes changes', async () => {
    const { generation } = site.rooms
    const moves = async (act: () => Promise<unknown>): Promise<boolean> => {
      const before = await generation.read()
      await act()
      return (await generation.read()) !== before
    }
    expect(await moves(() => share('ann', 'J1', 'ben'))).toBe(true)
    expect(await moves(() => share('ann', 'J2', 'ben'))).toBe(false)
    expect(await moves(() => share('ann', 'J2', 'ben', { write: 1 }))).toBe(false)
    expect(await moves(() => share('ann', 'J1', 'cas'))).toBe(true)
    const revoke = (name: string): Promise<unknown> =>
      call('ann', 'frappe.share.set_permission', { doctype: 'Job', name, user: address('ben'), permission_to: 'read', value: 0 })
    expect(await moves(() => revoke('J1'))).toBe(false)
    expect(await moves(() => revoke('J2'))).toBe(true)
  })

  it('costs nothing where none is for the caller: its table is not looked at', async () => {
    const { connection } = site.rooms.database
    await share('ann', 'J2', 'ben')
    const [ann, cas, ben] = [await site.as('ann'), await site.as('cas'), await site.as('ben')]
    await sql`alter table ${sql.id('tabDocShare')} rename to put_away`.execute(connection)
    try {
      expect(await site.backend.list(ann, { doctype: 'Job', filters: [{ fieldname: 'name', operator: '=', value: 'J2' }] })).toHaveLength(1)
      expect(await site.backend.read(ann, { doctype: 'Job', name: 'J2' })).toMatchObject({ name: 'J2' })
      await expect(site.backend.read(cas, { doctype: 'Job', name: 'J2' })).rejects.toEqual(refused(403))
      expect(await site.backend.list(ben, { doctype: 'Visit' })).toHaveLength(2)
      await expect(site.backend.list(ben, { doctype: 'Job' })).rejects.toThrow(/tabDocShare/)
    } finally {
      await sql`alter table put_away rename to ${sql.id('tabDocShare')}`.execute(connection)
    }
  })

  it('is seen by another process at once', async () => {
    const other = await site.join()
    await expect(actsOf(() => other).list('cas', 'Job')).rejects.toEqual(refused(403))
    await share('ann', 'J2', 'cas')
    expect(await actsOf(() => other).names('cas', 'Job')).toEqual(['J2'])
  })

  it.each<[string, Record<string, unknown>, boolean]>([
    ['Job:share', {}, true],
    ['Job:share', { write: 1 }, false],
    ['Job:share Job:write', { write: 1 }, true],
    ['Job:read', {}, false],
    ['all', {}, false],
    ['*:share', {}, false],
    ['DocShare:write DocShare:create', {}, false],
    ['method:frappe.share.add', {}, false],
    ['method:frappe.share.add Job:read', {}, true],
  ])('through an app with %s and %o: %s', async (scope, rights, expected) => {
    const adding = call('ann', 'frappe.share.add', { doctype: 'Job', name: 'J1', user: address('ben'), ...rights }, scope)
    await (expected ? adding : expect(adding).rejects.toEqual(refused(403)))
  })
})
