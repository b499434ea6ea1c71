import { expect, it } from 'vitest'
import { tokenSpans } from './token-spans.ts'
import type { TokenDayRow } from './usage-store.ts'

const row = (token: string, day: number, values: Partial<TokenDayRow> = {}): TokenDayRow => ({
  token,
  day,
  outcome: 'call',
  what: '',
  right: '',
  count: 1,
  first_used: day * 10,
  last_used: day * 10 + 5,
  ...values,
})

it('the span of a token reaches over its days in any order, each token by itself, and counts its calls', () =>
  expect([...tokenSpans([row('a', 3), row('b', 2, { count: 7 }), row('a', 1, { count: 2 }), row('a', 2)]).values()]).toEqual([
    { subject: 'a', first_used: 10, last_used: 35, calls: 4 },
    { subject: 'b', first_used: 20, last_used: 25, calls: 7 },
  ]))

it('a refusal is no use, nor is what has no time', () =>
  expect([
    ...tokenSpans([row('a', 1, { outcome: 'scope' }), row('a', 2, { first_used: null }), row('b', 2, { last_used: null })]).keys(),
  ]).toEqual([]))
