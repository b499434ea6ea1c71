import { AsyncLocalStorage } from 'node:async_hooks'
import type { Connection, Database } from '@annex/database'
import { listPeople } from '../people/people-store.ts'
import type { People } from '../people/people.ts'
import { headAfter, signedHead, type ChainedRow } from './canonical.ts'
import { goesThrough, hasUnsealed, insertBatch, lockHead, takeUnsealed, type Head } from './chain-store.ts'
import type { Signer } from './signer.ts'

export interface ChainParts {
  readonly database: Database
  readonly signer: Signer
  /** UTC microseconds. */
  readonly now: () => number
  readonly people?: People
  readonly onFault: (error: unknown) => void
  /** Told of the head that this process sealed last, when the chain does not go through it any more: what followed is sealed anew. */
  readonly onUndone?: (sealed: Head) => void
}

const SECOND = 1000
/** A transaction that writes a row may commit so many seconds later. */
const PATIENCE = 60
/** Rows in one batch: others who write wait as long as it takes. */
const MOST = 500

/** Seals rows of the trail into batches, each hashed over the one before it and signed, beside those who write. */
export class Chain {
  readonly #parts: ChainParts
  /** A timer that is set within a transaction must not count as a part of it. */
  readonly #outside = AsyncLocalStorage.snapshot()
  #timer: NodeJS.Timeout | undefined
  #left = 0
  #sealing: Promise<unknown> = Promise.resolve()
  /** What is not in the database, so that who writes to that cannot change it. */
  #sealed: Head | undefined

  constructor(parts: ChainParts) {
    this.#parts = parts
  }

  /** Rows are there, or will be soon: each second those that are committed are sealed. */
  wake(): void {
    this.#left = PATIENCE
    this.#timer ??= this.#outside(() => setInterval(() => this.#tick(), SECOND).unref())
  }

  /** Seals every row that is committed. How many they were comes back. */
  async seal(): Promise<number> {
    let sealed = 0
    while (await hasUnsealed(this.#parts.database.connection)) {
      const last = this.#sealed
      const { count, head, isUndone } = await this.#parts.database.transaction((connection) => this.#sealSome(connection, last))
      this.#sealed = head
      if (last && isUndone) this.#parts.onUndone?.(last)
      if (count === 0) break
      sealed += count
    }
    return sealed
  }

  /** Seals what there is. To be called before the database is closed, after the last row was written. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    await this.#sealing
    await this.seal()
  }

  #tick(): void {
    this.#left -= 1
    if (this.#left <= 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    this.#sealing = this.#sealing.then(() => this.seal()).catch(this.#parts.onFault)
  }

  async #sealSome(connection: Connection, last: Head | undefined): Promise<{ count: number; head: Head; isUndone: boolean }> {
    const { signer, now } = this.#parts
    const previous = await lockHead(connection)
    const isUndone = last !== undefined && !(await goesThrough(connection, last, previous))
    const number = previous.number + 1
    const rows = await takeUnsealed(connection, number, MOST)
    if (rows.length === 0) return { count: 0, head: previous, isUndone }
    const until = rows.reduce((latest, row) => Math.max(latest, row.at), 0)
    const link = { number, at: now(), rows: rows.length, until }
    const head = headAfter(previous.head, link, rows)
    const { keyId, signature } = signer.sign(signedHead(number, head))
    await insertBatch(connection, { ...link, head, key_id: keyId, signature })
    await this.#learn(connection, rows)
    return { count: rows.length, head: { number, head }, isUndone }
  }

  /** These rows are committed, and so are the names in them. */
  async #learn(connection: Connection, rows: readonly ChainedRow[]): Promise<void> {
    const { people } = this.#parts
    if (!people) return
    const named = new Set(rows.flatMap(({ person, about }) => [person, about]).filter((name) => name !== null))
    people.learn(await listPeople(connection, [...named]))
  }
}
