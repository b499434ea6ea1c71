import type { Values } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import type { Backend } from '../../backend/backend.ts'
import { GUEST } from '../../policy/principal.ts'
import { searchMethods } from './search-methods.ts'

/** What the backend was asked for, first by the search, then by the list of its rows. */
async function asked(
  name: string,
  args: Values,
  definition: Values = { title_field: 'title', search_fields: ['size', 'title'] },
): Promise<unknown[]> {
  const requests: unknown[] = []
  const answer = (rows: unknown) => (_: unknown, request: unknown) => Promise.resolve((requests.push(request), rows))
  const backend = {
    searchLink: answer([{ value: 'A', description: '' }]),
    doctype: () => Promise.resolve(definition),
    list: answer([{ name: 'A' }]),
  }
  const method = searchMethods.find((candidate) => candidate.name.endsWith(name))
  await method?.handler({ principal: GUEST, args, files: new Map(), httpMethod: 'GET', backend: backend as unknown as Backend })
  return requests
}

it('a link search passes on the field that it is asked to tell besides', async () => {
  expect(await asked('search_link', { doctype: 'Item', txt: ' x ', searchfield: 'cost' })).toEqual([
    { doctype: 'Item', text: 'x', filters: [], start: 0, limit: 10, searchField: 'cost' },
  ])
})

it('a search for a widget has that field between the title and the search fields', async () => {
  expect((await asked('search_widget', { doctype: 'Item', txt: '', searchfield: 'cost' }))[1]).toMatchObject({
    fields: ['name', 'title', 'cost', 'size'],
  })
})

it('a search for a widget tells the label where link fields show it, and the fields that are wanted besides', async () => {
  const shown = { title_field: 'title', show_title_field_in_link: true, search_fields: ['size'] }
  expect((await asked('search_widget', { doctype: 'Item', txt: '', filter_fields: '["rate"]' }, shown))[1]).toMatchObject({
    fields: ['name', 'title as label', 'title', 'size', 'rate'],
  })
})

it.each<[Values, string]>([
  [{}, 'ValidationError'],
  [{ txt: 1 }, 'FrappeTypeError'],
  [{ txt: '', page_length: 'many' }, 'FrappeTypeError'],
  [{ txt: '', ignore_user_permissions: null }, 'FrappeTypeError'],
  [{ txt: '', ignore_user_permissions: 'perhaps' }, 'FrappeTypeError'],
])('a search with %j is refused as %s', async (args, excType) => {
  await expect(asked('search_link', { doctype: 'Item', ...args })).rejects.toMatchObject({ excType, status: 417 })
})

it.each([true, 0, '1', 'yes', 'F'])('%j is a flag', async (flag) => {
  expect(await asked('search_link', { doctype: 'Item', txt: '', ignore_user_permissions: flag })).toHaveLength(1)
})

it.each(['a b', 'name;', '`name`', 'tabItem.name'])('the field %j is refused', async (searchfield) => {
  await expect(asked('search_link', { doctype: 'Item', txt: '', searchfield })).rejects.toMatchObject({ excType: 'DataError', status: 417 })
})

describe('a search by a method of the site', () => {
  const search = async (name: string, rows: unknown, args: Values = {}): Promise<{ found: unknown; called: unknown[] }> => {
    const called: unknown[] = []
    const backend = { call: (_: unknown, request: unknown) => Promise.resolve((called.push(request), rows)) } as unknown as Backend
    const method = searchMethods.find((candidate) => candidate.name.endsWith(name))
    const given = { doctype: 'Item', txt: ' bo ', query: 'shop.items', filters: '{"size":"L"}', ...args }
    const found = await method?.handler({ principal: GUEST, args: given, files: new Map(), httpMethod: 'POST', backend })
    return { found, called }
  }

  it('calls it as a read, with what Frappe hands to such a method', async () => {
    const { called } = await search('search_link', [], { reference_doctype: 'Order', page_length: '5' })
    const args = { doctype: 'Item', txt: 'bo', searchfield: 'name', start: 0, page_length: 5, filters: { size: 'L' } }
    expect(called).toEqual([{ method: 'shop.items', httpMethod: 'GET', args: { ...args, as_dict: false, reference_doctype: 'Order' } }])
  })

  it.each([
    [['Bolt', 'L', '', 'L'], { value: 'Bolt', description: 'L' }],
    [
      { name: 'Bolt', size: 'L', weight: 3 },
      { value: 'Bolt', description: 'L, 3' },
    ],
    ['Bolt', { value: 'Bolt', description: '' }],
  ])('makes of the row %j the match %j', async (row, match) => {
    expect((await search('search_link', [row])).found).toEqual([match])
  })

  it('gives a widget its rows as they are', async () => {
    expect((await search('search_widget', [['Bolt', 3]])).found).toEqual([['Bolt', 3]])
  })

  it('refuses a method that answers with something else', async () => {
    await expect(search('search_link', 'pong')).rejects.toMatchObject({ excType: 'ValidationError', status: 417 })
  })
})
