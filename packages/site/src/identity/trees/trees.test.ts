import { engines } from '../../../../../tests/support/databases.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { actsOf, address, byText, refused, row, startRooms, type TestSite } from '../../documents/shares/permissions.fixture.ts'

const GROUPS: readonly (readonly [name: string, parent: string | null])[] = [
  ['All Groups', null],
  ['North', 'All Groups'],
  ['Upper North', 'North'],
  ['Lower North', 'North'],
  ['Far North', 'Upper North'],
  ['South', 'All Groups'],
]

describe.each(engines)('a user permission on a tree on %s', (engine) => {
  let site: TestSite
  const { list, names, read, insert, update, remove, call } = actsOf(() => site)
  const doctype = (name: string, values: Record<string, unknown>): Promise<unknown> =>
    insert('Administrator', 'DocType', {
      name,
      module: 'Custom',
      custom: 1,
      autoname: 'prompt',
      permissions: [row('All', ['read', 'write', 'create', 'delete'])],
      ...values,
    })

  beforeAll(async () => {
    site = await startRooms(engine)
    // As in every tree that Frappe ships: what stands above an allowed node need not be allowed.
    const parent = { fieldname: 'parent_area_group', fieldtype: 'Link', options: 'Area Group', ignore_user_permissions: 1 }
    await doctype('Area Group', { is_tree: 1, allow_rename: 1, fields: [parent, { fieldname: 'note', fieldtype: 'Data' }] })
    await doctype('Stop', {
      allow_rename: 1,
      fields: [
        { fieldname: 'area', fieldtype: 'Link', options: 'Area Group' },
        { fieldname: 'other_area', fieldtype: 'Link', options: 'Area Group', ignore_user_permissions: 1 },
      ],
    })
    for (const [name, above] of GROUPS) await insert('Administrator', 'Area Group', { name, parent_area_group: above })
    for (const [name] of GROUPS) await insert('Administrator', 'Stop', { name: `at ${name}`, area: name })
    for (const name of ['nora', 'hilda', 'stan']) await insert('Administrator', 'User', { email: address(name), first_name: name })
    const permission = { allow: 'Area Group', for_value: 'North' }
    await insert('Administrator', 'User Permission', { ...permission, user: address('nora') })
    await insert('Administrator', 'User Permission', { ...permission, user: address('hilda'), hide_descendants: 1 })
    await insert('Administrator', 'User Permission', {
      ...permission,
      user: address('stan'),
      apply_to_all_doctypes: 0,
      applicable_for: 'Stop',
    })
  })
  afterAll(() => site.close())

  it('opens what stands below, unless it hides that', async () => {
    expect(await names('nora', 'Area Group')).toEqual(['Far North', 'Lower North', 'North', 'Upper North'])
    expect(await names('nora', 'Stop')).toEqual(['at Far North', 'at Lower North', 'at North', 'at Upper North'])
    expect(await names('hilda', 'Area Group')).toEqual(['North'])
    expect(await names('hilda', 'Stop')).toEqual(['at North'])
    expect(await read('nora', 'Stop', 'at Far North')).toMatchObject({ area: 'Far North' })
    await expect(read('nora', 'Stop', 'at South')).rejects.toEqual(refused(403))
    await expect(read('hilda', 'Stop', 'at Far North')).rejects.toEqual(refused(403))
  })

  it('holds for the one DocType that it names', async () => {
    expect(await names('stan', 'Area Group')).toHaveLength(6)
    expect(await names('stan', 'Stop')).toHaveLength(4)
  })

  it('holds on writing, before and after the change, but for fields that ignore it', async () => {
    await update('nora', 'Stop', 'at North', { other_area: 'South' })
    await expect(update('nora', 'Stop', 'at North', { area: 'South' })).rejects.toEqual(refused(403))
    await expect(update('nora', 'Stop', 'at South', { area: 'North' })).rejects.toEqual(refused(403))
    await expect(insert('nora', 'Stop', { name: 's1', area: 'South' })).rejects.toEqual(refused(403))
  })

  it('follows the tree: nodes that join, move, leave, come back elsewhere or get another name', async () => {
    const other = await site.join()
    const seen = (): Promise<unknown[]> => actsOf(() => other).names('nora', 'Area Group')
    const before = await seen()
    await insert('Administrator', 'Area Group', { name: 'Near North', parent_area_group: 'Lower North' })
    expect(await seen()).toEqual([...before, 'Near North'].toSorted(byText))
    await update('Administrator', 'Area Group', 'Near North', { parent_area_group: 'South' })
    expect(await seen()).toEqual(before)
    await update('Administrator', 'Area Group', 'Near North', { parent_area_group: 'North' })
    await remove('Administrator', 'Area Group', 'Near North')
    await insert('Administrator', 'Area Group', { name: 'Near North' })
    expect(await seen()).toEqual(before)
    const rename = async (from: string, to: string): Promise<unknown> =>
      site.backend.rename(await site.as('Administrator'), { doctype: 'Area Group', name: from }, to)
    await rename('Far North', 'Arctic')
    expect(await seen()).toEqual(['Arctic', 'Lower North', 'North', 'Upper North'])
    await rename('North', 'Norden')
    expect(await seen()).toEqual(['Arctic', 'Lower North', 'Norden', 'Upper North'])
    await insert('Administrator', 'Area Group', { name: 'North' })
    expect(await actsOf(() => other).names('hilda', 'Area Group')).toEqual(['Norden'])
    await remove('Administrator', 'Area Group', 'North')
    await rename('Norden', 'North')
    await rename('Arctic', 'Far North')
  })

  it('on no tree follows its document to another name, and does not stay with the old one', async () => {
    await insert('Administrator', 'User', { email: address('sara'), first_name: 'sara' })
    await insert('Administrator', 'User Permission', { user: address('sara'), allow: 'Stop', for_value: 'at South' })
    expect(await names('sara', 'Stop')).toEqual(['at South'])
    const rename = async (from: string, to: string): Promise<unknown> =>
      site.backend.rename(await site.as('Administrator'), { doctype: 'Stop', name: from }, to)
    await rename('at South', 'southern')
    await insert('Administrator', 'Stop', { name: 'at South' })
    expect(await names('sara', 'Stop')).toEqual(['southern'])
    await remove('Administrator', 'Stop', 'at South')
    await rename('southern', 'at South')
  })

  it('does not move the generation for what no tree says', async () => {
    const { generation } = site.rooms
    const before = await generation.read()
    await update('Administrator', 'Area Group', 'South', { note: 'x' })
    await insert('Administrator', 'Stop', { name: 'at nowhere' })
    expect(await generation.read()).toBe(before)
  })

  it('ends in a circle', async () => {
    await update('Administrator', 'Area Group', 'North', { parent_area_group: 'Far North' })
    expect(await names('nora', 'Area Group')).toEqual(['Far North', 'Lower North', 'North', 'Upper North'])
    await update('Administrator', 'Area Group', 'North', { parent_area_group: 'All Groups' })
  })

  it('is told to its user, with what stands below', async () => {
    const method = 'frappe.core.doctype.user_permission.user_permission.get_user_permissions'
    const own = (await call('nora', method, {})) as Record<string, { doc: string }[]>
    expect(own['Area Group']?.map((permission) => permission.doc).toSorted(byText)).toEqual([
      'Far North',
      'Lower North',
      'North',
      'Upper North',
    ])
    expect(await call('stan', method, { user: address('stan') })).toMatchObject({
      'Area Group': [{ doc: 'North', applicable_for: 'Stop', is_default: 0 }, {}, {}, {}],
    })
    expect(await call('Administrator', method, {})).toEqual({})
    await expect(call('stan', method, { user: address('nora') })).rejects.toEqual(refused(417))
    await expect(call('stan', method, {}, 'all')).rejects.toEqual(refused(403))
    expect(await list('nora', 'User Permission').catch(() => 'refused')).toBe('refused')
  })
})
