import { requestBytes } from '../bench/http-connection.ts'
import type { ServerProcess } from '../bench/server-process.ts'
import { ADMIN_PASSWORD, startSite, withFolder, withServers } from '../bench/site-process.ts'
import { Api } from '../support/callers/api.ts'
import { connect, registerApp, type App } from '../support/callers/connected-app.ts'
import { Visitor } from '../support/callers/visitor.ts'
import { Pacer } from './pacer.ts'
import { percentile, type Met, type PacedCalls } from './paced-calls.ts'
import { usageCost } from './usage-cost.ts'

/**
 * Measures what one app at a thousand requests a second does to the others' slowest hundredth: alone, beside an app that is held
 * to its budget, and beside one that is not; it lists documents, asks for tokens of its own, or asks what its token is worth. The site, the
 * loud app and the others are a process each. The argument is the seconds of each measurement. Before it, what counting a call costs.
 */

const PASSWORD = 'Corr3ct-horse-budgets'
const ROUNDS = 3
const LOUD_BUDGET = 100
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const seconds = Number(process.argv[2] ?? 6)

type Kind = 'lists' | 'tokens of its own' | 'introspection'
const KINDS: readonly Kind[] = ['lists', 'tokens of its own', 'introspection']

interface Caller {
  readonly app: App
  readonly callsOf: (kind: Kind) => PacedCalls
}

async function makeCaller(origin: string, admin: Api, name: string, perSecond: number, connections: number): Promise<Caller> {
  const email = `${name}@example.com`
  await admin.insert('User', { email, first_name: name, new_password: PASSWORD, roles: [{ role: 'Desk User' }] })
  const app = await registerApp(admin, { app_name: name, scopes: 'openid ToDo:read', kind: 'service', service_user: email })
  const { access } = await connect(await new Visitor(origin).signIn(email, PASSWORD), app, 'openid ToDo:read')
  return { app, callsOf: (kind) => ({ origin, request: requestOf(kind, app, access), perSecond, connections }) }
}

function requestOf(kind: Kind, { id, secret }: App, access: string): Buffer {
  const shown = { client_id: id, client_secret: secret }
  if (kind === 'introspection') return formBytes('introspect_token', { token: access, ...shown })
  if (kind === 'tokens of its own') return formBytes('get_token', { grant_type: 'client_credentials', ...shown })
  return requestBytes({ method: 'GET', path: '/api/resource/ToDo?limit_page_length=20', headers: { authorization: `Bearer ${access}` } })
}

const formBytes = (endpoint: string, fields: Readonly<Record<string, string>>): Buffer =>
  requestBytes({
    method: 'POST',
    path: `/api/method/frappe.integrations.oauth2.${endpoint}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  })

const shown = ({ latencies, statuses }: Met): string =>
  `p50 ${percentile(latencies, 50).toFixed(1)} ms, p99 ${percentile(latencies, 99).toFixed(1)} ms, ${[...statuses].map(([status, count]) => `${count} × ${status}`).join(', ')}`

/** One site with two apps, each of which calls from a process of its own. */
class Measurement {
  readonly #site: ServerProcess
  readonly #admin: Api
  readonly #quiet: Caller
  readonly #loud: Caller
  readonly #quietly = new Pacer()
  readonly #loudly = new Pacer()

  private constructor(site: ServerProcess, admin: Api, quiet: Caller, loud: Caller) {
    this.#site = site
    this.#admin = admin
    this.#quiet = quiet
    this.#loud = loud
  }

  static async open(site: ServerProcess): Promise<Measurement> {
    const admin = await Api.signIn(site.origin, 'Administrator', ADMIN_PASSWORD)
    const quiet = await makeCaller(site.origin, admin, 'quiet', 100, 4)
    return new Measurement(site, admin, quiet, await makeCaller(site.origin, admin, 'loud', 1000, 16))
  }

  alone(): Promise<Met> {
    return this.#quietly.call(this.#quiet.callsOf('lists'), seconds)
  }

  /** Beside the loud app, which may ask so often in a second; 0 is as it likes. */
  async beside(kind: Kind, budget: number): Promise<Met> {
    await this.#limit(budget)
    const [met, theirs] = await Promise.all([this.alone(), this.#loudly.call(this.#loud.callsOf(kind), seconds)])
    say(`  the loud app: ${shown(theirs)}`)
    return met
  }

  /** Microseconds of the site's processor time for a call of the loud app alone, with all else that a process does meanwhile. */
  async costOfCall(budget: number): Promise<number> {
    await this.#limit(budget)
    const before = await this.#site.usage()
    const { latencies } = await this.#loudly.call(this.#loud.callsOf('lists'), seconds)
    return ((await this.#site.usage()).cpu - before.cpu) / latencies.length
  }

  close(): void {
    for (const pacer of [this.#quietly, this.#loudly]) pacer.stop()
  }

  #limit(perSecond: number): Promise<unknown> {
    return this.#admin.update('OAuth Client', this.#loud.app.id, { requests_per_second: perSecond })
  }
}

async function measureAll(measurement: Measurement): Promise<void> {
  // Unmeasured: code that is met for the first time is slow.
  await measurement.alone()
  for (const kind of KINDS) await measurement.beside(kind, LOUD_BUDGET)
  const [refusal, answer] = [await measurement.costOfCall(1), await measurement.costOfCall(0)]
  say(`processor time at 1000 requests/s: ${refusal.toFixed(0)} µs for a refusal, ${answer.toFixed(0)} µs for an answer`)
  for (const kind of KINDS) await measureRounds(measurement, kind)
}

async function measureRounds(measurement: Measurement, kind: Kind): Promise<void> {
  const ratios: number[] = []
  for (let round = 1; round <= ROUNDS; round += 1) {
    const alone = await measurement.alone()
    say(`${kind}, round ${round}, alone: ${shown(alone)}`)
    const held = await measurement.beside(kind, LOUD_BUDGET)
    say(`${kind}, round ${round}, beside 1000 requests/s held to ${LOUD_BUDGET}: ${shown(held)}`)
    say(`${kind}, round ${round}, beside 1000 requests/s that nobody holds: ${shown(await measurement.beside(kind, 0))}`)
    ratios.push(percentile(held.latencies, 99) / percentile(alone.latencies, 99))
  }
  const middle = ratios.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0
  say(`${kind}: the others' p99 rose ${middle.toFixed(2)} times (the middle of ${ROUNDS} rounds): ${middle <= 2 ? 'met' : 'MISSED'}`)
}

async function main(): Promise<void> {
  const { noting, writing } = await usageCost()
  say(`counting a call: ${noting.toFixed(2)} µs to note it, ${writing.toFixed(2)} µs as its share of writing the numbers`)
  await withFolder((folder) =>
    withServers(async (start) => {
      const measurement = await Measurement.open(await start(startSite(folder)))
      try {
        await measureAll(measurement)
      } finally {
        measurement.close()
      }
    }),
  )
}

await main()
