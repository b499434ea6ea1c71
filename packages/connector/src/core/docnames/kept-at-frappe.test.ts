import { expect, test } from 'vitest'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import type { FakeKind } from '../../testing/fake/kinds.ts'
import { TestApp } from '../../testing/test-app.ts'

const HOUR = 3_600_000

async function openApp(kind: FakeKind): Promise<{ site: FakeUpstream; app: TestApp }> {
  const site = new FakeUpstream({ kind })
  site.documents.define({ name: 'Item', fields: [{ fieldname: 'title', fieldtype: 'Data' }] })
  site.documents.set('Item', { name: 'ITEM-1', title: 'A ladder' })
  const app = new TestApp(site, { scopes: { required: ['openid'] }, links: { Item: { searchFields: ['title'], label: 'title' } } })
  await app.signIn()
  return { site, app }
}

test.each(['frappe-15', 'frappe-16'] as const)(
  'at %s, where scopes limit no token, names seen are shown when the site is away',
  async (kind) => {
    const { site, app } = await openApp(kind)
    const { links, docnames } = await app.connection()
    await links.search('Item', { text: 'ladder' })
    site.faults.down = true
    expect(await links.search('Item', { text: 'ladder' })).toMatchObject({ source: 'kept', items: [{ value: 'ITEM-1' }] })
    expect(await docnames.validate([{ doctype: 'Item', name: 'ITEM-1' }])).toMatchObject([{ verdict: 'there', asked: false }])
    // What was found of the site is an hour old then, and nobody can ask anew.
    site.clock.advance(HOUR / 2)
    app.ahead = HOUR
    expect(await docnames.validate([{ doctype: 'Item', name: 'ITEM-1' }])).toMatchObject([{ verdict: 'there' }])
  },
)

test('nor is anything shown there once access has ended', async () => {
  const { site, app } = await openApp('frappe-15')
  const { links, docnames } = await app.connection()
  const connection = await app.connection()
  await links.search('Item', { text: 'ladder' })
  const rejected = await connection.token()
  await site.revoke()
  await connection.token({ rejected }).catch(() => undefined)
  site.faults.down = true
  await expect(docnames.validate([{ doctype: 'Item', name: 'ITEM-1' }])).rejects.toMatchObject({ name: 'SignInRequired' })
  await expect(links.search('Item', { text: 'ladder' })).rejects.toMatchObject({ name: 'SignInRequired' })
})

test('a process that has never asked the site takes scopes for a limit', async () => {
  const { site, app } = await openApp('frappe-15')
  const { id, links } = await app.connection()
  await links.search('Item', { text: 'ladder' })
  site.faults.down = true
  const anew = new TestApp(site, { store: app.store, keys: app.keys, scopes: { required: ['openid'] } })
  const verdicts = await anew.connector.connection(id).docnames.validate([{ doctype: 'Item', name: 'ITEM-1' }])
  expect(verdicts).toEqual([{ verdict: 'unknown' }])
})
