import type { DocType } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { livingScopes } from './grant-type-parts.ts'

describe('The scopes of a grant that live', () => {
  const grant = { doctype_ids: JSON.stringify({ Item: 'i1', Gone: 'g1' }) }
  const scopes = ['openid', '*:read', 'Item:read', 'Gone:read', 'Never.Was:read']
  const living = (there: Readonly<Record<string, string>>): string[] =>
    livingScopes(scopes, grant, (name) => (there[name] === undefined ? undefined : ({ name, id: there[name] } as DocType)))

  it('are those whose DocType is there and the one of then, and those that name none', () => {
    expect(living({ Item: 'i1' })).toEqual(['openid', '*:read', 'Item:read'])
    expect(living({ Item: 'i2', Gone: 'g1' })).toEqual(['openid', '*:read', 'Gone:read'])
  })

  it('are not those of a DocType that never was, before as after somebody makes one of that name', () => {
    expect(living({ Item: 'i1', 'Never Was': 'n1' })).toEqual(living({ Item: 'i1' }))
  })
})
