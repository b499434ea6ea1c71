import { describe, expect, it } from 'vitest'
import { GUEST } from '../../../policy/principal.ts'
import type { BearerRow } from '../bearer-store.ts'
import { KnownCallers, type KnownCaller } from './known-callers.ts'

const ROW: BearerRow = {
  grant_id: 'grant',
  client: 'client',
  scope: 'Item:read',
  resource: null,
  user: 'ann@example.com',
  grant_kind: null,
  doctype_ids: '{}',
  filters: null,
  row_filters: null,
  unfenced: 0,
  ip_ranges: null,
  openid_acts_as_all: 0,
  allowed_origins: null,
  requests_per_second: 0,
  concurrent_requests: 0,
  generation: 7,
}
const OTHER: BearerRow = {
  grant_id: 'another',
  client: 'another',
  scope: 'Item:write',
  resource: 'https://api.example',
  user: 'ben@example.com',
  grant_kind: 'service',
  doctype_ids: '{"Item":"2"}',
  filters: '{"Item":{"a":1}}',
  row_filters: '{"Item":{"a":2}}',
  unfenced: 1,
  ip_ranges: '192.0.2.0/24',
  openid_acts_as_all: 1,
  allowed_origins: 'https://app.example',
  requests_per_second: 1,
  concurrent_requests: 1,
  generation: 8,
}
const known = { answer: { caller: GUEST } } as KnownCaller

describe('what was made of the row of a token', () => {
  it('counts for a row that says the same', () => {
    const callers = new KnownCallers()
    callers.set('hash', ROW, known)
    expect(callers.get('hash', { ...ROW })).toBe(known)
    expect(callers.get('other', { ...ROW })).toBeUndefined()
  })

  it.each(Object.keys(OTHER) as (keyof BearerRow)[])('counts no more when %s is another', (column) => {
    const callers = new KnownCallers()
    callers.set('hash', ROW, known)
    expect(callers.get('hash', { ...ROW, [column]: OTHER[column] })).toBeUndefined()
  })
})
