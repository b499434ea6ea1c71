import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../support/callers/api.ts'
import { engines } from '../support/databases.ts'
import { faultOf } from './judge-answer.ts'
import { oddRequest, oddWire } from './odd-requests.ts'
import { startOddSite, type OddSite } from './odd-site.fixture.ts'
import { sendRaw, type RawRequest } from './raw-http.ts'

const residentMegabytes = (pid: number): number => Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)]).toString()) / 1024

/** `npm run prove:fuzz` asks for more, with a seed of its own. */
const RUNS = Number(process.env['ANNEX_FUZZ_RUNS'] ?? 400)
/** Few requests are repeated, so that what they leave behind shows. */
const ROUNDS = RUNS < 2000 ? 3 : 1
const SEED = Number(process.env['ANNEX_FUZZ_SEED'] ?? 20260101)

/** Megabytes that the last pass added; before there were two, more than any. */
const growth = (sizes: readonly number[]): number =>
  sizes.length < 2 ? Number.POSITIVE_INFINITY : (sizes.at(-1) ?? 0) - (sizes.at(-2) ?? 0)

describe.each(engines)('Whatever a caller sends to a site on %s', (engine) => {
  let odd: OddSite
  beforeAll(async () => {
    odd = await startOddSite(engine)
  })
  afterAll(() => odd.site.close())

  const isReading = ({ method, target }: RawRequest): boolean => !/^(POST|PUT)$/.test(method) || !target.startsWith('/api/resource')

  it(
    'leaves no memory behind',
    async () => {
      const { site, world } = odd
      // What makes documents may take memory for good: a DocType is kept.
      const requests = [
        ...fc.sample(oddRequest(world), { numRuns: RUNS, seed: SEED }).filter(isReading),
        ...fc.sample(oddWire(world), { numRuns: RUNS, seed: SEED }),
      ]
      const sendAll = async (): Promise<number> => {
        for (let round = 0; round < ROUNDS; round += 1) for (const request of requests) await sendRaw(site.url, request)
        return residentMegabytes(site.pid)
      }
      // What is kept on purpose fills up in the first passes; a leak grows by as much in each.
      const sizes = [await sendAll()]
      while (sizes.length < 5 && !(growth(sizes) < 24)) sizes.push(await sendAll())
      expect(growth(sizes), sizes.join(' ')).toBeLessThan(24)
    },
    60_000 + RUNS * 3000,
  )

  const kinds = { 'with odd values': oddRequest, 'as odd bytes': oddWire } as const
  it.each(Object.entries(kinds))(
    '%s is answered, and what is wrong is a 4xx with a sentence',
    async (_, kind) => {
      const { site, world } = odd
      await fc.assert(
        fc.asyncProperty(kind(world), async (request) => {
          const answer = await sendRaw(site.url, request)
          const fault = faultOf(request, answer)
          if (fault !== undefined)
            throw new Error(
              `${request.method} ${request.target.slice(0, 1000)} ${request.body.subarray(0, 1000).toString()}\n${fault}: ${answer.status} ${answer.body.slice(0, 600)}\n${site.output().split('\n').at(-2)?.slice(0, 1500)}`,
            )
        }),
        { numRuns: RUNS, seed: SEED },
      )
      const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
      expect((await admin.list('Odd')).status).toBe(200)
    },
    60_000 + RUNS * 200,
  )
})
