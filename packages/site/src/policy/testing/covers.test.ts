import { RIGHTS, ScopeSet, type Right } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { covers, judgedBy, lackOf, tokenCovers } from '../covers.ts'
import { isFenced, isFencedRight, isFencedToOwn } from '../fence.ts'
import { readableLevels, writableLevels } from '../field-levels.ts'
import { docType, principal } from '../policy.fixture.ts'
import type { Principal, TokenRights } from '../principal.ts'
import { can } from '../role-rights.ts'

const token = (scopes: string, rest: Partial<TokenRights> = {}): TokenRights => ({
  hash: 'h',
  grant: 'g',
  client: 'c',
  scopes: new ScopeSet(scopes.split(' ')),
  unfenced: false,
  doctypeIds: { Item: 'item 1', User: 'user 1' },
  ...rest,
})

describe('the scopes of a token', () => {
  it.each<[string, string, string | undefined, Right, ReturnType<typeof lackOf>]>([
    ['Item:read', 'Item', 'item 1', 'read', undefined],
    ['Item:read', 'Item', 'item 1', 'write', 'scope'],
    ['Item:read', 'Customer', 'customer 1', 'read', 'scope'],
    ['Item:read', 'Item', 'item 2', 'read', 'namesake'],
    ['Item:read', 'Item', undefined, 'read', 'namesake'],
    ['all', 'Item', 'item 2', 'read', undefined],
    ['*:read', 'Customer', undefined, 'read', undefined],
    ['*:read', 'Customer', undefined, 'write', 'scope'],
    ['all', 'User', 'user 1', 'read', 'fence'],
    ['*:read', 'User', 'user 1', 'read', 'fence'],
    ['all User:read', 'User', 'user 1', 'read', undefined],
    ['all User:read', 'User', 'user 2', 'read', 'namesake'],
    ['all', 'Item', 'item 1', 'share', 'fence'],
    ['*:share', 'Item', 'item 1', 'share', 'fence'],
    ['all Item:share', 'Item', 'item 1', 'share', undefined],
    ['openid', 'Item', 'item 1', 'read', 'scope'],
  ])('%s, asked for %s (%s) to %s: lack %s', (scopes, doctype, id, right, lack) => {
    expect(lackOf(token(scopes), doctype, id, right)).toBe(lack)
    expect(tokenCovers(token(scopes), doctype, id, right)).toBe(lack === undefined)
  })

  it('pass the fence where a System Manager lifted it', () => {
    const unfenced = token('all', { unfenced: true })
    expect([lackOf(unfenced, 'User', 'x', 'write'), lackOf(unfenced, 'Item', 'x', 'share')]).toEqual([undefined, undefined])
    expect(lackOf(token('*:read', { unfenced: true }), 'User', 'x', 'write')).toBe('scope')
  })

  it('show definitions through the fence and documents not', () => {
    expect([lackOf(token('all'), 'User', 'x', 'select', true), lackOf(token('all'), 'User', 'x', 'select')]).toEqual([undefined, 'fence'])
    expect(lackOf(token('Item:read'), 'User', 'x', 'select', true)).toBe('scope')
    expect([tokenCovers(token('all'), 'User', 'x', 'select', true), tokenCovers(token('all'), 'User', 'x', 'select')]).toEqual([
      true,
      false,
    ])
  })

  it('are asked of whoever calls, and leave nothing out without a token', () => {
    const [item, customer] = [docType('Item', [], [], { id: 'item 1' }), docType('Customer', [])]
    const who = principal('x', [])
    const held: Principal = { ...who, token: token('Item:read') }
    expect([covers(who, item, 'delete'), covers(held, item, 'read'), covers(held, item, 'write'), covers(held, customer, 'read')]).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect(covers(held, docType('Item', [], [], { id: 'item 2' }), 'read')).toBe(false)
  })

  it('are asked of a row’s parents, and of a table by itself when it has none', () => {
    expect(judgedBy('Row', true, ['Quote', 'Order'])).toEqual(['Quote', 'Order'])
    expect([judgedBy('Row', true, []), judgedBy('Item', false, ['Quote'])]).toEqual([['Row'], ['Item']])
  })
})

describe('the fence', () => {
  const names =
    'User, Role, Role Profile, Has Role, User Permission, DocShare, DocType, DocField, DocPerm, Custom DocPerm, Custom Field, ' +
    'Property Setter, System Settings, Server Script, Client Script, API Key, Connected App, Token Cache, Social Login Key, ' +
    'Version, Deleted Document, OAuth Client, OAuth Bearer Token'
  it.each([...names.split(', '), 'OAuth '])('stands before %s', (doctype) => {
    expect(isFenced(doctype)).toBe(true)
  })

  it.each(['', 'Item', 'OAuth', 'OAuthless', 'My OAuth Client', 'File', 'Comment', 'user', 'ToDo'])(
    'does not stand before “%s”',
    (doctype) => {
      expect(isFenced(doctype)).toBe(false)
    },
  )

  it('stands before one right on any DocType: to share', () => {
    expect(RIGHTS.filter(isFencedRight)).toEqual(['share'])
  })

  it.each([
    ['all', 'File', {}, true],
    ['all', 'Comment', {}, true],
    ['*:read', 'File', {}, true],
    ['File:read', 'File', {}, false],
    ['File:write', 'File', {}, false],
    ['File:create all', 'File', {}, true],
    ['all', 'File', { unfenced: true }, false],
    ['all', 'Item', {}, false],
  ])('%s leaves one’s own %s alone, %j: %s', (scopes, doctype, rest, own) => {
    expect(isFencedToOwn(token(scopes, rest), doctype)).toBe(own)
  })

  it('leaves whoever calls without a token as they are', () => {
    expect(isFencedToOwn(undefined, 'File')).toBe(false)
  })
})

describe('a role’s rights on what is about other documents, through all', () => {
  const FILE = docType(
    'File',
    [],
    [
      { role: 'Clerk', rights: ['read', 'create', 'delete'] },
      { role: 'Author', rights: ['write'], if_owner: true },
      { role: 'Lead', rights: ['read', 'write'], permlevel: 2 },
      { role: 'Reader', rights: ['read'] },
    ],
  )
  const through = (scopes: string, ...roles: string[]): Principal => ({ ...principal('x', roles), token: token(scopes) })
  const verdicts = (who: Principal): string =>
    (['read', 'select', 'delete', 'write', 'create', 'share'] as const).map((right) => can(who, FILE, right)).join(' ')

  it('hold for one’s own documents, of which some may be made', () => {
    expect(verdicts(through('all', 'Clerk', 'Author'))).toBe('own own own own yes no')
    expect(verdicts(through('all', 'Reader'))).toBe('own own no no no no')
  })

  it('hold for every document through the DocType’s own scope, and without a token', () => {
    expect(verdicts(through('File:read', 'Clerk', 'Author'))).toBe('yes yes yes own yes no')
    expect(verdicts(principal('x', ['Clerk', 'Author']))).toBe('yes yes yes own yes no')
  })

  it('say the same when they are asked again', () => {
    const who = through('all', 'Clerk')
    expect([verdicts(who), verdicts(who), verdicts(principal('x', ['Clerk']))]).toEqual([
      'own own own no yes no',
      'own own own no yes no',
      'yes yes yes no yes no',
    ])
  })

  it('keep the levels of the roles', () => {
    const who = through('all', 'Clerk', 'Lead')
    expect([[...readableLevels(who, FILE)], [...writableLevels(who, FILE)]]).toEqual([
      [0, 2],
      [0, 2],
    ])
  })
})
