import { describe, expect, it } from 'vitest'
import { NarrowedScopes } from './kept/narrowed-scopes.ts'
import { actsAsAll, tokenRights, type RightsRow } from './token-rights.ts'

const ROW: RightsRow = {
  grant_id: 'grant',
  client: 'client',
  scope: 'openid Item:read',
  filters: null,
  row_filters: null,
  unfenced: 0,
  doctype_ids: '{"Item":"item 1"}',
  openid_acts_as_all: 0,
}
const read = (row: Partial<RightsRow>): { tokens: readonly string[]; acts: boolean; unfenced: boolean } => {
  const { scopes, unfenced } = tokenRights({ ...ROW, ...row }, 'hash', new NarrowedScopes())
  return { tokens: scopes.tokens, acts: actsAsAll({ ...ROW, ...row }), unfenced }
}

describe('what an access token opens', () => {
  it('is what its row says', () => {
    expect(tokenRights(ROW, 'hash', new NarrowedScopes())).toMatchObject({
      hash: 'hash',
      grant: 'grant',
      client: 'client',
      unfenced: false,
      doctypeIds: { Item: 'item 1' },
    })
    expect(tokenRights({ ...ROW, filters: '{"Item":{"a":1}}' }, 'hash', new NarrowedScopes()).rowFilters?.size).toBe(1)
    expect([0, 1].map((unfenced) => read({ unfenced }).unfenced)).toEqual([false, true])
  })

  it.each([
    ['openid', ['openid', '*:read']],
    ['openid Item:write', ['openid', 'Item:write', '*:read']],
    ['Item:write openid', ['Item:write', 'openid', '*:read']],
    ['Item:write openid email', ['Item:write', 'openid', 'email', '*:read']],
  ])('for an app that was let go on so, with openid is every document’s reading, and that is known: %s', (scope, tokens) => {
    expect(read({ scope, openid_acts_as_all: 1 })).toMatchObject({ tokens, acts: true })
  })

  it.each(['', 'email', 'openidx', 'xopenid', 'Item:read', 'openid all', 'all openid', 'openid *:read', 'openid *:read email'])(
    'is no more than its scopes without openid, or where they open every document anyway: %s',
    (scope) => {
      expect(read({ scope, openid_acts_as_all: 1 })).toMatchObject({ tokens: scope.split(' ').filter((word) => word !== ''), acts: false })
    },
  )

  it.each(['openid', 'openid Item:read'])('is no more than its scopes for every other app: %s', (scope) => {
    expect(read({ scope })).toMatchObject({ tokens: scope.split(' '), acts: false })
  })

  it('grows by what merely sounds like all of it', () => {
    expect(read({ scope: 'openid method:a.all Item:read', openid_acts_as_all: 1 }).tokens).toContain('*:read')
  })
})
