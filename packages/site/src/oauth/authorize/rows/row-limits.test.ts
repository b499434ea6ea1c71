import { describe, expect, it } from 'vitest'
import type { GrantRow } from '../../storage/oauth-tables.ts'
import { parseDetails, type Detail } from '../details/authorization-details.ts'
import { grantedDetails } from '../details/granted-details.ts'
import { isWithin, limitRows, rememberedChoices } from './row-choices.ts'

const detail = (doctype: string, filters: unknown = []): Detail[] =>
  parseDetails(JSON.stringify([{ type: 'frappe_doctype', doctype, actions: ['read'], filters }]))
const stored = (byDoctype: Record<string, unknown>): string => JSON.stringify(byDoctype)

describe('what a grant with filters covers', () => {
  const ofA = stored({ Item: [['company', '=', 'A']] })

  it.each<[token: string, details: string | null, now: Detail[], verdict: boolean]>([
    ['Item:read', null, [], true],
    ['Item:read', ofA, [], false],
    ['Item:read', ofA, detail('Item', { company: 'A' }), true],
    ['Item:read', ofA, detail('Item', { company: 'A', size: 1 }), true],
    ['Item:read', ofA, detail('Item', { company: 'B' }), false],
    ['Item:read', ofA, detail('Customer', { company: 'A' }), false],
    ['Customer:read', ofA, [], true],
    ['*:read', ofA, [], false],
    ['*:read', ofA, detail('Item', { company: 'A' }), true],
    ['openid', ofA, [], true],
    ['Item:read', stored({ Item: [] }), [], true],
  ])('%s under %s, asked with %j: %s', (token, details, now, verdict) => {
    expect(isWithin(token, { details }, now)).toBe(verdict)
  })
})

describe('a new grant', () => {
  it.each<[granted: string[], details: Detail[], choices: [string, string[]][], left: string[], filters: object | undefined]>([
    [['all', 'method:a.b'], [], [], ['all', 'method:a.b'], undefined],
    [['all'], [], [['Item', ['A']]], ['all'], undefined],
    [['openid', 'all', 'Item:read'], [], [['Item', ['A']]], ['openid', 'Item:read'], { Item: [['name', 'in', ['A']]] }],
    [['method:a.b', '*:read'], [], [['Item', ['A']]], ['*:read'], { Item: [['name', 'in', ['A']]] }],
    [['Item:read'], [], [['Item', []]], ['Item:read'], undefined],
    [['Item:read'], [], [['Customer', ['A']]], ['Item:read'], undefined],
    [['Customer:read', 'all'], detail('Item', { a: 1 }), [], ['Customer:read', 'all'], undefined],
    [
      ['Item:read'],
      detail('Item', { a: 1 }),
      [['Item', ['A']]],
      ['Item:read'],
      {
        Item: [
          ['a', '=', 1],
          ['name', 'in', ['A']],
        ],
      },
    ],
  ])('of %j, with details %j and choices %j, holds %j under %j', (granted, details, choices, left, filters) => {
    const limited = limitRows(granted, details, new Map(choices))
    expect(limited.granted).toEqual(left)
    expect(limited.filters === undefined ? undefined : JSON.parse(limited.filters)).toEqual(filters)
  })
})

describe('the choices that are carried on', () => {
  const grant = (values: Partial<GrantRow>): GrantRow =>
    ({ granted: 'Item:read', filters: null, details: null, kind: null, ...values }) as GrantRow
  const only = (...names: string[]): string => stored({ Item: [['name', 'in', names]] })

  it.each<[which: string, grants: GrantRow[], choices: [string, string[]][]]>([
    ['of the newest grant', [grant({ filters: only('A') }), grant({ filters: only('B') })], [['Item', ['A']]]],
    ['of none when the newest has none', [grant({}), grant({ filters: only('B') })], []],
    ['of the newest that names the DocType', [grant({ granted: 'Customer:read' }), grant({ filters: only('B') })], [['Item', ['B']]]],
    ['of a device', [grant({ filters: only('A'), kind: 'device' }), grant({})], [['Item', ['A']]]],
    ['of no service', [grant({ kind: 'service' }), grant({ filters: only('B') })], [['Item', ['B']]]],
    ['and not what the app asked for', [grant({ filters: only('A'), details: only('A') })], []],
    [
      'beside what the app asked for',
      [
        grant({
          filters: stored({
            Item: [
              ['name', 'in', ['A']],
              ['name', 'in', ['B']],
            ],
          }),
          details: only('A'),
        }),
      ],
      [['Item', ['B']]],
    ],
  ])('are those %s', (_which, grants, choices) => {
    expect([...rememberedChoices(grants)]).toEqual(choices)
  })
})

describe('the details of a token', () => {
  const filters = stored({ Item: [['company', '=', 'A']] })
  const told = (actions: string[]): object => ({ type: 'frappe_doctype', doctype: 'Item', actions, filters: [['company', '=', 'A']] })

  it.each<[scope: string, filters: string | null, details: string | null, told: object[] | undefined]>([
    ['openid Item:read', null, null, undefined],
    ['openid', filters, null, undefined],
    ['Item:read Item:write Customer:read', filters, null, [told(['read', 'write'])]],
    ['*:read Item:read', filters, null, [told(['read'])]],
    ['*:read', filters, null, [told(['read'])]],
    ['Item:read method:a.b Customer:write openid', filters, null, [told(['read'])]],
    ['Item:read', null, stored({ Item: [] }), [{ type: 'frappe_doctype', doctype: 'Item', actions: ['read'] }]],
  ])('with “%s”, filters %s and details %s', (scope, ofGrant, details, expected) => {
    expect(grantedDetails(scope, { filters: ofGrant, details })).toEqual(expected)
  })
})
