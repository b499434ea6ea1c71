import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import type { Connection, Generation } from '@annex/database'
import type { OAuthParts } from '../../oauth-parts.ts'
import { judgeConsents } from '../lost-roles.ts'
import { listClosings, moveClosing, removeClosing, type Closing, type Reached } from './closings-store.ts'
import { BATCH, nextClosed, type Span } from './turns-store.ts'

export interface ClosingsParts extends Pick<OAuthParts, 'database' | 'audit' | 'now' | 'onFault'> {
  readonly grants: Pick<OAuthParts['grants'], 'revokeWithin'>
  readonly users: Pick<OAuthParts['users'], 'principal'>
  readonly generation: Pick<Generation, 'observe' | 'read'>
  /** Grants that are ended at a time; without it as many as the engine takes well. */
  readonly most?: number
}

const SECOND = 1000
/** Milliseconds that are left to others between two batches. */
const BREATH = 20

/** What is to be ended next, and where the rest begins; undefined when that was all. */
interface Batch {
  readonly ids: readonly string[]
  readonly next: Reached | undefined
}

/**
 * Ends what was closed (an app to some of its users; all of an app, or of a user), where it is more than the change itself ends: batch by
 * batch, in every process and from the start on, whichever was killed with a part of it done. What a batch finds is asked outside of any
 * transaction, and is ended in one that only writes; of two processes at the same batch one ends it. None of it is good for anything
 * meanwhile: whoever judges a token asks for closings, and for the roles of its user.
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

  /** One batch of each in turn: a small one does not wait for a million. */
  async #endAll(): Promise<void> {
    const failed = new Set<string>()
    for (;;) {
      const all = this.#isOver ? [] : await listClosings(this.#parts.database.connection)
      const closings = all.filter(({ id }) => !failed.has(id))
      if (closings.length === 0) return
      for (const closing of closings) {
        if (this.#isOver) return
        await this.#endBatch(closing).catch((error: unknown) => {
          // The next run tries it again, and the others do not wait for it.
          failed.add(closing.id)
          this.#parts.onFault(error)
        })
        // It holds the process, which must not end before whoever closes this is answered.
        await pause(BREATH)
      }
    }
  }

  async #endBatch(closing: Closing): Promise<void> {
    const { database, audit, grants } = this.#parts
    const { ids, next } = await this.#findBatch(closing)
    const end = async (connection: Connection): Promise<void> => {
      if (!(await moveClosing(connection, closing, next ?? closing.reached))) return
      await grants.revokeWithin(connection, { ids }, closing.reason)
      // Last: who is told of the end is told by what the closing kept.
      if (!next) await removeClosing(connection, closing.id)
    }
    const write = (): Promise<void> => database.transaction(end, { durable: true })
    await (closing.by === undefined ? write() : audit.from({ user: closing.by }, write))
  }

  /** What ended before is passed over, however much it is. */
  async #findBatch(closing: Closing): Promise<Batch> {
    const { most = BATCH[this.#parts.database.engine] } = this.#parts
    let { ids, next } = await this.#look(closing, { after: closing.reached, most })
    while (ids.length === 0 && next && !this.#isOver) {
      await nextTurn()
      ;({ ids, next } = await this.#look(closing, { after: next, most }))
    }
    return { ids, next }
  }

  async #look({ closedAt, roles, ...closing }: Closing, span: Span): Promise<Batch> {
    const { database, generation, users, now } = this.#parts
    if (closedAt !== undefined) {
      const { grants, next } = await nextClosed(database.connection, closing, span, { closedAt, now: now() })
      return { ids: grants.map(({ id }) => id), next }
    }
    // Roles are kept in memory: they must be at least as new as the change.
    await generation.observe(await generation.read())
    const rolesOf = async (user: string): Promise<ReadonlySet<string> | undefined> => (await users.principal(user))?.roles
    return judgeConsents(database.connection, { client: closing.client ?? '', roles: roles ?? [], span }, rolesOf, now())
  }
}
