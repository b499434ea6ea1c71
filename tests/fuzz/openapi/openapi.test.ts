import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NotInstalled } from '../../support/clients/install-once.ts'
import { engines } from '../../support/databases.ts'
import { answersIn, faultsIn } from './answers.ts'
import { startFuzzedSite, type FuzzedSite } from './fuzzed-site.fixture.ts'
import { fuzz, schemathesis, type Pass } from './schemathesis.ts'

/** `npm run prove:api` asks for more, with a seed of its own. */
const REQUESTS = Number(process.env['ANNEX_FUZZ_REQUESTS'] ?? 1)
const SEED = Number(process.env['ANNEX_FUZZ_SEED'] ?? 20260101)
const MINUTES = Number(process.env['ANNEX_FUZZ_MINUTES'] ?? 2)
const isProof = REQUESTS > 1

/** What takes rights away, or access, from its caller too: a pass would send little more that matters. These come by themselves, at the end. */
const TAKING = [
  'update.User',
  'remove.User',
  'insert.Custom.DocPerm',
  'update.Custom.DocPerm',
  'insert.User.Permission',
  'update.OAuth.Settings',
  'update.Role',
]
const taking = (flag: 'include' | 'exclude'): string[] =>
  TAKING.flatMap((id) => [id, `v2.${id}`]).flatMap((id) => [`--${flag}-operation-id`, id])

/** In turn every value that the schemas set a bound to, and what is drawn at random. */
const phasesOf = (pass: number): Pick<Pass, 'phases' | 'examples'> =>
  isProof && pass % 2 === 0
    ? { phases: 'examples,coverage', examples: 1 }
    : { phases: isProof ? 'fuzzing,stateful' : 'fuzzing', examples: isProof ? 20 : 1 }
const KINDS = ['key', 'token'] as const
type Kind = (typeof KINDS)[number]
/** The short run takes one after the other. */
const kindsOf = (pass: number): readonly Kind[] => (isProof ? KINDS : KINDS.filter((_, index) => index === pass % KINDS.length))

const residentMegabytes = (pid: number): number =>
  Math.round(Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)]).toString()) / 1024)
/** Megabytes that the last pass added; before there were two, more than any. */
const growth = (sizes: readonly number[]): number =>
  sizes.length < 2 ? Number.POSITIVE_INFINITY : (sizes.at(-1) ?? 0) - (sizes.at(-2) ?? 0)

const bin = await schemathesis
const missing = bin instanceof NotInstalled
const reason = missing ? `: ${bin.message}` : ''

describe.skipIf(missing).each(engines)(`What schemathesis makes of the OpenAPI document of a site on %s${reason}`, (engine) => {
  let fuzzed: FuzzedSite
  beforeAll(async () => {
    fuzzed = await startFuzzedSite(engine)
  })
  afterAll(() => fuzzed.site.close())

  /** One pass of these kinds of caller, at the same time. */
  async function send(pass: number, kinds: readonly Kind[], rest: readonly string[], phases = phasesOf(pass)): Promise<void> {
    const { site } = fuzzed
    const callers = await fuzzed.callers()
    const each = kinds.map((kind, index) =>
      fuzz(String(bin), { url: site.url, authorization: callers[kind], seed: SEED + pass * kinds.length + index, rest, ...phases }),
    )
    for (const { code, stdout, stderr } of await Promise.all(each)) {
      expect(faultsIn(site.output()), stdout).toEqual([])
      expect(code, stdout + stderr).toBe(0)
    }
  }

  it(
    'is answered as the document says, never with a 500, and leaves no memory behind',
    async () => {
      const { site } = fuzzed
      const end = Date.now() + MINUTES * 60_000
      const sizes: number[] = []
      let answers = answersIn(site.output())
      // What is kept on purpose fills up in the first passes; a leak grows by as much in each.
      while ((answers.all < REQUESTS && Date.now() < end) || (sizes.length < 5 && !(growth(sizes) < 24))) {
        await send(sizes.length, kindsOf(sizes.length), taking('exclude'))
        sizes.push(residentMegabytes(site.pid))
        answers = answersIn(site.output())
      }
      if (isProof) process.stdout.write(`${engine}: ${answers.all} requests; MB after each pass: ${sizes.join(' ')}; ${answers.told}\n`)
      expect(answers.all, `requests in ${MINUTES} minutes`).toBeGreaterThanOrEqual(REQUESTS)
      expect(growth(sizes), sizes.join(' ')).toBeLessThan(24)
    },
    (MINUTES + 10) * 60_000,
  )

  it(
    'may take rights away, those of its own user too, and the site still answers',
    async () => {
      await send(0, ['key'], taking('include'), { phases: isProof ? 'coverage,fuzzing' : 'fuzzing', examples: isProof ? 100 : 5 })
      // A role that asks for a second factor now asks it of the administrator too.
      expect([200, 403]).toContain((await fuzzed.admin.list('Fuzz Thing')).status)
    },
    5 * 60_000,
  )
})
