import { afterEach, beforeEach, expect, test } from 'vitest'
import { ScopeMissing, SignInRequired, UpstreamUnavailable } from '../errors.ts'
import { FakeSite } from '../fake-site.fixture.ts'
import { TestApp } from '../test-app.fixture.ts'

let site: FakeSite
let app: TestApp

beforeEach(async () => {
  site = await new FakeSite().start()
  site.documents.set('ITEM-1', { doctype: 'Item', name: 'ITEM-1', title: 'Bolt M8' })
  site.documents.set('ITEM-2', { doctype: 'Item', name: 'ITEM-2', title: 'Nut M8' })
  app = new TestApp(site)
  await app.signIn()
})
afterEach(() => site.close())

const bolt = { value: 'ITEM-1', label: 'ITEM-1', description: 'Bolt M8' }
const nut = { value: 'ITEM-2', label: 'ITEM-2', description: 'Nut M8' }

test('what is typed is searched at the site, by name and by title', async () => {
  const { links } = await app.connection()
  expect(await links.search('Item', { text: 'bolt' })).toEqual({ items: [bolt], source: 'upstream' })
  expect(await links.search('Item', { text: 'item-2' })).toEqual({ items: [nut], source: 'upstream' })
  expect(await links.search('Item', { text: 'xyz' })).toEqual({ items: [], source: 'upstream' })
})

test('while the site is down, names seen before are found and said to be old', async () => {
  const { links } = await app.connection()
  await links.search('Item', { text: '' })
  const seenUntil = Date.now()
  site.faults.down = true
  app.ahead = 60_000
  const answer = await links.search('Item', { text: 'BOLT', limit: 5 })
  expect(answer).toMatchObject({ items: [bolt], source: 'seen' })
  expect(answer.staleSince).toBeLessThanOrEqual(seenUntil)
  expect(await links.search('Item', { text: 'never seen' })).toMatchObject({ items: [], source: 'seen' })
})

test('names seen under one filter are not shown under another', async () => {
  const { links } = await app.connection()
  await links.search('Item', { text: '', filters: { disabled: 0 } })
  site.faults.down = true
  expect((await links.search('Item', { text: '', filters: { disabled: 0 } })).items).toHaveLength(2)
  expect((await links.search('Item', { text: '' })).items).toHaveLength(0)
})

test('what one person saw is not shown to another', async () => {
  const { links } = await app.connection()
  await links.search('Item', { text: '' })
  site.faults.claims = { sub: 'lea-sub', name: 'Lea' }
  const lea = new TestApp(site, { store: app.store, keys: app.keys })
  await lea.signIn()
  site.faults.down = true
  expect((await (await lea.connection()).links.search('Item', { text: '' })).items).toEqual([])
  expect((await links.search('Item', { text: '' })).items).toHaveLength(2)
})

test('what was seen under a right that is gone is not shown while the site is down', async () => {
  const { links } = await app.connection()
  await links.remember('Customer', { value: 'CUST-1', label: 'Apple', description: '' })
  site.faults.unticked = ['Customer:read']
  await app.signIn()
  site.faults.down = true
  await expect(links.search('Customer', { text: '' })).rejects.toThrow(UpstreamUnavailable)
})

test('a missing right and ended access are told as such, never papered over with names seen', async () => {
  site.faults.unticked = ['Customer:read']
  await app.signIn()
  const { links } = await app.connection()
  await expect(links.search('Customer', { text: '' })).rejects.toThrow(ScopeMissing)
  await links.search('Item', { text: '' })
  site.revokeAll()
  await expect(links.search('Item', { text: '' })).rejects.toThrow(SignInRequired)
})

test('a docname that was remembered is resolved without asking the site', async () => {
  const { links } = await app.connection()
  await links.remember('Item', bolt)
  const sent = site.requests.length
  expect(await links.resolve('Item', ['ITEM-1', 'ITEM-9'])).toEqual(new Map([['ITEM-1', bolt]]))
  expect(site.requests).toHaveLength(sent)
})
