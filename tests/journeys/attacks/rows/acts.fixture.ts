import { expect } from 'vitest'
import { isDiscreet } from '../../../../packages/site/src/oauth/testing/rows/answers-to-attacks.fixture.ts'
import type { Answer } from '../../../../packages/site/src/oauth/testing/rows/attack-row.fixture.ts'
import { traces } from '../../../../packages/site/src/oauth/testing/trail.fixture.ts'
import type { Values } from '../../../support/callers/api.ts'
import { kindOf, seen, type Act, type SiteRow, type SiteStage } from './site-stage.fixture.ts'

export const send =
  (method: string, path: string, values?: Values): Act =>
  (api) =>
    api.send(method, path, values)
export const list =
  (doctype: string, query: Values = {}): Act =>
  (api) =>
    api.list(doctype, query)
export const get =
  (method: string, query: Values = {}): Act =>
  (api) =>
    api.get(method, query)
export const post =
  (method: string, values: Values = {}): Act =>
  (api) =>
    api.post(method, values)

/** One right that a token lacks: what is tried with which scope, the scope that would cover it, and what the trail calls it. */
export type Lacking = readonly [row: string, about: string, scope: string, act: Act, missing: string, tried: string]

/** Refused for the scope alone: nobody is told more than which one is missing. */
const lacks =
  (missing: string): Answer<SiteStage> =>
  (reply, stage) => {
    expect([reply.status, kindOf(reply)], reply.text).toEqual([403, 'PermissionError'])
    expect(reply.headers.get('www-authenticate')).toBe(
      `Bearer error="insufficient_scope", error_description="This token does not cover it", scope="${missing}", resource_metadata="${stage.provider.base}/.well-known/oauth-protected-resource"`,
    )
    isDiscreet(reply, stage)
  }

/** Rows of a person who may do all of it by their permissions, so that the scope alone stands in the way. */
export const lackingRows = (user: string, client: Values, rows: readonly Lacking[]): SiteRow[] =>
  rows.map(([row, about, scope, act, missing, tried]) => ({
    row,
    about: `${about} (${scope})`,
    client,
    attack: async (stage) => {
      const api = await stage.byToken(user, scope)
      return async () => seen(await act(api, stage))
    },
    answer: lacks(missing),
    trail: [`scope refused: ${tried} (${missing})`],
    holds: async ({ on, app }) => {
      const refused = await traces(on.site.rooms, app.id, 'scope refused')
      expect(refused).toMatchObject([{ user, grant: expect.stringMatching(/^[0-9a-f-]{36}$/) as string }])
    },
  }))
