import type { Values } from '@annex/protocol'
import { expect, it } from 'vitest'
import type { Backend } from '../../backend/backend.ts'
import { GUEST } from '../../policy/principal.ts'
import { searchMethods } from './search-methods.ts'

/** What the backend was asked for, first by the search, then by the list of its rows. */
async function asked(name: string, args: Values): Promise<unknown[]> {
  const requests: unknown[] = []
  const answer = (rows: unknown) => (_: unknown, request: unknown) => Promise.resolve((requests.push(request), rows))
  const backend = {
    searchLink: answer([{ value: 'A', description: '' }]),
    doctype: () => Promise.resolve({ title_field: 'title', search_fields: ['size', 'title'] }),
    list: answer([{ name: 'A' }]),
  }
  const method = searchMethods.find((candidate) => candidate.name.endsWith(name))
  await method?.handler({ principal: GUEST, args, backend: backend as unknown as Backend })
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

it.each(['a b', 'name;', '`name`', 'tabItem.name'])('the field %j is refused', async (searchfield) => {
  await expect(asked('search_link', { doctype: 'Item', txt: '', searchfield })).rejects.toMatchObject({ excType: 'DataError', status: 417 })
})
