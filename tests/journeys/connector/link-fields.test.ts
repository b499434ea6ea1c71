import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Connection, LinkOptions, UpstreamClient } from '@annex/connector'
import { openSqlStore } from '@annex/connector/stores/sql'
import { TestApp } from '@annex/connector/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientOf } from '../../contract/connector/app-at.ts'
import { openSite } from '../../contract/connector/site-upstream.ts'
import type { Person, UpstreamUnderTest } from '../../contract/connector/upstream-under-test.ts'
import { engines } from '../../support/databases.ts'

const LINKS: LinkOptions = {
  'Quote.*': {},
  'Stock Item': { searchFields: ['item_name'], label: 'item_name', fetch: ['rate'] },
  'Visit.client': { doctype: 'Client', dependsOn: ['region'], filters: ({ region }) => (region === undefined ? {} : { region }) },
  Region: { limit: 5 },
}

describe.each(engines)('link fields over a site on %s', (engine) => {
  let site: UpstreamUnderTest
  let store: Awaited<ReturnType<typeof openSqlStore>>
  let folder: string
  let sam: UpstreamClient

  /** A person who has signed in at an app of their own browser. */
  async function appOf(user: Person): Promise<TestApp> {
    const { url: issuer, client } = site
    const allow = (address: string) => site.allow(address, { user })
    const app = new TestApp(
      { issuer, client, clock: { now: Date.now }, fetch, allow },
      { client, store, links: LINKS, scopes: { required: ['openid'], optional: ['all'] } },
    )
    await app.signIn()
    return app
  }

  const connectionOf = async (user: Person): Promise<Connection> => (await appOf(user)).connection()

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'annex-links-'))
    store = await openSqlStore(`sqlite:${join(folder, 'names.db')}`)
    site = await openSite(engine)
    sam = await clientOf(site, 'sam')
  }, 60_000)
  afterAll(async () => {
    await site?.close()
    await store?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('all link fields of a DocType are found by its definition, those of its rows included', async () => {
    const { links } = await connectionOf('sam')
    expect((await links.search('Quote.client', { text: 'ac' })).items).toMatchObject([{ value: 'Acme' }])
    expect((await links.search('Quote.lines.item', { text: 'bolt', limit: 2 })).items).toEqual([
      { value: 'ITEM-001', label: 'Bolt 1', description: '', fields: { rate: 10.5 } },
      { value: 'ITEM-006', label: 'Bolt 6', description: '', fields: { rate: 63 } },
    ])
  })

  test('D22 the app’s own address gives them to its pages, and nothing that is not configured', async () => {
    const app = await appOf('alice')
    const ask = async (path: string) => {
      const answer = await app.visit(`/connect/links/${path}`)
      return [answer.status, await answer.json()] as const
    }
    expect(await ask('Quote.client?q=acm')).toMatchObject([200, { items: [{ value: 'Acme' }], source: 'upstream' }])
    for (const key of ['Quote.remarks', 'Client', 'User', 'Quote.*']) expect((await ask(`${encodeURIComponent(key)}?q=`))[0], key).toBe(404)
  })

  test('pages share no row, whether something is typed or not', async () => {
    const { links } = await connectionOf('sam')
    for (const text of ['', 'item', 'bolt']) {
      const pages = await Promise.all([0, 2, 4].map((start) => links.search('Stock Item', { text, start, limit: 2 })))
      const found = pages.flatMap(({ items }) => items.map(({ value }) => value))
      expect(new Set(found).size).toBe(found.length)
    }
  })

  test('a field depends on another', async () => {
    const { links } = await connectionOf('sam')
    const search = async (form: Record<string, string>) =>
      (await links.search('Visit.client', { text: '', form })).items.map(({ value }) => value)
    expect((await search({ region: 'North' })).toSorted()).toEqual(['Acme', 'Clark'])
    expect(await search({})).toHaveLength(4)
  })

  test('who may choose and not read is shown names, and may save them', async () => {
    const { links, docnames } = await connectionOf('alice')
    expect((await links.search('Region', { text: 'nor' })).items).toMatchObject([{ value: 'North' }])
    expect(
      await docnames.validate([
        { doctype: 'Region', name: 'North' },
        { doctype: 'Region', name: 'West' },
      ]),
    ).toMatchObject([{ verdict: 'there', asked: true }, { verdict: 'gone' }])
  })

  test('who may not even choose gets no name', async () => {
    const { links, docnames } = await connectionOf('carol')
    await expect(links.search('Region', { text: '' })).rejects.toMatchObject({ excType: 'PermissionError' })
    expect(await docnames.validate([{ doctype: 'Region', name: 'North' }])).toEqual([{ verdict: 'hidden' }])
  })

  test('D18 a change, a rename and a removal are found', async () => {
    const { docnames } = await connectionOf('sam')
    const refresh = async (name: string) => (await docnames.refresh('Client', [name]))[0]
    await sam.insert('Client', { client_name: 'Before / 1', client_type: 'Company', region: 'North' })
    expect(await refresh('Before / 1')).toMatchObject({ state: 'there' })
    await sam.rename('Client', 'Before / 1', 'After & 1')
    expect(await refresh('Before / 1')).toMatchObject({ state: 'gone', renamedTo: 'After & 1' })
    expect(await docnames.validate([{ doctype: 'Client', name: 'Before / 1' }])).toEqual([{ verdict: 'renamed', to: 'After & 1' }])
    await sam.remove('Client', 'After & 1')
    expect(await refresh('After & 1')).toMatchObject({ state: 'gone', renamedTo: null })
  })
})
