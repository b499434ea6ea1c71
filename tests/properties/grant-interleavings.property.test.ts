import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../support/databases.ts'
import { checkChain, type StoredToken } from '../support/token-chain.ts'
import { openPlayground, type Plan, type Playground, type Step, type Story } from './grant-interleavings.fixture.ts'
import { proveRuns, proveSeed, proveTime } from './prove-runs.ts'

const RUNS = 60
/** Of one try: a story of several actors, who take at least as many steps. */
const STEPS = 2
const OPTIONS = { numRuns: proveRuns(RUNS, STEPS), seed: proveSeed() }

/** The last token, mostly. */
const pick = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 3 }) })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ kind: 'exchange' } as const) },
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('refresh' as const), pick }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('use' as const), pick }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'revoke' } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revokeToken' as const), pick }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'wait' } as const) },
)
const exchange = { kind: 'exchange' } as const
/** The code is mostly exchanged before; else by one of them, by several at a time, or by nobody. */
const plan: fc.Arbitrary<Plan> = fc.record({
  opening: fc.constantFrom([exchange], [exchange], [exchange], [exchange], []),
  actors: fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 4 }),
})

describe.each(engines)('Whoever exchanges, refreshes, revokes and uses at the same time, on %s,', (engine) => {
  let playground: Playground
  beforeAll(async () => {
    playground = await openPlayground(engine)
  })
  afterAll(() => playground.close())

  const storedOf = async ({ grant }: Story): Promise<StoredToken[]> =>
    (
      await sql<StoredToken>`select t.kind, t.hash, t.successor, t.used_at, g.revoked_at from oauth_token t join oauth_grant g on g.id = t.grant_id
        where g.id = ${grant}`.execute(playground.provider.database.connection)
    ).rows

  it(
    'a revocation that was answered holds, a code gives one pair, and a refresh token one successor',
    async () => {
      await fc.assert(
        fc.asyncProperty(plan, fc.integer(), async (planned, seed) => {
          const story = await playground.play(planned, seed)
          const stored = await storedOf(story)
          expect(story.late).toEqual([])
          expect(story.exchanged.length).toBeLessThanOrEqual(1)
          checkSuccessors(story)
          checkChain(stored)
        }),
        OPTIONS,
      )
    },
    proveTime(RUNS),
  )
})

/** However often a token was shown, the same pair came back for it. */
function checkSuccessors({ rotations }: Story): void {
  const given = new Map<string, string>()
  for (const { shown, next } of rotations) {
    const pair = `${next.access} ${next.refresh}`
    expect(given.get(shown) ?? pair).toBe(pair)
    given.set(shown, pair)
  }
}
