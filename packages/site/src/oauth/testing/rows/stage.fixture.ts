import type { Engine } from '@annex/database'
import { sql } from 'kysely'
import { expect, vi } from 'vitest'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import type { Behaviour, Receiver, Received } from '../../../webhooks/receiver.fixture.ts'
import type { ListedDelivery } from '../../telling/deliveries.ts'
import { TellingProvider } from '../../telling/telling.fixture.ts'
import type { Provider } from '../provider.fixture.ts'
import { Browser, connect, person, register, renew, request, swap, type App, type Reply, type Tokens } from '../app.fixture.ts'
import type { Ground } from './stored-state.fixture.ts'

type Values = Readonly<Record<string, string | readonly string[]>>

/** Milliseconds until the worker looks for what is due again. */
const POLL = 100
/** Milliseconds in which a call is given up, and a bit. */
const SLOW = 10_000

/** Whom and what an attack is about: an app of its own, and a person who has just signed in. */
export class Stage {
  readonly provider: Provider
  readonly app: App
  readonly user: string
  readonly alice: Browser
  readonly #receiver: Receiver

  private constructor(provider: Provider, app: App, alice: Browser, user: string, receiver: Receiver) {
    ;[this.provider, this.app, this.alice, this.user, this.#receiver] = [provider, app, alice, user, receiver]
  }

  static async set(site: TellingProvider, user: string, client: Readonly<Record<string, unknown>> = {}): Promise<Stage> {
    const { provider, app: receiver } = site
    const app = await register(provider, client)
    return new Stage(provider, app, await new Browser(provider).signIn(user), user, receiver)
  }

  /** Somebody who has not signed in. */
  guest(): Browser {
    return new Browser(this.provider)
  }

  register(values: Readonly<Record<string, unknown>> = {}): Promise<App> {
    return register(this.provider, values)
  }

  /** An address of the receiver of this stage alone, below which it answers as its name says: `takes`, `redirects-307`, `refuses-400`, `silent`. */
  addressOf(name = 'takes'): string {
    return `${this.#receiver.url}/${this.app.id}/${name}`
  }

  /** What came to the addresses of this stage. */
  heard(): Received[] {
    return this.#receiver.received.filter(({ path }) => path.startsWith(`/${this.app.id}/`))
  }

  /** What an app is told, once each message was tried so often. */
  async told(app: App, attempts: number): Promise<ListedDelivery[]> {
    const { deliveries } = this.provider.telling
    return vi.waitFor(
      async () => {
        const all = await deliveries.list(ADMINISTRATOR, app.id)
        expect(all.map((delivery) => delivery.attempts)).toEqual([attempts])
        return all
      },
      { timeout: SLOW },
    )
  }

  authorize(values: Values = {}, browser = this.alice): Promise<Reply> {
    return browser.authorize(request(this.app, values))
  }

  code(values: Values = {}): Promise<string> {
    return this.alice.code(request(this.app, { prompt: 'consent', ...values }))
  }

  swap(code: string, values: Values = {}, app = this.app): Promise<Reply> {
    return swap(this.provider, app, code, values)
  }

  renew(refresh: string, values: Values = {}, app = this.app): Promise<Reply> {
    return renew(this.provider, app, refresh, values)
  }

  tokens(values: Values = {}): Promise<Tokens> {
    return connect(this.provider, this.alice, this.app, { prompt: 'consent', ...values })
  }
}

/** A provider, one person for all attacks on it, and somebody who hears what apps are told. */
export async function providerGround(engine: Engine): Promise<Ground<Stage>> {
  const site = await TellingProvider.open(engine, { pollEvery: POLL })
  site.app.behaviour = answerByName
  const user = await person(site.provider)
  const { audit, database } = site.provider
  const stage: Ground<Stage>['stage'] = async (client) => {
    // What could not be told in the row before would be tried again in the middle of this one.
    await sql`delete from outbox`.execute(database.connection)
    await sql`delete from outbox_receiver`.execute(database.connection)
    return Stage.set(site, user, client)
  }
  return { audit, database, stage, close: () => site.close() }
}

const answerByName: Behaviour = (response, { path }) => {
  const [name = '', status = '200'] = path.split('/').at(-1)?.split('-') ?? []
  if (name === 'redirects') response.writeHead(Number(status), { location: path.replace(/[^/]*$/, 'takes') }).end()
  else if (name === 'refuses') response.writeHead(Number(status)).end()
  else if (name !== 'silent') response.writeHead(204).end()
}
