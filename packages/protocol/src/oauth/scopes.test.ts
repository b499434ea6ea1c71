import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RIGHTS } from '../documents/fields.ts'
import {
  CHANGING_RIGHTS,
  IDENTITY_SCOPES,
  ScopeSet,
  allowsScope,
  describeScope,
  doctypeOfScope,
  documentScope,
  isIdentityScope,
  readScope,
  scopeName,
  splitScope,
} from './scopes.ts'

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
    ['set:sales', 'set'],
    ['set:Field.work-2', 'set'],
  ])('%s is one of kind %s', (token, kind) => {
    expect(readScope(token)?.kind).toBe(kind)
  })

  it.each([
    ['email', { kind: 'identity', token: 'email', name: 'email' }],
    ['Sales.Invoice:submit', { kind: 'document', token: 'Sales.Invoice:submit', doctype: 'Sales Invoice', right: 'submit' }],
    ['*:read', { kind: 'document', token: '*:read', doctype: '*', right: 'read' }],
    ['method:frappe.desk.*', { kind: 'method', token: 'method:frappe.desk.*', name: 'frappe.desk.*' }],
    ['set:sales', { kind: 'set', token: 'set:sales', name: 'sales' }],
  ])('%s is read whole', (token, scope) => {
    expect(readScope(token)).toEqual(scope)
  })

  it('says who the user is in five words alone', () => {
    expect(IDENTITY_SCOPES.map((token) => readScope(token)?.kind)).toEqual(['identity', 'identity', 'identity', 'identity', 'identity'])
    expect(['openid', 'profile', 'email', 'roles', 'offline_access', 'all', ''].filter(isIdentityScope)).toEqual(IDENTITY_SCOPES)
  })

  it.each([
    [2, true],
    [61, true],
    [1, false],
    [62, false],
  ])('names a DocType of %i letters: %s', (length, verdict) => {
    expect(readScope(`${'x'.repeat(length)}:read`) !== undefined).toBe(verdict)
  })

  it.each([
    'secret',
    'Item',
    'Itemread',
    'read',
    'delete',
    'Itemsread',
    '.method:read',
    'a.method:b',
    'xset:sales',
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
    'set:',
    'set:a b',
    'set:2',
    `set:${'x'.repeat(61)}`,
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
    expect(describeScope('Sales.Invoice:email')).toBe('Send Sales Invoice by e-mail')
    expect(describeScope('set:sales')).toBe('All that belongs to “sales”')
    expect(describeScope('method:a.$&')).toBe('method:a.$&')
    expect(describeScope('openid')).toBe('Know who you are')
  })
})

describe('a scope parameter', () => {
  it('is split at any white space, each token once and in order', () => {
    expect(splitScope(' openid  all\nopenid Item:read\t')).toEqual(['openid', 'all', 'Item:read'])
    expect([splitScope(undefined), splitScope(null), splitScope('')]).toEqual([[], [], []])
  })

  it('is taken up to what is too long and too many', () => {
    expect(splitScope('x'.repeat(4096))).toHaveLength(1)
    expect(splitScope(Array.from({ length: 100 }, (_, i) => `a${i}`).join(' '))).toHaveLength(100)
  })

  it('is refused when it is too long or names too many rights', () => {
    const invalid = (words: string): object => expect.objectContaining({ code: 'invalid_request', message: words }) as object
    expect(() => splitScope('x'.repeat(4097))).toThrow(invalid('scope must be at most 4096 characters'))
    expect(() => splitScope(Array.from({ length: 101 }, (_, i) => `a${i}`).join(' '))).toThrow(
      invalid('scope must name at most 100 rights'),
    )
  })

  it('counts repeats as one, ten thousand of them too, up to what is worth reading', () => {
    expect(splitScope(Array.from({ length: 100 }, () => 'all').join(' '))).toEqual(['all'])
    expect(splitScope('all '.repeat(10_000))).toEqual(['all'])
    expect(() => splitScope('all '.repeat(70_000))).toThrow('scope must be at most 4096 characters')
    expect(() => splitScope(' '.repeat(4097))).toThrow('scope must be at most 4096 characters')
    expect(() => splitScope(`${'x'.repeat(2048)} ${'y'.repeat(2048)}`)).toThrow('scope must be at most 4096 characters')
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
    [['set:sales'], 'set:sales', true],
    [['set:sales'], 'set:other', false],
    [['*:read'], 'set:sales', false],
    [['set:*'], 'set:sales', false],
    [['method:*'], 'method:a', false],
    [['Item:*'], 'Item:reads', false],
    [['Item:*'], 'nonsense', false],
    [[], 'Item:read', false],
  ])('%j allows %s: %s', (allowed, requested, verdict) => {
    expect(allowsScope(allowed, requested)).toBe(verdict)
  })
})

describe('the scopes of a token', () => {
  it.each([
    ['select', 'select'],
    ['read', 'select read'],
    ['write', 'select read write'],
    ['create', 'create'],
    ['delete', 'delete'],
    ['submit', 'select read submit'],
    ['cancel', 'select read cancel'],
    ['amend', 'select read amend'],
    ['print', 'select read print'],
    ['email', 'select read email'],
    ['report', 'select read report'],
    ['import', 'select read write create import'],
    ['export', 'select read export'],
    ['share', 'select read share'],
  ])('open with %s what it implies and nothing else: %s', (right, open) => {
    const [one, every] = [new ScopeSet([`Item:${right}`]), new ScopeSet([`*:${right}`])]
    expect(RIGHTS.filter((each) => one.names('Item', each)).join(' ')).toBe(open)
    expect(RIGHTS.filter((each) => every.opensEvery(each)).join(' ')).toBe(open)
    expect(RIGHTS.filter((each) => one.names('Customer', each) || one.opensEvery(each))).toEqual([])
  })

  it('add up over several of one DocType', () => {
    const scopes = new ScopeSet(['Item:create', 'Item:read'])
    expect([scopes.names('Item', 'create'), scopes.names('Item', 'read')]).toEqual([true, true])
  })

  it('open everything with all, and name nothing by it', () => {
    const scopes = new ScopeSet(['all', 'openid'])
    expect([scopes.all, scopes.opensEvery('delete'), scopes.names('Item', 'read'), scopes.opensMethod('all')]).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect([new ScopeSet([]).all, new ScopeSet(['Item:read']).all]).toEqual([false, false])
  })

  it('are asked by the token as it was given', () => {
    const scopes = new ScopeSet(['openid', 'nonsense'])
    expect([scopes.has('openid'), scopes.has('nonsense'), scopes.has('profile')]).toEqual([true, true, false])
  })

  it('open no document with openid alone', () => {
    const scopes = new ScopeSet(['openid', 'profile'])
    expect([scopes.opensEvery('select'), scopes.names('Item', 'select'), scopes.opensMethod('ping')]).toEqual([false, false, false])
  })

  it('open a method by its name or its prefix, on whole parts alone', () => {
    const scopes = new ScopeSet(['method:a.b', 'method:c.d.*'])
    expect(['a.b', 'a.bc', 'a.', 'c.d.e', 'c.de', 'c.d'].filter((name) => scopes.opensMethod(name))).toEqual(['a.b', 'c.d.e'])
  })

  it('open no method by what is no method', () => {
    const scopes = new ScopeSet(['openid', 'set:sales', 'Item:read', 'nonsense'])
    expect(['openid', 'sales', 'Item', 'nonsense', 'Item:read'].filter((name) => scopes.opensMethod(name))).toEqual([])
  })
})

it('the rights that change something are those whose boxes start empty', () => {
  expect([...CHANGING_RIGHTS].join(' ')).toBe('write create delete submit cancel amend import share')
})
