import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { Connection, Database } from '@annex/database'
import {
  insertSessionRow,
  readSessionRow,
  removeExpiredRows,
  removeSessionRow,
  removeSessionRows,
  slideSessionRow,
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

/** Who signed in by which browser. The database knows hashes alone. */
export class Sessions {
  readonly #database: Database
  readonly #now: () => number
  readonly #sliding = new Set<Promise<void>>()

  constructor(database: Database, now: () => number = () => Date.now() * 1000) {
    this.#database = database
    this.#now = now
  }

  /** A new session, always with a new id; `previous` (the hash of the browser's old one) ends. Expired ones are swept out. */
  async start(connection: Connection, user: string, ip: string, previous?: string): Promise<NewSession> {
    const sid = randomBytes(32).toString('hex')
    const [hash, now] = [hashOf(sid), this.#now()]
    await removeExpiredRows(connection, now)
    if (previous !== undefined) await removeSessionRow(connection, previous)
    await insertSessionRow(connection, { hash, user, created: now, last_seen: now, expires: now + SESSION_LIFE * SECOND, ip })
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

  /** Ends one session, by its hash; repeatable. */
  async end(hash: string): Promise<void> {
    await this.#database.transaction((connection) => removeSessionRow(connection, hash), { durable: true })
  }

  /** Ends every session of a user. */
  async endAll(connection: Connection, user: string): Promise<void> {
    await removeSessionRows(connection, user)
  }

  /** Resolves when no write is under way that nobody waits for: to be awaited before the database is closed. */
  async settled(): Promise<void> {
    await Promise.all(this.#sliding)
  }

  #slide(hash: string, now: number): void {
    const done = slideSessionRow(this.#database.connection, hash, now, now + SESSION_LIFE * SECOND)
      // A session that did not slide this minute slides in the next.
      .catch(() => undefined)
      .finally(() => this.#sliding.delete(done))
    this.#sliding.add(done)
  }
}

const hashOf = (sid: string): string => createHash('sha256').update(sid).digest('hex')
const csrfOf = (sid: string): string => createHmac('sha256', sid).update('csrf').digest('base64url')
