import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../support/callers/api.ts'
import { engines } from '../support/databases.ts'
import { faultOf } from './judge-answer.ts'
import { oddRequest, oddWire } from './odd-requests.ts'
import { startOddSite, type OddSite } from './odd-site.fixture.ts'
import { sendRaw } from './raw-http.ts'

/** `npm run prove:fuzz` asks for more, with a seed of its own. */
const RUNS = Number(process.env['ANNEX_FUZZ_RUNS'] ?? 400)
const SEED = Number(process.env['ANNEX_FUZZ_SEED'] ?? 20260101)

describe.each(engines)('Whatever a caller sends to a site on %s', (engine) => {
  let odd: OddSite
  beforeAll(async () => {
    odd = await startOddSite(engine)
  })
  afterAll(() => odd.site.close())

  const kinds = { 'with odd values': oddRequest, 'as odd bytes': oddWire } as const
  it.each(Object.entries(kinds))(
    '%s is answered, and what is wrong is a 4xx with a sentence',
    async (_, kind) => {
      const { site, world } = odd
      await fc.assert(
        fc.asyncProperty(kind(world), async (request) => {
          const answer = await sendRaw(site.url, request)
          const fault = faultOf(request, answer)
          if (fault !== undefined) throw new Error(`${request.method} ${request.target.slice(0, 1000)} ${request.body.subarray(0, 1000).toString()}\n${fault}: ${answer.status} ${answer.body.slice(0, 600)}\n${site.output().split('\n').at(-2)?.slice(0, 1500)}`)
        }),
        { numRuns: RUNS, seed: SEED },
      )
      const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
      expect((await admin.list('Odd')).status).toBe(200)
    },
    60_000 + RUNS * 200,
  )
})
