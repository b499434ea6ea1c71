import { beforeEach, describe, expect, test } from 'vitest'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../testing/test-app.ts'
import type { LinkOptions } from './link-options.ts'

let site: FakeUpstream
let app: TestApp
const seenForms: object[] = []
const LINKS: LinkOptions = {
  Item: {},
  Customer: {},
  'Visit.part': {
    doctype: 'Item',
    dependsOn: ['group'],
    filters: (form) => (seenForms.push(form), form['group'] === undefined ? undefined : { group: form['group'] }),
  },
  'Visit.broken': { doctype: 'Item', query: 'no.such.method' },
}

beforeEach(async () => {
  seenForms.length = 0
  site = new FakeUpstream()
  site.documents.fill('Item', 30, (at) => ({ name: `ITEM-${10 + at}`, title: 'Bolt', group: at % 2 === 0 ? 'even' : 'odd' }))
  app = new TestApp(site, { links: LINKS })
  await app.signIn()
})

const ask = async (path: string, headers: Record<string, string> = {}): Promise<[number, Record<string, unknown>]> => {
  const answer = await app.visit(`/connect/links/${path}`, { headers })
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  return [answer.status, (await answer.json()) as Record<string, unknown>]
}
const place = (url: unknown): string => decodeURIComponent(String(url))

test('a page of the app gets suggestions of a configured field, page by page', async () => {
  const [status, answer] = await ask('Item?q=bolt', { 'sec-fetch-site': 'same-origin' })
  expect([status, answer]).toMatchObject([200, { more: true, source: 'upstream' }])
  expect(answer['items']).toHaveLength(10)
  expect((answer['items'] as object[])[0]).toEqual({ value: 'ITEM-10', label: 'ITEM-10', description: 'Bolt' })
  expect((await ask('Item?q=bolt&start=20'))[1]).toMatchObject({ more: false, items: { length: 10, 0: { value: 'ITEM-30' } } })
})

describe('D22 only what is configured can be asked for:', () => {
  test.each(['User', 'Visit.part.x', '__proto__', '%2e%2e%2fUser', 'Item%00', 'item'])('the key %s is not there', async (key) => {
    const before = site.requests.length
    expect(await ask(`${key}?q=a`)).toEqual([404, { message: 'This app has no such link field.' }])
    expect(site.requests).toHaveLength(before)
  })

  test('a request chooses neither DocType, filters, fields nor length', async () => {
    await ask('Item?q=a&doctype=User&filters=[]&fields=["*"]&limit=500&page_length=500&query=x&reference_doctype=User')
    expect(Object.fromEntries(site.requests.at(-1)!.query)).toEqual({ doctype: 'Item', txt: 'a', page_length: '51' })
  })

  test('of the form’s values only those go on that the field depends on', async () => {
    const form = encodeURIComponent(JSON.stringify({ group: 'odd', name: 'ITEM-10', secret: 'x' }))
    const [, { items }] = await ask(`Visit.part?q=&form=${form}`)
    expect(seenForms).toEqual([{ group: 'odd' }])
    expect((items as { value: string }[]).every(({ value }) => Number(value.slice(-1)) % 2 === 1)).toBe(true)
  })
})

describe('what cannot be read is refused with a sentence, and the site is not asked:', () => {
  test.each([
    ['start=-1', ''],
    ['start=1.5', ''],
    ['start=x', ''],
    ['start=201', ''],
    ['form=x', ''],
    ['form=[]', ''],
    ['form={"a":1}', ''],
    ['form=', `{"long":"${'x'.repeat(4100)}"}`],
  ])('%s', async (query, further) => {
    const before = site.requests.length
    const [status, { message }] = await ask(`Item?${query}${further}`)
    expect([status, typeof message]).toEqual([400, 'string'])
    expect(site.requests).toHaveLength(before)
  })

  test('a key that is no text', async () => {
    expect((await ask('%ff?q='))[0]).toBe(400)
  })
})

describe('what stands in the way is said, and where it is put right:', () => {
  const referer = 'http://localhost:4100/visits?id=7'

  test('nobody is signed in', async () => {
    app.cookies.clear()
    const [status, { url }] = await ask('Item?q=', { referer })
    expect([status, place(url)]).toEqual([401, 'http://localhost:4100/connect/login?return_to=/visits?id=7'])
    expect(place((await ask('Item?q=', { referer: 'https://evil.example/x' }))[1]['url'])).toBe('http://localhost:4100/connect/login')
  })

  test('access has ended', async () => {
    await site.revoke()
    expect(await ask('Item?q=', { referer })).toMatchObject([401, { url: expect.stringContaining('/connect/login') as string }])
  })

  test('a right is missing that the app may ask for', async () => {
    site.faults.unticked = ['Customer:read']
    await app.signIn()
    const [status, { url, message }] = await ask('Customer?q=', { referer })
    expect([status, place(url)]).toEqual([403, 'http://localhost:4100/connect/login?return_to=/visits?id=7&scope=Customer:read'])
    expect(message).toContain('Customer')
  })

  test('the site refuses this person, is at fault itself, or is away', async () => {
    site.documents.define({ name: 'Item', fields: [], permissions: [{ role: 'Nobody', read: 1 }] })
    expect(await ask('Item?q=')).toMatchObject([403, { message: expect.stringContaining('The site refuses') as string }])
    expect(await ask('Visit.broken?q=')).toMatchObject([502, { message: expect.stringContaining('no.such.method') as string }])
    site.faults.down = true
    expect((await ask('Customer?q='))[0]).toBe(503)
  })
})

test('names kept are marked as such when the site is away', async () => {
  await ask('Item?q=bolt')
  site.faults.down = true
  expect(await ask('Item?q=item-1')).toMatchObject([200, { source: 'kept', staleSince: expect.any(Number) as number }])
})

test.each([
  ['another site', { 'sec-fetch-site': 'cross-site' }],
  ['another host of the same site', { 'sec-fetch-site': 'same-site' }],
  ['another origin, in a browser that does not say more', { origin: 'https://evil.example' }],
])('a page of %s is refused, and the site is not asked', async (_, headers) => {
  const before = site.requests.length
  expect((await ask('Item?q=', headers))[0]).toBe(403)
  expect(site.requests).toHaveLength(before)
})

test('a request that is given up ends without an error', async () => {
  const giveUp = new AbortController()
  site.faults.slowMs = 20
  const answer = app.visit('/connect/links/Item?q=', { signal: giveUp.signal })
  giveUp.abort()
  expect((await answer).status).toBe(499)
})

test('no answer and no log line holds a token', async () => {
  const [, answer] = await ask('Item?q=bolt')
  site.faults.down = true
  const [, away] = await ask('Customer?q=x')
  for (const token of [...site.tokens('access'), ...site.tokens('refresh')])
    expect(JSON.stringify([answer, away, app.events])).not.toContain(token)
})
