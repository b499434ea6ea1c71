import type { Database as SqliteConnection } from 'better-sqlite3'

/** How many transactions, and for how many milliseconds, one commit may wait for. */
const MOST_MEMBERS = 64
const LONGEST = 10

interface Member {
  resolve(): void
  reject(error: unknown): void
}

/**
 * Transactions that wait in line, or whose requests were there together, share one commit of SQLite, so that they share its write to the disk too. Each has a
 * savepoint of its own: one that fails takes nothing of the others with it. None is told that it has committed
 * before all that it wrote is where its durability says.
 */
export class CommitGroup {
  readonly durable: boolean
  readonly #connection: SqliteConnection
  readonly #began = performance.now()
  readonly #members: Member[] = []

  /** The caller has begun a transaction of the connection, for this group alone. */
  constructor(connection: SqliteConnection, durable: boolean) {
    this.#connection = connection
    this.durable = durable
  }

  /** Whether those who have committed should not wait for one more. */
  get isFull(): boolean {
    return this.#members.length >= MOST_MEMBERS || performance.now() - this.#began > LONGEST
  }

  /** Whether nobody waits for it: all that began in it have failed. */
  get isEmpty(): boolean {
    return this.#members.length === 0
  }

  /** Settles when the group has committed. */
  join(): Promise<void> {
    return new Promise((resolve, reject) => void this.#members.push({ resolve, reject }))
  }

  commit(): void {
    try {
      this.#connection.exec('commit')
      for (const member of this.#members) member.resolve()
    } catch (error) {
      this.fail(error)
    }
  }

  /** Nothing of it is kept. */
  fail(error: unknown): void {
    for (const member of this.#members) member.reject(error)
    // A full disk or a failed write has rolled back already.
    if (this.#connection.inTransaction) this.#connection.exec('rollback')
  }
}
