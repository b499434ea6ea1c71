import { expect, test } from 'vitest'
import { randomToken } from '../../core/sealing/base64.ts'
import type { DocnameStore } from '../connector-store.ts'
import { docnameOf, ODD_NAMES } from './samples.fixture.ts'

const bolt = docnameOf()
const nut = docnameOf({ name: 'ITEM-2', label: 'Nut', seenAt: 2000 })

export function docnameContract(docnames: () => DocnameStore): void {
  keeping(docnames)
  finding(docnames)
  changing(docnames)
  forgetting(docnames)
}

function keeping(docnames: () => DocnameStore): void {
  test('keeps docnames by owner, DocType and search, the last seen first', async () => {
    const [sam, lea] = [randomToken(), randomToken()]
    expect(await docnames().keep(sam, '', [bolt, nut])).toEqual(['ITEM-1', 'ITEM-2'])
    expect(await docnames().keep(sam, '[["disabled",0]]', [bolt])).toEqual([])
    expect(await docnames().list(sam, 'Item', '', 10)).toEqual([nut, bolt])
    expect(await docnames().list(sam, 'Item', '', 1)).toEqual([nut])
    expect(await docnames().list(sam, 'Item', '[["disabled",0]]', 10)).toEqual([bolt])
    expect(await docnames().list(sam, 'Customer', '', 10)).toEqual([])
    expect(await docnames().list(lea, 'Item', '', 10)).toEqual([])
    expect(await docnames().resolve(lea, 'Item', ['ITEM-1'])).toEqual([])
    expect(await docnames().resolve(sam, 'Item', [])).toEqual([])
  })

  test('names seen at one moment are in the order of the alphabet', async () => {
    const sam = randomToken()
    await docnames().keep(sam, '', [
      { ...nut, seenAt: 5 },
      { ...bolt, seenAt: 5 },
    ])
    expect((await docnames().list(sam, 'Item', '', 10)).map((row) => row.name)).toEqual(['ITEM-1', 'ITEM-2'])
  })

  test.each(ODD_NAMES)('a docname, a DocType and a search may be %j', async (odd) => {
    const sam = randomToken()
    const row = docnameOf({ name: odd, doctype: odd, label: odd, fields: { [odd]: odd } })
    await docnames().keep(sam, odd, [row])
    expect(await docnames().list(sam, odd, odd, 10)).toEqual([row])
    expect(await docnames().resolve(sam, odd, [odd])).toEqual([row])
    expect(await docnames().owners(odd, odd, { after: sam.slice(0, -1), limit: 1000 })).toContain(sam)
  })

  test('a search may be of any length', async () => {
    const sam = randomToken()
    const filters = JSON.stringify([['name', 'in', Array.from({ length: 500 }, () => randomToken())]])
    await docnames().keep(sam, filters, [bolt])
    expect(await docnames().list(sam, 'Item', filters, 10)).toEqual([bolt])
    expect(await docnames().list(sam, 'Item', `${filters} `, 10)).toEqual([])
  })
}

function finding(docnames: () => DocnameStore): void {
  test('D18 of ten thousand docnames of one owner twenty are found, or as many as are asked for', async () => {
    const sam = randomToken()
    const many = Array.from({ length: 10_000 }, (_, index) => docnameOf({ name: `ITEM-${index}` }))
    expect(await docnames().keep(sam, '', many)).toHaveLength(10_000)
    const wanted = Array.from({ length: 20 }, (_, index) => `ITEM-${index * 499}`)
    expect(await docnames().resolve(sam, 'Item', [...wanted, 'ITEM-x', wanted[0]!])).toHaveLength(20)
    const all = many.map(({ name }) => name)
    expect((await docnames().resolve(sam, 'Item', [...all, all[0]!])).map(({ name }) => name).toSorted()).toEqual(all.toSorted())
    await docnames().removeAll(sam)
    expect(await docnames().resolve(sam, 'Item', wanted)).toEqual([])
  })
}

function changing(docnames: () => DocnameStore): void {
  test('a newer sight takes the place of an older one, and says what changed', async () => {
    const sam = randomToken()
    await docnames().keep(sam, '', [bolt, nut])
    const renamed = { ...bolt, label: 'Bolt M8', fields: { b: 1, a: [1] }, seenAt: 3000 }
    expect(await docnames().keep(sam, '', [renamed, { ...nut, seenAt: 3000 }])).toEqual(['ITEM-1'])
    expect(await docnames().keep(sam, '', [{ ...renamed, fields: { a: [1], b: 1 } }])).toEqual([])
    expect(await docnames().resolve(sam, 'Item', ['ITEM-1'])).toEqual([renamed])
  })

  test('a row that the site wrote earlier changes nothing but the time of sight', async () => {
    const sam = randomToken()
    const newer = { ...bolt, modified: '2026-05-02 10:00:00.000002', label: 'New', state: 'gone' as const }
    await docnames().keep(sam, '', [newer])
    const older = { ...bolt, modified: '2026-05-02 10:00:00.000001', label: 'Old', seenAt: 9000 }
    expect(await docnames().keep(sam, '', [older])).toEqual([])
    expect(await docnames().resolve(sam, 'Item', ['ITEM-1'])).toEqual([{ ...newer, seenAt: 9000 }])
    expect(await docnames().keep(sam, '', [{ ...bolt, seenAt: 10 }])).toEqual([])
    expect(await docnames().resolve(sam, 'Item', ['ITEM-1'])).toEqual([{ ...newer, seenAt: 9000 }])
  })

  test('of two who tell of one change at once one is told that it is new', async () => {
    const sam = randomToken()
    await docnames().keep(sam, '', [bolt])
    const told = await Promise.all(Array.from({ length: 8 }, () => docnames().keep(sam, '', [{ ...bolt, modified: '2026' }])))
    expect(told.flat()).toEqual(['ITEM-1'])
  })

  test('a renamed document is found under its new name, and its old name says where it went', async () => {
    const sam = randomToken()
    await docnames().keep(sam, '', [bolt])
    await docnames().keep(sam, 'filters', [bolt])
    const to = { ...bolt, name: 'ITEM-9', seenAt: 4000 }
    await docnames().rename(sam, bolt, to)
    expect(await docnames().resolve(sam, 'Item', ['ITEM-1'])).toEqual([{ ...bolt, state: 'gone', renamedTo: 'ITEM-9' }])
    expect(await docnames().resolve(sam, 'Item', ['ITEM-9'])).toEqual([to])
    for (const source of ['', 'filters'])
      expect((await docnames().list(sam, 'Item', source, 10)).map((row) => row.name)).toEqual(['ITEM-9'])
  })

  test('knows whom a document concerns, a page at a time', async () => {
    const name = randomToken()
    const owners = ['', ...Array.from({ length: 4 }, () => randomToken())].toSorted()
    for (const owner of owners) await docnames().keep(owner, '', [{ ...bolt, name }])
    await docnames().keep('', '', [{ ...bolt, doctype: 'Customer', name }])
    const met = await docnames().owners('Item', name, { limit: 2 })
    while (met.length < 10) {
      const page = await docnames().owners('Item', name, { after: met.at(-1)!, limit: 2 })
      met.push(...page)
      if (page.length < 2) break
    }
    expect(met).toEqual(owners)
  })
}

function forgetting(docnames: () => DocnameStore): void {
  test('forgets all of an owner and nothing of another', async () => {
    const [sam, lea] = [randomToken(), randomToken()]
    const own = { ...bolt, name: randomToken() }
    for (const owner of [sam, lea]) await docnames().keep(owner, 'search', [own])
    await docnames().keep(sam, '', [])
    await docnames().removeAll(sam)
    expect(await docnames().list(sam, 'Item', 'search', 10)).toEqual([])
    expect(await docnames().resolve(sam, 'Item', [own.name])).toEqual([])
    expect(await docnames().owners('Item', own.name, { limit: 10 })).toEqual([lea])
    expect(await docnames().list(lea, 'Item', 'search', 10)).toEqual([own])
  })

  test('forgets what nobody has seen since', async () => {
    const sam = randomToken()
    const [old, seen] = [docnameOf({ name: 'OLD', seenAt: 10 }), docnameOf({ name: 'SEEN', seenAt: 10 })]
    await docnames().keep(sam, '', [old, seen])
    await docnames().keep(sam, '', [{ ...seen, seenAt: 20 }])
    expect(await docnames().sweep(20)).toBeGreaterThanOrEqual(1)
    expect((await docnames().list(sam, 'Item', '', 10)).map((row) => row.name)).toEqual(['SEEN'])
    expect(await docnames().resolve(sam, 'Item', ['OLD', 'SEEN'])).toEqual([{ ...seen, seenAt: 20 }])
  })

  test('forgets all that nobody has seen since, of every owner and search, however much it is', async () => {
    const [sam, lea] = [randomToken(), randomToken()]
    const many = Array.from({ length: 450 }, (_, index) => docnameOf({ name: `OLD-${index}`, seenAt: index % 10 }))
    const kept = docnameOf({ name: 'KEPT', seenAt: 10 })
    for (const [owner, source] of [
      [sam, ''],
      [sam, 'search'],
      [lea, ''],
    ] as const)
      await docnames().keep(owner, source, [...many, kept])
    expect(await docnames().sweep(10)).toBeGreaterThanOrEqual(900)
    for (const owner of [sam, lea]) {
      expect(await docnames().resolve(owner, 'Item', [...many.map(({ name }) => name), 'KEPT'])).toEqual([kept])
      expect((await docnames().list(owner, 'Item', '', 1000)).map(({ name }) => name)).toEqual(['KEPT'])
    }
    expect((await docnames().list(sam, 'Item', 'search', 1000)).map(({ name }) => name)).toEqual(['KEPT'])
    expect(await docnames().owners('Item', 'OLD-1', { after: sam < lea ? sam.slice(0, -1) : lea.slice(0, -1), limit: 1000 })).not.toContain(
      sam,
    )
  })
}
