import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api, type Values } from '../support/callers/api.ts'
import { engines } from '../support/databases.ts'
import { startSite, type RunningSite } from '../support/site.ts'

const money = (fieldname: string, label: string): object => ({ fieldname, fieldtype: 'Currency', label })
const LINE = {
  name: 'Entry Line',
  module: 'Books',
  custom: 1,
  istable: 1,
  autoname: 'hash',
  fields: [money('amount', 'Amount')],
  permissions: [],
}
const ENTRY = {
  name: 'Entry',
  module: 'Books',
  custom: 1,
  autoname: 'hash',
  fields: [
    { fieldname: 'book', fieldtype: 'Data', label: 'Book', reqd: 1 },
    money('amount', 'Amount'),
    { fieldname: 'weight', fieldtype: 'Float', label: 'Weight' },
    { fieldname: 'lines', fieldtype: 'Table', options: 'Entry Line', label: 'Lines' },
  ],
  permissions: [{ role: 'All' }],
}

/** Where binary fractions go wrong when they are simply added. */
const BOOKS: Readonly<Record<string, readonly string[]>> = {
  two: ['0.1', '0.2'],
  three: ['1.1', '2.2', '3.3'],
  tenths: Array.from({ length: 30 }, () => '0.1'),
  mixed: ['0.1', '0.2', '0.3', '1000000.000000001', '-0.7', '19.99', '0.005', '1.005', '2.675'],
  small: ['0.000000001', '0.000000002', '0.000000004', '-0.000000003'],
  large: ['123456789.123456789', '876543210.876543211', '99999999999.99', '0.01', '-99999999999.99'],
  cancelling: ['100000000000.1', '0.000000001', '-100000000000.1'],
  thirds: ['0.333333333', '0.333333333', '0.333333334'],
}

const nano = (text: string): bigint => {
  const [, sign, whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  const value = BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
  return sign === '-' ? -value : value
}
const textOf = (value: bigint): string => {
  const digits = (value < 0n ? -value : value).toString().padStart(10, '0')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`
}
const sumOf = (amounts: readonly string[]): number => Number(textOf(amounts.reduce((sum, amount) => sum + nano(amount), 0n)))
/** Half away from zero, at nine places. */
const averageOf = (amounts: readonly string[]): number => {
  const [sum, count] = [amounts.reduce((total, amount) => total + nano(amount), 0n), BigInt(amounts.length)]
  const half = sum < 0n ? -count : count
  return Number(textOf((2n * sum + half) / (2n * count)))
}

describe('Money through the API', () => {
  const sites: RunningSite[] = []
  const callers: Api[] = []
  beforeAll(async () => {
    for (const engine of engines) {
      const site = await startSite(engine)
      sites.push(site)
      const api = await Api.signIn(site.url, 'Administrator', site.adminPassword)
      callers.push(api)
      for (const doctype of [LINE, ENTRY]) await api.insert('DocType', doctype)
      for (const [book, amounts] of Object.entries(BOOKS))
        for (const [index, amount] of amounts.entries())
          await api.insert('Entry', { book, amount: index % 2 ? amount : Number(amount), weight: Number(amount) })
      await api.insert('Entry', { book: 'lines', lines: BOOKS['mixed']?.map((amount) => ({ amount })) })
    }
  })
  afterAll(() => Promise.all(sites.map((site) => site.close())))

  /** The answer of both sites, when it is one and the same to the byte. */
  async function same(query: Values): Promise<Values[]> {
    const [one, other] = await Promise.all(callers.map((api) => api.list('Entry', { limit_page_length: 0, ...query })))
    expect(one?.status, one?.text).toBe(200)
    expect(other?.text).toBe(one?.text)
    return one?.body['data'] as Values[]
  }

  it.each(Object.entries(BOOKS))('adds up %s exactly to nine places, on both engines alike', async (book, amounts) => {
    const fields = [
      'sum(amount) as total',
      'avg(amount) as mean',
      'sum(weight) as weight',
      'count(name) as n',
      'min(amount) as least',
      'max(amount) as most',
    ]
    const [row] = await same({ fields, filters: { book } })
    const numbers = amounts.map(Number)
    expect(row).toEqual({
      total: sumOf(amounts),
      mean: averageOf(amounts),
      weight: sumOf(amounts),
      n: amounts.length,
      least: Math.min(...numbers),
      most: Math.max(...numbers),
    })
  })

  it('adds up by groups, and orders by the sum', async () => {
    const rows = await same({
      fields: ['book', 'sum(amount) as total'],
      filters: [['book', '!=', 'lines']],
      group_by: 'book',
      order_by: 'book asc',
    })
    expect(rows).toEqual(
      Object.entries(BOOKS)
        .map(([book, amounts]) => ({ book, total: sumOf(amounts) }))
        .toSorted((a, b) => (a.book < b.book ? -1 : 1)),
    )
  })

  it('adds up the rows of documents', async () => {
    expect(await same({ fields: ['sum(lines.amount) as total'], filters: { book: 'lines' } })).toEqual([
      { total: sumOf(BOOKS['mixed'] ?? []) },
    ])
  })

  it('finds an amount by its value, whatever arithmetic it came from', async () => {
    for (const api of callers) await api.insert('Entry', { book: 'added', amount: 0.1 + 0.2 })
    for (const amount of [0.3, '0.3', '0.300'])
      expect(
        await same({
          fields: ['amount'],
          filters: [
            ['amount', '=', amount],
            ['book', '=', 'added'],
          ],
        }),
      ).toEqual([{ amount: 0.3 }])
    expect(
      await same({ fields: ['amount'], filters: [['amount', 'between', [0.000000002, 0.000000004]]], order_by: 'amount asc' }),
    ).toEqual([{ amount: 0.000000002 }, { amount: 0.000000004 }])
  })

  it('keeps nine places, and shows what it keeps', async () => {
    for (const [sent, kept] of [
      [1.23456789049, 1.23456789],
      [1.2345678906, 1.234567891],
      [-0.00000000149, -0.000000001],
      [0.1 + 0.2, 0.3],
      ['1,234.5', 1234.5],
    ] as const)
      for (const api of callers) {
        const made = await api.insert('Entry', { book: 'rounded', amount: sent })
        expect(made['amount']).toBe(kept)
        expect((await api.read('Entry', String(made['name'])))['amount']).toBe(kept)
      }
    expect(await same({ fields: ['amount'], filters: { book: 'rounded' }, order_by: 'amount desc' })).toHaveLength(5)
  })
})
