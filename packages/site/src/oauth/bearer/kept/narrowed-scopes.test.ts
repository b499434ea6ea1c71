import { describe, expect, it } from 'vitest'
import { NarrowedScopes } from './narrowed-scopes.ts'

const COMPANY = [{ fieldname: 'company', operator: '=', value: 'A' }]
const narrow = (scope: string, filters: string | null, ofClient: string | null) =>
  new NarrowedScopes().get({ scope, filters, row_filters: ofClient })

describe('What a token opens', () => {
  it.each([null, '', '{}'])('is its scopes alone with the filters %j', (none) => {
    const { scopes, rowFilters } = narrow('all method:a.b', none, none)
    expect([scopes.tokens, rowFilters]).toEqual([['all', 'method:a.b'], undefined])
  })

  it('is held to what its app and its grant say, both', () => {
    const { rowFilters } = narrow('Deal:read', '{"Deal":{"amount":[">",1]},"Item":{"name":"x"}}', '{"Deal":{"company":"A"}}')
    expect([...(rowFilters ?? [])]).toEqual([
      ['Deal', [...COMPANY, { fieldname: 'amount', operator: '>', value: 1 }]],
      ['Item', [{ fieldname: 'name', operator: '=', value: 'x' }]],
    ])
  })

  it.each(['filters', 'row_filters'] as const)('holds no `all` and no method beside %s', (kind) => {
    const texts = { scope: 'openid all *:read method:a.b method:a.* Deal:write', filters: null, row_filters: null }
    const { scopes } = new NarrowedScopes().get({ ...texts, [kind]: '{"Deal":{"company":"A"}}' })
    expect(scopes.tokens).toEqual(['openid', '*:read', 'Deal:write'])
  })

  it.each(['{', '[]', '7', 'null', '"Deal"'])('is nothing when its filters are %j, which cannot be read', (broken) => {
    for (const [filters, ofClient] of [
      [broken, null],
      [null, broken],
      [broken, '{"Deal":{"company":"A"}}'],
    ] as const)
      expect(narrow('openid Deal:read', filters, ofClient).scopes.tokens).toEqual([])
  })

  it.each(['{"Deal":[["company"]]}', '{"Deal":[["company","resembles","A"]]}', '{"Deal":7}', '{"Deal":[]}', '{"Deal":null}'])(
    'is no document of the DocType by a filter that says nothing: %s',
    (broken) =>
      expect(narrow('Deal:read', broken, null).rowFilters?.get('Deal')).toEqual([{ fieldname: 'name', operator: '=', value: null }]),
  )

  it('is read once for each text', () => {
    const narrowed = new NarrowedScopes()
    for (const filters of [null, '{"Deal":{"company":"A"}}']) {
      const texts = { scope: 'Deal:read', filters, row_filters: null }
      const first = narrowed.get({ ...texts })
      narrowed.get({ ...texts, scope: 'Item:read' })
      expect(narrowed.get({ ...texts })).toBe(first)
    }
  })

  it.each([null, '{"Deal":{"company":"A"}}'])('is forgotten with two thousand texts, and read again, with the filters %j', (filters) => {
    const narrowed = new NarrowedScopes()
    const read = (number: number) => narrowed.get({ scope: `method:a.m${number}`, filters, row_filters: null })
    const first = read(0)
    for (let number = 1; number < 2000; number += 1) read(number)
    expect(read(0)).toBe(first)
    read(2000)
    expect(read(0)).not.toBe(first)
  })
})
