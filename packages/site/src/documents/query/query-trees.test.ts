import { parseFilters, type Values } from '@annex/protocol'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR, type Principal } from '../../policy/principal.ts'
import { person, startDocuments, type TestDocuments } from '../documents.fixture.ts'

const READ = { select: 1, read: 1 }
const area = (name: string, above: string | null): Values => ({ name, parent_area: above })
const AREAS = [
  area('World', null),
  area('Europe', 'World'),
  area('Asia', 'World'),
  area('Austria', 'Europe'),
  area('Vienna', 'Austria'),
  area('Japan', 'Asia'),
]

const reader = person('reader', ['Reader'])
const chooser = person('chooser', ['Chooser'])
const stranger = person('stranger', ['Stranger'])
/** Sees two areas, and not the one between them. */
const held = person(
  'held',
  ['Reader'],
  [
    { allow: 'Area', for_value: 'Europe' },
    { allow: 'Area', for_value: 'Vienna' },
  ],
)

async function fill({ documents }: TestDocuments): Promise<void> {
  const make = (doctype: string, values: readonly Values[]): Promise<unknown> => documents.insert(ADMINISTRATOR, doctype, values)
  const define = (name: string, fields: Values[], permissions: Values[], rest: Values = {}): Promise<unknown> =>
    make('DocType', [{ name, module: 'Custom', custom: 1, autoname: 'prompt', fields, permissions, ...rest }])
  await make(
    'Role',
    ['Reader', 'Chooser', 'Stranger'].map((role_name) => ({ role_name })),
  )
  const above = { fieldname: 'parent_area', fieldtype: 'Link', options: 'Area', ignore_user_permissions: 1 }
  await define(
    'Area',
    [above],
    [
      { role: 'Reader', ...READ },
      { role: 'Chooser', select: 1, read: 0 },
    ],
    { is_tree: 1 },
  )
  const parent = { fieldname: 'above', fieldtype: 'Link', options: 'Hidden Area', permlevel: 1 }
  await define('Hidden Area', [parent], [{ role: 'Reader', ...READ }], { is_tree: 1, nsm_parent_field: 'above' })
  const links = [
    { fieldname: 'area', fieldtype: 'Link', options: 'Area' },
    { fieldname: 'hidden_area', fieldtype: 'Link', options: 'Hidden Area' },
  ]
  await define(
    'Shop',
    links,
    ['Reader', 'Chooser', 'Stranger'].map((role) => ({ role, ...READ })),
  )
  for (const one of AREAS) await make('Area', [one])
  await make('Hidden Area', [{ name: 'Top' }, { name: 'Under', above: 'Top' }])
  await make('Shop', [
    { name: 'S1', area: 'Vienna', hidden_area: 'Under' },
    { name: 'S2', area: 'Japan' },
    { name: 'S3', area: 'World' },
    { name: 'S4' },
  ])
}

describe.each(engines)('A filter along a tree on %s', (engine) => {
  let site: TestDocuments
  beforeAll(async () => {
    site = await startDocuments(engine)
    await fill(site)
  })
  afterAll(() => site.close())

  const found = async (principal: Principal, doctype: string, where: unknown): Promise<unknown[]> => {
    const rows = await site.documents.list(principal, { doctype, filters: parseFilters(where), orderBy: 'name' })
    return rows.map((row) => row['name'])
  }

  it.each<[string, string, string[]]>([
    ['descendants of', 'Europe', ['Austria', 'Vienna']],
    ['Descendants Of (Inclusive)', 'Europe', ['Austria', 'Europe', 'Vienna']],
    ['not descendants of', 'Europe', ['Asia', 'Europe', 'Japan', 'World']],
    ['ancestors of', 'Vienna', ['Austria', 'Europe', 'World']],
    ['not ancestors of', 'Vienna', ['Asia', 'Japan', 'Vienna']],
    ['descendants of', 'Vienna', []],
    ['ancestors of', 'World', []],
    ['descendants of', 'Atlantis', []],
    ['descendants of', 'europe', []],
    ['not descendants of', 'Atlantis', ['Asia', 'Austria', 'Europe', 'Japan', 'Vienna', 'World']],
  ])('finds by name: %s %s', async (operator, node, names) => {
    expect(await found(reader, 'Area', { name: [operator, node] })).toEqual(names)
  })

  it.each<[unknown, string[]]>([
    [{ area: ['descendants of', 'World'] }, ['S1', 'S2']],
    [{ area: ['descendants of (inclusive)', 'World'] }, ['S1', 'S2', 'S3']],
    [{ area: ['not descendants of', 'Europe'] }, ['S2', 'S3', 'S4']],
    [{ area: ['ancestors of', 'Vienna'] }, ['S3']],
    [[['area.name', 'descendants of', 'Asia']], ['S2']],
    [
      [
        ['area', 'descendants of', 'World'],
        ['area', 'not descendants of', 'Asia'],
      ],
      ['S1'],
    ],
  ])('finds what links to it: %j', async (where, names) => {
    expect(await found(reader, 'Shop', where)).toEqual(names)
  })

  it('neither begins at nor leads through what the caller may not see', async () => {
    expect(await found(held, 'Area', { name: ['descendants of', 'Europe'] })).toEqual([])
    expect(await found(held, 'Area', { name: ['descendants of', 'Austria'] })).toEqual([])
    expect(await found(held, 'Area', { name: ['ancestors of', 'Vienna'] })).toEqual([])
    expect(await found(held, 'Shop', { area: ['descendants of (inclusive)', 'Vienna'] })).toEqual(['S1'])
  })

  it.each<[string, Principal, string, unknown]>([
    ['whose parents the caller may not see', reader, 'Hidden Area', { name: ['descendants of', 'Top'] }],
    ['behind a link, whose parents the caller may not see', reader, 'Shop', { hidden_area: ['ancestors of', 'Under'] }],
    ['of which the caller sees names alone', chooser, 'Area', { name: ['descendants of', 'World'] }],
    ['that the caller may not see', stranger, 'Shop', { area: ['not descendants of', 'World'] }],
  ])('is refused in a tree %s', async (_, principal, doctype, where) => {
    await expect(found(principal, doctype, where)).rejects.toMatchObject({ excType: 'PermissionError', status: 403 })
    const filters = parseFilters(where)
    await expect(site.documents.count(principal, { doctype, filters })).rejects.toMatchObject({ status: 403 })
    await expect(site.documents.searchLink(principal, { doctype, text: '', limit: 5, filters })).rejects.toMatchObject({ status: 403 })
  })

  it.each<[string, unknown]>([
    ['Shop', { name: ['descendants of', 'S1'] }],
    ['Shop', { owner: ['descendants of', 'S1'] }],
    ['Area', { name: ['descendants of', ['World']] }],
  ])('is refused where no tree is: %s %j', async (doctype, where) => {
    await expect(found(ADMINISTRATOR, doctype, where)).rejects.toMatchObject({ excType: 'ValidationError', status: 417 })
  })

  it('ends where parents go round in a circle', async () => {
    // Written past the checks of documents: a copy of another site may hold anything.
    await sql`update ${sql.table('tabArea')} set parent_area = 'Vienna' where name = 'Europe'`.execute(site.database.connection)
    expect(await found(reader, 'Area', { name: ['descendants of', 'Europe'] })).toEqual(['Austria', 'Vienna'])
    expect(await found(reader, 'Area', { name: ['ancestors of', 'Austria'] })).toEqual(['Europe', 'Vienna'])
    await sql`update ${sql.table('tabArea')} set parent_area = 'World' where name = 'Europe'`.execute(site.database.connection)
  })
})
