import { expect, it } from 'vitest'
import { connect, form, renew, type App } from '../../support/callers/connected-app.ts'
import { engines } from '../../support/databases.ts'
import { expectAlive, expectDead, pairOf, readHeld } from './judge-grant.ts'
import { KILL_AT_STATEMENT } from './kill-order.ts'
import { TokenSite } from './token-site.ts'
import type { Pair } from './token-flows.ts'

const KILLS = Number(process.env['ANNEX_CRASH_KILLS'] ?? 2)
const CHAINS = 8
/** Answers of a new process until it is killed, and the milliseconds that may pass then. */
const FIRST = 2 * CHAINS
const LATEST = 20

/** An app that refreshes without a pause, each time with what it was given last. */
class Chain {
  readonly #app: App
  #last: Pair
  answers = 0

  constructor(app: App, first: Pair) {
    this.#app = app
    this.#last = first
  }

  static async begin(site: TokenSite): Promise<Chain> {
    return new Chain(site.apps.lenient, await connect(site.visitor, site.apps.lenient, 'openid'))
  }

  async run(url: string, onAnswer: () => unknown): Promise<void> {
    for (;;) {
      const reply = await renew(url, this.#app, this.#last.refresh).catch(() => undefined)
      if (!reply) return
      expect(reply.status).toBe(200)
      this.#last = pairOf(reply)
      this.answers += 1
      onAnswer()
    }
  }

  /** Sends what was under way again. */
  async goOn(site: TokenSite): Promise<void> {
    await readHeld(site.databaseUrl, this.#last.refresh)
    const again = await renew(site.url, this.#app, this.#last.refresh)
    expect(again.status).toBe(200)
    this.#last = pairOf(again)
    await expectAlive(site, this.#last)
  }
}

/** A grant that its app ends while the site dies. */
async function beginRevocation(site: TokenSite) {
  const app = site.apps.lenient
  const pair = await connect(site.visitor, app, 'openid')
  const send = () => form(site.url, 'revoke_token', { token: pair.access, client_id: app.id, client_secret: app.secret })
  return { act: { app, mark: pair.access }, pair, send }
}

it.concurrent.each(engines)(
  `A site that is killed at any moment loses no chain of refreshes and undoes no revocation that it answered: ${KILLS} times on %s`,
  async (engine) => {
    const site = await TokenSite.open(engine, { preload: KILL_AT_STATEMENT })
    let revoked = 0
    try {
      const chains: Chain[] = []
      for (let count = 0; count < CHAINS; count += 1) chains.push(await Chain.begin(site))
      for (let kill = 0; kill < KILLS; kill += 1) {
        const { act, pair, send } = await beginRevocation(site)
        const { promise: atWork, resolve } = Promise.withResolvers<void>()
        let answers = 0
        const running = chains.map((chain) => chain.run(site.url, () => (answers += 1) === FIRST && resolve()))
        await atWork
        const revocation = send().catch(() => undefined)
        setTimeout(() => site.kill(), Math.random() * LATEST)
        await Promise.all(running)
        const answer = await revocation
        await site.died()
        await site.start()
        if (answer) {
          revoked += 1
          expect(answer.status).toBe(200)
          await expectDead(site, act, [pair])
        }
        for (const chain of chains) await chain.goOn(site)
        expect((await send()).status).toBe(200)
        await expectDead(site, act, [pair])
      }
      const answers = chains.reduce((sum, chain) => sum + chain.answers, 0)
      expect(answers).toBeGreaterThanOrEqual(KILLS * FIRST)
      if (KILLS > 2)
        process.stdout.write(
          `${engine}, ${CHAINS} chains: ${KILLS} kills, ${answers} answered refreshes, each chain went on; ${revoked} answered revocations held\n`,
        )
    } finally {
      await site.remove()
    }
  },
  600_000 + KILLS * 30_000,
)
