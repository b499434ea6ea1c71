import type { DocPerm, DocType, Right } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import type { Principal } from '../../policy/principal.ts'
import { isPowerless } from './powerless.ts'

const permission = (role: string, ...rights: Right[]): DocPerm => ({
  role,
  permlevel: 0,
  if_owner: false,
  rights: new Set(rights),
})
const doctype = (name: string, ...permissions: DocPerm[]): DocType => ({ name, permissions, fields: [] }) as unknown as DocType
const DOCTYPES = new Map(
  [
    doctype('Item', permission('Clerk', 'read')),
    doctype('Sales Invoice', permission('Manager', 'read')),
    doctype('Own', { ...permission('Clerk', 'read'), if_owner: true }),
    doctype('Lead', permission('Manager', 'read')),
  ].map((each) => [each.name, each]),
)
const CLERK: Principal = { user: 'ann', roles: new Set(['Clerk']), userPermissions: [], sharedDoctypes: new Set(['Lead']) }

describe('a user', () => {
  it.each<[isSo: boolean, what: string, scopes: string]>([
    [false, 'has rights of their own', 'Item:read'],
    [true, 'has none on what was granted', 'Sales.Invoice:read'],
    [true, 'has another right on it', 'Item:delete'],
    [true, 'granted several things and has none', 'Sales.Invoice:read Item:delete'],
    [false, 'has one of several', 'Sales.Invoice:read Item:read'],
    [false, 'has it on documents that they made', 'Own:read'],
    [false, 'has documents shared with them', 'Lead:read'],
    [true, 'granted a DocType that is gone', 'Gone:read'],
    [false, 'granted a DocType that is gone and one that is there', 'Gone:read Item:read'],
    [false, 'granted identity alone', 'openid profile'],
    [false, 'granted nothing that can be read', 'nonsense'],
    [false, 'granted nothing', ''],
    [true, 'granted identity beside it', 'openid Sales.Invoice:read'],
    [false, 'granted everything', 'all Sales.Invoice:read'],
    [false, 'granted every DocType', '*:read Sales.Invoice:read'],
    [false, 'granted a method', 'method:site.do Sales.Invoice:read'],
  ])('is powerless, %s, who %s: %s', (isSo, _what, scopes) => {
    const listed = scopes.split(' ').filter((scope) => scope !== '')
    expect(isPowerless(CLERK, listed, (name) => DOCTYPES.get(name))).toBe(isSo)
  })
})
