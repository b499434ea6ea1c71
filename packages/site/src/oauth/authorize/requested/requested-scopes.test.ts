import type { DocType } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { clientOf } from '../../testing/client.fixture.ts'
import {
  ScopeRefused,
  checkNumber,
  doctypeIdsOf,
  grantedSets,
  isSameDocType,
  mayAskFor,
  mayHold,
  mayNot,
  resolveScopes,
  titlesOf,
  type ScopeSets,
} from './requested-scopes.ts'

const THERE: Readonly<Record<string, string>> = { Item: 'i1', 'Sales Invoice': 's1' }
const doctypeOf = (name: string): DocType | undefined => (THERE[name] === undefined ? undefined : ({ name, id: THERE[name] } as DocType))
const SETS: ScopeSets = new Map([
  ['field', { title: 'Field', scopes: ['Item:read', 'Sales.Invoice:read', 'Ghost:read'] }],
  ['wide', { title: 'Wide', scopes: ['all', '*:read', 'Item:read'] }],
])
const client = (...scopes: string[]) => clientOf({ scopes })
/** One that registered itself, whose policy names no right on everything. */
const held = (...scopes: string[]) => clientOf({ scopes, dynamicallyRegistered: true, scopesApproved: true, policy: ['openid'] })

describe('What an app may ask for', () => {
  it.each<[token: string, app: ReturnType<typeof client>, sets: ScopeSets | undefined, verdict: boolean]>([
    ['openid', client('openid'), undefined, true],
    ['openid', client('Item:*'), undefined, false],
    ['Item:read', client('Item:*'), undefined, true],
    ['Item:read', client('*:read'), undefined, true],
    ['Item:write', client('*:read'), undefined, false],
    ['Ghost:read', client('*:read'), undefined, false],
    ['*:read', client('*:read'), undefined, true],
    ['all', client('all'), undefined, true],
    ['method:a.b', client('method:a.b'), undefined, true],
    ['nonsense', client('nonsense'), undefined, false],
    ['Item:read', client('set:field'), SETS, true],
    ['Item:read', client('set:field'), undefined, false],
    ['Item:write', client('set:field'), SETS, false],
    ['Ghost:read', client('set:field'), SETS, false],
    ['set:field', client('set:field'), SETS, true],
    ['set:field', client('set:wide'), SETS, false],
    ['set:field', client('set:field'), undefined, false],
    ['set:ghost', client('set:ghost'), SETS, false],
    ['all', client('set:wide'), SETS, true],
    ['all', held('set:wide'), SETS, false],
  ])('an app may ask for %s or not (%#)', (token, app, sets, verdict) => {
    expect(mayAskFor(token, { client: app, scope: undefined, doctypeOf, ...(sets ? { sets } : {}) })).toBe(verdict)
  })
})

describe('What it asks for', () => {
  const resolve = (scope: string | undefined, app = client('openid', 'Item:*', 'Item:read', 'set:field')): string[] =>
    resolveScopes({ client: app, scope, doctypeOf, sets: SETS })

  it.each<[scope: string | undefined, scopes: string[]]>([
    ['openid Item:write', ['openid', 'Item:write']],
    ['Item:read set:field openid', ['Item:read', 'Sales.Invoice:read', 'openid']],
    [undefined, ['openid', 'Item:read', 'Sales.Invoice:read']],
    ['', ['openid', 'Item:read', 'Sales.Invoice:read']],
  ])('with %j is %j', (scope, scopes) => expect(resolve(scope)).toEqual(scopes))

  it('holds nothing wide of a set, of a program that registered itself', () => {
    expect(resolve('set:wide', client('set:wide'))).toEqual(['all', '*:read', 'Item:read'])
    expect(resolve('set:wide', held('set:wide'))).toEqual(['Item:read'])
  })

  it('is refused in one sentence when it may not, in letters that an answer may hold', () => {
    const refused = (scope: string): unknown => {
      try {
        return resolve(scope)
      } catch (error) {
        return error
      }
    }
    expect(refused('openid Item:no')).toMatchObject({ code: 'invalid_scope', message: 'The app may not ask for Item:no', token: 'Item:no' })
    expect(refused('Ghost:read')).toBeInstanceOf(ScopeRefused)
    expect(mayNot('a"b\\c é!#[]~\u007f')).toBe('The app may not ask for a?b?c??!#[]~?')
    expect(mayNot('x'.repeat(81))).toBe(`The app may not ask for ${'x'.repeat(80)}`)
    expect(refused('x'.repeat(141))).toMatchObject({ token: 'x'.repeat(140) })
  })

  it('is no more than a grant keeps: 100 rights, 4096 characters', () => {
    const many = (count: number): string[] => Array.from({ length: count }, () => 'a')
    expect(checkNumber(many(100))).toHaveLength(100)
    expect(checkNumber(['x'.repeat(4096)])).toHaveLength(1)
    for (const scopes of [many(101), ['x'.repeat(4097)], ['x'.repeat(2048), 'x'.repeat(2048)]])
      expect(() => checkNumber(scopes)).toThrow('Together these are too many rights; ask for at most 100')
    expect(checkNumber(['x'.repeat(2048), 'x'.repeat(2047)])).toHaveLength(2)
  })

  it.each<[scope: string | undefined, titles: [string, string][]]>([
    [
      'set:field',
      [
        ['Item:read', 'Field'],
        ['Sales.Invoice:read', 'Field'],
        ['Ghost:read', 'Field'],
      ],
    ],
    [
      'set:field Item:read',
      [
        ['Sales.Invoice:read', 'Field'],
        ['Ghost:read', 'Field'],
      ],
    ],
    [
      'set:field set:wide',
      [
        ['Item:read', 'Field'],
        ['Sales.Invoice:read', 'Field'],
        ['Ghost:read', 'Field'],
        ['all', 'Wide'],
        ['*:read', 'Wide'],
      ],
    ],
    ['openid set:ghost', []],
    [
      undefined,
      [
        ['Item:read', 'Field'],
        ['Sales.Invoice:read', 'Field'],
        ['Ghost:read', 'Field'],
      ],
    ],
  ])('with %j stands under the titles %j', (scope, titles) => {
    expect([...titlesOf(scope, client('openid', 'set:field'), SETS)]).toEqual(titles)
  })
})

describe('What was granted by a set', () => {
  it('is kept by the names of the app’s sets, and not what it may have by itself', () => {
    const app = client('openid', 'Sales.Invoice:read', 'set:field', 'set:wide')
    expect(grantedSets(app, ['openid', 'Sales.Invoice:read', 'Item:read', 'all'], SETS)).toEqual({
      field: ['Item:read'],
      wide: ['Item:read', 'all'],
    })
    expect(grantedSets(client('set:field'), ['Item:read', 'Sales.Invoice:read', 'all'], SETS)).toEqual({
      field: ['Item:read', 'Sales.Invoice:read'],
    })
  })

  const kept = JSON.stringify({ field: ['Item:read'], wide: ['all'] })
  it.each<[scope: string, app: ReturnType<typeof client>, sets: string | null, verdict: boolean]>([
    ['Item:read', client('Item:read'), null, true],
    ['Item:read', client('set:field'), null, false],
    ['Item:read', client('set:field'), kept, true],
    ['Item:write', client('set:field'), kept, false],
    ['Item:read', client('set:wide'), kept, false],
    ['Item:read', client('openid'), kept, false],
    ['all', client('set:wide'), kept, true],
    ['all', held('set:wide'), kept, false],
    ['Item:read', client('set:field'), '"field"', false],
    ['Item:read', client('set:field'), '["Item:read"]', false],
    ['Item:read', client('set:field'), '{"field":"Item:read"}', false],
    ['Item:read', client('set:field'), '{"other":[],"field":["Item:read"]}', true],
  ])('may be held: %s (%#)', (scope, app, sets, verdict) => expect(mayHold(app, scope, sets)).toBe(verdict))
})

describe('The DocTypes that scopes name', () => {
  it('are kept by their ids, of those that are there', () => {
    expect(
      doctypeIdsOf(['openid', 'all', '*:read', 'method:a.b', 'Item:read', 'Item:write', 'Sales.Invoice:read', 'Ghost:read'], doctypeOf),
    ).toEqual({
      Item: 'i1',
      'Sales Invoice': 's1',
    })
  })

  it.each<[token: string, ids: Record<string, string>, verdict: boolean]>([
    ['openid', {}, true],
    ['*:read', {}, true],
    ['Item:read', { Item: 'i1' }, true],
    ['Item:read', { Item: 'i0' }, false],
    ['Item:read', {}, false],
    ['Ghost:read', {}, false],
    ['Ghost:read', { Ghost: 'g1' }, false],
  ])('are the same as then: %s %j', (token, ids, verdict) => expect(isSameDocType(token, ids, doctypeOf)).toBe(verdict))
})
