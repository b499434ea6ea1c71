import { beforeEach, describe, expect, test } from 'vitest'
import type { KeptDocname } from '../../stores/connector-store.ts'
import { NamesAtSite } from './docnames.fixture.ts'

let names: NamesAtSite

beforeEach(() => {
  names = new NamesAtSite()
  names.set('ITEM-1', 'Bolt')
})

/** What is kept of a name after the site was asked. */
const refresh = async (name = 'ITEM-1', person = names.person()): Promise<KeptDocname | undefined> =>
  (await person.docnames.refresh('Item', [name]))[0]
const resolve = async (name: string, at = 0): Promise<KeptDocname | undefined> =>
  (await names.person(at).docnames.resolve('Item', [name])).get(name)

describe('D18 what is kept follows the site:', () => {
  test('a label that has changed', async () => {
    await refresh()
    names.set('ITEM-1', 'Bolt M8')
    expect(await refresh()).toMatchObject({ label: 'Bolt M8', state: 'there' })
  })

  test('a rename, found by the time of creation', async () => {
    await refresh()
    names.site.documents.rename('Item', 'ITEM-1', 'BOLT-1')
    expect(await refresh()).toMatchObject({ state: 'gone', renamedTo: 'BOLT-1' })
    expect(await resolve('BOLT-1')).toMatchObject({ label: 'Bolt', state: 'there' })
  })

  test('a removal', async () => {
    await refresh()
    names.site.documents.remove('Item', 'ITEM-1')
    expect(await refresh()).toMatchObject({ state: 'gone', renamedTo: null, label: 'Bolt' })
  })

  test('a document that this person may not see now, and may see again', async () => {
    await refresh()
    names.site.documents.hide('Item', 'ITEM-1', 'sam@example.com')
    names.saysIsThere('ITEM-1')
    expect(await refresh()).toMatchObject({ state: 'hidden' })
    expect(await names.person().links.resolve('Item', ['ITEM-1'])).toEqual(new Map())
    names.site.override = ({ path }) =>
      path === '/api/resource/Item' ? { json: { data: [names.site.documents.read('Item', 'ITEM-1')] } } : undefined
    expect(await refresh()).toMatchObject({ state: 'there' })
  })

  test('a merge into another document is a removal', async () => {
    names.set('ITEM-2', 'Nut')
    await refresh()
    await refresh('ITEM-2')
    names.site.documents.rename('Item', 'ITEM-1', 'ITEM-2')
    expect(await refresh()).toMatchObject({ state: 'gone', renamedTo: null })
    expect(await resolve('ITEM-2')).toMatchObject({ label: 'Nut', state: 'there' })
  })

  test('a namesake that was made after a rename is not taken for the document', async () => {
    await refresh()
    names.site.documents.rename('Item', 'ITEM-1', 'BOLT-1')
    names.set('ITEM-1', 'another one')
    expect(await refresh()).toMatchObject({ state: 'gone', renamedTo: 'BOLT-1' })
  })

  test('a document that was renamed and then removed', async () => {
    await refresh()
    names.site.documents.rename('Item', 'ITEM-1', 'BOLT-1')
    await refresh()
    names.site.documents.remove('Item', 'BOLT-1')
    expect(await refresh()).toMatchObject({ state: 'gone', renamedTo: null })
  })

  test('a name that nobody has seen and that is not there is not kept', async () => {
    expect(await refresh('typed by anybody')).toBeUndefined()
    expect(await resolve('typed by anybody')).toBeUndefined()
  })
})

describe('documents that were made at the same moment prove no rename:', () => {
  const creation = '2026-01-01 00:00:00.000000'

  test('two others', async () => {
    for (const name of ['A', 'B', 'C']) names.set(name, 'Bolt', { creation })
    await refresh('A')
    names.site.documents.remove('Item', 'A')
    expect(await refresh('A')).toMatchObject({ state: 'gone', renamedTo: null })
  })

  test('one with another title', async () => {
    names.set('A', 'Bolt', { creation })
    names.set('B', 'Nut', { creation })
    await refresh('A')
    names.site.documents.remove('Item', 'A')
    expect(await refresh('A')).toMatchObject({ state: 'gone', renamedTo: null })
  })
})

describe('older is never kept over newer:', () => {
  test('an answer that comes late', async () => {
    let letGo!: () => void
    const held = new Promise<void>((release) => (letGo = release))
    const slow = names.person(0, async (url, init) => {
      const answer = await names.site.fetch(url, init)
      await held
      return answer
    })
    const early = refresh('ITEM-1', slow)
    await expect.poll(() => names.site.count('/api/resource/Item')).toBe(1)
    names.set('ITEM-1', 'Bolt M8')
    await refresh()
    letGo()
    expect(await early).toMatchObject({ label: 'Bolt M8' })
    expect(await resolve('ITEM-1')).toMatchObject({ label: 'Bolt M8' })
  })

  test('a copy of the site that lags behind', async () => {
    names.set('ITEM-1', 'new', { modified: '2026-06-01 10:00:00.000000' })
    await refresh()
    names.set('ITEM-1', 'old', { modified: '2026-06-01 09:59:59.000000' })
    expect(await refresh()).toMatchObject({ label: 'new', modified: '2026-06-01 10:00:00.000000' })
  })

  test('but in the hour that comes twice when summer time ends, what the site says now counts', async () => {
    const zone = (time_zone: string): void => {
      names.site.override = ({ path }) => (path.endsWith('get_time_zone') ? { json: { message: { time_zone } } } : undefined)
    }
    zone('Europe/Berlin')
    names.set('ITEM-1', 'before', { modified: '2026-10-25 02:50:00.000000' })
    await refresh()
    names.set('ITEM-1', 'an hour later', { modified: '2026-10-25 02:10:00.000000' })
    expect(await refresh()).toMatchObject({ label: 'an hour later' })
    names.set('ITEM-1', 'after it', { modified: '2026-10-25 03:00:00.000000' })
    expect(await refresh()).toMatchObject({ label: 'after it', modified: '2026-10-25 03:00:00.000000' })
    names.set('ITEM-1', 'too old', { modified: '2026-10-25 02:59:00.000000' })
    expect(await refresh()).toMatchObject({ label: 'after it' })
    for (const elsewhere of ['Asia/Kolkata', 'no such zone']) {
      zone(elsewhere)
      names.set('ITEM-3', 'new', { modified: '2026-10-25 02:50:00.000000' })
      await refresh('ITEM-3')
      names.set('ITEM-3', 'old', { modified: '2026-10-25 02:10:00.000000' })
      expect(await refresh('ITEM-3')).toMatchObject({ label: 'new' })
    }
  })
})

describe('D17 of a shared DocType', () => {
  beforeEach(() => {
    names = new NamesAtSite({ Item: { searchFields: ['title'], label: 'title', shared: true } })
    names.set('ITEM-1', 'Bolt')
  })

  test('what one person is refused is not told to the others', async () => {
    await refresh()
    await refresh('ITEM-1', names.person(1))
    names.site.documents.hide('Item', 'ITEM-1', 'lea@example.com')
    names.saysIsThere('ITEM-1')
    expect(await refresh('ITEM-1', names.person(1))).toMatchObject({ state: 'hidden' })
    expect(await resolve('ITEM-1', 1)).toMatchObject({ state: 'hidden' })
    expect(await resolve('ITEM-1')).toMatchObject({ state: 'there' })
    expect(await resolve('ITEM-1', 2)).toMatchObject({ state: 'there', label: 'Bolt' })
  })

  test('a new label and a rename are known to all', async () => {
    await refresh()
    await refresh('ITEM-1', names.person(1))
    names.set('ITEM-1', 'Bolt M8')
    await refresh()
    expect(await resolve('ITEM-1', 1)).toMatchObject({ label: 'Bolt M8' })
    names.site.documents.rename('Item', 'ITEM-1', 'BOLT-1')
    await refresh()
    expect(await resolve('BOLT-1', 2)).toMatchObject({ label: 'Bolt M8', state: 'there' })
  })
})

test('without a configuration names are shown as the site’s own search shows them', async () => {
  names = new NamesAtSite({})
  const fields = ['title', 'size', 'note'].map((fieldname) => ({ fieldname, fieldtype: 'Data' }))
  names.site.documents.define({ name: 'Item', fields, title_field: 'title', show_title_field_in_link: 1, search_fields: 'size, note' })
  names.set('ITEM-1', 'Bolt', { size: 'M8' })
  expect(await refresh()).toMatchObject({ label: 'Bolt', description: 'M8' })
  await names.person().links.search('Item', { text: 'bolt' })
  expect(await resolve('ITEM-1')).toMatchObject({ label: 'Bolt', creation: expect.stringMatching(/^\d{4}-/) as string })
})

test('a name that only the search has shown is dated by the first refreshing, and its later sights lose nothing', async () => {
  const person = names.person()
  await person.links.remember('Item', { value: 'ITEM-1', label: 'as picked', description: '' })
  expect(await resolve('ITEM-1')).toMatchObject({ label: 'as picked', creation: '' })
  const { creation, modified } = (await refresh())!
  expect(creation).not.toBe('')
  await person.links.remember('Item', { value: 'ITEM-1', label: 'Bolt', description: 'seen anew' })
  expect(await resolve('ITEM-1')).toMatchObject({ description: 'seen anew', creation, modified })
})

test('what the app passes on of a shared DocType is kept for one person alone, and gives way to what the site says', async () => {
  names = new NamesAtSite({ Item: { searchFields: ['title'], label: 'title', shared: true } })
  names.set('ITEM-1', 'Bolt')
  const forged = { value: 'ITEM-1', label: 'forged', description: '', modified: '9999-12-31 00:00:00.000000' }
  await names.person().links.remember('Item', forged)
  expect(await resolve('ITEM-1', 1)).toBeUndefined()
  await refresh('ITEM-1', names.person(1))
  await names.person().links.remember('Item', forged)
  expect(await resolve('ITEM-1', 1)).toMatchObject({ label: 'Bolt' })
  expect(await refresh()).toMatchObject({ label: 'Bolt' })
  expect(await resolve('ITEM-1', 1)).toMatchObject({ label: 'Bolt' })
})
