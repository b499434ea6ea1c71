import { databaseMigrations, migrate, openDatabase, type Database, type Engine } from '@annex/database'
import { temporaryDatabase } from '../../../../tests/support/databases.ts'
import { Clock } from '../doctypes/values/clock.ts'
import { Outgoing } from '../outgoing/outgoing.ts'
import type { Courier, Message } from './courier.ts'
import { DeliveryWorker, type DeliveryParts } from './delivery-worker.ts'
import { webhookMigrations } from './outbox-migrations.ts'
import { Outbox, type Delivery } from './outbox.ts'

/** Sends a message's `text` to its `to`. */
export const plainCourier: Courier = {
  callFor: async ({ id, payload }: Message) => {
    const { to, text } = payload as { to: string | null; text: string }
    return to === null ? undefined : { url: to, headers: { 'webhook-id': id }, body: text }
  },
}

/** An outbox on a database of its own, and workers for it. */
export class TestOutbox {
  readonly database: Database
  readonly url: string
  readonly outbox: Outbox
  readonly faults: unknown[] = []
  readonly #remove: () => Promise<void>
  readonly #workers: DeliveryWorker[] = []
  readonly #others: Database[] = []
  readonly #clock = new Clock()
  #ahead = 0

  private constructor(database: Database, url: string, remove: () => Promise<void>) {
    this.database = database
    this.url = url
    this.#remove = remove
    this.outbox = new Outbox({ database, now: this.now })
  }

  static async open(engine: Engine): Promise<TestOutbox> {
    const place = await temporaryDatabase(engine)
    const database = await openDatabase(place.url)
    await migrate(database, [...databaseMigrations, ...webhookMigrations])
    return new TestOutbox(database, place.url, () => place.remove())
  }

  readonly now = (): number => this.#clock.now() + this.#ahead

  advance(seconds: number): void {
    this.#ahead += seconds * 1_000_000
  }

  /** A worker that looks only when it is woken, unless told otherwise. */
  worker(parts: Partial<DeliveryParts> = {}): DeliveryWorker {
    const worker = new DeliveryWorker({
      database: this.database,
      outbox: this.outbox,
      outgoing: new Outgoing({ allowPrivate: ['127.0.0.0/8'] }),
      couriers: new Map([['plain', plainCourier]]),
      now: this.now,
      pollEvery: 3_600_000,
      onFault: (error) => void this.faults.push(error),
      ...parts,
    })
    worker.start()
    this.#workers.push(worker)
    return worker
  }

  /** As another process has it. */
  async otherProcess(parts: Partial<DeliveryParts> = {}): Promise<{ readonly outbox: Outbox; readonly worker: DeliveryWorker }> {
    const database = await openDatabase(this.url)
    this.#others.push(database)
    const outbox = new Outbox({ database, now: this.now })
    return { outbox, worker: this.worker({ database, outbox, ...parts }) }
  }

  send(to: string | null, text: string, receiver = 'one', outbox = this.outbox, database = this.database): Promise<string> {
    return database.transaction((connection) => outbox.insert(connection, { kind: 'plain', receiver, payload: { to, text } }))
  }

  /** The message once it has left this state, or gone. */
  async settled(id: string, is: (delivery: Delivery | undefined) => boolean): Promise<Delivery | undefined> {
    const bound = performance.now() + 10_000
    for (;;) {
      const delivery = await this.outbox.read(id)
      if (is(delivery)) return delivery
      if (performance.now() > bound) throw new Error(`The message is still ${JSON.stringify(delivery)}`)
      await new Promise(setImmediate)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()))
    await Promise.all(this.#others.map((database) => database.close()))
    await this.database.close()
    await this.#remove()
  }
}
