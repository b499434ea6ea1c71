import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../support/databases.ts'
import { readTable } from '../support/stolen/stored.ts'
import { Asker } from './asker.ts'
import { HiddenSite, type Caller } from './hidden-site.fixture.ts'
import { maySee } from './narrow-tokens.ts'
import { isWriting, requestsFor, type Asked } from './requests.ts'

/** At once, of one caller. */
const TOGETHER = 8
/** Each caller asks for one in so many of all there is, each for others; for everything with ANNEX_TEST_CANARIES=all, in minutes. */
const ONE_IN = process.env['ANNEX_TEST_CANARIES'] === 'all' ? { sqlite: 1, postgres: 1 } : { sqlite: 4, postgres: 12 }
/** Milliseconds for one kind of request, by all callers. */
const PATIENCE = process.env['ANNEX_TEST_CANARIES'] === 'all' ? 5_400_000 : 600_000
describe.each(engines)('What is hidden, on %s', (engine) => {
  let hidden: HiddenSite
  let asked: readonly Asked[]
  let asker: Asker
  let requests = 0
  let began = 0

  beforeAll(async () => {
    hidden = await HiddenSite.open(engine)
    asker = new Asker(hidden.site.url)
    began = performance.now()
    asked = await requestsFor(hidden.admin, hidden.files)
  })
  afterAll(async () => {
    asker.close()
    await hidden.close()
  })

  /** What a caller was told and may not know, and which answers were none. */
  async function crawl(caller: Caller, all: readonly Asked[]): Promise<{ told: string[]; faults: string[] }> {
    const told: string[] = []
    const faults: string[] = []
    const waiting = [...all]
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const { method, path } = next
        const said = await asker.ask(caller.token, next)
        requests += 1
        for (const canary of hidden.canaries.in(said.text))
          if (!maySee(caller.narrow, caller.person, canary)) told.push(`${method} ${path} tells ${canary.what}`)
        if ((said.status >= 500 && said.status !== 501) || said.status === 429) faults.push(`${method} ${path} gives ${said.status}`)
      }
    }
    await Promise.all(Array.from({ length: TOGETHER }, work))
    // By a token that has ended nothing would be told.
    const last = await asker.ask(caller.token, { method: 'GET', path: '/api/method/frappe.auth.get_logged_user' })
    if (last.status === 401) faults.push('the token has ended')
    return { told, faults }
  }

  /** Each caller asks for a share of these. */
  async function crawlShares(some: readonly Asked[]): Promise<void> {
    expect(some.length).toBeGreaterThan(50)
    for (const [index, caller] of hidden.callers.entries()) {
      const { told, faults } = await crawl(
        caller,
        some.filter((_, place) => (place + index) % ONE_IN[engine] === 0),
      )
      expect({ scope: caller.narrow.scope, filters: caller.narrow.filters, person: caller.person, told, faults }).toMatchObject({
        told: [],
        faults: [],
      })
    }
  }
  const reads = (): Asked[] => asked.filter((one) => !isWriting(one))

  // What is read is asked of all first: what is written changes what there is to read.
  it('is told to no app that reads by any route', () => crawlShares(reads()), PATIENCE)

  it(
    'is found by the search wherever it may be seen',
    async () => {
      // What the shares left out is asked for until each canary was met by somebody who may see it.
      for (const caller of hidden.callers)
        if (hidden.canaries.unseen().some((canary) => maySee(caller.narrow, caller.person, canary)))
          expect((await crawl(caller, reads())).told).toEqual([])
      expect(hidden.canaries.unseen().map(({ what }) => what)).toEqual([])
    },
    PATIENCE,
  )

  it.each([
    ['writes', (one: Asked) => isWriting(one) && one.method !== 'DELETE'],
    ['removes', (one: Asked) => one.method === 'DELETE'],
  ])('is told to no app that %s by any route', (_, isAsked) => crawlShares(asked.filter(isAsked)), PATIENCE)

  it('was asked for with thirty tokens and more, by every method at every kind of address', () => {
    const [routes, methods] = [new Set(asked.map(({ path }) => path.split('?')[0])), new Set(asked.map(({ method }) => method))]
    expect(requests).toBeGreaterThan(asked.length)
    const narrowed = hidden.callers.map(({ narrow, person }) => JSON.stringify([narrow.scope, narrow.filters, person]))
    expect(new Set(narrowed).size).toBeGreaterThanOrEqual(30)
    expect([...methods].toSorted()).toEqual(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'])
    for (const kind of ['/api/resource/', '/api/v2/', '/api/method/frappe.', '/api/method/annex.', '/private/files/'])
      expect(
        [...routes].some((route) => route?.startsWith(kind)),
        kind,
      ).toBe(true)
    process.stdout.write(
      `${engine}: ${requests} requests (of ${asked.length} different ones, to ${routes.size} addresses, by ${methods.size} methods) ` +
        `with ${hidden.callers.length} tokens, ${hidden.canaries.all.length} canaries, ${Math.round((performance.now() - began) / 1000)} s\n`,
    )
  })

  it('stands in no line of the log and in no event of the trail', async () => {
    const trail = JSON.stringify(await readTable(hidden.site.databaseUrl, 'audit'))
    expect(hidden.canaries.in(hidden.site.output())).toEqual([])
    expect(hidden.canaries.in(trail).filter(({ inTrail }) => inTrail !== true)).toEqual([])
  })
})
