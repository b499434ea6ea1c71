import { setTimeout as pause } from 'node:timers/promises'
import type { Connection, Generation } from '@annex/database'
import type { OAuthParts } from '../oauth-parts.ts'
import { listClosings, moveClosing, type Closing } from './closings-store.ts'
import { judgeConsents, LEFT_OUT } from './lost-roles.ts'

export interface ClosingsParts extends Pick<OAuthParts, 'database' | 'audit' | 'grants' | 'now' | 'onFault'> {
  readonly users: Pick<OAuthParts['users'], 'principal'>
  readonly generation: Pick<Generation, 'observe' | 'read'>
}

const SECOND = 1000
/** Milliseconds that are left to others between two batches. */
const BREATH = 20

/**
 * Ends the consents of whom an app was closed to, where they are more than the change itself ends: batch by batch, in every process and
 * from the start on, whichever was killed with a part of them done. What a batch finds is asked outside of any transaction, and is ended
 * in one that only writes; of two processes at the same batch one ends it. None of those consents is good for anything meanwhile: whoever
 * judges a token asks for the roles of its user.
 */
export class Closings {
  readonly #parts: ClosingsParts
  readonly #timer: NodeJS.Timeout
  #running: Promise<void> | undefined
  #isOver = false

  constructor(parts: ClosingsParts) {
    this.#parts = parts
    this.#timer = setInterval(() => this.#tick(), SECOND).unref()
  }

  /** Whatever a run took: its fault is told once, and not by each second that it lasted. */
  #tick(): void {
    if (!this.#running) void this.run().catch(this.#parts.onFault)
  }

  /** Ends what is left, or waits for the run that is under way. */
  run(): Promise<void> {
    return (this.#running ??= this.#endAll().finally(() => (this.#running = undefined)))
  }

  /** Ends the run that is under way after its batch. To be called before the database is closed. */
  async close(): Promise<void> {
    this.#isOver = true
    clearInterval(this.#timer)
    await this.#running?.catch(this.#parts.onFault)
  }

  async #endAll(): Promise<void> {
    for (;;) {
      const [closing] = this.#isOver ? [] : await listClosings(this.#parts.database.connection)
      if (!closing) return
      await this.#endBatch(closing)
      // It holds the process, which must not end before whoever closes this is answered.
      await pause(BREATH)
    }
  }

  async #endBatch(closing: Closing): Promise<void> {
    const { database, audit, generation, grants, users, now } = this.#parts
    // Roles are kept in memory: they must be at least as new as the change.
    await generation.observe(await generation.read())
    const rolesOf = async (user: string): Promise<ReadonlySet<string> | undefined> => (await users.principal(user))?.roles
    const { ids, next } = await judgeConsents(database.connection, closing, rolesOf, now())
    const end = async (connection: Connection): Promise<void> => {
      if (await moveClosing(connection, closing, next)) await grants.revokeWithin(connection, { ids }, LEFT_OUT)
    }
    await audit.from({ user: closing.by }, () => database.transaction(end, { durable: true }))
  }
}
