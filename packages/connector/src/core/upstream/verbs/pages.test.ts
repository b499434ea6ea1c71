import { beforeEach, describe, expect, test } from 'vitest'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import { UpstreamClient } from '../upstream-client.ts'

let site: FakeUpstream
const clientOf = (api: 1 | 2 = 1): UpstreamClient =>
  new UpstreamClient({ url: site.issuer, credentials: { apiKey: site.users[0]!.apiKey }, fetch: site.fetch, api })
const place = (index: number): string => `I-${String(index).padStart(5, '0')}`

async function names(rows: AsyncIterable<Record<string, unknown>>, meanwhile: (met: number) => void = () => undefined): Promise<unknown[]> {
  const met: unknown[] = []
  for await (const row of rows) {
    met.push(row['name'])
    meanwhile(met.length)
  }
  return met
}

beforeEach(() => {
  site = new FakeUpstream({ kind: 'frappe-15' })
})

describe.each([1, 2] as const)('R6 by version %i of the API', (api) => {
  test('every row comes once, a page at a time, while others insert, remove and rename', async () => {
    site.documents.fill('Item', 1234, (index) => ({ name: place(index * 10) }))
    const before = site.documents.all('Item').map((row) => row['name'] as string)
    const disturbed = new Set<string>()
    const met = await names(clientOf(api).each('Item', { limit: 100 }), (count) => {
      if (count % 50 !== 0) return
      const [inserted, removed, renamed] = [place(count), place(count * 9), place(12_340 - count * 2)]
      site.documents.set('Item', { name: `${inserted}-new` })
      site.documents.set('Item', { name: `Z-${count}` })
      if (site.documents.read('Item', removed) !== undefined) site.documents.remove('Item', removed)
      if (site.documents.read('Item', renamed) !== undefined) site.documents.rename('Item', renamed, `${renamed}-was`)
      for (const name of [removed, renamed]) disturbed.add(name)
    })
    expect(new Set(met).size).toBe(met.length)
    const missed = before.filter((name) => !disturbed.has(name) && !met.includes(name))
    expect(missed).toEqual([])
    expect(disturbed.size).toBeGreaterThan(20)
  })

  test('10,000 rows of the same modified come once each', async () => {
    site.documents.fill('Item', 10_000, (index) => ({ name: place(index), modified: '2026-11-22 09:00:00.000000' }))
    const met = await names(clientOf(api).each('Item', { limit: null }))
    expect([met.length, new Set(met).size]).toEqual([10_000, 10_000])
    // One more than there are full pages: only an empty one says that it was the last.
    expect(site.requests).toHaveLength(21)
  })

  test('with an order it goes by place, to the end', async () => {
    site.documents.fill('Item', 250, (index) => ({ name: place(index), qty: 250 - index }))
    const met = await names(clientOf(api).each('Item', { limit: 100, orderBy: 'qty asc' }))
    expect([met.length, met[0], met.at(-1)]).toEqual([250, place(249), place(0)])
  })
})

test('a start is heeded where there is an order, and refused where there is none', async () => {
  site.documents.fill('Item', 5, (index) => ({ name: place(index) }))
  expect(await names(clientOf().each('Item', { start: 3, orderBy: 'name asc' }))).toEqual([place(3), place(4)])
  const before = site.requests.length
  await expect(names(clientOf().each('Item', { start: 3 }))).rejects.toThrow(new TypeError('each: a start needs an orderBy'))
  expect(site.requests).toHaveLength(before)
})

test('a site that gives less than it was asked for is asked on', async () => {
  site.documents.fill('Item', 90, (index) => ({ name: place(index) }))
  const short: typeof site.fetch = (url, init) => site.fetch(url.replace('limit_page_length=500', 'limit_page_length=40'), init)
  const client = new UpstreamClient({ url: site.issuer, credentials: { apiKey: site.users[0]!.apiKey }, fetch: short })
  expect(await names(client.each('Item'))).toHaveLength(90)
})

test('filters, numbers for names and other fields go along; who asks for no name gets it all the same', async () => {
  site.documents.fill('Log', 30, (index) => ({ name: index, qty: index % 2, note: 'x' }))
  const rows: Record<string, unknown>[] = []
  for await (const row of clientOf().each('Log', { fields: ['note'], filters: { qty: 1 }, limit: 4 })) rows.push(row)
  expect(rows.map((row) => row['name'])).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29])
  expect(rows[0]).toEqual({ name: 1, note: 'x' })
})

test('a document with several rows that match comes once', async () => {
  const pages = [['a', 'a', 'b'], ['c', 'c'], []]
  site.override = () => ({ json: { data: pages.shift()!.map((name) => ({ name })) } })
  expect(await names(clientOf().each('Quote', { filters: [['Quote Line', 'qty', '>', 0]] }))).toEqual(['a', 'b', 'c'])
})

test('who stops in the middle asks for no more', async () => {
  site.documents.fill('Item', 50, (index) => ({ name: place(index) }))
  for await (const row of clientOf().each('Item', { limit: 10 })) if (row['name'] === place(4)) break
  expect(site.requests).toHaveLength(1)
})
