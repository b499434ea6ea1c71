import { beforeEach, expect, test } from 'vitest'
import { NamesAtSite } from '../docnames/docnames.fixture.ts'
import { recentSights } from '../docnames/recent-sights.ts'
import { bareDocname } from '../docnames/shown-fields.ts'
import type { Links } from './link-search.ts'

let names: NamesAtSite
let links: Links
/** How many names each writing brought. */
let writings: number[]

beforeEach(() => {
  names = new NamesAtSite({})
  names.set('ITEM-1', 'Bolt')
  names.set('ITEM-2', 'Bold')
  links = names.person().links
  writings = []
  const keep = names.store.keep.bind(names.store)
  names.store.keep = (owner, source, rows) => {
    writings.push(rows.length)
    return keep(owner, source, rows)
  }
})

const search = (text: string) => links.search('Item', { text })

test('who types on has the rows that they saw a moment ago written once', async () => {
  for (const text of ['bo', 'bol', 'bolt', 'bol']) await search(text)
  expect(writings).toEqual([2])
  names.set('ITEM-3', 'Bolster')
  await search('bol')
  expect(writings).toEqual([2, 1])
})

test('a minute later they are written anew, so that they count as seen then', async () => {
  await search('bol')
  names.clock.advance(60_000)
  await search('bol')
  expect(writings).toEqual([2, 2])
})

test('what the store lost, or the site tells otherwise, is written at once', async () => {
  await search('bolt')
  await names.store.removeAll(names.site.users[0]!.name)
  await search('bolt')
  names.set('ITEM-1', 'Bolt, long')
  await search('bolt')
  expect(writings).toEqual([1, 1, 1])
})

test('another search writes them for itself', async () => {
  await search('bolt')
  await links.search('Item', { text: 'bolt', filters: { name: 'ITEM-1' } })
  expect(writings).toEqual([1, 1])
})

test('what was refused and is seen anew within the minute is shown when the site is away', async () => {
  await search('bolt')
  names.clock.advance(1000)
  names.site.override = () => ({ status: 403, json: { exc_type: 'PermissionError' } })
  await expect(search('bolt')).rejects.toMatchObject({ excType: 'PermissionError' })
  names.site.override = undefined
  names.clock.advance(1000)
  await search('bolt')
  names.site.faults.down = true
  expect(await search('bolt')).toMatchObject({ source: 'kept', items: [{ value: 'ITEM-1' }] })
})

test('long searches in many stores together are forgotten, before they fill the memory of the process', () => {
  const stores = [names.store, new NamesAtSite().store, new NamesAtSite().store]
  const [wide, row] = [{ owner: 'sam', doctype: 'Item', source: 'x'.repeat(2_000_001) }, bareDocname('Item', 'ITEM-1', 0)]
  const known = () => stores.map((store) => recentSights(store).knows(wide, row))
  recentSights(stores[0]!).note(wide, [row])
  expect(known()).toEqual([true, false, false])
  for (const store of stores) recentSights(store).note(wide, [row])
  expect(known()).toEqual([false, false, true])
})
