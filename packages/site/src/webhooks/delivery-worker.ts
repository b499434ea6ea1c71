import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import type { Connection, Database } from '@annex/database'
import type { Outgoing } from '../outgoing/outgoing.ts'
import { attempt } from './attempt.ts'
import { backoff } from './backoff.ts'
import type { Attempt, Carrier, Courier } from './courier.ts'
import type { Outbox } from './outbox.ts'
import {
  claimReceivers,
  hasDueMessage,
  readNextMessage,
  removeMessage,
  updateMessage,
  updateReceiver,
  type OutboxRow,
} from './outbox-store.ts'

export interface DeliveryParts {
  readonly database: Database
  readonly outbox: Outbox
  readonly outgoing: Outgoing
  /** By kind of message. */
  readonly couriers: ReadonlyMap<string, Courier | Carrier>
  /** UTC microseconds. */
  readonly now: () => number
  readonly onFault: (error: unknown) => void
  /** Microseconds that a receiver stays with a worker which gives no sign; longer than a call may last. 30 s when absent. */
  readonly lease?: number
  /** Milliseconds between looks for what other processes wrote, and for what is due again; 2,000 when absent. */
  readonly pollEvery?: number
}

interface Held {
  readonly receiver: string
  readonly lease: string
  /** Whether it could not be reached last time. */
  readonly failed: boolean
}

const LEASE = 30_000_000
const POLL = 2000
const HOUR = 3_600_000
/**
 * Receivers that one process calls at once, those that failed last time and all others each for themselves: whoever does not
 * answer must leave room for those that do. A call that waits costs a connection, and nothing else.
 */
const SLOTS = { failed: 64, others: 256 } as const
/** Messages after which a receiver goes back in line. */
const STRETCH = 100

/** Sends what is in the outbox. Any number of processes may run one each on the same database. */
export class DeliveryWorker {
  readonly #parts: DeliveryParts
  readonly #runs = { failed: new Set<Promise<void>>(), others: new Set<Promise<void>>() }
  readonly #timers: NodeJS.Timeout[] = []
  readonly #apart = AsyncLocalStorage.snapshot()
  #looking: Promise<void> | undefined
  #again = false
  #stopped = false

  constructor(parts: DeliveryParts) {
    this.#parts = parts
  }

  start(): void {
    const { outbox, pollEvery = POLL, onFault } = this.#parts
    outbox.onMessage(() => this.wake())
    this.#timers.push(setInterval(() => this.wake(), pollEvery).unref())
    this.#timers.push(setInterval(() => void outbox.sweep().catch(onFault), HOUR).unref())
    this.wake()
  }

  /** Looks for what is due. */
  wake(): void {
    if (this.#stopped) return
    this.#again = true
    // Not as a part of the request that woke it.
    this.#looking ??= this.#apart(() => this.#look())
      .catch(this.#parts.onFault)
      .finally(() => {
        this.#looking = undefined
        if (this.#again) this.wake()
      })
  }

  /** Takes up nothing more, and resolves when calls under way have ended (a call lasts five seconds at most). */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#again = false
    for (const timer of this.#timers) clearInterval(timer)
    await this.#looking
    await Promise.all([...this.#runs.failed, ...this.#runs.others])
  }

  async #look(): Promise<void> {
    while (this.#again) {
      this.#again = false
      if (!(await hasDueMessage(this.#parts.database.connection, this.#parts.now()))) return
      await this.#claim(false)
      await this.#claim(true)
    }
  }

  /** As many as there is room for; where there is none, whoever ends next looks again. */
  async #claim(failed: boolean): Promise<void> {
    const { database, now, lease: hold = LEASE } = this.#parts
    const most = SLOTS[kindOf(failed)] - this.#runs[kindOf(failed)].size
    if (most <= 0) return
    const [lease, time] = [randomUUID(), now()]
    const receivers = await claimReceivers(database, { lease, now: time, until: time + hold, most, failed })
    for (const receiver of receivers) this.#run({ receiver, lease, failed })
  }

  #run(held: Held): void {
    const runs = this.#runs[kindOf(held.failed)]
    const run: Promise<void> = this.#drain(held)
      .catch(this.#parts.onFault)
      .finally(() => {
        runs.delete(run)
        this.wake()
      })
    runs.add(run)
  }

  /** Sends one message after the other, and lets the receiver go. */
  async #drain(held: Held): Promise<void> {
    const { database, couriers, outgoing, now } = this.#parts
    for (let sent = 0; sent < STRETCH && !this.#stopped; sent += 1) {
      const row = await readNextMessage(database.connection, held.receiver, now())
      if (!row) break
      const made = await attempt(row, couriers.get(row.kind), outgoing)
      if (made.fault !== undefined) this.#parts.onFault(made.fault)
      if (!(await database.transaction((connection) => this.#settle(connection, held, row, made)))) return
    }
    await updateReceiver(database.connection, held, { lease: null, locked_until: 0 })
  }

  /** Keeps the outcome, and the lease. False when the receiver is to be called no more now. */
  async #settle(connection: Connection, held: Held, row: OutboxRow, made: Attempt): Promise<boolean> {
    const { now, lease = LEASE } = this.#parts
    const time = now()
    if (made.end !== 'unreached') {
      // Another worker has taken over: it has sent this message too, and will say what became of it.
      if (!(await updateReceiver(connection, held, { locked_until: time + lease, failures: 0, paused_until: 0 }))) return false
      await keep(connection, row, made, time, time + backoff(row.attempts + 1))
      return true
    }
    const failures = row.attempts + 1
    const until = time + backoff(failures, made.retryAfter)
    if (await updateReceiver(connection, held, { lease: null, locked_until: 0, failures, paused_until: until }))
      await keep(connection, row, made, time, until)
    return false
  }
}

const kindOf = (failed: boolean): keyof typeof SLOTS => (failed ? 'failed' : 'others')

async function keep(connection: Connection, row: OutboxRow, { end, error }: Attempt, time: number, next: number): Promise<void> {
  if (end === 'void') return removeMessage(connection, row.id)
  const attempts = row.attempts + 1
  if (end === 'arrived') return updateMessage(connection, row.id, { state: 'done', attempts, finished: time, last_error: null })
  const isLast = end === 'gone' || time >= row.give_up_at
  const rest = isLast ? ({ state: 'dead', finished: time } as const) : { next_at: next }
  return updateMessage(connection, row.id, { ...rest, attempts, last_error: error ?? null })
}
