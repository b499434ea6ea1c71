import { engines } from '../../../../../tests/support/databases.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { actsOf, address, byText, refused, startRooms, type TestSite } from './permissions.fixture.ts'
import { fillJobs } from './shares.fixture.ts'

describe.each(engines)('what a caller may do, told by methods on %s', (engine) => {
  let site: TestSite
  let step: string
  beforeAll(async () => {
    site = await startRooms(engine)
    await fillJobs(site)
    const { steps } = await read('Administrator', 'Job', 'J1')
    step = String((steps as { name: string }[])[0]?.name)
    await insert('max', 'Job', { name: 'M1', subject: 'mine' })
    await call('ann', 'frappe.share.add', { doctype: 'Job', name: 'J3', user: address('cas'), write: 1 })
    await insert('Administrator', 'DocType', {
      name: 'Job Settings',
      module: 'Custom',
      custom: 1,
      issingle: 1,
      fields: [{ fieldname: 'note', fieldtype: 'Data' }],
      permissions: [{ role: 'Worker', read: 1, write: 0, create: 0, delete: 0 }],
    })
  })
  afterAll(() => site.close())

  const { read, insert, update, list, remove, call } = actsOf(() => site)
  const may = (user: string, right: string, docname: string, scope?: string, doctype = 'Job'): Promise<unknown> =>
    call(user, 'frappe.client.has_permission', { doctype, docname, perm_type: right }, scope)

  it.each<[string, string, string, boolean]>([
    ['ann', 'read', 'J1', true],
    ['ann', 'delete', 'J1', true],
    ['ann', 'cancel', 'J1', false],
    ['ben', 'read', 'J1', false],
    ['ben', 'read', 'gone', false],
    ['cas', 'write', 'J3', true],
    ['cas', 'print', 'J3', true],
    ['cas', 'delete', 'J3', false],
    ['cas', 'read', 'J1', false],
    ['dora', 'read', 'J1', false],
    ['dora', 'select', 'J1', false],
    ['max', 'write', 'M1', true],
    ['max', 'write', 'J1', false],
    ['Administrator', 'amend', 'J1', true],
  ])('%s, %s of %s: %s', async (user, right, name, expected) => {
    expect(await may(user, right, name)).toEqual({ has_permission: expected })
  })

  it('judges a row by its document, and a Single by its DocType', async () => {
    const rows = await Promise.all(['ann', 'ben', 'cas'].map((user) => may(user, 'write', step, undefined, 'Job Step')))
    expect(rows).toEqual([true, false, false].map((has_permission) => ({ has_permission })))
    const singles = await Promise.all(['ann', 'ben'].map((user) => may(user, 'read', 'Job Settings', undefined, 'Job Settings')))
    expect(singles).toEqual([true, false].map((has_permission) => ({ has_permission })))
  })

  it('refuses what is not there, and what is no right', async () => {
    await expect(may('ann', 'read', 'gone')).rejects.toEqual(refused(404, 'DoesNotExistError'))
    await expect(may('ann', 'read', 'x', undefined, 'Gone')).rejects.toEqual(refused(404))
    await expect(may('ann', 'rule', 'J1')).rejects.toEqual(refused(417))
    await expect(may('ann', 'read', 'x', undefined, 'OAuth Bearer Token')).resolves.toEqual({ has_permission: false })
    await expect(call('ann', 'frappe.client.has_permission', { docname: 'J1' })).rejects.toEqual(refused(417))
  })

  it('counts what the scopes of an app cover', async () => {
    expect(await may('ann', 'write', 'J1', 'Job:read')).toEqual({ has_permission: false })
    expect(await may('ann', 'write', 'J1', 'Job:write')).toEqual({ has_permission: true })
    expect(await may('ann', 'share', 'J1', 'all')).toEqual({ has_permission: false })
    await expect(may('ann', 'read', 'J1', 'Visit:read')).rejects.toEqual(refused(403))
  })

  it('lists every right on a document, for whoever may read it', async () => {
    const rights = async (user: string, docname: string): Promise<unknown> =>
      ((await call(user, 'frappe.client.get_doc_permissions', { doctype: 'Job', docname })) as { permissions: unknown }).permissions
    const none = {
      select: 0,
      read: 0,
      write: 0,
      create: 0,
      delete: 0,
      submit: 0,
      cancel: 0,
      amend: 0,
      print: 0,
      email: 0,
      report: 0,
      import: 0,
      export: 0,
      share: 0,
    }
    expect(await rights('ann', 'J1')).toEqual({
      ...none,
      select: 1,
      read: 1,
      write: 1,
      create: 1,
      delete: 1,
      submit: 1,
      share: 1,
      if_owner: {},
      has_if_owner_enabled: false,
    })
    expect(await rights('cas', 'J3')).toEqual({
      ...none,
      select: 1,
      read: 1,
      write: 1,
      print: 1,
      email: 1,
      if_owner: {},
      has_if_owner_enabled: false,
    })
    expect(await rights('max', 'M1')).toMatchObject({
      read: 1,
      write: 1,
      delete: 0,
      if_owner: { read: 1, write: 1, create: 1 },
      has_if_owner_enabled: true,
    })
    for (const user of ['ben', 'dora', 'max']) await expect(rights(user, 'J1')).rejects.toEqual(refused(403))
    await expect(rights('ann', 'gone')).rejects.toEqual(refused(404))
  })

  it('keeps what a document held from whoever lacks the level, in versions and deleted documents', async () => {
    await insert('Administrator', 'Version', { ref_doctype: 'Job', docname: 'J1', data: '{"changed":[["cost",1,2]]}' })
    const [name] = (await list('eve', 'Version')).map((row) => String(row['name']))
    expect(await read('eve', 'Version', name ?? '')).not.toHaveProperty('data')
    expect((await list('eve', 'Version', { fields: ['*'], limit: 1 }))[0]).not.toHaveProperty('data')
    await expect(list('eve', 'Version', { filters: [{ fieldname: 'data', operator: 'like', value: '%cost%' }] })).rejects.toEqual(
      refused(403),
    )
    expect(await read('Administrator', 'Version', name ?? '')).toHaveProperty('data')
    await expect(site.backend.list(await site.as('Administrator', 'all'), { doctype: 'Version' })).rejects.toEqual(refused(403))
    await expect(site.backend.list(await site.as('eve', 'all'), { doctype: 'Deleted Document' })).rejects.toEqual(refused(403))
  })

  it.each(['Comment', 'File'])('opens through all no %s but the user’s own', async (doctype) => {
    const values = {
      Comment: { content: 'x', reference_doctype: 'User', reference_name: address('ann') },
      File: { file_name: 'x.txt', content: 'x' },
    }[doctype]
    const other = await insert('Administrator', doctype, { ...values })
    const own = await insert('eve', doctype, { ...values })
    const seen = async (scope?: string): Promise<unknown[]> => {
      const rows = await site.backend.list(await site.as('eve', scope), { doctype, limit: null })
      return rows.map((row) => row['name']).filter((name) => name === own.name || name === other.name)
    }
    expect(await seen('all')).toEqual([own.name])
    expect((await seen(`${doctype}:read`)).toSorted(byText)).toEqual([own.name, other.name].toSorted(byText))
    expect((await seen()).toSorted(byText)).toEqual([own.name, other.name].toSorted(byText))
    const through = await site.as('eve', 'all')
    await expect(site.backend.read(through, { doctype, name: String(other.name) })).rejects.toEqual(refused(403))
    await expect(site.backend.remove(through, { doctype, name: String(other.name) })).rejects.toEqual(refused(403))
    await site.backend.insert(through, doctype, [{ ...values, reference_doctype: 'Visit', reference_name: 'V1' }])
  })

  it('lets who may only select read nothing and count names', async () => {
    await expect(read('dora', 'Job', 'J1')).rejects.toEqual(refused(403))
    await expect(read('dora', 'Job Step', step)).rejects.toEqual(refused(403))
    await expect(list('dora', 'Job Step', { parent: 'Job' })).rejects.toEqual(refused(403))
    await expect(update('dora', 'Job', 'J1', { subject: 'x' })).rejects.toEqual(refused(403))
    await expect(remove('dora', 'Job', 'J1')).rejects.toEqual(refused(403))
    expect(
      await list('dora', 'Job', {
        fields: ['name', 'subject', 'client', 'owner', 'client.note'],
        filters: [{ fieldname: 'name', operator: '=', value: 'J1' }],
      }),
    ).toEqual([{ name: 'J1', subject: 'about J1' }])
    await expect(list('dora', 'Job', { filters: [{ fieldname: 'client', operator: '=', value: 'Acme' }] })).rejects.toEqual(refused(403))
    expect(await list('dora', 'Visit', { fields: ['name', 'job.subject', 'job.cost', 'job.client'], limit: 1 })).toEqual([
      { name: 'V1', subject: 'about J1' },
    ])
  })
})
