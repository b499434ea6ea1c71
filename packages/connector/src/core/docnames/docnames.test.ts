import { beforeEach, describe, expect, test, vi } from 'vitest'
import { ScopeMissing } from '../errors.ts'
import type { DocnameVerdict } from './verdicts.ts'
import { NamesAtSite } from './docnames.fixture.ts'

const LIST = '/api/resource/Item'
let names: NamesAtSite

beforeEach(() => {
  names = new NamesAtSite()
  names.set('ITEM-1', 'Bolt')
  names.set('ITEM-2', 'Nut')
})

const refs = (...each: string[]) => each.map((name) => ({ doctype: 'Item', name }))
const validate = async (name: string): Promise<DocnameVerdict> => (await names.person().docnames.validate(refs(name)))[0]!
const bolt = { value: 'ITEM-1', label: 'Bolt', description: '' }

describe('a docname that is to be saved', () => {
  test('is there, as the site says now', async () => {
    expect(await validate('ITEM-1')).toEqual({ verdict: 'there', item: bolt, asked: true })
  })

  test('is there without the site being asked, when it is away and this person has seen it', async () => {
    await validate('ITEM-1')
    names.site.faults.down = true
    expect(await validate('ITEM-1')).toEqual({ verdict: 'there', item: bolt, asked: false })
  })

  test('was renamed, and the verdict says to what, also later when the site is away', async () => {
    await validate('ITEM-1')
    names.site.documents.rename('Item', 'ITEM-1', 'BOLT-1')
    expect(await validate('ITEM-1')).toEqual({ verdict: 'renamed', to: 'BOLT-1' })
    names.site.faults.down = true
    expect(await validate('ITEM-1')).toEqual({ verdict: 'renamed', to: 'BOLT-1' })
    expect(await validate('BOLT-1')).toMatchObject({ verdict: 'there', asked: false })
  })

  test('is what has the name now, for who chooses it, though another document had it before', async () => {
    await validate('ITEM-1')
    names.site.documents.rename('Item', 'ITEM-1', 'BOLT-1')
    names.set('ITEM-1', 'another one')
    expect(await validate('ITEM-1')).toMatchObject({ verdict: 'there', item: { label: 'another one' } })
    expect((await names.person().docnames.refresh('Item', ['ITEM-1']))[0]).toMatchObject({ state: 'there', label: 'another one' })
  })

  test('is gone, also when it never was', async () => {
    await validate('ITEM-1')
    names.site.documents.remove('Item', 'ITEM-1')
    expect(await validate('ITEM-1')).toEqual({ verdict: 'gone' })
    expect(await validate('never')).toEqual({ verdict: 'gone' })
    names.site.faults.down = true
    expect(await validate('ITEM-1')).toEqual({ verdict: 'gone' })
  })

  test('is hidden from this person, as a Frappe says of one document', async () => {
    names.site.documents.hide('Item', 'ITEM-1', 'sam@example.com')
    names.saysIsThere('ITEM-1')
    expect(await validate('ITEM-1')).toEqual({ verdict: 'hidden' })
  })

  test('is hidden when the whole DocType is closed, and so are all names seen before while the site is away', async () => {
    await names.person().docnames.validate(refs('ITEM-1', 'ITEM-2'))
    names.clock.advance(1)
    names.site.documents.define({ name: 'Item', fields: [], permissions: [{ role: 'Nobody', read: 1 }] })
    expect(await validate('ITEM-1')).toEqual({ verdict: 'hidden' })
    names.site.faults.down = true
    expect(await validate('ITEM-1')).toEqual({ verdict: 'hidden' })
    expect(await validate('ITEM-2')).toEqual({ verdict: 'unknown' })
    await expect(names.person().links.search('Item', { text: '' })).rejects.toMatchObject({ code: 'unreachable' })
  })

  test('is unknown when the site is away and this person never saw it, or has no right to it any more', async () => {
    await validate('ITEM-1')
    names.site.faults.down = true
    expect(await validate('ITEM-2')).toEqual({ verdict: 'unknown' })
    expect((await names.person(1).docnames.validate(refs('ITEM-1')))[0]).toEqual({ verdict: 'unknown' })
    names.scopes = ['openid', 'Customer:read']
    expect(await validate('ITEM-1')).toEqual({ verdict: 'unknown' })
  })

  test('of a right that was taken back is no verdict, but a step-up; what was seen before is not shown after it', async () => {
    await validate('ITEM-1')
    names.clock.advance(1)
    names.site.override = () => ({
      status: 403,
      headers: { 'WWW-Authenticate': 'Bearer error="insufficient_scope", scope="Item:read"' },
      json: { exc_type: 'PermissionError' },
    })
    await expect(validate('ITEM-1')).rejects.toThrow(ScopeMissing)
    names.site.faults.down = true
    expect(await validate('ITEM-1')).toEqual({ verdict: 'unknown' })
  })

  test('is shown again once a right that was taken is given back and the site has said so', async () => {
    await validate('ITEM-1')
    names.clock.advance(1)
    names.site.documents.define({ name: 'Item', fields: [], permissions: [{ role: 'Nobody', read: 1 }] })
    await validate('ITEM-1')
    names.clock.advance(1)
    names.site.documents.define({ name: 'Item', fields: [{ fieldname: 'title', fieldtype: 'Data' }] })
    await validate('ITEM-1')
    names.site.faults.down = true
    expect(await validate('ITEM-1')).toMatchObject({ verdict: 'there', asked: false })
  })

  test('that may be chosen and not read is there', async () => {
    names.site.override = ({ path }) => (path === LIST ? { status: 403, json: { exc_type: 'PermissionError' } } : undefined)
    expect(await validate('ITEM-1')).toMatchObject({ verdict: 'there', item: { value: 'ITEM-1' }, asked: true })
    expect(await validate('ITEM-9')).toEqual({ verdict: 'gone' })
  })

  test('spelled otherwise than the site does is to be saved as the site spells it', async () => {
    names.site.override = ({ path }) => (path === LIST ? { json: { data: [{ name: 'ITEM-1', title: 'Bolt' }] } } : undefined)
    expect(await validate('item-1')).toEqual({ verdict: 'renamed', to: 'ITEM-1' })
  })
})

describe('what is asked', () => {
  test('T1 120 names of one DocType are three lists with their length, and a question for each that is missing', async () => {
    const wanted = Array.from({ length: 120 }, (_, at) => `N-${at}`)
    for (const name of wanted.slice(1)) names.set(name, 'x')
    const verdicts = await names.person().docnames.validate(refs(...wanted))
    expect(verdicts.filter(({ verdict }) => verdict === 'there')).toHaveLength(119)
    expect(verdicts[0]).toEqual({ verdict: 'gone' })
    const lists = names.site.requests.filter(({ path }) => path === LIST)
    expect(lists.map(({ query }) => query.get('limit_page_length'))).toEqual(['50', '50', '20'])
    expect(names.site.count('/api/method/frappe.client.validate_link')).toBe(1)
  })

  test('long names go in addresses that servers take', async () => {
    const wanted = Array.from({ length: 40 }, (_, at) => `${at}${'名'.repeat(130)}`)
    for (const name of wanted) names.set(name, 'x')
    expect((await names.person().docnames.validate(refs(...wanted))).every(({ verdict }) => verdict === 'there')).toBe(true)
    expect(Math.max(...names.site.requests.map(({ query }) => query.toString().length))).toBeLessThan(7000)
  })

  test.each(['A/B', 'A%2FB', 'a?b#c', 'a&b=c', 'O\'Neil, "x"', '..', '7', 'Größe 名 🔩', 'a%_b'])(
    'T2 the name %j is asked for and kept as it is',
    async (name) => {
      names.set(name, 'odd')
      expect(await validate(name)).toMatchObject({ verdict: 'there', item: { value: name, label: 'odd' } })
      names.site.faults.down = true
      expect(await validate(name)).toMatchObject({ verdict: 'there', asked: false })
    },
  )

  test('no name, and one that is longer than any, are asked for nowhere', async () => {
    expect(await names.person().docnames.validate(refs('', 'x'.repeat(141)))).toEqual([{ verdict: 'gone' }, { verdict: 'gone' }])
    expect(names.site.requests).toHaveLength(0)
  })

  test('several DocTypes at once are told in the order of the question', async () => {
    names.site.documents.set('Customer', { name: 'C1', customer_name: 'Apple' })
    const verdicts = await names.person().docnames.validate([...refs('ITEM-1'), { doctype: 'Customer', name: 'C1' }, ...refs('none')])
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['there', 'there', 'gone'])
  })
})

test('D18 20 names among 10,000 are resolved by one question to the store each', async () => {
  const { docnames } = names.person()
  const seen = {
    doctype: 'Item',
    label: '',
    description: '',
    fields: {},
    modified: '',
    creation: '',
    state: 'there',
    renamedTo: null,
    seenAt: 1,
  }
  await names.store.keep(
    'sam@example.com',
    '',
    Array.from({ length: 10_000 }, (_, at) => ({ ...seen, state: 'there' as const, name: `N-${at}` })),
  )
  const wanted = Array.from({ length: 20 }, (_, at) => `N-${at * 500}`)
  await docnames.resolve('Item', wanted)
  const asked = vi.spyOn(names.store, 'resolve')
  const found = await docnames.resolve('Item', wanted)
  expect(asked.mock.calls.map(([, , questioned]) => questioned)).toEqual([wanted])
  expect([...found.keys()]).toEqual(wanted)
  expect(names.site.requests).toHaveLength(0)
})

describe('a store that fails', () => {
  const away = () => Promise.reject(new Error('the database is away'))
  const says = (json: object, headers: Record<string, string> = {}) => (names.site.override = () => ({ status: 403, json, headers }))

  test('does not hide that a right is missing', async () => {
    names.store.keep = away
    says({ exc_type: 'PermissionError' }, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="Item:read"' })
    await expect(validate('ITEM-1')).rejects.toBeInstanceOf(ScopeMissing)
    expect(names.logged).toEqual(['docname-store-failed'])
  })

  test('does not hide that the site refuses, and is told to who wants it kept', async () => {
    names.store.keep = away
    says({ exc_type: 'PermissionError' })
    expect(await validate('ITEM-1')).toEqual({ verdict: 'hidden' })
    expect(names.logged).toEqual(['docname-store-failed'])
    await expect(names.person().docnames.refresh('Item', ['ITEM-1'])).rejects.toThrow('the database is away')
  })

  test('does not hide that the site is away', async () => {
    await validate('ITEM-1')
    names.site.faults.down = true
    const resolve = names.store.resolve.bind(names.store)
    names.store.resolve = (owner, doctype, wanted) => (wanted[0] === '' ? away() : resolve(owner, doctype, wanted))
    await expect(validate('ITEM-1')).rejects.toMatchObject({ code: 'unreachable' })
    expect(names.logged).toEqual(['docname-store-failed'])
  })
})
