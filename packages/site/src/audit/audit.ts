import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUIDv7 } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Connection, Database } from '@annex/database'
import { insertAuditRows } from './audit-store.ts'
import type { AuditRow } from './audit-tables.ts'
import { NotedEvents, type NotedLimits } from './noted-events.ts'
import { commitment, newSalt } from './people/commitment.ts'
import { People } from './people/people.ts'
import { RefusalWindows, withoutSecrets, type Counted, type Refused } from './refusals/refusal-windows.ts'

export interface AuditEvent {
  /** A few words, always the same for the same thing: `sign-in`, `grant revoked`. */
  readonly event: string
  /** Who did it. */
  readonly user?: string | undefined
  /** Another user whom it is about. */
  readonly about?: string | undefined
  /** The client (an app's id). */
  readonly client?: string | undefined
  readonly grant?: string | undefined
  readonly ip?: string | undefined
  /** What else there is to know, as JSON. It can never be erased: people stand in `user` and `about`, addresses in `ip`. */
  readonly detail?: Readonly<Record<string, unknown>> | undefined
}

/** Who is calling, for whatever is written on their behalf. */
export interface Caller {
  /** Absent where what they began goes on without them. */
  readonly ip?: string
  /** `Guest` when nobody is known. */
  readonly user: string
  /** Of the token that was shown. */
  readonly client?: string | undefined
  readonly grant?: string | undefined
}

export interface AuditParts {
  readonly database: Database
  /** UTC microseconds. */
  readonly now?: () => number
}

/** What a row is made of. */
interface Remembered {
  readonly event: AuditEvent
  /** What its row does not have of the event and of now. */
  readonly besides?: Partial<AuditRow>
}

const LONGEST_DETAIL = 4000
/** Whole words of a key, so that `token_kind` stays and `access_token` does not. */
const SECRET = /^(?:.*_)?(?:token|secret|password|pwd|sid|verifier|cookie|authorization|api_key)$/i
/** Would name a person for ever. */
const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$/
/** An address within a text (`Ann <ann@example.com>`, a filter by owner). Bounded, so that long texts cost no more than their length. */
const ADDRESSES = /[^\s@"'<>,;:()[\]\\]{1,64}@[^\s@"'<>,;:()[\]\\]{1,255}/g
const SECOND = 1000
/** Rows in one transaction: others who write wait for no more of them. */
const PART = 64
/** Rows remembered at a time before they are written without waiting for the second. */
const MOST_NOTED = 2000
/** While nothing can be written, so many rows are kept apart. */
const NOTED_LIMITS: NotedLimits<AuditEvent> = { most: 20_000, beyond: { event: 'events beyond the limit' } }

/** The append-only trail, for those who add to it. */
export class Audit {
  readonly people = new People()
  readonly #database: Database
  readonly #now: () => number
  readonly #callers = new AsyncLocalStorage<{ readonly caller: Caller; open: boolean } | undefined>()
  #onFault: (error: unknown) => void = () => {}
  readonly #refusals = new RefusalWindows()
  readonly #listeners: (() => void)[] = []
  /** A timer that is set within a transaction must not count as a part of it. */
  readonly #outside = AsyncLocalStorage.snapshot()
  readonly #noted = new NotedEvents(NOTED_LIMITS)
  /** Whether many are being written without waiting for the second, or that has failed and is the timer's to try again. */
  #isEarly = false
  #timer: NodeJS.Timeout | undefined
  /** Until what has been begun is written, or has failed. */
  #writing: Promise<unknown> = Promise.resolve()

  constructor({ database, now = () => Date.now() * 1000 }: AuditParts) {
    this.#database = database
    this.#now = now
  }

  /**
   * Does the work for a caller: what is written meanwhile without an address, or through no app, has theirs, and a user whom it
   * names and who is another is the one whom it is about.
   */
  async from<T>(caller: Caller, work: () => Promise<T>): Promise<T> {
    // What the work leaves behind for later (a timer) is nobody's in particular.
    const state = { caller, open: true }
    try {
      return await this.#callers.run(state, work)
    } finally {
      state.open = false
    }
  }

  /** Does work that is not the caller's, though they happen to be there: it writes what was remembered of others. */
  apart<T>(work: () => Promise<T>): Promise<T> {
    return this.#callers.run(undefined, work)
  }

  /** Told whenever rows were added; some of them may not be committed yet. */
  onWrite(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Told what could not be written beside any request; it is tried again. */
  onFault(listener: (error: unknown) => void): void {
    this.#onFault = listener
  }

  /**
   * Adds one row. In the transaction of what it tells of, both commit or neither; without one, give the database's own
   * connection.
   *
   * Of the detail, what is named like a secret is left out, and so are e-mail addresses, also within a text; what is longer than 4000
   * characters is cut. A name under `of` is taken as `about`.
   */
  write(connection: Connection, event: AuditEvent): Promise<void> {
    return this.writeAll(connection, [event])
  }

  /** As `write`, a row for each of any number of events, with few statements. */
  async writeAll(connection: Connection, events: readonly AuditEvent[]): Promise<void> {
    if (events.length === 0) return
    const remembered = events.map((event) => ({ event: this.#byCaller(event) }))
    await insertAuditRows(connection, await this.#rowsOf(connection, remembered))
    this.#tell()
  }

  /**
   * Remembers what happens very often (a token was renewed) and writes it within a second, so that it costs its request
   * nothing; what is the same until it is written is one row, with its number and the time of the first. A process that is killed takes
   * the last second with it. While nothing can be written, what is beyond 20,000 rows is one sum.
   */
  note(event: AuditEvent): void {
    this.#noted.add(this.#byCaller(event), this.#now())
    this.#wake()
    if (this.#noted.size < MOST_NOTED || this.#isEarly) return
    this.#isEarly = true
    this.#outside(() => void this.flush().catch(this.#onFault))
  }

  /**
   * Remembers a refusal, the first of its kind in a minute before this returns, outside any transaction. The incident comes back
   * by which it can be found again.
   */
  async refuse(refused: Refused): Promise<string> {
    const { incident, first } = this.#count(refused)
    if (first) {
      const { connection } = this.#database
      await insertAuditRows(connection, await this.#rowsOf(connection, [refusalOf(first)]))
      this.#tell()
    }
    return incident
  }

  /**
   * As `refuse`, but writes the first of its kind within a second, so that the time of the answer does not tell whether there was
   * anything to remember. A process that is killed takes it with it.
   */
  noteRefusal(refused: Refused): void {
    const { first } = this.#count(refused)
    if (first) this.#refusals.putBack([first], this.#now())
  }

  #count(refused: Refused): ReturnType<RefusalWindows['count']> {
    this.#wake()
    return this.#refusals.count({ ...withoutSecrets(refused), ip: refused.ip ?? this.#caller()?.ip }, this.#now())
  }

  /** Writes what is remembered; what another call has begun to write stands there too when this returns. */
  flush(all = false): Promise<void> {
    const written = this.#writing.then(() => this.#writeRemembered(all))
    this.#writing = Promise.allSettled([written])
    return written
  }

  async #writeRemembered(all: boolean): Promise<void> {
    const noted = this.#noted.take()
    let written = 0
    let counted = this.#refusals.due(this.#now(), all)
    try {
      await this.#writePart(counted.map(refusalOf))
      counted = []
      while (written < noted.length) {
        await this.#writePart(noted.slice(written, written + PART).map(({ event, at, count }) => ({ event, besides: { at, count } })))
        written += PART
        // Between two parts whoever waits comes first.
        if (written < noted.length) await nextTurn()
      }
      this.#isEarly = false
    } catch (error) {
      this.#noted.putBack(noted.slice(written))
      this.#refusals.putBack(counted, this.#now())
      throw error
    }
  }

  async #writePart(part: readonly Remembered[]): Promise<void> {
    if (part.length === 0) return
    await this.#database.transaction(async (connection) => insertAuditRows(connection, await this.#rowsOf(connection, part)))
    this.#tell()
  }

  /** Writes all that is remembered. To be called before the database is closed. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    await this.flush(true)
  }

  /** The address of whoever this is done for. */
  address(): string | undefined {
    return this.#caller()?.ip
  }

  /** Who this is done for; undefined when nobody is known. */
  user(): string | undefined {
    const user = this.#caller()?.user
    return user === 'Guest' ? undefined : user
  }

  #caller(): Caller | undefined {
    const state = this.#callers.getStore()
    return state?.open === true ? state.caller : undefined
  }

  #byCaller(event: AuditEvent): AuditEvent {
    const caller = this.#caller()
    if (!caller) return event
    const from = { ...event, ip: event.ip ?? caller.ip }
    if (caller.user === 'Guest') return from
    const through = { ...from, client: event.client ?? caller.client, grant: event.grant ?? caller.grant }
    if (event.user === undefined || event.user === caller.user) return { ...through, user: caller.user }
    return { ...through, user: caller.user, about: event.about ?? event.user }
  }

  #wake(): void {
    this.#timer ??= this.#outside(() => setInterval(() => void this.#tick().catch(this.#onFault), SECOND).unref())
  }

  async #tick(): Promise<void> {
    await this.flush()
    if (!this.#refusals.isEmpty || this.#noted.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }

  async #rowsOf(connection: Connection, all: readonly Remembered[]): Promise<AuditRow[]> {
    const users = all.flatMap(({ event }) => [event.user, aboutOf(event)]).filter((user) => user !== undefined)
    const names = await this.people.namesOf(connection, users)
    const nameOf = (user: string | undefined): string | null => (user === undefined ? null : (names.get(user) ?? null))
    return all.map(({ event, besides }) => ({ ...this.#row(event, nameOf), ...besides }))
  }

  #row(event: AuditEvent, nameOf: (user: string | undefined) => string | null): AuditRow {
    const { of: _, ...detail } = event.detail ?? {}
    const salt = event.ip === undefined ? null : newSalt()
    return {
      // Its time comes first: rows that are written together lie together, and are found together when they are sealed.
      id: randomUUIDv7(),
      at: this.#now(),
      event: event.event,
      person: nameOf(event.user),
      about: nameOf(aboutOf(event)),
      client: event.client ?? null,
      grant_id: event.grant ?? null,
      incident: null,
      count: 1,
      address: salt === null ? null : commitment(salt, event.ip ?? ''),
      detail: encodeDetail(detail),
      ip: event.ip ?? null,
      salt,
      batch: null,
    }
  }
}

const refusalOf = ({ refused: { reason, act, scope, ...event }, incident, count }: Counted): Remembered => ({
  event: { ...event, detail: { reason, act, scope } },
  besides: { incident, count },
})

/** Another user whom an event is about. */
const aboutOf = ({ about, detail }: AuditEvent): string | undefined => {
  const of = detail?.['of']
  return about ?? (typeof of === 'string' ? of : undefined)
}

/** What may stand in the chain, where nothing can be taken out again: no secret, and nobody's address. */
function keptOf(key: string, value: unknown): unknown {
  if (SECRET.test(key)) return undefined
  if (typeof value !== 'string') return value
  return ADDRESS.test(value) ? undefined : value.replaceAll(ADDRESSES, '(address)')
}

function encodeDetail(detail: Readonly<Record<string, unknown>>): string | null {
  const text = JSON.stringify(detail, keptOf)
  return text === '{}' ? null : text.slice(0, LONGEST_DETAIL)
}
