import type { Connection, Database } from '@annex/database'
import { Limits } from '../../http/limits.ts'
import type { NewMessage } from '../../webhooks/outbox.ts'
import type { PlaceOfSignIn } from './known-places.ts'

export const LETTER = 'letter'

export interface LetterPayload {
  readonly about: 'reset' | 'password' | 'sign-in'
  readonly user: string
  /** Of a sign-in. */
  readonly ip?: string
  readonly browser?: string
}

export interface LettersParts {
  readonly database: Database
  /** Absent on a site without mail: nothing is written then. */
  readonly outbox: { insert(connection: Connection, message: NewMessage): Promise<unknown> } | undefined
}

/** Of one user: who has their password and many networks must not bury the first such letter under a thousand more. */
const NEW_PLACES = { points: 10, seconds: 3600 }

/** What the site tells its users by mail: written with what it tells of, sent later. */
export class Letters {
  readonly #parts: LettersParts
  readonly #newPlaces = new Limits(NEW_PLACES)
  readonly #writing = new Set<Promise<void>>()

  constructor(parts: LettersParts) {
    this.#parts = parts
  }

  /** Whether this site sends mail at all. */
  get isOpen(): boolean {
    return this.#parts.outbox !== undefined
  }

  /** Their password is another now. */
  passwordChanged(connection: Connection, user: string): Promise<void> {
    return this.#write(connection, { about: 'password', user })
  }

  /** Somebody signed in where the user never did; ten such letters an hour are enough for anybody. */
  async signedIn(connection: Connection, user: string, { ip, browser }: PlaceOfSignIn): Promise<void> {
    const isWanted = await this.#newPlaces.consume(user).then(
      () => true,
      () => false,
    )
    if (isWanted) await this.#write(connection, { about: 'sign-in', user, ip, browser })
  }

  /** A link to a new password, made when the letter is sent. Returns at once, so that its time tells nobody whether there is such a user. */
  reset(user: string, onFault: (error: unknown) => void): void {
    const done: Promise<void> = this.#parts.database
      .transaction((connection) => this.#write(connection, { about: 'reset', user }), { durable: true })
      .catch(onFault)
      .finally(() => this.#writing.delete(done))
    this.#writing.add(done)
  }

  /** Resolves when nothing is being written that nobody waits for: to be awaited before the database is closed. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing)
  }

  /** Administrator has no address. Each user has a queue of their own: one that takes no mail holds up nobody else's. */
  async #write(connection: Connection, payload: LetterPayload): Promise<void> {
    if (!payload.user.includes('@')) return
    await this.#parts.outbox?.insert(connection, { kind: LETTER, receiver: `letters ${payload.user}`, payload: { ...payload } })
  }
}
