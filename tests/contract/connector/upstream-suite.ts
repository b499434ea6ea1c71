import { afterAll, beforeAll, describe, it } from 'vitest'
import { accessCases } from './cases/access.ts'
import { attackCases } from './cases/attacks.ts'
import { callCases } from './cases/calls.ts'
import { docnameCases } from './cases/docnames.ts'
import { documentCases } from './cases/documents.ts'
import { errorCases } from './cases/errors.ts'
import { linkCases } from './cases/links.ts'
import { listCases } from './cases/lists.ts'
import { methodCases } from './cases/methods.ts'
import { permissionCases } from './cases/permissions.ts'
import { signInCases } from './cases/sign-in.ts'
import { secondVersionCases } from './cases/second-version.ts'
import type { Ability, UpstreamUnderTest } from './upstream-under-test.ts'

const cases = [
  ...signInCases,
  ...listCases,
  ...documentCases,
  ...methodCases,
  ...linkCases,
  ...permissionCases,
  ...errorCases,
  ...secondVersionCases,
  ...callCases,
  ...accessCases,
  ...docnameCases,
  ...attackCases,
]

/** Tries the connector on one upstream; what the upstream cannot do is left out by name. */
export function upstreamSuite(name: string, can: ReadonlySet<Ability>, open: () => Promise<UpstreamUnderTest>): void {
  describe(`at ${name}`, () => {
    let upstream: UpstreamUnderTest | undefined
    beforeAll(async () => {
      upstream = await open()
    })
    afterAll(() => upstream?.close())

    for (const { title, needs = [], run } of cases) {
      const lacking = needs.filter((ability) => !can.has(ability))
      if (lacking.length > 0) it.skip(`${title} (left out: no ${lacking.join(', no ')} there)`)
      else it(title, () => run(upstream!))
    }
  })
}
