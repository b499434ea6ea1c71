import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../support/databases.ts'
import { authenticationCases } from './authentication-cases.ts'
import { reviewedDifferences, type Difference } from './differences.ts'
import { grantCases } from './grant-cases.ts'
import { openOurs } from './ours.ts'
import { outcomeOf } from './outcome.ts'
import type { Side } from './side.ts'
import { openTheirs } from './theirs.ts'
import { transportCases } from './transport-cases.ts'

const cases = [...authenticationCases, ...grantCases, ...transportCases]

describe.each(engines)('the token endpoint beside oidc-provider, on %s', (engine) => {
  let ours: Side
  let theirs: Side
  beforeAll(async () => {
    ;[ours, theirs] = await Promise.all([openOurs(engine), openTheirs()])
  })
  afterAll(() => Promise.all([ours.close(), theirs.close()]))

  it('answers two hundred requests and more alike, but where it was decided otherwise', async () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
    expect(cases.length).toBeGreaterThanOrEqual(200)
    const found: Record<string, Difference> = {}
    for (const { name, ask } of cases) {
      const [our, their] = [await outcomeOf(await ask(ours)), await outcomeOf(await ask(theirs))]
      if (our !== their) found[name] = { ours: our, theirs: their }
    }
    expect(found).toEqual(reviewedDifferences())
  })
})
