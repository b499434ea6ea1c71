import { beforeEach, expect, test } from 'vitest'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../testing/test-app.ts'
import type { Connection } from '../connector/connection.ts'
import type { LinkOptions } from './link-options.ts'
import { ScopeMissing, SignInRequired, UpstreamUnavailable } from '../errors.ts'

let site: FakeUpstream
let app: TestApp

beforeEach(async () => {
  site = new FakeUpstream()
  site.documents.set('Item', { name: 'ITEM-1', title: 'Bolt M8' })
  site.documents.set('Item', { name: 'ITEM-2', title: 'Nut M8' })
  app = new TestApp(site)
  await app.signIn()
})

/** Another browser at the same app, for another person. */
async function signInAs(user: string, links: LinkOptions = {}): Promise<Connection> {
  const other = new TestApp(site, { store: app.store, keys: app.keys, links })
  await other.signIn(undefined, { user })
  return other.connection()
}

const bolt = { value: 'ITEM-1', label: 'ITEM-1', description: 'Bolt M8' }
const nut = { value: 'ITEM-2', label: 'ITEM-2', description: 'Nut M8' }

test('D13 what is typed is searched at the site, by name and by title', async () => {
  const { links } = await app.connection()
  expect(await links.search('Item', { text: 'bolt' })).toEqual({ items: [bolt], more: false, source: 'upstream' })
  expect(await links.search('Item', { text: 'item-2' })).toEqual({ items: [nut], more: false, source: 'upstream' })
  expect(await links.search('Item', { text: 'xyz' })).toEqual({ items: [], more: false, source: 'upstream' })
})

test('while the site is down, names seen before are found, ranked and paged, and said to be old', async () => {
  const { links } = await app.connection()
  await links.search('Item', { text: '' })
  const seenUntil = site.clock.now()
  site.faults.down = true
  app.ahead = 60_000
  const answer = await links.search('Item', { text: 'BOLT', limit: 5 })
  expect(answer).toMatchObject({ items: [bolt], more: false, source: 'kept' })
  expect(answer.staleSince).toBeLessThanOrEqual(seenUntil)
  expect(await links.search('Item', { text: 'never seen' })).toMatchObject({ items: [], source: 'kept' })
  expect(await links.search('Item', { text: 'm8', limit: 1 })).toMatchObject({ items: [bolt], more: true })
  expect(await links.search('Item', { text: 'm8', start: 1, limit: 1 })).toMatchObject({ items: [nut], more: false })
})

test('names seen under one filter are not shown under another', async () => {
  const { links } = await app.connection()
  await links.search('Item', { text: '', filters: { disabled: 0 } })
  site.faults.down = true
  expect((await links.search('Item', { text: '', filters: { disabled: 0 } })).items).toHaveLength(2)
  await expect(links.search('Item', { text: '' })).rejects.toThrow(UpstreamUnavailable)
})

test('D17 what one person saw is not shown to another', async () => {
  const { links } = await app.connection()
  await links.search('Item', { text: '' })
  const lea = await signInAs('lea@example.com')
  site.faults.down = true
  await expect(lea.links.search('Item', { text: '' })).rejects.toThrow(UpstreamUnavailable)
  expect(await lea.links.resolve('Item', ['ITEM-1'])).toEqual(new Map())
  expect((await links.search('Item', { text: '' })).items).toHaveLength(2)
})

test('D17 names of a DocType that is declared shared are shown to all who have the right to it, without the fields of others', async () => {
  const options: LinkOptions = { Item: { shared: true, searchFields: ['title'], fetch: ['cost'] } }
  site.documents.set('Item', { name: 'ITEM-1', cost: 7 })
  const sam = await signInAs('sam@example.com', options)
  expect((await sam.links.search('Item', { text: 'bolt' })).items).toEqual([{ ...bolt, fields: { cost: 7 } }])
  const lea = await signInAs('lea@example.com', options)
  site.faults.down = true
  expect(await lea.links.search('Item', { text: 'bo' })).toMatchObject({ items: [bolt], source: 'kept' })
  expect((await lea.links.search('Item', { text: 'bo' })).items[0]).not.toHaveProperty('fields')
  site.faults.down = false
  await site.narrow('lea@example.com', ['openid'])
  await expect(lea.links.search('Item', { text: 'bo' })).rejects.toThrow(ScopeMissing)
  site.faults.down = true
  await expect(lea.links.search('Item', { text: 'bo' })).rejects.toThrow(UpstreamUnavailable)
})

test('what was seen under a right that is gone is not shown while the site is down', async () => {
  const { links } = await app.connection()
  await links.remember('Customer', { value: 'CUST-1', label: 'Apple', description: '' })
  site.faults.unticked = ['Customer:read']
  await app.signIn()
  site.faults.down = true
  await expect(links.search('Customer', { text: '' })).rejects.toThrow(UpstreamUnavailable)
})

test('what the site has refused once is not shown while it is down, until it is seen anew', async () => {
  const { links } = await app.connection()
  await links.search('Item', { text: '', filters: { disabled: 0 } })
  const permissions = [{ role: 'Stock Manager', read: 1 }]
  site.clock.advance(1)
  site.documents.define({ name: 'Item', fields: [], permissions })
  await expect(links.search('Item', { text: '' })).rejects.toMatchObject({ excType: 'PermissionError' })
  site.faults.down = true
  await expect(links.search('Item', { text: '', filters: { disabled: 0 } })).rejects.toThrow(UpstreamUnavailable)
  site.faults.down = false
  site.clock.advance(1)
  site.documents.define({ name: 'Item', title_field: 'title', fields: [{ fieldname: 'title', fieldtype: 'Data' }] })
  await links.search('Item', { text: 'bolt' })
  site.faults.down = true
  expect((await links.search('Item', { text: '' })).items).toEqual([bolt])
})

test('a missing right and ended access are told as such, never papered over with names seen', async () => {
  site.faults.unticked = ['Customer:read']
  await app.signIn()
  const { links } = await app.connection()
  await expect(links.search('Customer', { text: '' })).rejects.toThrow(ScopeMissing)
  await links.search('Item', { text: '' })
  await site.revoke()
  await expect(links.search('Item', { text: '' })).rejects.toThrow(SignInRequired)
})

test('a docname that was remembered is resolved without asking the site', async () => {
  const { links } = await app.connection()
  await links.remember('Item', bolt)
  const sent = site.requests.length
  expect(await links.resolve('Item', ['ITEM-1', 'ITEM-9'])).toEqual(new Map([['ITEM-1', bolt]]))
  expect(site.requests).toHaveLength(sent)
})

test('D18 a label that has changed at the site is the one shown from then on', async () => {
  const { links } = await app.connection()
  await links.search('Item', { text: 'bolt' })
  site.documents.set('Item', { name: 'ITEM-1', title: 'Bolt M10' })
  await links.search('Item', { text: 'bolt' })
  expect((await links.resolve('Item', ['ITEM-1'])).get('ITEM-1')!.description).toBe('Bolt M10')
})

test('names that somebody disconnected has seen are forgotten', async () => {
  const connection = await app.connection()
  await connection.links.search('Item', { text: '' })
  await connection.disconnect()
  expect(await connection.links.resolve('Item', ['ITEM-1'])).toEqual(new Map())
})
