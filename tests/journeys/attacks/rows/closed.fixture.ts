import { expect } from 'vitest'
import { isDiscreet } from '../../../../packages/site/src/oauth/testing/rows/answers-to-attacks.fixture.ts'
import type { Values } from '../../../support/callers/api.ts'
import { kindOf, seen, type Act, type SiteRow } from './site-stage.fixture.ts'
import { LIMIT } from './trading.fixture.ts'

/** What no scope would open: what is tried with which scope, and how it is refused; 200 where it is taken for something harmless. */
export type Closed = readonly [
  row: string,
  about: string,
  scope: string,
  act: Act,
  status: number,
  excType?: string,
  trail?: readonly string[],
]

/** Rows that change nothing, and whose answers hold nothing of what was asked for. */
export const closedRows = (user: string, client: Values, rows: readonly Closed[]): SiteRow[] =>
  rows.map(([row, about, scope, act, status, excType, trail = []]) => ({
    row,
    about: `${about} (${scope})`,
    client,
    attack: async (stage) => {
      const api = await stage.byToken(user, scope)
      return async () => seen(await act(api, stage))
    },
    answer: (reply, stage) => {
      expect([reply.status, kindOf(reply)], reply.text).toEqual([status, excType])
      expect(reply.text).not.toContain(String(LIMIT))
      isDiscreet(reply, stage)
    },
    trail,
  }))
