import { createKeys } from '@annex/connector'
import { FakeUpstream, type FakeUser } from '@annex/connector/testing'
import { temporaryDatabase } from '../support/databases.ts'
import { freePort } from '../support/free-port.ts'
import { judgeChanges, missingOf, type Accepted } from './judge-changes.ts'
import { Ledger } from './ledger.ts'
import { Lives } from './lives.ts'
import { watchMemory } from './memory.ts'
import { pause, Random, until } from './random.ts'
import { SoakApp } from './soak-app.ts'
import { closeAll, type Findings, type Soak } from './soak.ts'

const SECRET = 'soak-webhook-secret'
const DOCUMENTS = 20
const READERS = 4
/** Longer than the minute for which a process that was killed keeps what it had taken. */
const PATIENCE_MS = 150_000

const users: FakeUser[] = Array.from({ length: READERS }, (_, number) => ({
  name: `reader${number}@example.com`,
  fullName: `Reader ${number}`,
  email: `reader${number}@example.com`,
  sub: `reader${number}`,
  roles: ['System Manager'],
  apiKey: `key${number}:secret${number}`,
}))

/**
 * A site sends webhooks, some twice, some the latest first, some altered on the way, to an app of two processes that are stopped
 * and killed. What was answered 2xx is told to each person as it stands then, once for each `modified`.
 */
export async function soakHearing({ seed, seconds, restartsEveryMs }: Soak): Promise<Findings> {
  const leave: (() => Promise<void>)[] = []
  try {
    const fake = new FakeUpstream({ users })
    const listening = await fake.listen()
    leave.push(() => listening.close())
    const store = await temporaryDatabase('sqlite')
    leave.push(() => store.remove())
    const ledger = await Ledger.open()
    leave.push(() => ledger.close())
    const ports = [await freePort('127.0.0.1'), await freePort('127.0.0.1')]
    const client = { clientId: fake.client.id, secret: fake.client.secret, scopes: ['Item:read'] }
    const site = { origin: `http://127.0.0.1:${ports[0]}`, issuer: fake.issuer, webhookSecret: SECRET }
    const work = { ...client, ...site, store: store.url, keys: createKeys() }
    const apps = ports.map((port, at) => new SoakApp('cd'[at]!, { ...work, port }, ledger))
    for (const app of apps) {
      await app.start()
      leave.push(() => app.stop('SIGTERM'))
    }
    const connections: string[] = []
    for (const { name } of users) connections.push(await apps[0]!.signIn((url) => fake.allow(url, { user: name })))
    const begun = performance.now()
    const end = begun + seconds * 1000
    const isOver = (): boolean => performance.now() > end
    const half = end - seconds * 500
    const lasting = apps[1]!
    // What a killed process had taken rests for a minute: the last one dies early enough for the others to catch up.
    const mortals = () =>
      apps
        .filter((app) => app !== lasting || performance.now() < half)
        .map((mortal) => ({ mortal, kills: performance.now() < Math.max(end - 60_000, begun + seconds * 333) }))
    const lives = new Lives({ everyMs: restartsEveryMs, mortals }, new Random(`${seed} receivers`))
    const watch = watchMemory(lasting, half, isOver)
    const sender = new Sender(fake, apps, ledger, new Random(`${seed} webhooks`))
    const [memory] = await Promise.all([watch, lives.run(isOver), sender.run(isOver)])
    await until('everything accepted was worked on', PATIENCE_MS, () =>
      missingOf(sender.accepted, connections, ledger.changed).length === 0 ? true : undefined,
    ).catch(() => undefined)
    await closeAll(leave.splice(3))
    judgeChanges(sender.accepted, connections, ledger, (name, modified) => sender.isOwn(name, modified))
    return {
      faults: ledger.faults,
      told: ledger.changed.length,
      restarts: lives.outages.length,
      memory,
      hearingsMs: [],
      counts: sender.counts,
      seconds: (performance.now() - begun) / 1000,
    }
  } finally {
    await closeAll(leave)
  }
}

/** What a site sends, and what of it was taken. */
class Sender {
  readonly accepted: Accepted[] = []
  readonly counts = { sent: 0, accepted: 0, altered: 0, unanswered: 0 }
  readonly #fake: FakeUpstream
  readonly #apps: readonly SoakApp[]
  readonly #ledger: Ledger
  readonly #random: Random
  /** `<name> <modified>` of every change that was made. */
  readonly #made = new Set<string>()

  constructor(fake: FakeUpstream, apps: readonly SoakApp[], ledger: Ledger, random: Random) {
    this.#fake = fake
    this.#apps = apps
    this.#ledger = ledger
    this.#random = random
  }

  isOwn(name: string, modified: string): boolean {
    return this.#made.has(`${name} ${modified}`)
  }

  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await pause(this.#random.between(50, 250))
      const kind = this.#random.next()
      const changes = [this.#change()]
      if (kind < 0.02) await this.#send(changes, 'altered')
      else if (kind < 0.12) await this.#send([...changes, ...changes])
      else if (kind < 0.22) await this.#send([...changes, this.#change(changes[0]!.name)].toReversed())
      else await this.#send(changes)
      // Access tokens are short-lived.
      if (this.#random.hits(0.02)) this.#fake.expireAccess()
      this.#fake.requests.length = 0
    }
  }

  #change(name = `Item ${this.#random.between(1, DOCUMENTS)}`): Accepted {
    const modified = String(this.#fake.documents.set('Item', { name, weight: this.#random.between(1, 1000) })['modified'])
    this.#made.add(`${name} ${modified}`)
    return { name, modified }
  }

  async #send(changes: readonly Accepted[], altered?: 'altered'): Promise<void> {
    for (const { name, modified } of changes) {
      const url = `${this.#random.pick(this.#apps).url}/connect/webhook/Item`
      const change = { doctype: 'Item', name, event: 'on_update', values: { modified } } as const
      const status = await this.#fake.webhook(change, { url, secret: SECRET, scheme: 'frappe' }, { altered: altered !== undefined }).then(
        ([answer]) => answer?.status,
        () => undefined,
      )
      this.counts.sent += 1
      if (status === undefined) this.counts.unanswered += 1
      else if (altered !== undefined) this.#judgeAltered(status)
      else if (status >= 200 && status < 300) this.#keep({ name, modified })
    }
  }

  #keep(accepted: Accepted): void {
    this.counts.accepted += 1
    this.accepted.push(accepted)
  }

  #judgeAltered(status: number): void {
    this.counts.altered += 1
    if (status !== 401) this.#ledger.fault(`A webhook that was altered was answered ${status}`)
  }
}
