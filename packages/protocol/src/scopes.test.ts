import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ScopeSet, allowsScope, describeScope, documentScope, doctypeOfScope, readScope, scopeName, splitScope } from './scopes.ts'

describe('a scope', () => {
  it.each([
    ['openid', 'identity'],
    ['all', 'all'],
    ['Item:read', 'document'],
    ['Sales.Invoice:submit', 'document'],
    ['*:read', 'document'],
    ['method:frappe.client.get_count', 'method'],
    ['method:frappe.desk.*', 'method'],
    ['method:Sales.Order-2.close', 'method'],
  ])('%s is one of kind %s', (token, kind) => {
    expect(readScope(token)?.kind).toBe(kind)
  })

  it.each([
    'secret',
    'Item',
    'Item:',
    ':read',
    'Item:reads',
    'Item:Read',
    'Sales..Invoice:read',
    '.Item:read',
    'Item.:read',
    'Sales Invoice:read',
    'Sales%20Invoice:read',
    'Itém:read',
    'set:sales',
    'method:',
    'method:a b',
    `${'x'.repeat(62)}:read`,
  ])('%s is none', (token) => {
    expect(readScope(token)).toBeUndefined()
  })

  it('writes any DocType name so that it comes back', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Z][A-Za-z0-9_-]{1,20}( [A-Za-z0-9_-]{1,20})?$/),
        (name) => doctypeOfScope(scopeName(name)) === name,
      ),
    )
    expect(documentScope('Sales Invoice', 'submit')).toBe('Sales.Invoice:submit')
  })

  it('is said in plain words', () => {
    expect(describeScope('Sales.Invoice:read')).toBe('Read Sales Invoice')
    expect(describeScope('*:write')).toBe('Change every kind of document')
  })
})

describe('a scope parameter', () => {
  it('is split at any white space, each token once and in order', () => {
    expect(splitScope('openid  all\nopenid Item:read')).toEqual(['openid', 'all', 'Item:read'])
    expect(splitScope(undefined)).toEqual([])
  })

  it('is refused when it is too long or names too many rights', () => {
    expect(() => splitScope('x'.repeat(4097))).toThrow(/4096/)
    expect(() => splitScope(Array.from({ length: 101 }, (_, i) => `a${i}`).join(' '))).toThrow(/100/)
  })

  it('counts ten thousand repeats of a short token as too long and a hundred as one', () => {
    expect(splitScope(Array.from({ length: 100 }, () => 'all').join(' '))).toEqual(['all'])
    expect(() => splitScope('all '.repeat(10_000))).toThrow()
  })
})

describe('a client’s allow-list', () => {
  it.each([
    [['Item:*'], 'Item:write', true],
    [['*:read'], 'Item:read', true],
    [['*:read'], 'Item:write', false],
    [['*:read'], '*:read', true],
    [['Item:*'], '*:read', false],
    [['all'], 'Item:read', false],
    [['openid'], 'openid', true],
  ])('%j allows %s: %s', (allowed, requested, verdict) => {
    expect(allowsScope(allowed, requested)).toBe(verdict)
  })
})

describe('the scopes of a token', () => {
  it('include what a right implies and nothing else', () => {
    const scopes = new ScopeSet(['Item:write', 'Customer:create', 'Lead:import'])
    expect([scopes.names('Item', 'read'), scopes.names('Item', 'select'), scopes.names('Item', 'delete')]).toEqual([true, true, false])
    expect([scopes.names('Customer', 'create'), scopes.names('Customer', 'read')]).toEqual([true, false])
    expect([scopes.names('Lead', 'create'), scopes.names('Lead', 'write'), scopes.names('Lead', 'read')]).toEqual([true, true, true])
  })

  it('open no document with openid alone', () => {
    const scopes = new ScopeSet(['openid', 'profile'])
    expect([scopes.opensEvery('select'), scopes.names('Item', 'select'), scopes.opensMethod('ping')]).toEqual([false, false, false])
  })

  it('open a method by its name or its prefix, on whole parts alone', () => {
    const scopes = new ScopeSet(['method:a.b', 'method:c.d.*'])
    expect([scopes.opensMethod('a.b'), scopes.opensMethod('a.bc'), scopes.opensMethod('c.d.e'), scopes.opensMethod('c.de')]).toEqual([
      true,
      false,
      true,
      false,
    ])
  })
})
