import { engines } from '../../../../../tests/support/databases.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { actsOf, refused, startRooms, type TestSite } from '../../documents/shares/permissions.fixture.ts'
import { fillJobs } from '../../documents/shares/shares.fixture.ts'

describe.each(engines)('Custom DocPerms on %s', (engine) => {
  let site: TestSite
  beforeAll(async () => {
    site = await startRooms(engine)
    await fillJobs(site)
  })
  afterAll(() => site.close())
  beforeEach(async () => {
    for (const { name } of await list('Administrator', 'Custom DocPerm')) await remove('Administrator', 'Custom DocPerm', String(name))
  })

  const { read, list, names, insert, update, remove, call } = actsOf(() => site)
  const lay = (values: Record<string, unknown>): ReturnType<typeof insert> =>
    insert('eve', 'Custom DocPerm', { parent: 'Job', role: 'All', ...values })

  it('stand in the place of all rows of their DocType, at once and in every process', async () => {
    const other = await site.join()
    expect(await actsOf(() => other).read('ann', 'Job', 'J1')).toMatchObject({ cost: 5 })
    const row = await lay({})
    for (const house of [site, other]) {
      const acts = actsOf(() => house)
      expect(await acts.names('cas', 'Job')).toEqual(['J1', 'J2', 'J3'])
      expect(await acts.read('ann', 'Job', 'J1')).not.toHaveProperty('cost')
      await expect(acts.update('ann', 'Job', 'J1', { subject: 'x' })).rejects.toEqual(refused(403))
    }
    await update('eve', 'Custom DocPerm', String(row.name), { if_owner: 1 })
    expect(await actsOf(() => other).names('cas', 'Job')).toEqual([])
    await remove('eve', 'Custom DocPerm', String(row.name))
    for (const house of [site, other]) {
      await expect(actsOf(() => house).list('cas', 'Job')).rejects.toEqual(refused(403))
      expect(await actsOf(() => house).read('ann', 'Job', 'J1')).toMatchObject({ cost: 5 })
    }
  })

  it('give reading and exporting unless they say otherwise', async () => {
    expect(await lay({})).toMatchObject({
      parent: 'Job',
      read: 1,
      export: 1,
      write: 0,
      create: 0,
      delete: 0,
      share: 0,
      print: 0,
      select: 0,
    })
    const { permissions } = (await call('cas', 'frappe.client.get_doc_permissions', { doctype: 'Job', docname: 'J1' })) as {
      permissions: Record<string, unknown>
    }
    expect(Object.keys(permissions).filter((right) => permissions[right] === 1)).toEqual(['select', 'read', 'export'])
  })

  it('add levels and DocTypes of the site’s own', async () => {
    await lay({})
    await lay({ permlevel: 1 })
    expect(await read('cas', 'Job', 'J1')).toMatchObject({ cost: 5, steps: [{ price: 2 }] })
    await insert('Administrator', 'Custom DocPerm', { parent: 'Role', role: 'All' })
    expect(await names('cas', 'Role')).toContain('Worker')
  })

  it.each<[string, Record<string, unknown>]>([
    ['a child table', { parent: 'Job Step' }],
    ['a DocType that is not here', { parent: 'Gone' }],
    ['a role that is not here', { role: 'Gone' }],
    ['own documents of what has no owners', { parent: 'OAuth Bearer Token', if_owner: 1 }],
    ['a level above 9', { permlevel: 10 }],
    ['no DocType', { parent: '' }],
  ])('of %s are refused', async (_, values) => {
    await expect(lay(values)).rejects.toEqual(refused(417))
  })

  it('of a role, level and owner stand once', async () => {
    const row = await lay({})
    await expect(lay({})).rejects.toEqual(refused(417))
    const own = await lay({ if_owner: 1 })
    await expect(update('eve', 'Custom DocPerm', String(own.name), { if_owner: 0 })).rejects.toEqual(refused(417))
    await update('eve', 'Custom DocPerm', String(row.name), { write: 1 })
  })

  it('are written by System Managers alone', async () => {
    await expect(insert('ann', 'Custom DocPerm', { parent: 'Job', role: 'All' })).rejects.toEqual(refused(403))
    const token = await site.as('eve', 'all')
    await expect(site.backend.insert(token, 'Custom DocPerm', [{ parent: 'Job', role: 'All' }])).rejects.toEqual(refused(403))
  })

  it('keep their DocType from being removed, so that none waits for a namesake', async () => {
    await insert('Administrator', 'DocType', {
      name: 'Short Lived',
      module: 'Custom',
      custom: 1,
      fields: [{ fieldname: 'a', fieldtype: 'Data' }],
      permissions: [],
    })
    const row = await lay({ parent: 'Short Lived' })
    await expect(remove('Administrator', 'DocType', 'Short Lived')).rejects.toEqual(refused(417, 'LinkExistsError'))
    await remove('eve', 'Custom DocPerm', String(row.name))
    await remove('Administrator', 'DocType', 'Short Lived')
  })
})
