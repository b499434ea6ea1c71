import { Visitor } from '../support/callers/visitor.ts'
import type { Outcome } from './app-work.ts'
import type { Ledger } from './ledger.ts'
import { pause, until, type Random } from './random.ts'
import type { SoakApp } from './soak-app.ts'

/** A process that died while it told leaves its lease behind, which holds for a minute. */
const PATIENCE_MS = 120_000

export interface Surroundings {
  readonly site: string
  readonly clientId: string
  /** The processes of the app; the first is where people sign in. */
  readonly apps: readonly SoakApp[]
  readonly ledger: Ledger
  readonly isOver: () => boolean
  /** The mean of milliseconds after which one of all persons takes their access back. */
  readonly revokesEveryMs: number
  readonly persons: number
}

/** How long after an end the app was told, in milliseconds, and since when: both of `performance.now()`. */
export interface Hearing {
  readonly from: number
  readonly to: number
}

/** One person who uses an app, takes their access back now and then, and comes again. */
export class Person {
  /** How calls ended. */
  readonly outcomes = { ok: 0, away: 0, down: 0, 'sign-in': 0 }
  readonly hearings: Hearing[] = []
  readonly #name: string
  readonly #around: Surroundings
  readonly #visitor: Visitor
  readonly #random: Random
  #connection = ''

  constructor(name: string, around: Surroundings, random: Random) {
    this.#name = name
    this.#around = around
    this.#visitor = new Visitor(around.site)
    this.#random = random
  }

  async arrive(password: string): Promise<void> {
    await this.#visitor.signIn(this.#name, password)
    await this.#signIn()
  }

  async live(): Promise<void> {
    const { isOver, revokesEveryMs, persons } = this.#around
    let last = performance.now()
    while (!isOver()) {
      await pause(this.#random.between(100, 700))
      await this.#use()
      const passed = performance.now() - last
      last += passed
      if (this.#random.hits(passed / (revokesEveryMs * persons))) await this.#leaveAndComeAgain()
    }
  }

  /** A few calls at once, on whichever process: none may end with a sign-in. */
  async #use(): Promise<void> {
    const renews = this.#random.hits(0.15)
    for (const outcome of await this.#callAll(this.#random.between(1, 4), renews))
      if (outcome === 'sign-in') this.#fault('has to sign in, and took nothing back')
  }

  async #callAll(count: number, renews = false): Promise<Outcome[]> {
    const { apps } = this.#around
    const calls = Array.from({ length: count }, () => this.#random.pick(apps).call(this.#connection, renews))
    const outcomes = await Promise.all(calls)
    for (const outcome of outcomes) {
      if (typeof outcome === 'object') this.#fault(`was answered ${outcome.failed}`)
      else this.outcomes[outcome] += 1
    }
    return outcomes
  }

  async #leaveAndComeAgain(): Promise<void> {
    const { ledger } = this.#around
    const begun = performance.now()
    ledger.revoking(this.#connection)
    // What is under way meanwhile may end either way.
    const under = this.#random.hits(0.5) ? this.#callAll(2) : undefined
    await this.#weather('took their access back', () => this.#revoke())
    const from = performance.now()
    await under
    const told = await until(`${this.#name}: the app was told`, PATIENCE_MS, () => ledger.toldOf(this.#connection, begun)[0])
    this.hearings.push({ from, to: told.at })
    for (const outcome of await this.#callAll(2)) if (outcome === 'ok') this.#fault('was served after the end of their access')
    await this.#signIn()
    ledger.restored(this.#connection)
  }

  async #revoke(): Promise<void> {
    const { clientId } = this.#around
    const page = await this.#visitor.get('/my-apps')
    const csrf = /name="csrf_token" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
    if (page.status === 200 && !page.text.includes(clientId)) return
    const answer = await this.#visitor.post('/my-apps/revoke', { csrf_token: csrf, client_id: clientId })
    if (answer.status >= 400) throw new Error(`The site answers ${answer.status}: ${answer.text.slice(0, 200)}`)
  }

  async #signIn(): Promise<void> {
    const app = this.#around.apps[0]!
    await this.#weather('signed in', async () => {
      this.#connection = await app.signIn(async (url) => (await this.#visitor.allow(url)).href)
    })
  }

  /** Until it succeeds: the site or the app may be down. */
  async #weather(what: string, act: () => Promise<void>): Promise<void> {
    let last: unknown
    await until(`${this.#name} ${what}`, PATIENCE_MS, async () => {
      try {
        await act()
        return true
      } catch (error) {
        last = error
        return undefined
      }
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}; last: ${String(last)}`)
    })
  }

  #fault(what: string): void {
    this.#around.ledger.fault(`${this.#name} (${this.#connection}) ${what}`)
  }
}
