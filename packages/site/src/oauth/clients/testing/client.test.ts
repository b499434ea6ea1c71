import { describe, expect, it } from 'vitest'
import { isConfidential, isOpenTo, keepsSecret, needsPkce, unsaidReach, type Client, type ClientKind } from '../client.ts'
import { kindOf, stateOf, wordsOf } from '../clients-store.ts'

const client = (values: Partial<Client>): Client => values as Client

describe('What kind of app it is', () => {
  it.each<[kind: ClientKind, secret: boolean]>([
    ['web', true],
    ['service', true],
    ['agent', true],
    ['public', false],
    ['native', false],
  ])('%s: says whether it keeps a secret (%s), and so whether it may go without PKCE', (kind, secret) => {
    expect(keepsSecret(kind)).toBe(secret)
    expect(isConfidential(client({ kind }))).toBe(secret)
    expect(needsPkce(client({ kind, requiresPkce: false }))).toBe(!secret)
    expect(needsPkce(client({ kind, requiresPkce: true }))).toBe(true)
    expect(kindOf(kind)).toBe(kind)
  })

  it.each([[undefined], [null], [''], ['Web'], ['desktop'], [7]])('stored as %j is web', (value) => {
    expect(kindOf(value)).toBe('web')
  })
})

describe('The state of a stored app', () => {
  it.each<[state: unknown, enabled: unknown, is: string]>([
    ['Active', 1, 'Active'],
    ['Active', 0, 'Suspended'],
    ['Active', '0', 'Suspended'],
    ['Active', undefined, 'Active'],
    ['Active', null, 'Active'],
    [null, 1, 'Active'],
    [null, 0, 'Suspended'],
    ['Sleeping', 1, 'Active'],
    ['Pending', 1, 'Pending'],
    ['Pending', 0, 'Pending'],
    ['Suspended', 1, 'Suspended'],
    ['Suspended', 0, 'Suspended'],
    ['Retired', 1, 'Retired'],
    ['Retired', 0, 'Retired'],
  ])('%j with enabled %j is %s', (state, enabled, is) => {
    expect(stateOf(state, enabled)).toBe(is)
  })
})

describe('A list of words', () => {
  it.each<[text: unknown, words: string[]]>([
    ['openid all', ['openid', 'all']],
    [' openid \r\n\t all ', ['openid', 'all']],
    ['', []],
    [' \n', []],
    [undefined, []],
    [null, []],
    [7, []],
    [['openid'], []],
  ])('%j is apart at white space of any kind', (text, words) => {
    expect(wordsOf(text)).toEqual(words)
  })
})

describe('What an app of old reads by openid', () => {
  const reach = (openidActsAsAll: boolean, scopes: readonly string[]): readonly string[] =>
    unsaidReach(client({ legacy: { openidActsAsAll } as Client['legacy'] }), scopes)

  it.each<[acts: boolean, scopes: string[], reach: string[]]>([
    [true, ['openid'], ['*:read']],
    [true, ['profile', 'openid', 'Item:read'], ['*:read']],
    [true, ['profile'], []],
    [true, ['openid', 'all'], []],
    [true, ['openid', '*:read'], []],
    [false, ['openid'], []],
  ])('loosened: %s, with %j, is %j besides', (acts, scopes, besides) => {
    expect(reach(acts, scopes)).toEqual(besides)
  })
})

describe('Whom an app is open to', () => {
  it.each<[policy: Client['authorizationPolicy'], allowed: string[], roles: string[], open: boolean]>([
    ['Roles', ['Sales User'], ['Sales User', 'All'], true],
    ['Roles', ['Sales User', 'Stock User'], ['Stock User'], true],
    ['Roles', ['Sales User'], ['Stock User'], false],
    ['Roles', ['Sales User'], [], false],
    ['Roles', [], [], true],
    ['Everyone', ['Sales User'], [], true],
    ['After Approval', ['Sales User'], ['All'], true],
  ])('an app is open by %s of %j, to %j: %s', (authorizationPolicy, allowedRoles, roles, open) => {
    expect(isOpenTo(client({ authorizationPolicy, allowedRoles }), new Set(roles))).toBe(open)
  })
})
