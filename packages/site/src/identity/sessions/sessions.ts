import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { Connection, Database } from '@annex/database'
import {
  insertSessionRow,
  listSessionRows,
  lockSessionRow,
  readSessionRow,
  removeExpiredRows,
  removeOtherSessionRows,
  removeOwnSessionRow,
  removeSessionRow,
  removeSessionRows,
  slideSessionRow,
  type EndedSession,
  type SessionRow,
} from './session-store.ts'

const SECOND = 1_000_000
/** Seconds without a request after which a session ends: Frappe's 170 hours. */
export const SESSION_LIFE = 612_000
const SLIDE_AFTER = 60 * SECOND

export interface NewSession {
  /** Only ever in the browser's cookie. */
  readonly sid: string
  readonly hash: string
}

/** Where a session begins. */
export interface SessionStart {
  readonly ip: string
  /** What signs in, in a few words. */
  readonly browser: string
  /** Hash of the session that the browser had; it ends. */
  readonly previous?: string | undefined
}

/** A session as its user sees it. Times are UTC microseconds. */
export interface ListedSession {
  readonly hash: string
  readonly created: number
  readonly lastSeen: number
  readonly ip: string | undefined
  readonly browser: string | undefined
}

export interface Session {
  readonly user: string
  /** SHA-256 of the sid, hex: its name wherever it must be named. */
  readonly hash: string
  /** UTC microseconds: when the user signed in. */
  readonly created: number
  readonly generation: number
  /** Binds the forms of pages to this session. Made from the sid, so that storage does not hold it. */
  readonly csrf: string
  /** Its end has just moved: the cookie's should, too. */
  readonly slid: boolean
}

/** Told of a session that somebody ended, in the transaction that ends it; of one that merely ran out nobody is told. */
export type SessionListener = (connection: Connection, ended: EndedSession) => Promise<void>

/** Who signed in by which browser. The database knows hashes alone. */
export class Sessions {
  readonly #database: Database
  readonly #now: () => number
  readonly #sliding = new Set<Promise<void>>()
  readonly #listeners: SessionListener[] = []

  constructor(database: Database, now: () => number = () => Date.now() * 1000) {
    this.#database = database
    this.#now = now
  }

  onEnd(listener: SessionListener): void {
    this.#listeners.push(listener)
  }

  /** A new session, always with a new id. Expired ones are swept out. */
  async start(connection: Connection, user: string, { ip, browser, previous }: SessionStart): Promise<NewSession> {
    const sid = randomBytes(32).toString('hex')
    const [hash, now] = [hashOf(sid), this.#now()]
    await removeExpiredRows(connection, now)
    if (previous !== undefined) await this.#tell(connection, await removeSessionRow(connection, previous))
    const times = { created: now, last_seen: now, expires: now + SESSION_LIFE * SECOND }
    await insertSessionRow(connection, { hash, user, ...times, ip, browser })
    return { sid, hash }
  }

  /** The session of a cookie, when it lives; its end slides at most once a minute, without the caller's waiting for it. */
  async read(sid: string): Promise<Session | undefined> {
    const [hash, now] = [hashOf(sid), this.#now()]
    const row = await readSessionRow(this.#database.connection, hash, now)
    if (!row) return undefined
    const slid = now - row.last_seen > SLIDE_AFTER
    if (slid) this.#slide(hash, now)
    return { user: row.user, hash, created: row.created, generation: row.generation, csrf: csrfOf(sid), slid }
  }

  /** The session of a principal (its hash), when it lives: whose it is and since when. */
  async find(hash: string): Promise<Pick<Session, 'user' | 'created'> | undefined> {
    return readSessionRow(this.#database.connection, hash, this.#now())
  }

  /** Whether a session (by its hash) still lives, for what is done in its name: its end waits for the caller's transaction. */
  hold(connection: Connection, hash: string): Promise<boolean> {
    return lockSessionRow(connection, hash, this.#now())
  }

  /** Ends one session, by its hash; repeatable. */
  async end(hash: string): Promise<void> {
    await this.#database.transaction(async (connection) => this.#tell(connection, await removeSessionRow(connection, hash)), {
      durable: true,
    })
  }

  /** The sessions of a user that live, the last used first. */
  async list(user: string): Promise<ListedSession[]> {
    return (await listSessionRows(this.#database.connection, user, this.#now())).map(listedOf)
  }

  /** Ends one session of a user, by its hash. False when it is not there, or another's. */
  async endOwn(connection: Connection, user: string, hash: string): Promise<boolean> {
    const ended = await removeOwnSessionRow(connection, user, hash)
    await this.#tell(connection, ended)
    return ended.length > 0
  }

  /** Ends every session of a user but one, given by its hash. */
  async endOthers(connection: Connection, user: string, kept: string): Promise<void> {
    await this.#tell(connection, await removeOtherSessionRows(connection, user, kept))
  }

  /** Ends every session of a user. */
  async endAll(connection: Connection, user: string): Promise<void> {
    await this.#tell(connection, await removeSessionRows(connection, user))
  }

  /** Resolves when no write is under way that nobody waits for: to be awaited before the database is closed. */
  async settled(): Promise<void> {
    await Promise.all(this.#sliding)
  }

  async #tell(connection: Connection, ended: readonly EndedSession[]): Promise<void> {
    for (const session of ended) for (const listener of this.#listeners) await listener(connection, session)
  }

  #slide(hash: string, now: number): void {
    const done = slideSessionRow(this.#database.connection, hash, now, now + SESSION_LIFE * SECOND)
      // A session that did not slide this minute slides in the next.
      .catch(() => undefined)
      .finally(() => this.#sliding.delete(done))
    this.#sliding.add(done)
  }
}

const listedOf = (row: SessionRow): ListedSession => ({
  hash: row.hash,
  created: row.created,
  lastSeen: row.last_seen,
  ip: row.ip ?? undefined,
  browser: row.browser ?? undefined,
})

const hashOf = (sid: string): string => createHash('sha256').update(sid).digest('hex')
const csrfOf = (sid: string): string => createHmac('sha256', sid).update('csrf').digest('base64url')
