import { describe, expect, it } from 'vitest'
import type { Client } from '../client.ts'
import { isWide, mayHave, mayHaveSet, mayHaveWide, policyScopes, withinPolicy } from './registration-policy.ts'

const client = (values: Partial<Client>): Client => values as Client
const itself = { dynamicallyRegistered: true, scopesApproved: false }

describe('What the policy lets programs have that register themselves', () => {
  it('is what it names, each once, and a refresh token', () => {
    expect(policyScopes({ registrationScopes: ['openid', 'Item:read', 'openid'] })).toEqual(['openid', 'Item:read', 'offline_access'])
    expect(policyScopes({ registrationScopes: ['offline_access'] })).toEqual(['offline_access'])
  })

  it('binds those that registered themselves, and nobody else', () => {
    expect(withinPolicy(client({ dynamicallyRegistered: false }), { registrationScopes: ['openid'] }).policy).toBeUndefined()
    expect(withinPolicy(client({ dynamicallyRegistered: true, name: 'A' }), { registrationScopes: ['openid'] })).toEqual({
      dynamicallyRegistered: true,
      name: 'A',
      policy: ['openid', 'offline_access'],
    })
  })

  it.each<[scope: string, wide: boolean]>([
    ['all', true],
    ['*:read', true],
    ['Item:read', false],
    ['Item:*', false],
    ['allow', false],
    ['openid', false],
  ])('%s is a right on everything: %s', (scope, wide) => {
    expect(isWide(scope)).toBe(wide)
  })

  const scopes = ['openid', 'all', '*:read', 'Item:*', 'set:work']
  it.each<[what: string, values: Partial<Client>, scope: string, may: boolean]>([
    ['registered by hand', {}, 'all', true],
    ['registered by hand', {}, 'Item:read', true],
    ['registered by hand', {}, 'Other:write', false],
    ['registered itself', { ...itself, policy: ['openid', 'Item:read'] }, 'openid', true],
    ['registered itself', { ...itself, policy: ['openid', 'Item:read'] }, 'Item:read', true],
    ['registered itself', { ...itself, policy: ['openid', 'Item:read'] }, 'Item:write', false],
    ['registered itself', { ...itself, policy: ['openid', 'Item:*'] }, 'Item:write', true],
    ['registered itself', { ...itself, policy: ['Other:write'] }, 'Other:write', false],
    ['registered itself', { ...itself, policy: ['openid'] }, 'all', false],
    ['registered itself', { ...itself, policy: ['openid', 'all'] }, 'all', true],
    ['registered itself', { ...itself, policy: ['openid', 'all'] }, '*:read', false],
    ['approved by hand', { ...itself, scopesApproved: true, policy: ['openid'] }, 'Item:write', true],
    ['approved by hand', { ...itself, scopesApproved: true, policy: ['openid'] }, 'all', false],
    ['approved by hand', { ...itself, scopesApproved: true, policy: ['openid'] }, '*:read', false],
    ['approved by hand', { ...itself, scopesApproved: true, policy: ['openid', '*:read'] }, '*:read', true],
  ])('an app that was %s, with %j, may have %s: %s', (_what, values, scope, may) => {
    expect(mayHave(client({ scopes, ...values }), scope)).toBe(may)
  })

  it.each<[values: Partial<Client>, name: string, may: boolean]>([
    [{}, 'work', true],
    [{}, 'other', false],
    [{ ...itself, policy: ['openid'] }, 'work', false],
    [{ ...itself, policy: ['set:work'] }, 'work', true],
    [{ ...itself, policy: ['set:other'] }, 'other', false],
    [{ ...itself, scopesApproved: true, policy: ['openid'] }, 'work', true],
  ])('an app with %j may have the set %s: %s', (values, name, may) => {
    expect(mayHaveSet(client({ scopes, ...values }), name)).toBe(may)
  })

  it.each<[policy: string[] | undefined, scope: string, may: boolean]>([
    [undefined, 'all', true],
    [['openid'], 'all', false],
    [['openid'], '*:read', false],
    [['openid', '*:read'], '*:read', true],
    [['openid'], 'Item:read', true],
  ])('held to %j, nothing but its own list stands before %s: %s', (policy, scope, may) => {
    expect(mayHaveWide(client(policy === undefined ? {} : { policy }), scope)).toBe(may)
  })
})
