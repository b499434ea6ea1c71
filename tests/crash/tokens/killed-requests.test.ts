import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines, type Engine } from '../../support/databases.ts'
import { expectAlive, expectDead, pairOf, readHeld, refusalOf } from './judge-grant.ts'
import { KILL_AT_STATEMENT, KILL_HEADER, textOf, type KillOrder } from './kill-order.ts'
import { TokenSite } from './token-site.ts'
import type { Moment } from './observed-drivers.ts'
import { flows, type Act, type Flow, type Pair } from './token-flows.ts'

/** In a proof every statement, reads too, and each moment of it; else what changes something, once. */
const isProof = process.env['ANNEX_CRASH_KILLS'] !== undefined
const momentsOn = (engine: Engine): readonly Moment[] => {
  if (isProof) return engine === 'sqlite' ? ['before', 'after'] : ['before', 'sent', 'after']
  return engine === 'sqlite' ? ['after'] : ['sent']
}

/** One death of a site. */
interface Death {
  /** Whether the client had its answer before. */
  readonly answered: boolean
  /** How the next site answered the same request. */
  readonly repeated: number
}

describe.each(engines)('A site that is killed with SIGKILL at any statement, on %s,', (engine) => {
  let site: TokenSite
  beforeAll(async () => {
    site = await TokenSite.open(engine, { preload: KILL_AT_STATEMENT })
  })
  afterAll(() => site.remove())

  it.each(flows)(
    'keeps its word to the client that asks again: $name',
    async (flow) => {
      for (const moment of momentsOn(engine)) {
        const deaths = await killAtEach(site, flow, moment)
        // Some died before anything was stored, some behind it.
        expect(deaths.length).toBeGreaterThan(2)
        expect(new Set(deaths.map(({ repeated }) => repeated))).toEqual(new Set(flow.repeats))
        if (isProof) process.stdout.write(`${engine}, ${flow.name}, ${moment}: ${summaryOf(deaths)}\n`)
      }
    },
    isProof ? 1_200_000 : 300_000,
  )
})

/** At the first statement, at the second, and so on until the request is answered before the process dies. */
async function killAtEach(site: TokenSite, flow: Flow, moment: Moment): Promise<Death[]> {
  const deaths: Death[] = []
  do deaths.push(await killAt(site, flow, { moment, statement: deaths.length + 1, changesOnly: !isProof }))
  while (deaths.at(-1)?.answered !== true)
  return deaths
}

async function killAt(site: TokenSite, flow: Flow, order: KillOrder): Promise<Death> {
  const act = await flow.begin(site)
  const reply = await act.send(site.url, { [KILL_HEADER]: textOf(order) }).catch(() => undefined)
  // Nothing is left of the request to die of: the process dies right behind its answer.
  if (reply) site.kill()
  const statement = await site.died()
  const at = statement === undefined ? 'behind the answer' : `${order.moment} ${statement}`
  await site.start()
  await readHeld(site.databaseUrl, act.mark)
  if (reply) expect(reply.status, at).toBe(flow.status)
  if (reply && flow.ends) await expectDead(site, act, act.known)
  if (reply && !flow.ends) await expectAlive(site, pairOf(reply))
  const repeated = await repeat(site, flow, act, reply && !flow.ends ? [...act.known, pairOf(reply)] : act.known)
  expect(flow.repeats, at).toContain(repeated)
  return { answered: reply !== undefined, repeated }
}

/** What the client hears when it asks again: tokens that work, or no and nothing is alive. */
async function repeat(site: TokenSite, flow: Flow, act: Act, known: readonly Pair[]): Promise<number> {
  const again = await act.send(site.url)
  if (again.status !== 200) expect(refusalOf(again)).toBe('400 invalid_grant')
  if (again.status === 200 && !flow.ends) await expectAlive(site, pairOf(again))
  else await expectDead(site, act, known)
  return again.status
}

function summaryOf(deaths: readonly Death[]): string {
  const got = (status: number): number => deaths.filter(({ repeated }) => repeated === status).length
  return `${deaths.length - 1} statements and once behind the answer; asked again: ${got(200)} × 200, ${got(400)} × invalid_grant with nothing alive`
}
