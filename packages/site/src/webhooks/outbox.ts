import { randomUUID } from 'node:crypto'
import { afterCommit, type Connection, type Database } from '@annex/database'
import {
  insertMessages,
  listMessages,
  readMessage,
  removeEnded,
  removeMessage,
  resumeReceiver,
  updateMessage,
  type DeliveryState,
  type OutboxRow,
} from './outbox-store.ts'

export interface OutboxParts {
  readonly database: Database
  /** UTC microseconds. */
  readonly now: () => number
}

export interface NewMessage {
  /** Of the courier that will carry it. */
  readonly kind: string
  /** Whose queue it joins: one message of it is under way at a time. */
  readonly receiver: string
  /** Stored in clear, and shown to System Managers: no secrets. */
  readonly payload: Readonly<Record<string, unknown>>
}

/** How far a message has come. Times are UTC microseconds. */
export interface Delivery {
  readonly id: string
  readonly kind: string
  readonly receiver: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly state: DeliveryState
  readonly attempts: number
  readonly created: number
  /** Of a waiting one: the next attempt, if the receiver is not left alone for longer. */
  readonly nextAt: number | undefined
  /** When it arrived or was given up. */
  readonly finished: number | undefined
  readonly lastError: string | undefined
}

const DAY = 86_400_000_000
/** How long it is tried to send a message. */
const PATIENCE = 3 * DAY
const KEPT = { done: 7 * DAY, dead: 30 * DAY } as const
const BATCH = 500

/** What is to be told to others. */
export class Outbox {
  readonly #parts: OutboxParts
  readonly #listeners = new Set<() => void>()

  constructor(parts: OutboxParts) {
    this.#parts = parts
  }

  /** Writes a message in the transaction of the change that it tells of. Its id comes back. */
  async insert(connection: Connection, message: NewMessage): Promise<string> {
    const [id = ''] = await this.insertAll(connection, [message])
    return id
  }

  /** As `insert`, of any number of messages with few statements. They are sent in this order. */
  async insertAll(connection: Connection, messages: readonly NewMessage[]): Promise<string[]> {
    if (messages.length === 0) return []
    const rows = messages.map((message) => newRow(message, this.#parts.now()))
    await insertMessages(connection, rows)
    afterCommit(connection, () => this.#wake())
    return rows.map(({ id }) => id)
  }

  /** Called, without being waited for, whenever this process has something new to send. */
  onMessage(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** The messages of these receivers, newest first. */
  async list(receivers: readonly string[], limit = 100): Promise<Delivery[]> {
    return (await listMessages(this.#parts.database.connection, receivers, limit)).map(toDelivery)
  }

  async read(id: string): Promise<Delivery | undefined> {
    const row = await readMessage(this.#parts.database.connection, id)
    return row && toDelivery(row)
  }

  /** Sends it at once, and again and again for three days from now. */
  async retry(delivery: Pick<Delivery, 'id' | 'receiver'>): Promise<void> {
    const now = this.#parts.now()
    await this.#parts.database.transaction(async (connection) => {
      await updateMessage(connection, delivery.id, { state: 'waiting', next_at: 0, give_up_at: now + PATIENCE, finished: null })
      await resumeReceiver(connection, delivery.receiver)
      afterCommit(connection, () => this.#wake())
    })
  }

  /** Never sends it again, and keeps nothing of it. */
  forget(id: string): Promise<void> {
    return removeMessage(this.#parts.database.connection, id)
  }

  /** Removes what has been told a week ago and what was given up a month ago, in small batches. */
  async sweep(): Promise<void> {
    const { database, now } = this.#parts
    for (const state of ['done', 'dead'] as const)
      while ((await removeEnded(database.connection, state, now() - KEPT[state], BATCH)) === BATCH);
  }

  #wake(): void {
    for (const listener of this.#listeners) listener()
  }
}

const newRow = ({ kind, receiver, payload }: NewMessage, now: number): OutboxRow => ({
  id: randomUUID(),
  kind,
  receiver,
  payload: JSON.stringify(payload),
  state: 'waiting',
  attempts: 0,
  created: now,
  // Due at once, also where the clock of the process that sends it is behind.
  next_at: 0,
  give_up_at: now + PATIENCE,
  finished: null,
  last_error: null,
})

const toDelivery = (row: OutboxRow): Delivery => ({
  id: row.id,
  kind: row.kind,
  receiver: row.receiver,
  payload: JSON.parse(row.payload) as Record<string, unknown>,
  state: row.state,
  attempts: row.attempts,
  created: row.created,
  nextAt: row.state === 'waiting' ? Math.max(row.next_at, row.created) : undefined,
  finished: row.finished ?? undefined,
  lastError: row.last_error ?? undefined,
})
